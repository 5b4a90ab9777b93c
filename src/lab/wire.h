/* The wire of the lab: a process in the namespace between the two sides, through which every frame
 * goes, and which holds, loses, doubles or spoils what its rules say. It lives exactly as long as
 * the process that starts it. */
#ifndef TCPSHAKE_LAB_WIRE_H
#define TCPSHAKE_LAB_WIRE_H

#include <sys/types.h>

#include "lab/wire_report.h"

struct wire_config {
    struct wire_rules rules;
    uint64_t seed; /* what falls to chance is repeated with it */
};

struct wire {
    struct wire_config config;
    pid_t child;
    int fd; /* readable when it has something to tell; -1: there is no wire */
    bool ended;
    struct fault why; /* then */
};

/* Starts the process, which opens the two interfaces in the network namespace `namespace_fd`, gives
 * up every privilege (net/privilege.h) and forwards from then on. */
enum status wire_start(struct wire *w, const struct wire_config *config, int namespace_fd,
                       const char *ifname_a, const char *ifname_b, struct fault *fault);
/* Ends the process, unless seccomp forbids that: then it dies when we do. */
void wire_close(struct wire *w);

/* What it has to tell next, without waiting; false: nothing now. */
bool wire_next(struct wire *w, struct wire_report *r);

/* STATUS_OK, or with a line why it carries nothing any more, as far as wire_next has read. */
enum status wire_state(const struct wire *w, struct fault *fault);

#endif
