/* `lab crash` between two imagined kernels: each way as expected, and each way otherwise. */
#include "../world/kernels.h"

#include "measure/crash.h"

#define SYN_ACK (FLAG_SYN | FLAG_ACK)
#define FIN_ACK (FLAG_FIN | FLAG_ACK)

struct scene {
    struct kernels kernels; /* first: what is called each step is given it */
    struct crash crash;
    int64_t at_ns; /* the test's */
    unsigned n;
};

struct place {
    const char *name;
    uint32_t iss[ENDS];
};

static void set(struct scene *s, void *const *state, unsigned ways)
{
    const struct place *place = *state;
    *s = (struct scene){0};
    kernels_init(&s->kernels, place->iss[END_A], place->iss[END_B]);
    for (enum end end = END_A; end <= END_B; end++) {
        struct kernel *k = &s->kernels.end[end];
        k->rto_ns = CLOCK_S / 5;
        k->retries = 4;
        k->keep_after_ns = 2 * CLOCK_S;
        k->keep_every_ns = CLOCK_S;
        k->keep_probes = 3;
        k->resets_at_last = true;
    }
    s->crash = (struct crash){.ways = ways,
                              .keepalive_time_ns = 2 * CLOCK_S,
                              .keepalive_interval_ns = CLOCK_S,
                              .keepalive_probes = 3,
                              .retries = 3};
}

static void run(struct scene *s)
{
    kernels_begin(&s->kernels, crash_measure.script, &s->crash);
    kernels_run(&s->kernels, (60 * CLOCK_MIN));
}

static void done(struct scene *s)
{
    kernels_done(&s->kernels);
}

static const struct bench *record(const struct scene *s)
{
    return &s->kernels.bench;
}

static void expect(const struct scene *s, const char *way, const char *verdict, int exit_code)
{
    assert_string_equal(bench_text(record(s), "way"), way);
    assert_string_equal(bench_text(record(s), "verdict"), verdict);
    assert_int_equal(bench_number(record(s), "exit"), exit_code);
    assert_int_equal(s->kernels.pair.exit_code, exit_code);
}

/* Gaps in milliseconds: "2000 1000 1000". */
static void expect_gaps(const struct scene *s, const char *expected)
{
    struct text found = {0};
    size_t i;
    json_t *gap;
    json_array_foreach(json_object_get(record(s)->verdict, "gaps_us"), i, gap)
    {
        text_printf(&found, "%s%.0f", i != 0 ? " " : "", json_real_value(gap) / 1000);
    }
    assert_string_equal(found.data != NULL ? found.data : "", expected);
    text_done(&found);
}

/* --- As expected --- */

static void killed(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_KILLED);
    run(&s);
    expect(&s, "killed", "as-figured", 0);
    assert_string_equal(bench_text(record(&s), "kernel_sent"), "FIN");
    assert_string_equal(bench_text(record(&s), "application_first"), "end of file");
    assert_string_equal(bench_text(record(&s), "application"), "EPIPE");
    assert_int_equal(bench_segments(record(&s), EVENT_RECEIVED, FIN_ACK), 1);
    assert_int_equal(bench_segments(record(&s), EVENT_RECEIVED, FLAG_RST), 1);
    done(&s);
}

static void killed_before_it_has_read(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_KILLED_UNREAD);
    run(&s);
    expect(&s, "killed-unread", "as-figured", 0);
    assert_string_equal(bench_text(record(&s), "kernel_sent"), "RST");
    assert_string_equal(bench_text(record(&s), "application"), "ECONNRESET");
    assert_int_equal(bench_segments(record(&s), EVENT_RECEIVED, FIN_ACK), 0);
    done(&s);
}

/* What is sent to a machine that is gone is held. */
static unsigned sent_to_nobody(const struct scene *s)
{
    unsigned n = 0;
    for (size_t i = 0; i < record(s)->count; i++)
        n += record(s)->events[i].held;
    return n;
}

static void gone(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_GONE);
    run(&s);
    expect(&s, "gone", "as-figured", 0);
    expect_gaps(&s, "2000 1000 1000");
    assert_string_equal(bench_text(record(&s), "application"), "ETIMEDOUT");
    assert_int_equal(sent_to_nobody(&s), 4); /* with the reset in the end */
    assert_int_equal(s.kernels.end[END_B].arrived, 2);
    int64_t after = bench_us(record(&s), "gave_up_after_us");
    assert_true(after >= 5 * CLOCK_S && after < 5 * CLOCK_S + CLOCK_S / 10);
    done(&s);
}

static void gone_while_a_talks(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_GONE_TALKING);
    run(&s);
    expect(&s, "gone-talking", "as-figured", 0);
    assert_int_equal(json_array_size(json_object_get(record(&s)->verdict, "gaps_us")), 5);
    assert_string_equal(bench_text(record(&s), "application"), "ETIMEDOUT");
    assert_int_equal(s.kernels.end[END_B].unread, 0);
    done(&s);
}

static void all_of_them(void **state)
{
    struct scene s;
    set(&s, state, (1u << CRASH_WAYS) - 1);
    run(&s);
    assert_int_equal(record(&s)->verdicts, CRASH_WAYS);
    assert_int_equal(s.kernels.pair.config.session, CRASH_WAYS);
    expect(&s, "gone-talking", "as-figured", 0);
    assert_int_equal(s.kernels.end[END_B].syns, CRASH_WAYS);
    /* Nothing of it is left. */
    assert_false(s.kernels.end[END_A].exists || s.kernels.end[END_B].exists);
    done(&s);
}

static void one_that_deviates_counts_for_all(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_GONE | 1u << CRASH_GONE_TALKING);
    s.kernels.end[END_A].keep_probes = 2;
    run(&s);
    assert_int_equal(record(&s)->verdicts, 2);
    assert_string_equal(bench_text(record(&s), "verdict"), "as-figured");
    assert_int_equal(s.kernels.pair.exit_code, 1);
    done(&s);
}

static void as_many_probes_as_can_be_set(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_GONE);
    s.kernels.end[END_A].keep_probes = s.crash.keepalive_probes = 255;
    run(&s);
    expect(&s, "gone", "as-figured", 0);
    assert_int_equal(json_array_size(json_object_get(record(&s)->verdict, "gaps_us")), 255);
    done(&s);
}

/* RFC 6298 2.5: the time-out may stop to grow. */
static void as_many_retransmissions_as_can_be_set(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_GONE_TALKING);
    s.crash.retries = 255;
    s.kernels.end[END_A].retries = 14;
    s.kernels.end[END_A].rto_most_ns = 120 * CLOCK_S;
    run(&s);
    expect(&s, "gone-talking", "as-figured", 0);
    done(&s);
}

/* --- Otherwise --- */

static void no_fin(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_KILLED);
    s.kernels.end[END_B].leaves_silently = true;
    s.kernels.end[END_A].keep_after_ns = 0;
    run(&s);
    expect(&s, "killed", "deviates", 1);
    assert_true(json_is_null(json_object_get(record(&s)->verdict, "kernel_sent")));
    assert_true(json_is_null(json_object_get(record(&s)->verdict, "gave_up_after_us")));
    assert_string_equal(bench_text(record(&s), "application"), "nothing");
    assert_false(s.kernels.end[END_A].exists); /* it is made to forget */
    done(&s);
}

static bool resets_when_gone(struct kernel *k, const struct segment *seg)
{
    if (k->orphan) {
        kernel_says(k, FLAG_RST, seg->ack.v, 0, 0);
        kernel_forgets(k);
    }
    return k->orphan;
}

/* A process that has read everything, and a reset all the same. */
static void a_reset_for_a_fin(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_KILLED);
    s.kernels.end[END_B].leaves_silently = true;
    s.kernels.end[END_B].instead = resets_when_gone; /* at A's first keepalive probe */
    run(&s);
    expect(&s, "killed", "deviates", 1);
    assert_string_equal(bench_text(record(&s), "kernel_sent"), "RST");
    assert_string_equal(bench_text(record(&s), "application"), "ECONNRESET");
    done(&s);
}

static bool forgets_what_is_unread(struct kernel *k, const struct segment *seg)
{
    (void)seg;
    k->unread = 0;
    return false;
}

static void read_all(struct kernels *k)
{
    k->end[END_B].unread = 0;
}

static void a_fin_for_a_reset(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_KILLED_UNREAD);
    s.kernels.each = read_all;
    s.kernels.end[END_B].instead = forgets_what_is_unread;
    s.kernels.end[END_A].keep_after_ns = 0;
    run(&s);
    expect(&s, "killed-unread", "deviates", 1);
    assert_string_equal(bench_text(record(&s), "kernel_sent"), "FIN");
    done(&s);
}

static void probes_otherwise(void **state)
{
    static const struct {
        int64_t after_ns, every_ns;
        unsigned probes;
    } cases[] = {
        {2 * CLOCK_S, CLOCK_S, 2},         {2 * CLOCK_S, CLOCK_S, 4},
        {3 * CLOCK_S, CLOCK_S, 3},         {2 * CLOCK_S, 3 * CLOCK_S / 2, 3},
        {2 * CLOCK_S, 3 * CLOCK_S / 4, 3},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene s;
        set(&s, state, 1u << CRASH_GONE);
        s.kernels.end[END_A].keep_after_ns = cases[i].after_ns;
        s.kernels.end[END_A].keep_every_ns = cases[i].every_ns;
        s.kernels.end[END_A].keep_probes = cases[i].probes;
        run(&s);
        expect(&s, "gone", "deviates", 1);
        assert_int_equal(json_array_size(json_object_get(record(&s)->verdict, "gaps_us")),
                         cases[i].probes);
        done(&s);
    }
}

static void no_probes(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_GONE);
    s.kernels.end[END_A].keep_after_ns = 0;
    run(&s);
    expect(&s, "gone", "deviates", 1);
    expect_gaps(&s, "");
    assert_true(json_is_null(json_object_get(record(&s)->verdict, "gave_up_after_us")));
    done(&s);
}

static void it_never_gives_up(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_GONE_TALKING);
    s.kernels.end[END_A].retries = 0;
    run(&s);
    expect(&s, "gone-talking", "deviates", 1);
    assert_int_equal(s.crash.lasts, STATE_ESTABLISHED);
    assert_true(json_is_null(json_object_get(record(&s)->verdict, "gave_up_after_us")));
    done(&s);
}

static void it_does_not_back_off(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_GONE_TALKING);
    s.kernels.end[END_A].rto_most_ns = s.kernels.end[END_A].rto_ns;
    s.kernels.end[END_A].retries = 6;
    run(&s);
    expect(&s, "gone-talking", "deviates", 1);
    done(&s);
    set(&s, state, 1u << CRASH_GONE_TALKING);
    s.kernels.end[END_A].retries = 2; /* too few to tell */
    run(&s);
    expect(&s, "gone-talking", "deviates", 1);
    done(&s);
}

/* --- What cannot be shown --- */

static bool ignores(struct kernel *k, const struct segment *seg)
{
    (void)k;
    (void)seg;
    return true;
}

static void no_connection(void **state)
{
    struct scene s;
    set(&s, state, (1u << CRASH_WAYS) - 1);
    s.kernels.end[END_B].instead = ignores;
    s.kernels.end[END_A].retries = 0;
    run(&s);
    expect(&s, "killed", "unknown", 3);
    assert_int_equal(record(&s)->verdicts, 1); /* the others would do no better */
    done(&s);
}

static void a_process_that_cannot_be_killed(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_KILLED);
    s.kernels.end[END_B].unwilling = true;
    s.kernels.end[END_A].keep_after_ns = 0;
    run(&s);
    expect(&s, "killed", "unknown", 3);
    assert_string_equal(s.crash.trouble.text, "there is no such process");
    done(&s);
}

static void interrupt(struct kernels *k)
{
    struct scene *s = (struct scene *)k;
    if (s->crash.phase == CRASH_WATCH && s->n++ == 0)
        talk_stop(&k->pair, SCRIPT_STOP_INTERRUPT, k->now_ns);
}

static void interrupted(void **state)
{
    struct scene s;
    set(&s, state, (1u << CRASH_WAYS) - 1);
    s.kernels.each = interrupt;
    run(&s);
    expect(&s, "killed", "unknown", 3);
    assert_string_equal(s.crash.trouble.text, "interrupted");
    done(&s);
}

static void the_deadline(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_GONE);
    s.kernels.config.deadline_ns = KERNELS_START + 3 * CLOCK_S;
    run(&s);
    expect(&s, "gone", "unknown", 3);
    assert_string_equal(s.crash.trouble.text, "-w has run out");
    assert_int_equal(s.kernels.now_ns, KERNELS_START + 3 * CLOCK_S);
    done(&s);
}

static void a_loss_of_the_captures(void **state)
{
    struct scene s;
    set(&s, state, 1u << CRASH_GONE);
    s.kernels.end[END_A].keep_probes = 2; /* as if one had been missed */
    kernels_begin(&s.kernels, crash_measure.script, &s.crash);
    talk_lost_packets(&s.kernels.pair, 1);
    kernels_run(&s.kernels, (60 * CLOCK_MIN));
    expect(&s, "gone", "unknown", 3);
    done(&s);
}

static void progress(void **state)
{
    struct scene s;
    char line[160];
    set(&s, state, 1u << CRASH_GONE);
    kernels_begin(&s.kernels, crash_measure.script, &s.crash);
    crash_measure.script->progress(&s.kernels.pair, s.kernels.now_ns, line, sizeof(line));
    assert_string_equal(line, "B's machine disappears; A waits: at most 12.000 s more");
    kernels_run(&s.kernels, (60 * CLOCK_MIN));
    done(&s);
}

int main(void)
{
#define CASE(f)                                                                                    \
    {                                                                                              \
#f, f                                                                                      \
    }
    static const struct {
        const char *name;
        void (*run)(void **state);
    } cases[] = {
        CASE(killed),
        CASE(killed_before_it_has_read),
        CASE(gone),
        CASE(gone_while_a_talks),
        CASE(all_of_them),
        CASE(one_that_deviates_counts_for_all),
        CASE(as_many_probes_as_can_be_set),
        CASE(as_many_retransmissions_as_can_be_set),
        CASE(no_fin),
        CASE(a_reset_for_a_fin),
        CASE(a_fin_for_a_reset),
        CASE(probes_otherwise),
        CASE(no_probes),
        CASE(it_never_gives_up),
        CASE(it_does_not_back_off),
        CASE(no_connection),
        CASE(a_process_that_cannot_be_killed),
        CASE(interrupted),
        CASE(the_deadline),
        CASE(a_loss_of_the_captures),
        CASE(progress),
    };
    static struct place places[] = {
        {"", {100000, 500000}},
        {", at 2^32", {UINT32_MAX, UINT32_MAX}},
        {", just before 2^32", {UINT32_MAX - 2, UINT32_MAX - 4}},
    };
    enum {
        CASES = sizeof(cases) / sizeof(cases[0]),
        PLACES = sizeof(places) / sizeof(places[0])
    };
    for (size_t i = 0; i < CASES * PLACES; i++)
        unit_add(0, cases[i % CASES].run, &places[i / CASES], "%s%s", cases[i % CASES].name,
                 places[i / CASES].name);
    return unit_run();
}
