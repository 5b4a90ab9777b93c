/* A histogram says of random durations what computing it from the durations themselves says. */
#include "unit.h"

#include <math.h>

#include "base/clock.h"
#include "base/histogram.h"

enum {
    MANY = 20000
};

static const double percents[] = {0, 0.1, 1, 7, 25, 50, 75, 90, 95, 99, 99.9, 100};

static int by_length(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* As many orders of magnitude as there are, each as likely. */
static int64_t any_duration(uint64_t *state)
{
    unsigned bits = (unsigned)(unit_random(state) % 41) + 1;
    return (int64_t)(unit_random(state) & ((UINT64_C(1) << bits) - 1));
}

/* Round trips of 50 us with a little jitter and a few that are late. */
static int64_t round_trip(uint64_t *state)
{
    int64_t late = unit_random(state) % 100 == 0 ? 3 * CLOCK_MS : 0;
    return 50 * CLOCK_US + (int64_t)(unit_random(state) % 4000) + late;
}

/* Hours apart from zero, microseconds apart from each other. */
static int64_t long_and_alike(uint64_t *state)
{
    return 59 * CLOCK_MIN + (int64_t)(unit_random(state) % 2000);
}

static void assert_near(double got, double want, double most)
{
    if (fabs(got - want) > most)
        fail_msg("%.6f is not within %.6f of %.6f", got, most, want);
}

static void compare(const struct histogram *h, int64_t *v, size_t n)
{
    long double sum = 0, squares = 0;
    qsort(v, n, sizeof(*v), by_length);
    for (size_t i = 0; i < n; i++)
        sum += (long double)v[i];
    long double mean = sum / (long double)n;
    for (size_t i = 0; i < n; i++)
        squares += ((long double)v[i] - mean) * ((long double)v[i] - mean);
    double mdev = (double)sqrtl(squares / (long double)n);

    assert_int_equal(h->count, n);
    assert_int_equal(h->min_ns, v[0]);
    assert_int_equal(h->max_ns, v[n - 1]);
    assert_near(h->mean_ns, (double)mean, 1e-12 * (double)mean);
    assert_near(histogram_mdev(h), mdev, 1e-6 * mdev);
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
        size_t rank = (size_t)ceil(percents[i] / 100 * (double)n - 1e-9);
        double want = (double)v[rank != 0 ? rank - 1 : 0];
        assert_near((double)histogram_percentile(h, percents[i]), want, 0.005 * want);
    }
}

static void as_computed(int64_t (*next)(uint64_t *), uint64_t seed)
{
    int64_t *v = calloc(MANY, sizeof(*v));
    struct histogram *h = malloc(sizeof(*h));
    assert_non_null(v);
    assert_non_null(h);
    histogram_init(h);
    for (size_t i = 0; i < MANY; i++) {
        v[i] = next(&seed);
        histogram_record(h, v[i]);
    }
    compare(h, v, MANY);
    free(h);
    free(v);
}

UNIT_TEST(random_durations)
{
    as_computed(any_duration, 1);
    as_computed(round_trip, 2);
    as_computed(long_and_alike, 3);
}

UNIT_TEST(joined_parts_are_the_whole)
{
    uint64_t seed = 4;
    int64_t *v = calloc(MANY, sizeof(*v));
    struct histogram *part = calloc(3, sizeof(*part));
    assert_non_null(v);
    assert_non_null(part);
    for (size_t i = 0; i < 3; i++)
        histogram_init(&part[i]);
    for (size_t i = 0; i < MANY; i++) {
        v[i] = i % 3 == 0 ? long_and_alike(&seed) : round_trip(&seed);
        histogram_record(&part[i % 3 == 0 ? 0 : 1], v[i]);
    }
    histogram_merge(&part[2], &part[0]); /* into an empty one */
    histogram_merge(&part[2], &part[1]);
    compare(&part[2], v, MANY);
    histogram_init(&part[0]);
    histogram_merge(&part[2], &part[0]); /* an empty one into it */
    compare(&part[2], v, MANY);
    free(part);
    free(v);
}

/* Each alone between the two ends, so that the end does not stand in for the bucket. */
UNIT_TEST(no_bucket_is_too_wide)
{
    struct histogram *h = malloc(sizeof(*h));
    assert_non_null(h);
    for (unsigned bit = 0; bit < 42; bit++) {
        for (int64_t step = -1; step <= 1; step++) {
            int64_t ns = (INT64_C(1) << bit) + step;
            histogram_init(h);
            histogram_record(h, 0);
            histogram_record(h, ns);
            histogram_record(h, INT64_C(1) << 42);
            assert_near((double)histogram_percentile(h, 50), (double)ns, 0.004 * (double)ns);
            assert_int_equal(histogram_below(h, ns), ns == 0 ? 0 : 1);
            assert_int_equal(histogram_below(h, ns + ns / 64 + 1), 2);
        }
    }
    free(h);
}

UNIT_TEST(none_and_one)
{
    struct histogram *h = malloc(sizeof(*h));
    assert_non_null(h);
    histogram_init(h);
    assert_int_equal(histogram_percentile(h, 50), 0);
    assert_near(histogram_mdev(h), 0, 0);
    assert_int_equal(histogram_below(h, CLOCK_S), 0);
    histogram_record(h, 123457);
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
        assert_int_equal(histogram_percentile(h, percents[i]), 123457);
    assert_near(histogram_mdev(h), 0, 0);
    assert_near(h->mean_ns, 123457, 0);
    free(h);
}

UNIT_TEST(beyond_the_buckets)
{
    struct histogram *h = malloc(sizeof(*h));
    assert_non_null(h);
    histogram_init(h);
    histogram_record(h, -5);
    assert_int_equal(h->min_ns, 0);
    for (int i = 0; i < 10; i++)
        histogram_record(h, INT64_MAX - i);
    assert_int_equal(h->max_ns, INT64_MAX);
    assert_true(histogram_percentile(h, 50) >= INT64_C(60) * CLOCK_MIN);
    assert_int_equal(histogram_percentile(h, 100), INT64_MAX);
    assert_true(sizeof(*h) < 64000);
    free(h);
}
