/* A run against a real host: run.h as a client of the driver. */
#ifndef TCPSHAKE_NET_LIVE_RUN_H
#define TCPSHAKE_NET_LIVE_RUN_H

#include "net/path.h"
#include "talk/run.h"

struct live_run_config {
    unsigned deaf; /* percent of the peer's packets that are lost on purpose: rx_loss.h */
    const struct remarks_source *aside; /* who has remarks on the packets; NULL: nobody */
    /* Called now and then with one line on how it goes; NULL: nobody waits. */
    void (*progress)(void *arg, const char *line);
    /* The user asked how it goes (SIGQUIT). */
    void (*asked)(void *arg, const char *line);
    void *arg;
};

/* Gives up every privilege, then runs the sessions to their end. */
enum status live_run(struct path *path, const struct live_run_config *live, struct run *run,
                     const struct run_config *config, struct timeline *timeline,
                     struct fault *fault);

#endif
