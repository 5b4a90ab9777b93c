/* A pair of kernels, live: two taps on the wire between them, one loop; what the pair passes on is
 * put out on the other side. Everything else that crosses, ARP for one, just crosses. */
#ifndef TCPSHAKE_NET_RELAY_LOOP_H
#define TCPSHAKE_NET_RELAY_LOOP_H

#include "talk/talk.h"

struct relay_loop;

struct relay_loop_config {
    const char *tap[ENDS]; /* the devices that lead to the ends, by enum end */
    /* Called now and then with one line on how it goes; NULL: nobody waits. */
    void (*progress)(void *arg, const char *line);
    /* The user asked how it goes (SIGQUIT). */
    void (*asked)(void *arg, const char *line);
    void *arg;
};

/* Opens everything that needs a privilege. Caller frees; NULL with a line for the user. */
struct relay_loop *relay_loop_open(const struct relay_loop_config *config, struct fault *fault);
void relay_loop_free(struct relay_loop *b);

/* "kernel software stamps, ns"; static. */
const char *relay_loop_clock(const struct relay_loop *b);

/* What pair_config.pass takes, with the between as its argument. */
enum status relay_loop_pass(void *arg, enum end to, const uint8_t *ip, size_t n,
                            struct fault *fault);

/* Gives up every privilege, starts the pair and runs it to its end. The verdict and the summary are
 * in the record then. */
enum status relay_loop_run(struct relay_loop *b, struct talk *p, const struct talk_config *config,
                           const struct script *script, void *state, struct timeline *timeline,
                           struct fault *fault);

#endif
