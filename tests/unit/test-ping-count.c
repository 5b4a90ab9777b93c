/* The statistics of ping beside what computing them from all the probes says. */
#include "probe.h"

#include <math.h>

#include "event/result.h"
#include "measure/ping/ping_count.h"

enum {
    MANY = 5000
};

static struct ping_count *new_count(void)
{
    struct ping_count *c = malloc(sizeof(*c));
    assert_non_null(c);
    ping_count_init(c);
    return c;
}

static void take(struct ping_count *c, uint64_t number, enum outcome outcome, int64_t rtt_ns)
{
    struct ping p = probe_ping(number, outcome);
    ping_count_take(c, &p, rtt_ns, p.sent_ns + (rtt_ns != 0 ? rtt_ns : CLOCK_S));
}

static void assert_near(double got, double want, double most)
{
    if (!(fabs(got - want) <= most))
        fail_msg("%.9f is not within %.9f of %.9f", got, most, want);
}

static int by_length(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* As the definitions have it, with everything at hand. */
static void compare(const struct ping_count *c, int64_t *v, size_t n)
{
    long double sum = 0, squares = 0, steps = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (long double)v[i];
        squares += (long double)v[i] * (long double)v[i];
        steps += i != 0 ? fabsl((long double)(v[i] - v[i - 1])) : 0;
    }
    long double mean = sum / (long double)n;
    assert_near(ping_count_jitter(c), (double)(steps / (long double)(n - 1)), 1e-3);
    assert_near(c->rtt.mean_ns, (double)mean, 1e-3);
    assert_near(histogram_mdev(&c->rtt), (double)sqrtl(squares / (long double)n - mean * mean), 1);
    qsort(v, n, sizeof(*v), by_length);
    for (unsigned percent = 50; percent <= 99; percent++) {
        double want = (double)v[(n * percent + 99) / 100 - 1];
        assert_near((double)histogram_percentile(&c->rtt, percent), want, 0.004 * want);
    }
}

UNIT_TEST(as_computed)
{
    int64_t *v = calloc(MANY, sizeof(*v));
    struct ping_count *c = new_count();
    uint64_t seed = 42;
    size_t answered = 0;
    assert_non_null(v);
    for (uint64_t i = 1; i <= MANY; i++) {
        int64_t rtt = 50 * CLOCK_US + (int64_t)(unit_random(&seed) % 9000);
        unsigned what = (unsigned)(unit_random(&seed) % 10);
        if (what == 0) {
            take(c, i, OUTCOME_FILTERED, 0);
            continue;
        }
        take(c, i, what < 4 ? OUTCOME_CLOSED : OUTCOME_OPEN, rtt);
        v[answered++] = rtt;
    }
    assert_int_equal(c->transmitted, MANY);
    assert_int_equal(ping_count_answered(c), answered);
    assert_near(ping_count_loss(c), (double)(MANY - answered) / MANY, 1e-12);
    compare(c, v, answered);
    free(v);
    free(c);
}

/* A late answer is one, and has no RTT. */
UNIT_TEST(doubtful)
{
    struct ping_count *c = new_count();
    struct ping p = probe_ping(1, OUTCOME_OPEN);
    p.doubtful = true;
    p.duplicates = 3;
    ping_count_take(c, &p, 1100 * CLOCK_MS, p.sent_ns + 1100 * CLOCK_MS);
    assert_int_equal(c->open, 1);
    assert_int_equal(c->rtt.count, 0);
    assert_int_equal(c->doubtful, 1);
    assert_int_equal(c->duplicates, 3);
    assert_near(ping_count_loss(c), 0, 0);
    assert_int_equal(ping_count_exit(c), 0);
    free(c);
}

static void text_is(const struct ping_count *c, const char *want)
{
    struct text t;
    text_init(&t);
    ping_count_text(c, "10.99.0.2:7", &t);
    assert_string_equal(t.data, want);
    text_done(&t);
}

UNIT_TEST(as_ping_says_it)
{
    struct ping_count *c = new_count();
    take(c, 1, OUTCOME_OPEN, 71 * CLOCK_US);
    take(c, 2, OUTCOME_OPEN, 41 * CLOCK_US);
    take(c, 3, OUTCOME_CLOSED, 69 * CLOCK_US);
    take(c, 4, OUTCOME_FILTERED, 0);
    text_is(c, "--- 10.99.0.2:7 ping statistics ---\n"
               "4 SYNs transmitted, 3 answered (2 open, 1 closed), 25% loss, 4.000 s\n"
               "rtt min/avg/max/mdev = 0.041/0.060/0.071/0.014 ms\n"
               "rtt p50/p95/p99 = 0.069/0.071/0.071 ms, jitter 0.029 ms\n");
    free(c);
}

UNIT_TEST(of_nothing_and_of_one)
{
    struct ping_count *c = new_count();
    text_is(c, "--- 10.99.0.2:7 ping statistics ---\n"
               "0 SYNs transmitted, 0 answered, 0% loss, 0.000 s\n");
    assert_int_equal(ping_count_exit(c), 3);
    take(c, 1, OUTCOME_CLOSED, 50 * CLOCK_US);
    text_is(c, "--- 10.99.0.2:7 ping statistics ---\n"
               "1 SYN transmitted, 1 answered (closed), 0% loss, 0.000 s\n"
               "rtt min/avg/max/mdev = 0.050/0.050/0.050/0.000 ms\n"
               "rtt p50/p95/p99 = 0.050/0.050/0.050 ms\n");
    assert_int_equal(ping_count_exit(c), 1);
    free(c);
}

/* Somebody who has not been waited for is no loss. */
UNIT_TEST(awaited_and_unreachable)
{
    struct ping_count *c = new_count();
    take(c, 1, OUTCOME_UNREACHABLE, 0);
    take(c, 2, OUTCOME_OPEN, CLOCK_MS);
    take(c, 3, OUTCOME_OPEN, CLOCK_MS);
    take(c, 4, OUTCOME_INTERRUPTED, 0);
    assert_near(ping_count_loss(c), 1.0 / 3, 1e-12);
    text_is(c, "--- 10.99.0.2:7 ping statistics ---\n"
               "4 SYNs transmitted, 2 answered (open), 33.33% loss, 4.000 s\n"
               "1 unreachable, 1 still awaited\n"
               "rtt min/avg/max/mdev = 1.000/1.000/1.000/0.000 ms\n"
               "rtt p50/p95/p99 = 1.000/1.000/1.000 ms, jitter 0.000 ms\n");
    free(c);
}

/* Two targets together: their steps are their own, everything else is that of all. */
UNIT_TEST(together)
{
    struct ping_count *a = new_count(), *b = new_count(), *all = new_count();
    take(a, 1, OUTCOME_OPEN, 10 * CLOCK_US);
    take(a, 2, OUTCOME_OPEN, 20 * CLOCK_US);
    take(b, 1, OUTCOME_CLOSED, 500 * CLOCK_US);
    take(b, 2, OUTCOME_CLOSED, 540 * CLOCK_US);
    take(b, 3, OUTCOME_FILTERED, 0);
    ping_count_add(all, a);
    ping_count_add(all, b);
    assert_int_equal(all->transmitted, 5);
    assert_int_equal(ping_count_answered(all), 4);
    assert_int_equal(all->rtt.min_ns, 10 * CLOCK_US);
    assert_int_equal(all->rtt.max_ns, 540 * CLOCK_US);
    assert_near(ping_count_jitter(all), 25.0 * (double)CLOCK_US, 1e-6);
    assert_near(all->rtt.mean_ns, 267.5 * (double)CLOCK_US, 1e-6);
    assert_int_equal(all->first_ns, PROBE_SENT);
    assert_int_equal(all->last_ns, PROBE_SENT + 3 * CLOCK_S);
    free(a);
    free(b);
    free(all);
}

UNIT_TEST(keys)
{
    struct ping_count *c = new_count();
    struct result r = {0};
    take(c, 1, OUTCOME_OPEN, 70 * CLOCK_US);
    take(c, 2, OUTCOME_FILTERED, 0);
    take(c, 3, OUTCOME_OPEN, 60 * CLOCK_US);
    result_begin(&r, NULL);
    ping_count_keys(c, &r);
    result_end(&r);
    assert_string_equal(
        r.json.data, "{\"transmitted\":3,\"answered\":2,\"open\":2,\"closed\":0,"
                     "\"unreachable\":0,\"filtered\":1,\"awaited\":0,\"unsent\":0,\"duplicates\":0,"
                     "\"doubtful\":0,\"loss\":0.333333,\"rtt_us\":{\"min\":60.0,\"avg\":65.0,"
                     "\"max\":70.0,\"mdev\":5.0,\"p50\":60.0,\"p95\":70.0,\"p99\":70.0},"
                     "\"jitter_us\":10.0,\"elapsed_s\":2.00006}");
    result_done(&r);
    free(c);
}
