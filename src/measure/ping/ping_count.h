/* The statistics of `ping`, of one target or of all: as many SYNs as there may be, in fixed memory.
 */
#ifndef TCPSHAKE_MEASURE_PING_PING_COUNT_H
#define TCPSHAKE_MEASURE_PING_PING_COUNT_H

#include "base/histogram.h"
#include "measure/ping/ping.h"

/* All times are ns. About 37 kB. */
struct ping_count {
    uint64_t transmitted;
    uint64_t open, closed; /* the answered ones */
    uint64_t unreachable, filtered;
    uint64_t awaited;    /* nobody waited long enough to say what came of them */
    uint64_t unsent;     /* could not be sent; not among the transmitted */
    uint64_t duplicates; /* further copies of answers */
    uint64_t doubtful;   /* answered, but without an RTT */
    struct histogram rtt;
    /* Jitter: the mean of |RTT - the RTT before it|, in the order in which the answers came. The
     * differences are those of RFC 3550 6.4.1; its running average forgets, a mean does not. */
    int64_t last_rtt_ns;
    uint64_t steps;
    double steps_ns;           /* sum */
    int64_t first_ns, last_ns; /* when the first SYN left, when the last probe ended */
};

void ping_count_init(struct ping_count *c);

/* A probe has ended at `t_ns`; `rtt_ns` 0: none. */
void ping_count_take(struct ping_count *c, const struct ping *p, int64_t rtt_ns, int64_t t_ns);

/* Adds what another target's holds; its steps stay its own. */
void ping_count_add(struct ping_count *c, const struct ping_count *from);

uint64_t ping_count_answered(const struct ping_count *c);
/* The share, 0 to 1, of those that were given their time and got no answer. */
double ping_count_loss(const struct ping_count *c);
/* 0 when there are not two RTTs. */
double ping_count_jitter(const struct ping_count *c);

/* 0: at least one open; 1: answered, none open; 3: no answer. */
int ping_count_exit(const struct ping_count *c);

/* "transmitted", "answered", ... "rtt_us", "jitter_us", "elapsed_s". */
void ping_count_keys(const struct ping_count *c, struct result *r);

/* The lines of people who know ping's, each ended: "--- 192.0.2.2:7 ping statistics ---" and so on.
 */
void ping_count_text(const struct ping_count *c, const char *title, struct text *t);

#endif
