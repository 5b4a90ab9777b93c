/* Conversations with a real host: talks.h as a client of the driver. */
#ifndef TCPSHAKE_NET_LIVE_RUN_H
#define TCPSHAKE_NET_LIVE_RUN_H

#include "net/path.h"
#include "talk/talks.h"

struct live_run_config {
    unsigned deaf; /* percent of the peer's packets that are lost on purpose: rx_loss.h */
    const struct remarks_source *aside; /* who has remarks on the packets; NULL: nobody */
    int64_t within_ns; /* all of them together have this long; CLOCK_NEVER: no bound */
    /* Called now and then with one line on how it goes; NULL: nobody waits. */
    void (*progress)(void *arg, const char *line);
    /* The user asked how it goes (SIGQUIT). */
    void (*asked)(void *arg, const char *line);
    void *arg;
};

/* Gives up every privilege, then runs the conversations to their end. */
enum status live_run(struct path *path, const struct live_run_config *live, struct talks *talks,
                     struct fault *fault);

#endif
