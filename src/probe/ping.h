/* `ping`: what came of one SYN. */
#ifndef TCPSHAKE_PROBE_PING_H
#define TCPSHAKE_PROBE_PING_H

#include "probe/findings.h"

struct ping {
    uint64_t number;         /* of this target's probes, from 1 */
    enum outcome outcome;
    struct segment answer;   /* OPEN: the SYN,ACK; CLOSED: the reset; its raw octets are gone */
    struct icmp_error icmp;  /* UNREACHABLE; ip_version 0: our SYN never left this host */
    bool doubtful;           /* so late that it may be a retransmission whose original was lost */
    unsigned duplicates;     /* further copies of the answer */
    int64_t sent_ns;
};

#endif
