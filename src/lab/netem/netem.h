/* The wire of the lab: a process in the namespace between the two sides, through which every frame
 * goes, and which holds, loses, doubles or spoils what its rules say. It lives exactly as long as
 * the process that starts it. */
#ifndef TCPSHAKE_LAB_NETEM_NETEM_H
#define TCPSHAKE_LAB_NETEM_NETEM_H

#include <sys/types.h>

#include "lab/netem/netem_report.h"

struct netem_config {
    struct netem_rules rules;
    uint64_t seed; /* what falls to chance is repeated with it */
};

struct netem {
    struct netem_config config;
    pid_t child;
    int fd; /* readable when it has something to tell; -1: there is no wire */
    /* How often each has hit, and what went wrong, as far as netem_next has read. */
    uint64_t hits[NETEM_ACTIONS], unable, missed;
    bool ended;
    struct fault why; /* then */
};

/* Starts the process, which opens the two interfaces in the network namespace `namespace_fd`, gives
 * up every privilege (net/privilege.h) and forwards from then on. */
enum status netem_start(struct netem *w, const struct netem_config *config, int namespace_fd,
                        const char *ifname_a, const char *ifname_b, struct fault *fault);
/* Ends the process, unless seccomp forbids that: then it dies when we do. */
void netem_close(struct netem *w);

/* What it has to tell next, without waiting; false: nothing now. */
bool netem_next(struct netem *w, struct netem_report *r);

/* STATUS_OK, or with a line why it carries nothing any more, as far as netem_next has read. */
enum status netem_state(const struct netem *w, struct fault *fault);

#endif
