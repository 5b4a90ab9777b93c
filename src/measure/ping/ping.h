/* `ping`: what came of one SYN, in a record's keys and in one line. The statistics over many of
 * them are ping_count.h's. */
#ifndef TCPSHAKE_MEASURE_PING_PING_H
#define TCPSHAKE_MEASURE_PING_PING_H

#include "measure/measure.h"
#include "talk/facts.h"

struct ping {
    uint64_t number; /* of this target's probes, from 1 */
    enum outcome outcome;
    struct segment answer;  /* OPEN: the SYN,ACK; CLOSED: the reset; its raw octets are gone */
    struct icmp_error icmp; /* UNREACHABLE; ip_version 0: our SYN never left this host, the next hop
                               did not answer */
    bool doubtful;       /* it came so late (RFC 6298 2: a second) that it may be a retransmission
                            whose original was lost: no RTT then */
    unsigned duplicates; /* further copies of the answer */
    int64_t sent_ns;     /* kernel stamp of our SYN, since the epoch */
};

/* What the user has asked for. */
struct ping_asked {
    uint64_t count;      /* probes for each target; 0: without end */
    int64_t interval_ns; /* from one to the next */
    const char *file;    /* of targets; NULL: none */
    bool stamped;        /* each line begins with the time */
    bool live;           /* a line on the terminal in place of a line a probe */
};

extern const struct measure ping_measure;

/* The line for people, without its end, in the words of hping and nping. `wait_ns` is how long an
 * answer was waited for. Nothing for a probe that was interrupted. */
void ping_line(const struct ping *p, const struct facts *f, int64_t wait_ns, struct text *t);

/* The keys of the record, and the line as its text. `f` is of this probe. */
void ping_report(const struct ping *p, const struct facts *f, int64_t wait_ns, struct result *r);

/* Adds a line labelled "more": what only -v shows. */
void ping_more(const struct ping *p, const struct facts *f, struct result *r);

#endif
