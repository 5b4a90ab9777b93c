/* `ping`: what came of one SYN, in a record's keys and in one line; and the statistics, of one
 * target or of all: as many SYNs as there may be, in fixed memory. */
#ifndef TCPSHAKE_MEASURE_PING_PING_H
#define TCPSHAKE_MEASURE_PING_PING_H

#include "base/histogram.h"
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

/* --- Over many --- */

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
