/* A sparkline's bars, and the line that it stands in, at every width. */
#include "unit.h"

#include "base/clock.h"
#include "render/sparkline.h"

static struct sparkline *filled(const int64_t *ns, size_t n)
{
    struct sparkline *s = malloc(sizeof(*s));
    assert_non_null(s);
    sparkline_init(s);
    for (size_t i = 0; i < n; i++)
        sparkline_put(s, ns[i]);
    return s;
}

static void bars_are(const int64_t *ns, size_t n, size_t cells, bool plain, const char *want)
{
    struct sparkline *s = filled(ns, n);
    struct text t;
    text_init(&t);
    text_put(&t, "", 0);
    sparkline_draw(s, cells, plain, &t);
    assert_string_equal(t.data, want);
    text_done(&t);
    free(s);
}

UNIT_TEST(bars)
{
    static const int64_t rising[] = {10, 20, 30, 40, 50, 60, 70, 80};
    static const int64_t lost[] = {50, -1, 100, -1};
    static const int64_t same[] = {7, 7, 7}, none[] = {-1, -1};
    bars_are(rising, 8, 80, false, "▁▂▃▄▅▆▇█");
    bars_are(rising, 8, 80, true, "_.:-=+*#");
    bars_are(rising, 8, 2, false, "▁█"); /* the last two, from shortest to longest */
    bars_are(rising, 8, 0, false, "");
    bars_are(lost, 4, 80, false, "▁×█×");
    bars_are(lost, 4, 80, true, "_x#x");
    bars_are(same, 3, 80, false, "▁▁▁");
    bars_are(none, 2, 80, false, "××");
    bars_are(none, 0, 80, false, "");
}

/* More than it remembers: the last ones. */
UNIT_TEST(a_long_series)
{
    struct sparkline *s = filled(NULL, 0);
    struct text t;
    text_init(&t);
    for (int64_t i = 0; i < 1000; i++)
        sparkline_put(s, i < 1000 - SPARKLINE_MAX ? -1 : i);
    sparkline_draw(s, 1000, true, &t);
    assert_int_equal(t.len, SPARKLINE_MAX);
    assert_null(strchr(t.data, 'x'));
    assert_int_equal(t.data[0], '_');
    assert_int_equal(t.data[SPARKLINE_MAX - 1], '#');
    text_done(&t);
    free(s);
}

static const struct sparkline_facts facts = {.title = "192.0.2.2:7",
                                             .last_ns = 71 * CLOCK_US,
                                             .p50_ns = 60 * CLOCK_US,
                                             .p99_ns = 71 * CLOCK_US,
                                             .answered = 12,
                                             .transmitted = 13};

UNIT_TEST(a_line)
{
    static const int64_t ns[] = {60, 70, -1, 80};
    struct sparkline *s = filled(ns, 4);
    struct text t;
    text_init(&t);
    sparkline_line(s, &facts, 80, false, &t);
    assert_string_equal(t.data, "192.0.2.2:7 ▁▅×█ last 0.071 p50 0.060 p99 0.071 ms 12/13");
    text_clear(&t);
    struct sparkline_facts silent = facts;
    silent.last_ns = silent.p50_ns = silent.p99_ns = -1;
    sparkline_line(s, &silent, 80, true, &t);
    assert_string_equal(t.data, "192.0.2.2:7 _=x# last - p50 - p99 - ms 12/13");
    text_done(&t);
    free(s);
}

/* As wide as it may be when there is enough to show, never wider. */
UNIT_TEST(fits)
{
    struct sparkline *s = filled(NULL, 0);
    for (int64_t i = 0; i < SPARKLINE_MAX; i++)
        sparkline_put(s, i % 5 != 0 ? 1000 * i : -1);
    for (size_t columns = 1; columns <= 200; columns++) {
        struct text t;
        text_init(&t);
        sparkline_line(s, &facts, columns, columns % 2 != 0, &t);
        assert_int_equal(text_cells(t.data, t.len), columns);
        bool title = strstr(t.data, facts.title) != NULL;
        assert_true(title == (columns >= 60));
        text_done(&t);
    }
    free(s);
}

/* A name from a file of targets is no command to the terminal. */
UNIT_TEST(harmless)
{
    struct sparkline_facts odd = facts;
    struct sparkline *s = filled(NULL, 0);
    struct text t;
    text_init(&t);
    odd.title = "\033[2J";
    sparkline_line(s, &odd, 80, false, &t);
    assert_null(strchr(t.data, '\033'));
    text_done(&t);
    free(s);
}
