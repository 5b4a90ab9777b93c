/* A pair of kernels, live: a conversation (talk.h) as a client of the driver, with a tap on the
 * wire at either end. What the pair passes on is put out on the other side; everything else that
 * crosses, ARP for one, just crosses. */
#ifndef TCPSHAKE_NET_LIVE_PAIR_H
#define TCPSHAKE_NET_LIVE_PAIR_H

#include "net/relay.h"
#include "talk/talk.h"

struct live_pair_config {
    struct relay *relay; /* the devices that lead to the ends */
    /* Called now and then with one line on how it goes; NULL: nobody waits. */
    void (*progress)(void *arg, const char *line);
    /* The user asked how it goes (SIGQUIT). */
    void (*asked)(void *arg, const char *line);
    void *arg;
};

/* Gives up every privilege, starts the pair and runs it to its end: the verdict and the summary are
 * in the record then. `config` lacks `pass`, which is filled in here; its deadline counts from the
 * start. */
enum status live_pair(const struct live_pair_config *live, struct talk *p,
                      const struct talk_config *config, const struct script *script, void *state,
                      struct timeline *timeline, struct fault *fault);

#endif
