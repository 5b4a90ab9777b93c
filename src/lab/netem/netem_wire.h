/* The wire of the lab: a process in the namespace between the two sides, through which every frame
 * goes, and which holds, loses, doubles or spoils what its rules say. It lives exactly as long as
 * the process that starts it, and tells it what it did. */
#ifndef TCPSHAKE_LAB_NETEM_NETEM_WIRE_H
#define TCPSHAKE_LAB_NETEM_NETEM_WIRE_H

#include <sys/types.h>

#include "event/result.h"
#include "lab/netem/netem.h"
#include "net/driver.h"

struct netem_wire {
    struct netem_config config;
    pid_t child;
    int fd; /* readable when it has something to tell; -1: there is no wire */
    /* How often each has hit, and what went wrong, as far as its remarks have been read. */
    uint64_t hits[NETEM_ACTIONS], unable, missed;
    bool ended;
    struct fault why; /* then */
};

/* Starts the process, which opens the two interfaces in the network namespace `namespace_fd`, gives
 * up every privilege (net/privilege.h) and forwards from then on. */
enum status netem_wire_start(struct netem_wire *w, const struct netem_config *config,
                             int namespace_fd, const char *ifname_a, const char *ifname_b,
                             struct fault *fault);
/* Ends the process, unless seccomp forbids that: then it dies when we do. */
void netem_wire_close(struct netem_wire *w);

/* What it tells, as remarks on a run. The wire has to outlive them. */
struct driver_remarks netem_wire_remarks(struct netem_wire *w);

/* A line that says what the wire is told to do, and how to have it done again: for the record of
 * the run. Returns `out`. */
char *netem_wire_describe(const struct netem_wire *w, char *out, size_t cap);

/* How many packets fared how, for the result: by rules, and lost against our will. */
void netem_wire_report(const struct netem_wire *w, struct result *r);

#endif
