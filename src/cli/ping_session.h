/* From the options of `ping` to an exit status: opens what is needed, has the engine send a SYN for
 * each turn, and tells each probe, the live line and the statistics as they come. */
#ifndef TCPSHAKE_CLI_PING_SESSION_H
#define TCPSHAKE_CLI_PING_SESSION_H

#include "cli/ping_list.h"

struct ping_session {
    struct arguments *options;
    const struct ping_list *list; /* at least one target */
    uint64_t count;               /* probes for each target; 0: without end */
    int64_t interval_ns;
    bool live; /* a line on the terminal in place of a line a probe */
    int argc;
    char **argv;
};

int ping_session(const struct ping_session *p);

#endif
