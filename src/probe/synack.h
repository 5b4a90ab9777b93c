/* `synack`: one SYN, never an ACK, and the schedule on which the peer repeats its SYN,ACK. */
#ifndef TCPSHAKE_PROBE_SYNACK_H
#define TCPSHAKE_PROBE_SYNACK_H

#include "probe/exchange.h"
#include "probe/findings.h"
#include "tcp/schedule.h"

enum synack_ended {
    SYNACK_ENDED_PATIENCE, /* more than twice the last gap has passed in silence */
    SYNACK_ENDED_PEER,     /* a reset or a FIN */
    SYNACK_ENDED_LISTEN,   /* --listen ran out first */
    SYNACK_ENDED_USER,
};

/* The probe's state. The caller zeroes it and fills in the first part. */
struct synack {
    int64_t reply_wait_ns; /* for the first SYN,ACK */
    int64_t listen_ns;     /* after the first SYN,ACK, at the most */

    enum outcome outcome;
    enum synack_ended ended;
    struct segment syn_ack; /* the first; its raw octets are gone */
    struct icmp_error icmp;
    struct schedule schedule;
    int64_t stopped_ns;  /* when listening ended */
    unsigned other_isn;  /* SYN,ACKs with another sequence number than the first */
    unsigned duplicates; /* SYN,ACKs so close behind the last that no timer sent them */
};

const struct probe *synack_probe(void);

/* Over several sessions: "spread_us" of each gap and the line "spread". `s` has `n` measurements.
 */
void synack_report_spread(const struct synack *const *s, size_t n, struct result *r);

#endif
