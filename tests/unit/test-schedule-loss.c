/* What losses make of a series: every known schedule, whole, and with every single arrival and
 * every pair of them lost. */
#include "unit.h"

#include <math.h>

#include "base/clock.h"
#include "tcp/schedule_loss.h"

enum {
    SENDINGS_MAX = STACK_GAPS_MAX + 1
};

#define RTT   (30 * CLOCK_MS)
#define START (1700000000 * CLOCK_S)
#define LEAST (15 * CLOCK_S) /* how long the shortest silence is listened to */

/* When each segment of a row leaves: SYN,ACKs, and its reset. */
struct sendings {
    const struct stack *row;
    size_t count; /* with the reset */
    bool reset;
    int64_t at[SENDINGS_MAX];
};

static uint64_t dice = 5;

/* Gaps up to `jitter` longer or shorter. */
static struct sendings sendings(const struct stack *row, double jitter)
{
    struct sendings s = {
        .row = row, .count = row->count + 1, .reset = row->end != SCHEDULE_SILENCE};
    for (size_t i = 1; i < s.count; i++) {
        double off = jitter * ((double)(unit_random(&dice) % 2001) - 1000) / 1000;
        s.at[i] = s.at[i - 1] + llround(row->gaps[i - 1] * (1 + off) * (double)CLOCK_S);
    }
    return s;
}

/* What is seen of it, `lost` being a set of them; listening ends after more than twice the last
 * gap, or with `patient` when all is over. False: not one SYN,ACK. */
static bool seen(const struct sendings *s, uint64_t lost, bool patient, struct schedule *out,
                 int64_t *rtt)
{
    int64_t until = INT64_MAX;
    schedule_init(out);
    for (size_t i = 0; i < s->count && s->at[i] < until; i++) {
        bool reset = s->reset && i + 1 == s->count;
        if (lost >> i & 1)
            continue;
        if (reset && !out->begun)
            return false;
        if (reset) {
            schedule_finish(out, s->row->end, START + s->at[i]);
            return true;
        }
        if (!out->begun)
            *rtt = RTT + s->at[i];
        if (!out->begun || START + s->at[i] - out->last_ns >= 20 * CLOCK_MS)
            schedule_arrival(out, START + s->at[i]);
        if (!patient)
            until = s->at[i] + schedule_patience(schedule_last_gap(out), LEAST);
    }
    if (!out->begun)
        return false;
    int64_t last = START + s->at[s->count - 1];
    schedule_finish(out, SCHEDULE_SILENCE, patient ? last + 600 * CLOCK_S : START + until);
    return true;
}

static bool is_copy(const struct stack *row, size_t sending)
{
    return sending > 0 && row->gaps[sending - 1] < 0.02;
}

/* The row explains what was seen of it, with no more losses than there were. */
static void expect_explained(const struct stack *row, const struct schedule *s, int64_t rtt,
                             unsigned losses)
{
    struct schedule_loss l;
    if (!schedule_loss_explains(row, s, rtt, &l))
        print_error("%s is not known again\n", row->name);
    assert_true(schedule_loss_explains(row, s, rtt, &l));
    assert_in_range(l.syn_acks + l.reset, 0, losses);
}

UNIT_TEST(every_row_as_it_stands)
{
    size_t complete = 0;
    for (size_t i = 0; i < schedule_stacks() * 50; i++) {
        const struct stack *row = schedule_stack(i % schedule_stacks());
        struct sendings sent = sendings(row, i < schedule_stacks() ? 0 : 0.05);
        struct schedule s;
        struct schedule_loss l;
        char reason[SCHEDULE_LOSS_REASON_MAX];
        int64_t rtt;
        assert_true(seen(&sent, 0, true, &s, &rtt));
        assert_true(schedule_loss_explains(row, &s, rtt, &l));
        assert_true(l.syn_acks == 0 && !l.reset && !l.cut);
        bool whole = schedule_loss_complete(&s, rtt, reason);
        assert_int_equal(whole, reason[0] == '\0');
        if (i < schedule_stacks())
            complete += whole;
        if (!whole)
            assert_non_null(strstr(reason, " as it stands; or as "));
    }
    print_message("%zu of %zu rows are told from all others after a loss\n", complete,
                  schedule_stacks());
    assert_true(complete > schedule_stacks() / 2);
}

/* Whatever is lost, and however long was listened: never a schedule that was not. */
static void expect_known_or_told(const struct stack *row, uint64_t lost, unsigned losses)
{
    for (int patient = 0; patient <= 1; patient++) {
        struct sendings sent = sendings(row, 0.05);
        struct schedule s;
        char reason[SCHEDULE_LOSS_REASON_MAX];
        int64_t rtt = 0;
        if (!seen(&sent, lost, patient, &s, &rtt))
            continue;
        bool complete = schedule_loss_complete(&s, rtt, reason);
        if (complete)
            print_error("%s, lost %llx: complete\n", row->name, (unsigned long long)lost);
        assert_false(complete);
        expect_explained(row, &s, rtt, losses);
        if (s.count > 0 && rtt < CLOCK_S)
            assert_true(strncmp(reason, "as ", 3) == 0);
    }
}

UNIT_TEST(every_single_loss)
{
    for (unsigned round = 0; round < 20; round++) {
        for (size_t i = 0; i < schedule_stacks(); i++) {
            const struct stack *row = schedule_stack(i);
            for (size_t k = 0; k <= row->count; k++)
                if (!is_copy(row, k) && !is_copy(row, k + 1 <= row->count ? k + 1 : 0))
                    expect_known_or_told(row, UINT64_C(1) << k, 1);
        }
    }
}

UNIT_TEST(every_pair)
{
    for (size_t i = 0; i < schedule_stacks(); i++) {
        const struct stack *row = schedule_stack(i);
        for (size_t k = 0; k <= row->count; k++)
            for (size_t j = 0; j < k; j++)
                if (!is_copy(row, k) && !is_copy(row, j) && !is_copy(row, j + 1))
                    expect_known_or_told(row, UINT64_C(1) << k | UINT64_C(1) << j, 2);
    }
}

/* One of two that are sent at once: what is seen is the same. */
UNIT_TEST(a_copy_is_not_missed)
{
    for (size_t i = 0; i < schedule_stacks(); i++) {
        struct sendings sent = sendings(schedule_stack(i), 0);
        for (size_t k = 1; k < sent.count; k++) {
            struct schedule s;
            struct schedule_loss l;
            int64_t rtt;
            if (!is_copy(sent.row, k))
                continue;
            assert_true(seen(&sent, UINT64_C(1) << k, true, &s, &rtt));
            assert_true(schedule_loss_explains(sent.row, &s, rtt, &l));
            assert_true(l.syn_acks == 0 && !l.reset && !l.cut);
        }
    }
}

/* --- One by one --- */

static struct schedule series(const double *gaps, size_t n, enum schedule_end end, double behind)
{
    struct schedule s;
    int64_t t = START;
    schedule_init(&s);
    schedule_arrival(&s, t);
    for (size_t i = 0; i < n; i++) {
        t += llround(gaps[i] * (double)CLOCK_S);
        schedule_arrival(&s, t);
    }
    schedule_finish(&s, end, t + llround(behind * (double)CLOCK_S));
    return s;
}

#define SERIES(end, behind, ...)                                                                   \
    series((const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double),  \
           SCHEDULE_##end, behind)

static void expect_reason(struct schedule s, int64_t rtt, const char *expected)
{
    char reason[SCHEDULE_LOSS_REASON_MAX];
    bool complete = schedule_loss_complete(&s, rtt, reason);
    assert_string_equal(reason, expected);
    assert_int_equal(complete, expected[0] == '\0');
}

UNIT_TEST(in_words)
{
    expect_reason(SERIES(RST, 6, 1, 2, 4, 8), RTT, "");
    expect_reason(SERIES(RST, 6, 3, 4, 8), RTT, "as Windows 10 with 1 SYN,ACK lost");
    expect_reason(SERIES(RST, 6, 7, 8), RTT, "as Windows 10 with 2 SYN,ACKs lost");
    expect_reason(SERIES(RST, 6, 15), RTT,
                  "no known schedule: whether something was lost cannot be told");
    expect_reason(SERIES(SILENCE, 600, 1, 1, 2, 4, 8), RTT, "");
    expect_reason(SERIES(SILENCE, 150, 3.4, 6.8, 13.5, 27, 54, 60), RTT,
                  "as Solaris 8 to 10 with its reset lost");
    expect_reason(SERIES(SILENCE, 150, 3.4, 6.8, 13.5, 27, 114), RTT,
                  "as Solaris 8 to 10 with 1 SYN,ACK and its reset lost");
    expect_reason(SERIES(SILENCE, 15, 5.9), RTT,
                  "as IRIX 6 as far as was listened; or as Old BSD: HP-UX, VxWorks, OS/2, Digital "
                  "Unix as far as was listened; or 2 others");
    expect_reason(SERIES(TRUNCATED, 0.5, 0.8, 0.4, 0.4, 0.4, 0.7), RTT,
                  "as Lantronix as far as was listened");
    expect_reason(SERIES(SILENCE, 27, 3, 6, 12), RTT,
                  "as Windows 98, NT 4 as it stands; or as FreeBSD 4 to 8 as it stands; or 9 "
                  "others");
    expect_reason(SERIES(FIN, 3, 1, 2), RTT,
                  "no known schedule: whether something was lost cannot be told");
}

/* The first SYN,ACK is lost only if what came was late by as much. */
UNIT_TEST(the_first)
{
    expect_reason(SERIES(RST, 6, 2, 4, 8), RTT,
                  "no known schedule: whether something was lost cannot be told");
    expect_reason(SERIES(RST, 6, 2, 4, 8), 950 * CLOCK_MS, "as Windows 10 with 1 SYN,ACK lost");
    expect_reason(SERIES(RST, 6, 2, 4, 8), CLOCK_S + RTT, "as Windows 10 with 1 SYN,ACK lost");
    expect_reason(SERIES(RST, 6, 4, 8), CLOCK_S + RTT,
                  "no known schedule: whether something was lost cannot be told");
    expect_reason(SERIES(RST, 6, 4, 8), 3 * CLOCK_S, "as Windows 10 with 2 SYN,ACKs lost");
    expect_reason(SERIES(RST, 6, 4, 8), 0, "as Windows 10 with 2 SYN,ACKs lost");
    expect_reason(SERIES(RST, 6, 1, 2, 4, 8), CLOCK_S,
                  "the answer came late: the first SYN,ACK may have been lost");
    expect_reason(SERIES(RST, 6, 1, 2, 4, 8), 0,
                  "the round trip is not known: the first SYN,ACK may have been lost");
}

static void expect_settles(struct schedule s, double expected)
{
    double found = (double)schedule_loss_settles(&s, RTT) / (double)CLOCK_S;
    if (fabs(found - expected) > 0.001)
        print_error("%f, not %f\n", found, expected);
    assert_true(fabs(found - expected) <= 0.001);
}

/* How long it takes until what may be missing would be too much. */
UNIT_TEST(listening_longer)
{
    /* Nucleus sends after 32, 64 and 64 s more; three in a row are not lost */
    expect_settles(SERIES(SILENCE, 36, 1.018, 2.016, 4.064, 8.192, 16.129), 160 * 1.125);
    /* NetBSD's last may always be lost */
    expect_settles(SERIES(SILENCE, 27, 3, 6, 12), 0);
    /* the others are not it any more */
    expect_settles(SERIES(SILENCE, 181, 1.018, 2.016, 4.064, 8.192, 16.129), 0);
    expect_settles(SERIES(SILENCE, 18, 1, 1, 2, 4, 8), 0);
    /* which of those that begin so goes on? */
    expect_settles(SERIES(SILENCE, 15, 5.9), 24 * 1.125);
    expect_settles(SERIES(SILENCE, 28, 5.9), 0);
    expect_settles(SERIES(TRUNCATED, 15, 5.9), 0);
    expect_settles(SERIES(RST, 6, 1, 2, 4, 8), 0);
    struct schedule s = SERIES(SILENCE, 15, 1);
    s.count = 0;
    expect_settles(s, 0);
}

/* Who listens so long as that gets an end, and then it tells nothing to listen longer. */
UNIT_TEST(it_settles)
{
    for (int round = 0; round < 20000; round++) {
        double gaps[8];
        size_t n = 1 + unit_random(&dice) % 8;
        const struct stack *row = schedule_stack(unit_random(&dice) % schedule_stacks());
        for (size_t i = 0; i < n; i++)
            gaps[i] = i < row->count ? row->gaps[i] : row->gaps[row->count - 1];
        struct schedule s = series(gaps, n, SCHEDULE_SILENCE, 15);
        unsigned turns = 0;
        for (int64_t more; (more = schedule_loss_settles(&s, RTT)) > 0; turns++) {
            assert_true(more > s.end_ns - s.last_ns);
            s.end_ns = s.last_ns + more;
        }
        assert_in_range(turns, 0, 3);
    }
}

UNIT_TEST(nothing_to_compare)
{
    static const char none[] =
        "no retransmission was seen: none was sent (SYN cookies), or they were lost";
    struct schedule s;
    struct schedule_loss l;
    schedule_init(&s);
    for (size_t i = 0; i < schedule_stacks(); i++)
        assert_false(schedule_loss_explains(schedule_stack(i), &s, RTT, &l));
    expect_reason(s, RTT, none);
    schedule_arrival(&s, START);
    schedule_finish(&s, SCHEDULE_SILENCE, START + LEAST);
    expect_reason(s, RTT, none);
    for (int64_t i = 1; i <= SCHEDULE_GAPS_MAX + 20; i++)
        schedule_arrival(&s, START + i * CLOCK_S);
    expect_reason(s, RTT, "no known schedule: whether something was lost cannot be told");
}

/* Any series at all: something is said of it, and it ends. */
UNIT_TEST(any_series)
{
    for (int round = 0; round < 20000; round++) {
        double gaps[40];
        char reason[SCHEDULE_LOSS_REASON_MAX];
        size_t n = unit_random(&dice) % 40;
        for (size_t i = 0; i < n; i++)
            gaps[i] = (double)(unit_random(&dice) % 64) / 2;
        struct schedule s = series(gaps, n, (enum schedule_end)(unit_random(&dice) % 5),
                                   (double)(unit_random(&dice) % 400));
        int64_t rtt = (int64_t)(unit_random(&dice) % 100) * CLOCK_S / 4;
        bool complete = schedule_loss_complete(&s, rtt, reason);
        assert_int_equal(complete, reason[0] == '\0');
        assert_in_range(strlen(reason), 0, SCHEDULE_LOSS_REASON_MAX - 2);
    }
}
