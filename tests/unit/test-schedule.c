/* Series of arrivals: the rule that fits them and the known schedules they lie near. */
#include "unit.h"

#include <math.h>

#include "base/clock.h"
#include "tcp/schedule.h"

enum {
    ROW_GAPS_MAX = 24,
    NEAR_MAX = 64
};

struct row {
    const char *name;
    enum schedule_end end;
    size_t count;
    double gaps[ROW_GAPS_MAX];
};

static const struct row rows[] = {
#define COUNT_OF(...)                (sizeof((const double[]){__VA_ARGS__}) / sizeof(double))
#define STACK(stack, how, from, ...) {stack, SCHEDULE_##how, COUNT_OF(__VA_ARGS__), {__VA_ARGS__}},
#include "tcp/stacks.def"
#undef STACK
};

enum {
    ROWS = sizeof(rows) / sizeof(rows[0])
};

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
    struct schedule_near near[3];
    schedule_init(&s);
    assert_int_equal(s.end, SCHEDULE_TRUNCATED);
    assert_false(schedule_fit(&s).fits);
    assert_int_equal(schedule_nearest(&s, near, 3), 0);
    schedule_arrival(&s, 5);
    schedule_finish(&s, SCHEDULE_SILENCE, 9 * CLOCK_S);
    assert_int_equal(s.count, 0);
    assert_false(schedule_fit(&s).fits);
    assert_int_equal(schedule_nearest(&s, near, 3), 0);
}

/* --- Tolerance and patience --- */

UNIT_TEST(tolerance_and_patience)
{
    assert_int_equal(schedule_tolerance(CLOCK_MS), 4 * CLOCK_MS);
    assert_int_equal(schedule_tolerance(32 * CLOCK_MS), 4 * CLOCK_MS);
    assert_int_equal(schedule_tolerance(8 * CLOCK_S), CLOCK_S);
    struct schedule s = SERIES(TRUNCATED, 1, 2, 4, 8);
    assert_int_equal(schedule_patience(schedule_last_gap(&s), CLOCK_S), 18 * CLOCK_S);
    assert_int_equal(schedule_patience(schedule_last_gap(&s), CLOCK_MIN), CLOCK_MIN);
    schedule_init(&s);
    assert_int_equal(schedule_patience(schedule_last_gap(&s), 15 * CLOCK_S), 15 * CLOCK_S);
}

/* --- Neighbours --- */

/* The row of that name among those found. */
static const struct schedule_near *find(const struct schedule_near *near, size_t n,
                                        const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(near[i].stack, name) == 0)
            return &near[i];
    }
    return NULL;
}

static void in_order(const struct schedule_near *near, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_true(near[i].distance >= 0 && near[i].distance <= 1);
        assert_true(i == 0 || near[i - 1].distance <= near[i].distance);
        assert_true(near[i].source != NULL);
    }
}

/* Several systems share a schedule: each is then the nearest. */
UNIT_TEST(every_row_is_its_own_neighbour)
{
    for (size_t i = 0; i < ROWS; i++) {
        struct schedule_near near[NEAR_MAX];
        struct schedule s = series(rows[i].gaps, rows[i].count, rows[i].end);
        assert_int_equal(schedule_nearest(&s, near, NEAR_MAX), ROWS);
        in_order(near, ROWS);
        const struct schedule_near *own = find(near, ROWS, rows[i].name);
        assert_non_null(own);
        assert_true(own->distance < 1e-6);
        assert_true(own->fits);
        assert_true(near[0].distance < 1e-6);
    }
}

UNIT_TEST(every_row_is_known_with_jitter)
{
    uint64_t random = 11;
    for (size_t i = 0; i < ROWS * 50; i++) {
        const struct row *row = &rows[i % ROWS];
        struct schedule_near near[NEAR_MAX];
        double gaps[ROW_GAPS_MAX];
        for (size_t k = 0; k < row->count; k++) /* up to 8 % over, as timer wheels are */
            gaps[k] = row->gaps[k] * (1 + (double)(unit_random(&random) % 1000) * 8e-5);
        struct schedule s = series(gaps, row->count, row->end);
        size_t n = schedule_nearest(&s, near, NEAR_MAX);
        const struct schedule_near *own = find(near, n, row->name);
        assert_non_null(own);
        assert_true(own->fits);
        assert_true(own->distance < 0.12);
        assert_true(own->distance <= near[0].distance + 0.1);
    }
}

UNIT_TEST(the_end_counts)
{
    struct schedule_near near[NEAR_MAX];
    struct schedule s = SERIES(RST, 3, 6, 12);
    size_t n = schedule_nearest(&s, near, NEAR_MAX);
    assert_string_equal(near[0].stack, "Windows Vista, 7, Server 2008");
    const struct schedule_near *bsd = find(near, n, "FreeBSD 4 to 8");
    assert_false(bsd->fits);
    assert_true(fabs(bsd->distance - 0.25) < 1e-6); /* three gaps right, the end wrong */
    s = SERIES(SILENCE, 3, 6, 12);
    (void)schedule_nearest(&s, near, NEAR_MAX);
    assert_true(find(near, n, "FreeBSD 4 to 8")->fits);
    assert_false(find(near, n, "Windows Vista, 7, Server 2008")->fits);
}

/* What was cut off is compared as far as it goes, and fits nothing for certain. */
UNIT_TEST(a_truncated_series)
{
    struct schedule_near near[NEAR_MAX];
    struct schedule s = SERIES(TRUNCATED, 1.018, 2.016);
    size_t n = schedule_nearest(&s, near, NEAR_MAX);
    assert_int_equal(n, ROWS);
    in_order(near, n);
    assert_true(find(near, n, "Linux 3.1 and later (tcp_synack_retries=5)")->distance < 1e-6);
    assert_true(find(near, n, "Nucleus, Crestron")->distance < 0.05);
    for (size_t i = 0; i < n; i++)
        assert_false(near[i].fits);
}

UNIT_TEST(only_as_many_as_asked_for)
{
    struct schedule_near all[NEAR_MAX], few[3];
    struct schedule s = SERIES(SILENCE, 1, 2, 4, 8, 16);
    (void)schedule_nearest(&s, all, NEAR_MAX);
    assert_int_equal(schedule_nearest(&s, few, 3), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(few[i].stack, all[i].stack);
    assert_int_equal(schedule_nearest(&s, few, 1), 1);
    assert_int_equal(schedule_nearest(&s, few, 0), 0);
}

UNIT_TEST(more_than_the_array_holds)
{
    struct schedule s;
    struct schedule_near near[NEAR_MAX];
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
    assert_int_equal(schedule_nearest(&s, near, NEAR_MAX), ROWS);
    in_order(near, ROWS);
}

UNIT_TEST(names_of_the_ends)
{
    static const char *const names[] = {"silence", "rst", "rst-ack", "fin", "truncated"};
    for (enum schedule_end e = SCHEDULE_SILENCE; e <= SCHEDULE_TRUNCATED; e++)
        assert_string_equal(schedule_end_name(e), names[e]);
}
