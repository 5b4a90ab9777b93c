/* The story of a listener's queues (engine/backlog.h) against the lab's peer: callers from the
 * lab's address that no kernel has, the tap on our end of the cable, the peer's process and kernel
 * as the listener. */
#ifndef TCPSHAKE_LAB_BACKLOG_LIVE_H
#define TCPSHAKE_LAB_BACKLOG_LIVE_H

#include "measure/backlog/backlog.h"
#include "lab/lab.h"

struct backlog_live;

struct backlog_live_config {
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
struct backlog_live *backlog_live_open(const struct backlog_live_config *config,
                                       struct fault *fault);
void backlog_live_free(struct backlog_live *l);

const char *backlog_live_interface(const struct backlog_live *l);
const char *backlog_live_clock(const struct backlog_live *l);

/* Gives up every privilege, then has the story told into `timeline`. `story->hands` is filled in
 * here. */
enum status backlog_live_run(struct backlog_live *l, struct backlog_config *story,
                             struct timeline *timeline, int *exit_code, struct fault *fault);

#endif
