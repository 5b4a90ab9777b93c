/* The pace, on a clock that the test turns: in no second more than the rate, on average all but all
 * of it, and what comes of stalls and of trouble. */
#include "unit.h"

#include <stdbool.h>

#include "base/clock.h"
#include "talk/pace.h"

#define START (1700000000 * CLOCK_S)

/* A sender that does what it may. */
struct sender {
    struct pace pace;
    uint64_t rate, dice, sent;
    unsigned most;    /* a call */
    bool whole;       /* it waits for as many as a call takes */
    int64_t late_ns;  /* up to so much it wakes too late */
    int64_t call_ns;  /* what a call takes */
    unsigned partial; /* one in so many calls sends but a part; 0: none */
    int64_t now;
    int64_t *left; /* of the last `rate` packets */
    bool too_fast;
};

static struct sender *sender(uint64_t rate, unsigned most)
{
    struct sender *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    s->rate = rate;
    s->most = most;
    s->dice = rate + most;
    s->now = START;
    s->late_ns = 50 * CLOCK_US;
    s->call_ns = 2 * CLOCK_US;
    s->left = malloc(rate * sizeof(*s->left));
    assert_non_null(s->left);
    pace_init(&s->pace, rate, s->now);
    return s;
}

static void sender_free(struct sender *s)
{
    assert_false(s->too_fast);
    free(s->left);
    free(s);
}

/* The packet `rate` before this one left a second ago at least. */
static void leaves(struct sender *s, int64_t at)
{
    int64_t *place = &s->left[s->sent % s->rate];
    if (s->sent >= s->rate && at - *place < CLOCK_S)
        s->too_fast = true;
    *place = at;
    s->sent++;
}

static unsigned send(struct sender *s)
{
    unsigned n = pace_allows(&s->pace, s->most, s->now);
    assert_in_range(n, 0, s->most);
    if (n > 0 && s->partial != 0 && unit_random(&s->dice) % s->partial == 0)
        n = (unsigned)(unit_random(&s->dice) % n);
    for (unsigned i = 1; i <= n; i++)
        leaves(s, s->now + s->call_ns * i / n);
    s->now += s->call_ns;
    pace_left(&s->pace, n, s->now);
    return n;
}

static void wait_for_it(struct sender *s)
{
    int64_t at = pace_next(&s->pace, s->whole ? s->most : 1);
    if (at > s->now)
        s->now = at + (int64_t)(unit_random(&s->dice) % (uint64_t)(s->late_ns + 1));
}

static void pass(struct sender *s, int64_t span)
{
    int64_t limit = s->now + span;
    while (s->now < limit) {
        (void)send(s);
        wait_for_it(s);
    }
}

static double rate_over(struct sender *s, int64_t span)
{
    uint64_t before = s->sent;
    int64_t from = s->now;
    pass(s, span);
    return (double)(s->sent - before) * (double)CLOCK_S / (double)(s->now - from);
}

static const uint64_t rates[] = {1, 7, 100, 5000, 400000};
static const unsigned batches[] = {1, 16, 256};

enum {
    RATES = sizeof(rates) / sizeof(rates[0]),
    BATCHES = sizeof(batches) / sizeof(batches[0])
};

UNIT_TEST(all_of_the_rate_and_no_more)
{
    for (size_t i = 0; i < 2 * RATES * BATCHES; i++) {
        uint64_t rate = rates[i % RATES];
        unsigned most = batches[i / RATES % BATCHES];
        struct sender *s = sender(rate, most);
        s->whole = i >= RATES * BATCHES;
        if (most == 1)
            s->call_ns = CLOCK_US; /* or 400,000 a second could not be called for */
        int64_t span = rate < 100 ? 3000 * CLOCK_S : rate < 10000 ? 30 * CLOCK_S : 4 * CLOCK_S;
        (void)rate_over(s, CLOCK_S);
        double found = rate_over(s, span);
        if (found < (double)rate * 0.999)
            print_error("rate %u in batches of %u: %f\n", (unsigned)rate, most, found);
        assert_true(found >= (double)rate * 0.999);
        assert_true(found <= (double)rate * 1.001 + 1e-3);
        sender_free(s);
    }
}

/* Who waits for whole batches makes fewer calls, and none where that would cost pace. */
UNIT_TEST(whole_batches)
{
    struct sender *s = sender(400000, 256);
    s->whole = true;
    for (int i = 0; i < 100; i++) {
        wait_for_it(s);
        assert_int_equal(send(s), 256);
    }
    sender_free(s);
    s = sender(1000, 256);
    s->whole = true;
    for (int i = 0; i < 100; i++) {
        wait_for_it(s);
        assert_in_range(send(s), 1, 6);
    }
    assert_true(pace_next(&s->pace, 256) <= s->now + 10 * CLOCK_MS);
    sender_free(s);
}

/* One at a time they leave evenly. */
UNIT_TEST(evenly)
{
    struct sender *s = sender(100, 16);
    for (int i = 0; i < 1000; i++) {
        int64_t before = s->now;
        assert_in_range(send(s), 1, 2);
        wait_for_it(s);
        assert_in_range(s->now - before, 9 * CLOCK_MS, 11 * CLOCK_MS);
    }
    sender_free(s);
}

UNIT_TEST(never_more_whatever_happens)
{
    for (size_t i = 0; i < RATES * BATCHES; i++) {
        struct sender *s = sender(rates[i % RATES], batches[i / RATES]);
        s->partial = 5;
        s->whole = i % 2;
        uint64_t calls = 0;
        for (int round = 0; round < 60; round++) {
            pass(s, (int64_t)(unit_random(&s->dice) % (uint64_t)(200 * CLOCK_MS)));
            s->now += (int64_t)(unit_random(&s->dice) % (uint64_t)(2 * CLOCK_S)); /* a stall */
            s->call_ns = (int64_t)(unit_random(&s->dice) % (uint64_t)(3 * CLOCK_MS));
            s->late_ns = (int64_t)(unit_random(&s->dice) % (uint64_t)(5 * CLOCK_MS));
            calls++;
        }
        assert_true(s->sent > calls / 2);
        sender_free(s);
    }
}

/* After a stall the pace goes on; little of it is caught up. */
UNIT_TEST(a_stall_is_not_made_good)
{
    struct sender *s = sender(1000, 256);
    pass(s, CLOCK_S);
    s->now += 500 * CLOCK_MS;
    assert_in_range(send(s), 5, 20);
    uint64_t before = s->sent;
    pass(s, 100 * CLOCK_MS);
    assert_in_range(s->sent - before, 95, 105);
    sender_free(s);
}

UNIT_TEST(nothing_before_its_time)
{
    struct sender *s = sender(10, 16);
    assert_int_equal(pace_next(&s->pace, 1), START);
    assert_int_equal(send(s), 1);
    assert_int_equal(pace_next(&s->pace, 1), START + 100 * CLOCK_MS);
    assert_int_equal(pace_allows(&s->pace, 16, START + 99 * CLOCK_MS), 0);
    assert_int_equal(pace_allows(&s->pace, 0, START + 100 * CLOCK_MS), 0);
    assert_int_equal(pace_allows(&s->pace, 16, START + 100 * CLOCK_MS), 1);
    pace_left(&s->pace, 0, START + 100 * CLOCK_MS); /* it could not be sent */
    assert_int_equal(pace_next(&s->pace, 1), START + 100 * CLOCK_MS);
    sender_free(s);
}

UNIT_TEST(trouble_slows_and_passes)
{
    struct sender *s = sender(5000, 64);
    pass(s, 2 * CLOCK_S);
    pace_trouble(&s->pace, s->now);
    assert_int_equal(pace_allows(&s->pace, 64, s->now), 0); /* not again at once */
    assert_true(pace_next(&s->pace, 1) >= s->now + CLOCK_MS);
    double after = rate_over(s, CLOCK_S / 2);
    assert_true(after > 5000 * 0.68 && after < 5000 * 0.72);
    pass(s, 4 * CLOCK_S);
    double again = rate_over(s, 5 * CLOCK_S);
    assert_true(again > 5000 * 0.999);
    sender_free(s);
}

/* However often it is said: within a tenth of a second it is the same trouble. */
UNIT_TEST(the_same_trouble_counts_once)
{
    struct sender *s = sender(5000, 64);
    pass(s, 2 * CLOCK_S);
    for (int i = 0; i < 90; i++)
        pace_trouble(&s->pace, s->now + i * CLOCK_MS);
    s->now += 90 * CLOCK_MS;
    double after = rate_over(s, CLOCK_S / 2);
    assert_true(after > 5000 * 0.67 && after < 5000 * 0.72);
    sender_free(s);
}

UNIT_TEST(the_worst_trouble_passes_too)
{
    struct sender *s = sender(400000, 256);
    for (int i = 0; i < 1000; i++, s->now += 100 * CLOCK_MS)
        pace_trouble(&s->pace, s->now);
    assert_true(s->pace.now_rate >= 1);
    assert_true(rate_over(s, CLOCK_S) <= 3); /* it still goes on */
    pass(s, 70 * CLOCK_S);
    assert_true(s->pace.now_rate >= 400000);
    assert_true(rate_over(s, 2 * CLOCK_S) >= 400000 * 0.999);
    sender_free(s);
}
