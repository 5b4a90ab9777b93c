/* What a series of SYN,ACKs may be: each row of stacks.def is one explanation of it, or none.
 *
 * Timing and count are two answers. First gap, factor and ceiling are a stack's own; how often it
 * tries is a setting, so a row that ends in silence explains any number of tries, and its timing
 * goes on as it began. What ends by a reset ends by a time (most after 21 or 75 s), and its number
 * follows from that; another number, with the reset in place of a SYN,ACK, is thought of, but rare.
 *
 * Segments get lost, and then one schedule looks like another. So an explanation says what it
 * supposes: how many SYN,ACKs are missing before the first one seen, between two, and behind the
 * last, and whether the reset is. Each is one lie; so is a round trip of half a second that is no
 * lost first SYN,ACK, which comes again as early as that. Two lies, because they are rarer than a
 * loss, are a round trip of a second, a gap that is off by more than half of what is tolerated, and
 * a reset before its time. What decides between 2 4 8 16 and 1 2 4 8 16 without its first is thus
 * the time between our SYN and what came.
 *
 * The fewest lies are the best explanation. It is clear when every other supposes four lies more:
 * at a loss of one in five, four lost segments that would have had to be exactly these are one case
 * in six hundred, three are one in a hundred and twenty-five, which among many targets is often.
 * Where the best itself supposes some, it takes as many more: who has lost one may have lost
 * others. A silence after fewer tries than a stack's default number is no lie: the setting is as
 * likely as a lost end, and the stack is the same. Rows of the very same schedule are named
 * together. */
#ifndef TCPSHAKE_TCP_SCHEDULE_EXPLAIN_H
#define TCPSHAKE_TCP_SCHEDULE_EXPLAIN_H

#include "tcp/schedule.h"

enum {
    SCHEDULE_EXPLAIN_ROWS = 40, /* more than stacks.def has */
    SCHEDULE_EXPLAIN_TEXT_MAX = 320
};

struct schedule_explanation {
    const struct stack *row;
    bool explains;    /* else its distance alone means anything */
    double distance;  /* of its timing: 0 the same, 1 nothing alike; see schedule_explain */
    unsigned before;  /* SYN,ACKs missing ahead of the first one seen */
    unsigned between; /* two that were seen */
    unsigned behind;  /* the last */
    bool no_reset;    /* the reset that ends it is missing */
    bool cut;         /* more of it would have come after listening ended */
    bool usual;       /* all of it, as often as by default, and its end */
    unsigned late;    /* it takes a round trip of half a second: 1; of a second: 2 */
    bool strained;    /* a gap is off by more than half of what is tolerated */
    bool early;       /* its reset came in place of a SYN,ACK */
    unsigned
        first_lost; /* the fewest lies with some missing ahead; UINT_MAX: that explains nothing */
    unsigned tries; /* retransmissions that the peer sent, or had sent so far */
    /* From the last arrival on in ns: nothing having come by then makes it too many lies. 0: it is
     * that already; CLOCK_NEVER: silence tells nothing about it. */
    int64_t needs_ns;
};

struct schedule_explanations {
    struct schedule_explanation list[SCHEDULE_EXPLAIN_ROWS]; /* best first */
    size_t count;                                            /* all rows */
    size_t named;  /* the first so many are one schedule, the best; 0: nobody is */
    size_t likely; /* the first so many are not out of the question; those of `named` included */
};

/* `late_ns` is the time from our SYN to the first SYN,ACK seen; 0 or less: it is not known, and may
 * be anything. A gap, and the sum of those between which one is missing, lies within
 * schedule_tolerance of the row's. Two SYN,ACKs of a row that are sent within a moment of each
 * other may be seen as one.
 *
 * `distance` is the mean over the gaps of how many times too long or short each is; a factor of two
 * counts 1. Rows that explain nothing are compared gap by gap from the first on, and come last. A
 * series of one gap or none names nobody. */
void schedule_explain(const struct schedule *s, int64_t late_ns, struct schedule_explanations *out);

/* SYN,ACKs and reset. */
unsigned schedule_explain_missing(const struct schedule_explanation *e);
/* How often the row tries by default. */
unsigned schedule_explain_default(const struct stack *row);

/* Whether the first SYN,ACK seen may not be the first sent, so that `late_ns` is no round trip. */
bool schedule_explain_doubtful(const struct schedule_explanations *x, int64_t late_ns);

/* Whether the series lacks nothing at its beginning and in its middle, nor what its best
 * explanation would have at its end. If not, or if it cannot be told, `reason` says so in words;
 * else it is "". That its last ones were lost can never be told from a peer that tries less often.
 */
bool schedule_explain_complete(const struct schedule_explanations *x, const struct schedule *s,
                               int64_t late_ns, char reason[SCHEDULE_EXPLAIN_TEXT_MAX]);

/* "2 tries, its default is 5; 1 missing in the middle": what it supposes; "" where it is all as it
 * is by default. Returns `out`. */
char *schedule_explain_words(const struct schedule_explanation *e,
                             char out[SCHEDULE_EXPLAIN_TEXT_MAX]);

/* How long silence must last after the last arrival, in ns, until no known schedule would go on,
 * though `losses` SYN,ACKs in a row were lost. A series that is none of them as it stands may be a
 * stranger's, whose next gap is up to twice the last, or four times (no known one exceeds that)
 * where there is but one. */
int64_t schedule_explain_patience(const struct schedule *s, int64_t late_ns, unsigned losses);

#endif
