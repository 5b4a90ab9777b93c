/* The retransmission timer of our own end: RFC 6298. */
#ifndef TCPSHAKE_TCP_RTO_H
#define TCPSHAKE_TCP_RTO_H

#include <stdbool.h>
#include <stdint.h>

struct rto {
    int64_t rto_ns;
    int64_t unmeasured_ns; /* what it is while nothing has been measured */
    int64_t srtt_ns, rttvar_ns;
    bool measured;
};

void rto_init(struct rto *r);
/* A round trip of a segment that was sent once (Karn: RFC 6298 3). */
void rto_measure(struct rto *r, int64_t rtt_ns);
/* The timer expired: RFC 6298 5.5, doubled up to 60 s. */
void rto_back_off(struct rto *r);
/* It expired for a SYN: data start with no less than 3 s (5.7), unless a round trip is measured. */
void rto_syn_expired(struct rto *r);
/* New data was acknowledged: the value computed from the measurements again (5.3, 5.7). */
void rto_restore(struct rto *r);

#endif
