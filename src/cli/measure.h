/* From parsed options to an exit status: looks up the target, opens outputs and network (or a
 * simulation), runs the probe's sessions. What every measuring command does after it has read its
 * own options. */
#ifndef TCPSHAKE_CLI_MEASURE_H
#define TCPSHAKE_CLI_MEASURE_H

#include "cli/command.h"
#include "cli/arguments.h"
#include "talk/sessions.h"

struct measurement {
    const struct arguments *options;
    const struct surroundings *around;
    const struct script *probe;
    void *const *states; /* one a session */
    size_t sessions;
    unsigned tries;
    bool peer_connects;  /* a TARGET without a port is one whose port is not known yet */
    bool second_port;    /* one more is reserved, for a second connection */
    const char *heading; /* of a figure that is played; may be NULL */
    void (*summarise)(void *const *states, size_t n, struct result *r);
    int argc;
    char **argv;
};

int measure(const struct measurement *m);

#endif
