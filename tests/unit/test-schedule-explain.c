/* What a series may be: every known schedule by itself, with other numbers, and with something
 * lost; what is said of it, and how long it is listened to. tests/sim/test-survey-schedules.c asks
 * the same of very many. */
#include "unit.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "tcp/schedule_explain.h"

#define RTT   (30 * CLOCK_MS)
#define START (1700000000 * CLOCK_S)

/* The arrivals that have these gaps, the last of which stands before the reset where one ends it;
 * `behind` seconds of silence where none does. */
static struct schedule series(const double *gaps, size_t n, enum schedule_end end, double behind)
{
    struct schedule s;
    bool reset = end == SCHEDULE_RST || end == SCHEDULE_RST_ACK || end == SCHEDULE_FIN;
    int64_t t = START;
    schedule_init(&s);
    schedule_arrival(&s, t);
    for (size_t i = 0; i < n; i++) {
        t += llround(gaps[i] * (double)CLOCK_S);
        if ((!reset || i + 1 < n) && t - s.last_ns >= 20 * CLOCK_MS)
            schedule_arrival(&s, t);
    }
    schedule_finish(&s, end, t + (reset ? 0 : llround(behind * (double)CLOCK_S)));
    return s;
}

#define SERIES(end, behind, ...)                                                                   \
    series((const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double),  \
           SCHEDULE_##end, behind)

static const struct schedule_explanation *find(const struct schedule_explanations *x,
                                               const char *name)
{
    for (size_t i = 0; i < x->count; i++) {
        if (strncmp(x->list[i].row->name, name, strlen(name)) == 0)
            return &x->list[i];
    }
    fail_msg("no row is called %s", name);
    return NULL;
}

static bool is_likely(const struct schedule_explanations *x, const char *name)
{
    return find(x, name) < x->list + x->likely;
}

static void in_order(const struct schedule_explanations *x)
{
    assert_int_equal(x->count, schedule_stacks());
    assert_true(x->named <= x->likely && x->likely <= x->count);
    for (size_t i = 0; i < x->count; i++) {
        assert_true(x->list[i].distance >= 0 && x->list[i].distance <= 1);
        assert_true(i == 0 || x->list[i - 1].explains || !x->list[i].explains);
        assert_true(x->list[i].explains || i >= x->likely);
    }
}

UNIT_TEST(the_table)
{
    assert_true(schedule_stacks() < SCHEDULE_EXPLAIN_ROWS);
    for (size_t i = 0; i < schedule_stacks(); i++) {
        const struct stack *row = schedule_stack(i);
        assert_in_range(row->count, 2, STACK_GAPS_MAX);
        assert_true(row->end == SCHEDULE_SILENCE || row->end == SCHEDULE_RST ||
                    row->end == SCHEDULE_RST_ACK);
        assert_null(strstr(row->name, "DEFER")); /* takes an ACK to be seen */
    }
}

/* Several systems share a schedule: they are named together. */
UNIT_TEST(every_row_is_itself)
{
    uint64_t dice = 5;
    for (size_t i = 0; i < schedule_stacks() * 50; i++) {
        const struct stack *row = schedule_stack(i % schedule_stacks());
        struct schedule_explanations x;
        double gaps[STACK_GAPS_MAX];
        char reason[SCHEDULE_EXPLAIN_TEXT_MAX];
        for (size_t k = 0; k < row->count; k++)
            gaps[k] = row->gaps[k] * (1 + ((double)(unit_random(&dice) % 2001) - 1000) * 3e-5);
        struct schedule s = series(gaps, row->count, row->end, 600);
        schedule_explain(&s, RTT, &x);
        in_order(&x);
        const struct schedule_explanation *own = find(&x, row->name);
        assert_true(own->explains && own->usual && own->distance < 0.05);
        assert_int_equal(schedule_explain_missing(own), 0);
        assert_int_equal(own->tries, schedule_explain_default(row));
        assert_true(own < x.list + x.likely && x.list[0].usual);
        bool complete = schedule_explain_complete(&x, &s, RTT, reason);
        /* 24 and a reset after 45 is IRIX's too, if the last before its reset was lost */
        assert_true(complete || strncmp(reason, "perhaps IRIX 6: 1 missing", 25) == 0);
        assert_false(schedule_explain_doubtful(&x, RTT));
    }
}

/* --- Timing and count --- */

UNIT_TEST(the_number_is_a_setting)
{
    static const double gaps[] = {1.018, 2.016, 4.064, 8.192, 16.129, 32.5, 64.5};
    for (unsigned tries = 2; tries <= 7; tries++) {
        char words[SCHEDULE_EXPLAIN_TEXT_MAX], expected[64] = "";
        struct schedule s = series(gaps, tries, SCHEDULE_SILENCE, 150);
        struct schedule_explanations x;
        schedule_explain(&s, RTT, &x);
        assert_string_equal(x.list[0].row->name, "Linux 3.1 and later");
        assert_true(x.named == 1 && x.list[0].distance < 0.01);
        assert_int_equal(x.list[0].tries, tries);
        assert_int_equal(x.list[0].usual, tries == 5);
        if (tries != 5)
            (void)snprintf(expected, sizeof(expected), "%u tries, its default is 5", tries);
        assert_string_equal(schedule_explain_words(&x.list[0], words), expected);
        /* one that lost its reset is not put out of the question by less than four lies */
        assert_int_equal(is_likely(&x, "Windows 10"), tries >= 2 && tries <= 4);
    }
}

UNIT_TEST(one_gap_or_none_names_nobody)
{
    struct schedule_explanations x;
    struct schedule s = SERIES(SILENCE, 100, 1.02);
    char reason[SCHEDULE_EXPLAIN_TEXT_MAX];
    schedule_explain(&s, RTT, &x);
    assert_true(x.named == 0 && x.likely > 2);
    assert_true(schedule_explain_complete(&x, &s, RTT, reason));
    s = series(NULL, 0, SCHEDULE_SILENCE, 100);
    schedule_explain(&s, RTT, &x);
    assert_int_equal(x.named, 0);
    assert_false(schedule_explain_complete(&x, &s, RTT, reason));
    s = SERIES(RST, 0, 1, 100); /* that and a reset are two */
    schedule_explain(&s, RTT, &x);
    assert_int_equal(x.likely, 0);
    s = SERIES(RST, 0, 1, 2);
    schedule_explain(&s, RTT, &x);
    assert_int_equal(x.named, 1);
    assert_string_equal(x.list[0].row->name, "Microsoft front end");
}

UNIT_TEST(the_same_schedule_is_named_together)
{
    struct schedule s = SERIES(SILENCE, 100, 3, 6, 12);
    struct schedule_explanations x;
    schedule_explain(&s, RTT, &x);
    assert_int_equal(x.named, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(x.list[i].usual);
    assert_true(is_likely(&x, "NetBSD") && is_likely(&x, "Linux 2.0"));
}

/* --- What is missing --- */

static void expect(struct schedule s, int64_t late, const char *name, const char *words)
{
    struct schedule_explanations x;
    char text[SCHEDULE_EXPLAIN_TEXT_MAX];
    schedule_explain(&s, late, &x);
    in_order(&x);
    if (strcmp(x.list[0].row->name, name) != 0)
        print_error("%s, not %s\n", x.list[0].row->name, name);
    assert_string_equal(x.list[0].row->name, name);
    assert_string_equal(schedule_explain_words(&x.list[0], text), words);
}

UNIT_TEST(in_words)
{
    static const char linux_3[] = "Linux 3.1 and later";
    expect(SERIES(RST, 0, 1, 2, 4, 8, 6), RTT, "Windows 10", "");
    expect(SERIES(RST, 0, 3, 4, 8, 6), RTT, "Windows 10", "1 missing in the middle");
    expect(SERIES(RST, 0, 7, 8, 6), RTT, "Windows 10", "2 missing in the middle");
    expect(SERIES(RST, 0, 2, 4, 8, 6), 1020 * CLOCK_MS, "Windows 10", "1 missing at the beginning");
    expect(SERIES(SILENCE, 100, 1.02, 6.1, 8.2, 16.1), RTT, linux_3, "1 missing in the middle");
    expect(SERIES(SILENCE, 100, 6.1, 8.2), 1020 * CLOCK_MS, linux_3,
           "4 tries, its default is 5; 1 missing at the beginning; 1 missing in the middle");
    expect(SERIES(SILENCE, 150, 3.4, 6.8, 13.5, 27, 54, 60), RTT, "Solaris 8 to 10",
           "its reset missing");
    expect(SERIES(SILENCE, 150, 3.4, 6.8, 13.5, 27, 54), RTT, "Solaris 8 to 10",
           "1 missing at the end; its reset missing");
    expect(SERIES(TRUNCATED, 0.5, 0.8, 0.4, 0.4, 0.4, 0.7), RTT, "Lantronix",
           "as far as was listened");
}

/* 2 4 8 16 is Cisco's, or Linux's without its first: what came when after our SYN decides. */
UNIT_TEST(the_first_of_linux)
{
    struct schedule s = SERIES(SILENCE, 40, 2.016, 4.064, 8.192, 16.129);
    struct schedule_explanations x;
    char reason[SCHEDULE_EXPLAIN_TEXT_MAX];
    schedule_explain(&s, RTT, &x);
    assert_string_equal(x.list[0].row->name, "Cisco IOS 12");
    assert_true(x.list[0].usual && !is_likely(&x, "Linux 3.1"));
    assert_false(schedule_explain_doubtful(&x, RTT));
    assert_true(schedule_explain_complete(&x, &s, RTT, reason));
    schedule_explain(&s, 1018 * CLOCK_MS + RTT, &x);
    assert_true(is_likely(&x, "Linux 3.1") && is_likely(&x, "Cisco IOS 12"));
    assert_int_equal(find(&x, "Linux 3.1")->before, 1);
    assert_true(find(&x, "Cisco IOS 12")->late);
    assert_true(schedule_explain_doubtful(&x, 1018 * CLOCK_MS + RTT));
    assert_false(schedule_explain_complete(&x, &s, 1018 * CLOCK_MS + RTT, reason));
    schedule_explain(&s, 0, &x); /* nobody saw when our SYN left */
    assert_true(is_likely(&x, "Linux 3.1") && is_likely(&x, "Cisco IOS 12"));
}

/* Where one is lost it takes more to rule out that others are: Nucleus would have gone on after 32,
 * 64, 64 and 64 s, and reset after as much. */
UNIT_TEST(who_lost_one_may_have_lost_others)
{
    static const double gaps[] = {2.016, 4.064, 8.192, 16.129};
    for (int past = 0; past <= 1; past++) {
        struct schedule s = series(gaps, 4, SCHEDULE_SILENCE, past ? 288 * 1.126 : 224 * 1.126);
        struct schedule_explanations x;
        schedule_explain(&s, 1018 * CLOCK_MS + RTT, &x);
        assert_string_equal(x.list[0].row->name, "Linux 3.1 and later");
        assert_int_equal(is_likely(&x, "Nucleus"), !past);
    }
}

/* A reset in place of a SYN,ACK, and a SYN,ACK in place of the reset. */
UNIT_TEST(an_end_before_its_time)
{
    struct schedule_explanations x;
    struct schedule s = SERIES(RST, 0, 1, 2, 4, 8);
    schedule_explain(&s, RTT, &x);
    const struct schedule_explanation *e = find(&x, "Windows 10");
    assert_true(e->explains && e->early && !e->usual && schedule_explain_missing(e) == 0);
    assert_int_equal(e->tries, 3);
    s = SERIES(RST, 0, 1, 2, 4, 8, 6);
    schedule_explain(&s, RTT, &x);
    assert_false(find(&x, "Windows 10")->early);
    assert_false(is_likely(&x, "Nucleus"));
    s = SERIES(SILENCE, 60, 1, 2, 4, 8, 6);
    schedule_explain(&s, RTT, &x);
    assert_false(find(&x, "Windows 10")->explains);
}

UNIT_TEST(reasons)
{
    static const struct {
        double gaps[4];
        size_t n;
        int64_t late;
        const char *reason;
    } cases[] = {
        {{1.02, 2.02, 4.06}, 3, RTT, ""},
        {{1.02, 6.08, 8.2},
         3,
         RTT,
         "as Linux 3.1 and later: 4 tries, its default is 5; 1 missing in the middle"},
        {{3.03},
         1,
         RTT,
         "perhaps Linux 3.1 and later: 2 tries, its default is 5; 1 missing in the middle"},
        {{1.02, 2.02, 4.06},
         3,
         0,
         "the round trip is not known: the first SYN,ACK may have been lost"},
        {{3, 6, 8},
         3,
         1500 * CLOCK_MS,
         "the answer came late: the first SYN,ACK may have been lost"},
        {{11, 10}, 2, RTT, "no known schedule: whether something was lost cannot be told"},
        {{0},
         0,
         RTT,
         "no retransmission was seen: none was sent (SYN cookies, or set to none), or they were "
         "lost"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct schedule s = series(cases[i].gaps, cases[i].n, SCHEDULE_SILENCE, 60);
        struct schedule_explanations x;
        char reason[SCHEDULE_EXPLAIN_TEXT_MAX];
        schedule_explain(&s, cases[i].late, &x);
        bool complete = schedule_explain_complete(&x, &s, cases[i].late, reason);
        assert_string_equal(reason, cases[i].reason);
        assert_int_equal(complete, reason[0] == '\0');
    }
}

/* --- How long --- */

static void expect_patience(struct schedule s, unsigned losses, double expected)
{
    double found = (double)schedule_explain_patience(&s, RTT, losses) / (double)CLOCK_S;
    if (fabs(found - expected) > 0.001)
        print_error("%f, not %f\n", found, expected);
    assert_true(fabs(found - expected) <= 0.001);
}

UNIT_TEST(how_long_to_listen)
{
    /* Nucleus sends after 32, 64, 64 and 64 s more */
    expect_patience(SERIES(SILENCE, 0, 1.018, 2.016, 4.064, 8.192, 16.129), 0, 32.258 * 1.125);
    expect_patience(SERIES(SILENCE, 0, 1.018, 2.016, 4.064, 8.192, 16.129), 1, 96 * 1.125);
    expect_patience(SERIES(SILENCE, 0, 1.018, 2.016, 4.064, 8.192, 16.129), 3, 224 * 1.125);
    /* the known ratio of 3.8, a second one behind it, and a reset */
    expect_patience(SERIES(SILENCE, 0, 5.9), 1, (24 + 45) * 1.125);
    expect_patience(SERIES(SILENCE, 0, 5.9), 0, 24 * 1.125);
    expect_patience(SERIES(SILENCE, 0, 2.9, 6.1, 12.2, 24.4), 0, 50.4 * 1.125);
    expect_patience(SERIES(SILENCE, 0, 3.4, 6.8, 13.5, 27, 54, 60), 1, 60 * 1.125);
    /* nobody's: the ratio is not known yet, or that of before */
    expect_patience(SERIES(SILENCE, 0, 75), 1, 4 * 75 * 1.125);
    expect_patience(SERIES(SILENCE, 0, 11, 10), 1, 20 * 1.125);
}

/* After as long as it needs, it is out of the question; a moment before it is not. */
UNIT_TEST(what_it_needs_is_enough)
{
    static const double gaps[] = {1.018, 2.016, 4.064, 8.192, 16.129};
    struct schedule_explanations x, then;
    struct schedule s = series(gaps, 5, SCHEDULE_SILENCE, 110);
    unsigned tried = 0;
    schedule_explain(&s, RTT, &x);
    for (size_t i = x.named; i < x.likely; i++) {
        if (x.list[i].needs_ns == CLOCK_NEVER)
            continue;
        tried++;
        for (int64_t off = -1; off <= 0; off++) {
            schedule_finish(&s, SCHEDULE_SILENCE, s.last_ns + x.list[i].needs_ns + off);
            schedule_explain(&s, RTT, &then);
            assert_int_equal(is_likely(&then, x.list[i].row->name), off < 0);
        }
    }
    assert_true(tried > 0);
    assert_true(then.named == 1 && then.likely == 1); /* Linux, and clear */
}

UNIT_TEST(nothing_at_all)
{
    struct schedule_explanations x;
    struct schedule s;
    schedule_init(&s);
    schedule_explain(&s, 0, &x);
    in_order(&x);
    assert_int_equal(x.likely, 0);
    schedule_arrival(&s, START);
    for (int64_t i = 1; i <= SCHEDULE_GAPS_MAX + 20; i++)
        schedule_arrival(&s, START + i * CLOCK_S);
    schedule_finish(&s, SCHEDULE_RST, START + 400 * CLOCK_S);
    schedule_explain(&s, 0, &x);
    in_order(&x);
    assert_int_equal(x.likely, 0);
}

/* Any series at all: something is said of it. */
UNIT_TEST(any_series)
{
    uint64_t dice = 9;
    for (int round = 0; round < 20000; round++) {
        double gaps[40];
        char reason[SCHEDULE_EXPLAIN_TEXT_MAX], words[SCHEDULE_EXPLAIN_TEXT_MAX];
        struct schedule_explanations x;
        size_t n = unit_random(&dice) % 40;
        for (size_t i = 0; i < n; i++)
            gaps[i] = (double)(unit_random(&dice) % 64) / 2;
        if (round % 2 == 0) /* or nearly a known one */
            memcpy(gaps, schedule_stack(unit_random(&dice) % schedule_stacks())->gaps,
                   6 * sizeof(gaps[0]));
        struct schedule s = series(gaps, n, (enum schedule_end)(unit_random(&dice) % 5),
                                   (double)(unit_random(&dice) % 400));
        int64_t late = (int64_t)(unit_random(&dice) % 100) * CLOCK_S / 4;
        schedule_explain(&s, late, &x);
        in_order(&x);
        bool complete = schedule_explain_complete(&x, &s, late, reason);
        assert_int_equal(complete, reason[0] == '\0');
        for (size_t i = 0; i < x.count; i++)
            assert_true(strlen(schedule_explain_words(&x.list[i], words)) < 200);
        assert_true(schedule_explain_patience(&s, late, 3) >= 0);
    }
}

/* One timer, and so many lost that every number of them would fit: it ends all the same. */
UNIT_TEST(it_is_fast)
{
    double gaps[SCHEDULE_GAPS_MAX];
    struct schedule_explanations x;
    for (size_t i = 0; i < SCHEDULE_GAPS_MAX; i++)
        gaps[i] = i < 2 ? 3 + 3 * (double)i : i % 7 == 3 ? 50 : 8;
    struct schedule s = series(gaps, SCHEDULE_GAPS_MAX, SCHEDULE_SILENCE, 600);
    for (int i = 0; i < 1000; i++)
        schedule_explain(&s, RTT, &x);
    in_order(&x);
}
