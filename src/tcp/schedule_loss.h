/* What losses may have done to a series of SYN,ACKs. A known schedule that lost a segment or two
 * can look like another one that lost none; so a series counts as complete only when a row of
 * stacks.def is exactly it, and no row is it after a loss. */
#ifndef TCPSHAKE_TCP_SCHEDULE_LOSS_H
#define TCPSHAKE_TCP_SCHEDULE_LOSS_H

#include "tcp/schedule.h"

enum {
    SCHEDULE_LOSS_BELIEVED = 2, /* segments of one series; more are not taken for an explanation */
    SCHEDULE_LOSS_REASON_MAX = 320
};

/* How a row could have become the series that was seen. */
struct schedule_loss {
    unsigned syn_acks; /* of them lost */
    bool reset;        /* the reset that ends it was lost */
    bool cut;          /* some of the row would have come when nobody listened any more */
    /* When, counted from the last arrival in ns, nothing having come by then would not be believed
     * to be a loss any more; CLOCK_NEVER: the row has too little left for that. */
    int64_t settles_ns;
};

/* Whether the series can be this row after at most SCHEDULE_LOSS_BELIEVED losses; then the fewest
 * that it takes. `rtt_ns` is the time from our SYN to the first SYN,ACK seen: if that was not the
 * first sent, it is the row's first gaps longer. 0 or less: it is not known, and may be anything.
 * The gaps, and the sums of those between which one was lost, lie within schedule_tolerance. Two
 * SYN,ACKs of a row that are sent within a moment of each other may be seen as one. */
bool schedule_loss_explains(const struct stack *row, const struct schedule *s, int64_t rtt_ns,
                            struct schedule_loss *l);

/* Whether nothing of the series is missing. If not, or if it cannot be told, `reason` says so in
 * words; else it is "". */
bool schedule_loss_complete(const struct schedule *s, int64_t rtt_ns,
                            char reason[SCHEDULE_LOSS_REASON_MAX]);

/* A row may differ from the series only in what it sends after listening has ended. This is how
 * long, from the last arrival on, listening must last in silence to tell, in ns: for a series that
 * is some row as it stands, whether it is any other; for one that is none, whether it goes on as
 * the rows do that it may be the beginning of. 0: longer listening tells nothing. */
int64_t schedule_loss_settles(const struct schedule *s, int64_t rtt_ns);

#endif
