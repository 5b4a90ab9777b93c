/* The story of a listener's queues (measure/backlog/backlog.h) against the lab's peer: callers from
 * the lab's address that no kernel has, the tap on our end of the cable, the peer's process and
 * kernel as the listener. */
#ifndef TCPSHAKE_LAB_LIVE_BACKLOG_H
#define TCPSHAKE_LAB_LIVE_BACKLOG_H

#include "measure/backlog/backlog.h"
#include "lab/lab.h"

struct live_backlog;

struct live_backlog_config {
    struct lab *lab; /* its app is one that waits */
    struct hash_key key;
    bool repeatable;
    int64_t within_ns; /* the whole story has this long */
    /* Now and then, and when the user asks (SIGQUIT); progress may be NULL. */
    void (*progress)(void *arg, const char *line);
    void (*asked)(void *arg, const char *line);
    void *arg;
};

/* Opens everything that needs a privilege. Caller frees; NULL with a line. */
struct live_backlog *live_backlog_open(const struct live_backlog_config *config,
                                       struct fault *fault);
void live_backlog_free(struct live_backlog *l);

const char *live_backlog_interface(const struct live_backlog *l);
const char *live_backlog_clock(const struct live_backlog *l);

/* Gives up every privilege, then has the story told into `timeline`. Who the callers and the
 * listener are is filled in here. */
enum status live_backlog_run(struct live_backlog *l, struct backlog_config *story,
                             struct timeline *timeline, int *exit_code, struct fault *fault);

#endif
