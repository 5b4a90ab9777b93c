/* A pair of kernels, live: two taps on the wire between them, one loop; what the pair passes on is
 * put out on the other side. Everything else that crosses, ARP for one, just crosses. */
#ifndef TCPSHAKE_ENGINE_BETWEEN_H
#define TCPSHAKE_ENGINE_BETWEEN_H

#include "probe/pair.h"

struct between;

struct between_config {
    const char *tap[PAIR_ENDS]; /* the devices that lead to the ends, by enum figure_side */
    /* Called now and then with one line on how it goes; NULL: nobody waits. */
    void (*progress)(void *arg, const char *line);
    /* The user asked how it goes (SIGQUIT). */
    void (*asked)(void *arg, const char *line);
    void *arg;
};

/* Opens everything that needs a privilege. Caller frees; NULL with a line for the user. */
struct between *between_open(const struct between_config *config, struct fault *fault);
void between_free(struct between *b);

/* "kernel software stamps, ns"; static. */
const char *between_clock(const struct between *b);

/* What pair_config.pass takes, with the between as its argument. */
enum status between_pass(void *arg, enum figure_side to, const uint8_t *ip, size_t n,
                         struct fault *fault);

/* Gives up every privilege, starts the pair and runs it to its end. The verdict and the summary are
 * in the record then. */
enum status between_run(struct between *b, struct pair *p, const struct pair_config *config,
                        const struct pair_script *script, void *state, struct timeline *timeline,
                        struct fault *fault);

#endif
