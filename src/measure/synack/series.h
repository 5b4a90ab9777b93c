/* A listener's SYN,ACK and its retransmissions: what each segment of the series means, how long to
 * wait for the next, and what is told of it all. The same for one target (synack) and for each of
 * many (flow). */
#ifndef TCPSHAKE_MEASURE_SYNACK_SERIES_H
#define TCPSHAKE_MEASURE_SYNACK_SERIES_H

#include "talk/facts.h"
#include "tcp/schedule_loss.h"

enum series_ended {
    SERIES_ENDED_PATIENCE, /* more than twice the last gap has passed in silence */
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

/* Until when to listen if nothing more comes; `last_gap_ns` 0 when there is none yet. All in ns. */
int64_t series_until(int64_t first_ns, int64_t last_ns, int64_t last_gap_ns, int64_t listen_ns);
/* Whether silence has lasted long enough to mean that the series is over. */
bool series_is_over(int64_t last_ns, int64_t last_gap_ns, int64_t now_ns);

/* Why it may be that not all of the series was seen, in words; NULL when all was, and where there
 * is no series. The text is static or in `buffer`. */
const char *series_incomplete(const struct series *s, const struct facts *f,
                              char buffer[SCHEDULE_LOSS_REASON_MAX]);

/* The whole result of a SYN that was never acknowledged. */
void series_report(const struct series *s, const struct facts *f, struct result *r);

#endif
