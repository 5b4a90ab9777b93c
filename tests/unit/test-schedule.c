/* Series of arrivals, and the rule that fits them. */
#include "unit.h"

#include <math.h>

#include "base/clock.h"
#include "tcp/schedule.h"

#define COUNT_OF(...) (sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

static bool ends_by_a_segment(enum schedule_end end)
{
    return end == SCHEDULE_RST || end == SCHEDULE_RST_ACK || end == SCHEDULE_FIN;
}

/* The arrivals that have these gaps, the last of which stands before the end where a segment makes
 * the end. */
static struct schedule series(const double *gaps, size_t n, enum schedule_end end)
{
    struct schedule s;
    int64_t t = 1700000000 * CLOCK_S;
    schedule_init(&s);
    schedule_arrival(&s, t);
    for (size_t i = 0; i < n; i++) {
        t += llround(gaps[i] * (double)CLOCK_S);
        if (i + 1 < n || !ends_by_a_segment(end))
            schedule_arrival(&s, t);
    }
    schedule_finish(&s, end, t);
    return s;
}

#define SERIES(end, ...)                                                                           \
    series((const double[]){__VA_ARGS__}, COUNT_OF(__VA_ARGS__), SCHEDULE_##end)

static void expect_near(double found, double expected, double part)
{
    if (fabs(found - expected) > part * expected)
        print_error("%f is not near %f\n", found, expected);
    assert_true(fabs(found - expected) <= part * expected);
}

/* --- Models --- */

UNIT_TEST(doubling)
{
    static const double seen[][5] = {{1, 2, 4, 8, 16},
                                     {1.018, 2.016, 4.064, 8.192, 16.129}, /* a timer wheel */
                                     {1.024, 2.016, 4.064, 8.192, 16.128},
                                     {1.003, 2.016, 4.256, 8.192, 16.128}};
    for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
        struct schedule s = series(seen[i], 5, SCHEDULE_SILENCE);
        struct schedule_model m = schedule_fit(&s);
        assert_int_equal(s.count, 5);
        assert_true(m.fits);
        expect_near(m.first_s, 1, 0.03);
        expect_near(m.factor, 2, 0.02);
        assert_true(m.cap_s == 0);
    }
}

UNIT_TEST(constant)
{
    struct schedule s = SERIES(SILENCE, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2);
    struct schedule_model m = schedule_fit(&s);
    assert_true(m.fits);
    expect_near(m.first_s, 2, 1e-6);
    expect_near(m.factor, 1, 1e-6);
    assert_true(m.cap_s == 0);
}

UNIT_TEST(doubling_to_a_ceiling)
{
    struct schedule s = SERIES(SILENCE, 1, 2, 4, 8, 16, 32, 64, 64, 64);
    struct schedule_model m = schedule_fit(&s);
    assert_true(m.fits);
    expect_near(m.first_s, 1, 0.01);
    expect_near(m.factor, 2, 0.01);
    expect_near(m.cap_s, 64, 0.01);
    s = SERIES(SILENCE, 3, 6, 12, 24, 48, 60, 60, 60);
    m = schedule_fit(&s);
    assert_true(m.fits);
    expect_near(m.cap_s, 60, 0.01);
}

UNIT_TEST(no_rule)
{
    struct schedule s = SERIES(SILENCE, 0.8, 0.4, 0.4, 0.4, 0.7, 1, 1.4, 2, 2.7);
    assert_false(schedule_fit(&s).fits);
    s = SERIES(SILENCE, 5, 1, 30, 2);
    assert_false(schedule_fit(&s).fits);
    s = SERIES(SILENCE, 0, 0, 10);
    assert_false(schedule_fit(&s).fits);
}

UNIT_TEST(one_gap_tells_no_factor)
{
    struct schedule s = SERIES(SILENCE, 3.3);
    struct schedule_model m = schedule_fit(&s);
    assert_true(m.fits);
    expect_near(m.first_s, 3.3, 1e-6);
    assert_true(m.factor == 0 && m.cap_s == 0);
}

UNIT_TEST(two_gaps)
{
    struct schedule s = SERIES(SILENCE, 3, 6);
    struct schedule_model m = schedule_fit(&s);
    assert_true(m.fits);
    expect_near(m.factor, 2, 1e-6);
}

UNIT_TEST(nothing_at_all)
{
    struct schedule s;
    schedule_init(&s);
    assert_int_equal(s.end, SCHEDULE_TRUNCATED);
    assert_false(schedule_fit(&s).fits);
    schedule_arrival(&s, 5);
    schedule_finish(&s, SCHEDULE_SILENCE, 9 * CLOCK_S);
    assert_int_equal(s.count, 0);
    assert_false(schedule_fit(&s).fits);
}

/* --- The rest --- */

UNIT_TEST(tolerance)
{
    assert_int_equal(schedule_tolerance(CLOCK_MS), 4 * CLOCK_MS);
    assert_int_equal(schedule_tolerance(32 * CLOCK_MS), 4 * CLOCK_MS);
    assert_int_equal(schedule_tolerance(8 * CLOCK_S), CLOCK_S);
}

UNIT_TEST(more_than_the_array_holds)
{
    struct schedule s;
    schedule_init(&s);
    for (int64_t i = 0; i <= SCHEDULE_GAPS_MAX + 20; i++)
        schedule_arrival(&s, i * CLOCK_S);
    schedule_finish(&s, SCHEDULE_RST, 400 * CLOCK_S);
    assert_int_equal(s.count, SCHEDULE_GAPS_MAX);
    assert_int_equal(s.overflown, 20);
    assert_int_equal(s.last_ns, (SCHEDULE_GAPS_MAX + 20) * CLOCK_S);
    struct schedule_model m = schedule_fit(&s);
    assert_true(m.fits);
    expect_near(m.factor, 1, 1e-6);
}

UNIT_TEST(names_of_the_ends)
{
    static const char *const names[] = {"silence", "rst", "rst-ack", "fin", "truncated"};
    for (enum schedule_end e = SCHEDULE_SILENCE; e <= SCHEDULE_TRUNCATED; e++)
        assert_string_equal(schedule_end_name(e), names[e]);
}
