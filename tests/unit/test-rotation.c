/* Everybody's turn comes once an interval, on time, and no more often than that. */
#include "unit.h"

#include "base/clock.h"
#include "measure/ping/rotation.h"

enum {
    START = 1000
};

static void take_now(struct rotation *t, int64_t now, size_t target, uint64_t number)
{
    size_t who = 99;
    uint64_t which = 0;
    int64_t at = 0;
    assert_int_equal(rotation_take(t, START + now, &who, &which, &at), ROTATION_NOW);
    assert_int_equal(who, target);
    assert_int_equal(which, number);
}

static void later(struct rotation *t, int64_t now, int64_t until)
{
    size_t who;
    uint64_t which;
    int64_t at = 0;
    assert_int_equal(rotation_take(t, START + now, &who, &which, &at), ROTATION_LATER);
    assert_int_equal(at, START + until);
}

static void over(struct rotation *t, int64_t now)
{
    size_t who;
    uint64_t which;
    int64_t at;
    assert_int_equal(rotation_take(t, START + now, &who, &which, &at), ROTATION_OVER);
}

UNIT_TEST(one_target)
{
    struct rotation t;
    rotation_init(&t, 1, 3, 100, START, CLOCK_NEVER);
    take_now(&t, 0, 0, 1);
    later(&t, 0, 100);
    later(&t, 99, 100);
    take_now(&t, 107, 0, 2); /* late, and the next is not */
    later(&t, 107, 200);
    take_now(&t, 200, 0, 3);
    over(&t, 200);
}

UNIT_TEST(spread_over_the_interval)
{
    struct rotation t;
    rotation_init(&t, 3, 2, 90, START, CLOCK_NEVER);
    take_now(&t, 0, 0, 1);
    later(&t, 0, 30);
    take_now(&t, 30, 1, 1);
    take_now(&t, 60, 2, 1);
    later(&t, 60, 90);
    take_now(&t, 90, 0, 2);
    take_now(&t, 120, 1, 2);
    take_now(&t, 150, 2, 2);
    over(&t, 150);
}

UNIT_TEST(until_a_time)
{
    struct rotation t;
    rotation_init(&t, 1, 0, 100, START, START + 250);
    take_now(&t, 0, 0, 1);
    take_now(&t, 100, 0, 2);
    take_now(&t, 200, 0, 3);
    later(&t, 200, 250);
    over(&t, 250);
}

/* What a pause has swallowed is not made up for. */
UNIT_TEST(after_a_pause)
{
    const int64_t s = CLOCK_S;
    struct rotation t;
    rotation_init(&t, 2, 0, 2 * s, START, CLOCK_NEVER);
    take_now(&t, 0, 0, 1);
    take_now(&t, 10 * s, 1, 1);
    later(&t, 10 * s, 11 * s);
    take_now(&t, 11 * s, 0, 2);
    later(&t, 11 * s, 12 * s);
}

/* What a busy machine has delayed by a little is. */
UNIT_TEST(after_a_hiccup)
{
    struct rotation t;
    rotation_init(&t, 1, 0, CLOCK_MS, START, CLOCK_NEVER);
    take_now(&t, 0, 0, 1);
    for (uint64_t i = 2; i <= 16; i++)
        take_now(&t, 15 * CLOCK_MS, 0, i);
    later(&t, 15 * CLOCK_MS, 16 * CLOCK_MS);
}

UNIT_TEST(for_a_year)
{
    struct rotation t;
    const int64_t week = 7 * 24 * 60 * CLOCK_MIN;
    rotation_init(&t, 1000, 0, week, START, CLOCK_NEVER);
    for (int64_t round = 0; round < 52; round++) {
        for (size_t i = 0; i < 1000; i++)
            take_now(&t, round * week + week * (int64_t)i / 1000, i, (uint64_t)round + 1);
    }
    later(&t, 0, 52 * week);
}
