/* The stamps of a clock that is set meanwhile. */
#include "unit.h"

#include <stdlib.h>

#include "base/clock.h"
#include "net/stamps.h"

#define START (1700000000 * CLOCK_S)

/* One packet after another, `every` apart, read `late` after it came; the clock is set by `step`
 * when the run has lasted for `after`, and is slewed by `ppm`. */
struct story {
    int64_t every, late, step, after;
    int ppm;
};

/* How far the worst time is from what it was; how often a step was told, and how much in all. */
struct outcome {
    int64_t worst, told;
    unsigned steps;
};

static struct outcome tell(const struct story *k)
{
    struct outcome o = {0};
    struct stamps s;
    stamps_init(&s, START);
    for (int64_t t = 0; t < 40 * CLOCK_S; t += k->every) {
        int64_t read = t + k->late, step, slewed = k->ppm * (t / 1000000);
        int64_t stamp = START + t + slewed + (t > k->after ? k->step : 0);
        int64_t system = START + read + slewed + (read > k->after ? k->step : 0);
        int64_t at = stamps_correct(&s, stamp, START + read, system, &step);
        int64_t off = llabs(at - START - t);
        o.worst = off > o.worst ? off : o.worst;
        o.told += step;
        o.steps += step != 0;
    }
    return o;
}

UNIT_TEST(a_clock_that_nobody_sets)
{
    for (int64_t late = 0; late <= 5 * CLOCK_S; late = late * 3 + CLOCK_MS) {
        struct outcome o = tell(&(struct story){.every = 700 * CLOCK_MS, .late = late});
        assert_int_equal(o.worst, 0);
        assert_int_equal(o.steps, 0);
    }
}

/* Read late or soon, often or seldom, set forward or back: the times are what they were. */
UNIT_TEST(steps)
{
    static const int64_t steps[] = {20 * CLOCK_MS, CLOCK_S / 2,    2 * CLOCK_S,
                                    30 * CLOCK_S,  3600 * CLOCK_S, 400 * 86400 * CLOCK_S};
    static const int64_t every[] = {3 * CLOCK_MS, 250 * CLOCK_MS, 4 * CLOCK_S};
    static const int64_t late[] = {20 * CLOCK_US, 9 * CLOCK_MS};
    for (size_t i = 0; i < 2 * sizeof(steps) / sizeof(steps[0]); i++) {
        for (size_t k = 0; k < 6; k++) {
            const struct story story = {.every = every[k / 2],
                                        .late = late[k % 2],
                                        .step = i % 2 ? -steps[i / 2] : steps[i / 2],
                                        .after = 9 * CLOCK_S + 5 * CLOCK_MS};
            struct outcome o = tell(&story);
            assert_int_equal(o.steps, 1);
            assert_int_equal(o.told, story.step);
            assert_int_equal(o.worst, 0);
        }
    }
}

/* 500 ppm, for ever, is no step: what it moves is 20 ms in all here. */
UNIT_TEST(slewing)
{
    static const int ppms[] = {500, -500};
    for (size_t i = 0; i < 2; i++) {
        struct outcome o = tell(&(struct story){.every = 3 * CLOCK_S, .ppm = ppms[i]});
        assert_int_equal(o.steps, 0);
        assert_true(o.worst <= 20 * CLOCK_MS);
    }
}

/* Set and set back before anything came: only stamps that cannot be tell of it. */
UNIT_TEST(stamps_that_cannot_be)
{
    static const int64_t off[] = {3600 * CLOCK_S, -3600 * CLOCK_S, 2 * CLOCK_S};
    for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
        struct stamps s;
        int64_t step, now = START + 5 * CLOCK_S;
        stamps_init(&s, START);
        int64_t at = stamps_correct(&s, now + off[i] - CLOCK_MS, now, now, &step);
        assert_int_equal(at, now);
        assert_int_equal(step, off[i] - CLOCK_MS);
        at = stamps_correct(&s, now + off[i] + CLOCK_S, now + CLOCK_S, now + CLOCK_S, &step);
        assert_int_equal(step, 0);
        assert_true(llabs(at - now - CLOCK_S) <= CLOCK_MS);
    }
}

/* Stopped for long (SIGSTOP), we read what is old, and nobody has set anything. */
UNIT_TEST(old_is_not_wrong)
{
    struct stamps s;
    int64_t step, now = START + 300 * CLOCK_S;
    stamps_init(&s, START);
    assert_int_equal(stamps_correct(&s, START + CLOCK_S, now, now, &step), START + CLOCK_S);
    assert_int_equal(step, 0);
}

UNIT_GROUP(NULL, NULL)
