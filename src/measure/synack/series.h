/* A listener's SYN,ACK and its retransmissions: what each segment of the series means, how long to
 * wait for the next, and what is told of it all. The same for one target (synack) and for each of
 * many (flow). */
#ifndef TCPSHAKE_MEASURE_SYNACK_SERIES_H
#define TCPSHAKE_MEASURE_SYNACK_SERIES_H

#include "talk/facts.h"
#include "tcp/schedule_explain.h"

enum series_ended {
    SERIES_ENDED_PATIENCE, /* silence for so long that no known schedule would go on */
    SERIES_ENDED_PEER,     /* a reset or a FIN */
    SERIES_ENDED_LISTEN,   /* --listen ran out first */
    SERIES_ENDED_USER,
};

struct series {
    enum outcome outcome;
    enum series_ended ended;
    struct segment syn_ack; /* the first; its raw octets are gone */
    struct icmp_error icmp;
    struct schedule schedule;
    int64_t late_ns;     /* from our SYN to the first SYN,ACK; 0: not known */
    bool doubtful;       /* that may be no round trip: the first SYN,ACK may have been lost */
    int64_t stopped_ns;  /* when listening ended */
    unsigned other_isn;  /* SYN,ACKs with another sequence number than the first */
    unsigned duplicates; /* SYN,ACKs so close behind the last that no timer sent them */
};

/* What a segment is that comes after the first SYN,ACK. */
enum series_part {
    SERIES_NO_PART,
    SERIES_AGAIN,     /* a retransmission */
    SERIES_DUPLICATE, /* of the last one, made on the way: no timer is that fast */
    SERIES_OTHER_ISN, /* SYN cookies, or a second responder */
    SERIES_RST,       /* these three end it */
    SERIES_RST_ACK,
    SERIES_FIN,
};

/* `irs` is the first SYN,ACK's sequence number, `ack` its acknowledgement. */
enum series_part series_judge(seq_t irs, seq_t ack, int64_t since_last_ns,
                              const struct segment *seg);
/* For the three that end it. */
enum schedule_end series_end_of(enum series_part part);

/* Until when to listen if nothing more comes, in ns: till no known schedule would go on, though a
 * SYN,ACK was lost, or with `settles` three; but no longer than `listen_ns` after the first. */
int64_t series_until(const struct schedule *s, int64_t late_ns, bool settles, int64_t listen_ns);
/* Whether silence has lasted long enough to mean that the series is over, if nothing was lost. */
bool series_is_over(const struct schedule *s, int64_t late_ns, int64_t now_ns);
/* Whether the first SYN,ACK seen may be one that was sent again, because the first was lost. */
bool series_doubtful(const struct schedule *s, int64_t late_ns);

/* Why it may be that not all of the series was seen, in words; NULL when all was, and where there
 * is no series. The text is static or in `buffer`. */
const char *series_incomplete(const struct series *s, const struct facts *f,
                              char buffer[SCHEDULE_EXPLAIN_TEXT_MAX]);

/* The whole result of a SYN that was never acknowledged. */
void series_report(const struct series *s, const struct facts *f, struct result *r);

#endif
