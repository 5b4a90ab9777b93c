/* `synack` from end to end on the simulated wire: one SYN, no ACK, and whatever schedule a peer may
 * keep and end by. */

#include "../world/bench.h"

static void one_session(struct bench *b)
{
    bench_synack(b, 1);
}

#define SYNACK_TEST(name) BENCH_TEST(name, one_session)

enum {
    GAPS_MAX = 310
};

/* What the peer does after our SYN: a SYN,ACK, one more after each gap, then its end, which stands
 * a gap after the last. */
struct plan {
    double gaps[GAPS_MAX];
    size_t count;
    unsigned end; /* flags of the segment that ends it; 0: silence */
    double end_gap;
    double jitter; /* up to this part longer */
    double late;   /* when the first that is not lost leaves */
};

static struct plan plan; /* of the running test; the host's callback has no place for it */
static uint64_t dice;

static void answer(struct bench *b, const struct segment *syn, int64_t after, unsigned flags,
                   seq_t seq)
{
    struct segment out = {.src = syn->dst,
                          .dst = syn->src,
                          .ttl = 64,
                          .flags = (uint16_t)flags,
                          .seq = seq,
                          .ack = seq_add(syn->seq, 1)};
    sim_emit(b->sim, after, &out, NULL, 0);
}

static bool keeps_to_the_plan(struct bench *b, const struct segment *seg)
{
    int64_t at = (int64_t)(plan.late * (double)CLOCK_S);
    const seq_t iss = seq_of(b->host.iss);
    if (!(seg->flags & FLAG_SYN))
        return true;
    for (size_t i = 0; i <= plan.count; i++) {
        answer(b, seg, at, FLAG_SYN | FLAG_ACK, iss);
        if (i == plan.count)
            break;
        double over = 1 + plan.jitter * (double)(unit_random(&dice) % 1000) / 1000;
        at += (int64_t)(plan.gaps[i] * over * (double)CLOCK_S);
    }
    at += (int64_t)(plan.end_gap * (double)CLOCK_S);
    if (plan.end != 0)
        answer(b, seg, at, plan.end, seq_add(iss, 1));
    return true;
}

/* Whatever the peer did: one SYN, never an ACK, and if the peer may still hold the entry one reset
 * where it expects it. */
static void expect_one_syn(const struct bench *b, size_t resets)
{
    size_t n = 0;
    for (size_t i = 0; i < b->count; i++) {
        const struct bench_event *e = &b->events[i];
        if (e->kind != EVENT_SENT)
            continue;
        n++;
        assert_true(e->seg.flags == FLAG_SYN || e->seg.flags == FLAG_RST);
    }
    assert_int_equal(bench_segments(b, EVENT_SENT, FLAG_SYN), b->config.sessions);
    assert_int_equal(n, b->config.sessions + resets);
    for (size_t i = 0; i < resets; i++)
        assert_int_equal(bench_segment(b, EVENT_SENT, FLAG_RST, i)->seg.seq.v,
                         b->config.base.iss.v + 1);
}

static void begin(struct bench *b, const struct plan *p)
{
    plan = *p;
    dice = 77;
    bench_synack(b, 1);
    b->host.instead = keeps_to_the_plan;
}

static void expect_end(const struct bench *b, const char *end, const char *by)
{
    assert_string_equal(bench_text(b, "end"), end);
    assert_string_equal(bench_text(b, "ended_by"), by);
}

static double model(const struct bench *b, const char *key)
{
    return json_number_value(json_object_get(json_object_get(b->verdict, "model"), key));
}

static bool has_warning(const struct bench *b, const char *text)
{
    size_t i;
    json_t *w;
    json_array_foreach(json_object_get(b->verdict, "warnings"), i, w)
    {
        if (strcmp(json_string_value(w), text) == 0)
            return true;
    }
    return false;
}

static void expect_near(double a, double b)
{
    assert_true(a > b * 0.98 && a < b * 1.02);
}

/* --- Schedules --- */

UNIT_TEST(linux_schedule)
{
    struct bench b;
    begin(&b, &(struct plan){.gaps = {1.018, 2.016, 4.064, 8.192, 16.129}, .count = 5});
    bench_run(&b, 5 * CLOCK_MIN);
    bench_expect(&b, "open", 0);
    expect_end(&b, "silence", "patience");
    expect_one_syn(&b, 1);
    assert_int_equal(bench_number(&b, "retransmissions"), 5);
    assert_int_equal(bench_us(&b, "rtt_us"), BENCH_RTT);
    expect_near(model(&b, "first_s"), 1.01);
    expect_near(model(&b, "factor"), 2);
    assert_true(json_is_true(json_object_get(json_object_get(b.verdict, "model"), "fits")));
    const json_t *first = json_array_get(json_object_get(b.verdict, "nearest"), 0);
    assert_int_equal(strncmp(json_string_value(json_object_get(first, "stack")), "Linux 3.1", 9),
                     0);
    assert_true(json_is_true(json_object_get(first, "fits")));
    /* more than twice the last gap in silence */
    assert_true(b.synack[0].series.stopped_ns - b.synack[0].series.schedule.last_ns > 32 * CLOCK_S);
    bench_done(&b);
}

UNIT_TEST(gaps_to_the_nanosecond)
{
    struct bench b;
    begin(&b, &(struct plan){.gaps = {1.000000001, 2.5}, .count = 2});
    bench_run(&b, 5 * CLOCK_MIN);
    assert_int_equal(b.synack[0].series.schedule.gaps[0], 1000000001);
    assert_int_equal(b.synack[0].series.schedule.gaps[1], 2500000000);
    bench_done(&b);
}

UNIT_TEST(many_schedules_with_jitter)
{
    static const struct plan plans[] = {
        {.gaps = {1, 2, 4, 8, 16}, .count = 5, .jitter = 0.05},
        {.gaps = {3, 6, 12, 24, 48}, .count = 5, .jitter = 0.05},
        {.gaps = {3, 6}, .count = 2, .jitter = 0.05},
        {.gaps = {1, 2, 4, 8, 16, 32, 64, 64, 64}, .count = 9, .jitter = 0.02},
        {.gaps = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, .count = 10, .jitter = 0.02},
        {.gaps = {0.8, 0.4, 0.4, 0.4, 0.7, 1, 1.4, 2, 2.7}, .count = 9, .jitter = 0.05},
    };
    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        struct bench b;
        begin(&b, &plans[i]);
        bench_run(&b, 20 * CLOCK_MIN);
        bench_expect(&b, "open", 0);
        assert_int_equal(bench_number(&b, "retransmissions"), plans[i].count);
        expect_one_syn(&b, 1);
        bench_done(&b);
    }
}

/* --- What it may be --- */

static const json_t *near(const struct bench *b, const char *list, const char *name)
{
    size_t i;
    json_t *e;
    json_array_foreach(json_object_get(b->verdict, list), i, e)
    {
        if (strncmp(json_string_value(json_object_get(e, "stack")), name, strlen(name)) == 0)
            return e;
    }
    return NULL;
}

static json_int_t number(const json_t *e, const char *key)
{
    assert_true(json_is_integer(json_object_get(e, key)));
    return json_integer_value(json_object_get(e, key));
}

UNIT_TEST(timing_and_count)
{
    struct bench b;
    begin(&b, &(struct plan){.gaps = {1.018, 2.016}, .count = 2});
    bench_run(&b, 5 * CLOCK_MIN);
    const json_t *e = json_array_get(json_object_get(b.verdict, "nearest"), 0);
    assert_ptr_equal(e, near(&b, "nearest", "Linux 3.1"));
    assert_true(json_number_value(json_object_get(e, "distance")) < 0.01);
    assert_true(json_is_false(json_object_get(e, "fits")));
    assert_int_equal(number(e, "tries"), 2);
    assert_int_equal(number(e, "default_tries"), 5);
    assert_int_equal(number(e, "missing"), 0);
    assert_null(near(&b, "alternatives", "Linux 3.1"));
    e = near(&b, "alternatives",
             "Windows 10"); /* 4 s later it would have come, and 8 s after that */
    assert_int_equal(number(e, "missing"), 2);
    assert_true(json_is_null(json_object_get(b.verdict, "incomplete")));
    bench_done(&b);
}

UNIT_TEST(one_gap_names_nobody)
{
    struct bench b;
    begin(&b, &(struct plan){.gaps = {1.018}, .count = 1});
    bench_run(&b, 5 * CLOCK_MIN);
    assert_int_equal(json_array_size(json_object_get(b.verdict, "nearest")), 0);
    assert_int_equal(json_array_size(json_object_get(b.verdict, "alternatives")), 0);
    assert_true(json_is_null(json_object_get(b.verdict, "incomplete")));
    assert_int_equal(bench_us(&b, "rtt_us"), BENCH_RTT);
    bench_done(&b);
}

UNIT_TEST(the_first_is_lost)
{
    struct bench b;
    begin(&b, &(struct plan){.gaps = {2.016, 4.064, 8.192, 16.129}, .count = 4, .late = 1.018});
    bench_run(&b, 5 * CLOCK_MIN);
    assert_true(json_is_null(json_object_get(b.verdict, "rtt_us")));
    assert_true(json_is_true(json_object_get(b.verdict, "doubtful")));
    assert_true(has_warning(&b, "late"));
    assert_int_equal(number(near(&b, "nearest", "Linux 3.1"), "missing"), 1);
    assert_int_equal(number(near(&b, "nearest", "Linux 3.1"), "tries"), 5);
    assert_non_null(near(&b, "alternatives", "Cisco IOS 12"));
    assert_true(json_is_string(json_object_get(b.verdict, "incomplete")));
    bench_done(&b);
    /* at once it is a Cisco's, and nothing is missing */
    begin(&b, &(struct plan){.gaps = {2.016, 4.064, 8.192, 16.129}, .count = 4});
    bench_run(&b, 5 * CLOCK_MIN);
    assert_int_equal(bench_us(&b, "rtt_us"), BENCH_RTT);
    assert_true(json_is_false(json_object_get(b.verdict, "doubtful")));
    assert_true(json_is_true(json_object_get(near(&b, "nearest", "Cisco IOS 12"), "fits")));
    assert_null(near(&b, "alternatives", "Linux 3.1"));
    assert_true(json_is_null(json_object_get(b.verdict, "incomplete")));
    bench_done(&b);
}

/* One lost in the middle never ends the listening before the next has had its time. */
UNIT_TEST(one_in_the_middle_is_lost)
{
    static const double gaps[] = {1.018, 2.016, 4.064, 8.192, 16.129};
    for (size_t lost = 0; lost < 4; lost++) {
        struct bench b;
        struct plan p = {.count = 4};
        for (size_t i = 0; i < 4; i++)
            p.gaps[i] = i < lost ? gaps[i] : i == lost ? gaps[i] + gaps[i + 1] : gaps[i + 1];
        begin(&b, &p);
        bench_run(&b, 5 * CLOCK_MIN);
        assert_int_equal(bench_number(&b, "retransmissions"), 4);
        assert_ptr_equal(near(&b, "nearest", "Linux 3.1"),
                         json_array_get(json_object_get(b.verdict, "nearest"), 0));
        assert_int_equal(number(near(&b, "nearest", "Linux 3.1"), "missing"), 1);
        assert_true(json_is_string(json_object_get(b.verdict, "incomplete")));
        bench_done(&b);
    }
}

/* --- Ends --- */

UNIT_TEST(ends_by_a_segment)
{
    static const struct {
        unsigned flags;
        const char *end;
    } ends[] = {{FLAG_RST, "rst"}, {FLAG_RST | FLAG_ACK, "rst-ack"}, {FLAG_FIN | FLAG_ACK, "fin"}};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct bench b;
        begin(&b,
              &(struct plan){.gaps = {1, 2, 4, 8}, .count = 4, .end = ends[i].flags, .end_gap = 6});
        bench_run(&b, 5 * CLOCK_MIN);
        bench_expect(&b, "open", 0);
        expect_end(&b, ends[i].end, "peer");
        assert_int_equal(bench_us(&b, "end_gap_us"), 6 * CLOCK_S);
        assert_int_equal(bench_number(&b, "retransmissions"), 4);
        expect_one_syn(&b, 0);
        bench_done(&b);
    }
}

UNIT_TEST(a_reset_out_of_nowhere_ends_nothing)
{
    struct bench b;
    begin(&b, &(struct plan){.gaps = {1, 2, 4}, .count = 3});
    b.host.iss = 0xffffffff;
    bench_begin(&b);
    bench_pass(&b, CLOCK_S / 2);
    struct segment rst = {.src = b.config.base.remote, .dst = b.locals[0], .ttl = 64};
    rst.flags = FLAG_RST;
    rst.seq = seq_of(12345);
    sim_emit(b.sim, 0, &rst, NULL, 0);
    bench_pass(&b, 5 * CLOCK_MIN);
    assert_true(talks_over(&b.run->talks));
    expect_end(&b, "silence", "patience");
    assert_int_equal(bench_number(&b, "retransmissions"), 3);
    bench_done(&b);
}

UNIT_TEST(listening_is_capped)
{
    struct bench b;
    begin(&b, &(struct plan){.gaps = {3, 6, 12, 24, 48}, .count = 5});
    b.synack[0].listen_ns = 30 * CLOCK_S;
    bench_run(&b, 5 * CLOCK_MIN);
    bench_expect(&b, "open", 0);
    expect_end(&b, "truncated", "listen");
    assert_int_equal(bench_number(&b, "retransmissions"), 3);
    assert_int_equal(bench_segment(&b, EVENT_SENT, FLAG_RST, 0)->t_ns,
                     BENCH_START + BENCH_RTT + 30 * CLOCK_S);
    expect_one_syn(&b, 1);
    bench_done(&b);
}

UNIT_TEST(the_deadline_cuts_it_short)
{
    struct bench b;
    begin(&b, &(struct plan){.gaps = {1, 2, 4, 8, 16}, .count = 5});
    b.config.deadline_after_ns = 5 * CLOCK_S;
    bench_run(&b, 10 * CLOCK_S);
    bench_expect(&b, "open", 0);
    expect_end(&b, "truncated", "listen");
    assert_int_equal(bench_number(&b, "retransmissions"), 2);
    expect_one_syn(&b, 1);
    bench_done(&b);
}

UNIT_TEST(one_answer_and_no_more)
{
    struct bench b;
    begin(&b, &(struct plan){.count = 0});
    bench_run(&b, 5 * CLOCK_MIN);
    bench_expect(&b, "open", 0);
    expect_end(&b, "silence", "patience");
    assert_true(has_warning(&b, "no-retransmission"));
    assert_true(json_is_null(json_object_get(b.verdict, "model")));
    expect_one_syn(&b, 1);
    bench_done(&b);
}

SYNACK_TEST(no_answer)
{
    b->host.deaf = true;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "filtered", 3);
    expect_one_syn(b, 1);
}

SYNACK_TEST(a_closed_port)
{
    b->host.refuses = true;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "closed", 1);
    expect_one_syn(b, 0);
}

/* --- Oddities --- */

static bool another_isn_too(struct bench *b, const struct segment *seg)
{
    if (!(seg->flags & FLAG_SYN))
        return true;
    answer(b, seg, 0, FLAG_SYN | FLAG_ACK, seq_of(1000));
    answer(b, seg, CLOCK_S, FLAG_SYN | FLAG_ACK, seq_of(0x80000000));
    answer(b, seg, 2 * CLOCK_S, FLAG_SYN | FLAG_ACK, seq_of(1000));
    return true;
}

SYNACK_TEST(another_isn)
{
    b->host.instead = another_isn_too;
    bench_run(b, 5 * CLOCK_MIN);
    assert_true(has_warning(b, "other-isn"));
    assert_int_equal(bench_number(b, "retransmissions"), 1);
    assert_int_equal(b->synack[0].series.schedule.gaps[0], 2 * CLOCK_S);
    expect_one_syn(b, 1);
}

static bool everything_twice(struct bench *b, const struct segment *seg)
{
    if (!(seg->flags & FLAG_SYN))
        return true;
    for (int i = 0; i < 3; i++) {
        answer(b, seg, i * CLOCK_S, FLAG_SYN | FLAG_ACK, seq_of(1000));
        answer(b, seg, i * CLOCK_S + 19 * CLOCK_MS, FLAG_SYN | FLAG_ACK, seq_of(1000));
    }
    return true;
}

SYNACK_TEST(duplicates_are_no_retransmissions)
{
    b->host.instead = everything_twice;
    bench_run(b, 5 * CLOCK_MIN);
    assert_true(has_warning(b, "duplicates"));
    assert_int_equal(b->synack[0].series.duplicates, 3);
    assert_int_equal(bench_number(b, "retransmissions"), 2);
    assert_int_equal(b->synack[0].series.schedule.gaps[0], CLOCK_S);
}

static bool acknowledges_another_syn(struct bench *b, const struct segment *seg)
{
    struct segment other = *seg;
    other.seq = seq_add(seg->seq, 7);
    answer(b, &other, 0, FLAG_SYN | FLAG_ACK, seq_of(1000));
    other.seq = seq_of(seg->seq.v - 1);
    answer(b, &other, 0, FLAG_SYN | FLAG_ACK, seq_of(1000));
    return true;
}

/* What does not acknowledge our SYN is no answer to it. */
SYNACK_TEST(answers_to_somebody_else)
{
    b->host.instead = acknowledges_another_syn;
    bench_run(b, CLOCK_MIN);
    bench_expect(b, "filtered", 3);
    assert_int_equal(bench_segments(b, EVENT_SENT, FLAG_SYN), 1);
    assert_int_equal(bench_segments(b, EVENT_SENT, FLAG_ACK), 0);
}

/* A stray before our SYN has been seen leaving must not spoil what comes after. */
UNIT_TEST(a_stray_before_the_syn)
{
    struct bench b;
    begin(&b, &(struct plan){.gaps = {1, 2}, .count = 2});
    const uint8_t stray[40] = {0x45, 0, 0, 40, 0,   0, 0, 0, 64,   6,   0,    0,
                               192,  0, 2, 2,  192, 0, 2, 1, 0,    80,  0x9c, 0x40,
                               0,    0, 0, 1,  0,   0, 0, 1, 0x50, 0x10};
    struct fault fault;
    bench_begin(&b);
    assert_int_equal(talks_packet(&b.run->talks, stray, sizeof(stray), BENCH_START, &fault),
                     STATUS_OK);
    bench_pass(&b, 5 * CLOCK_MIN);
    bench_expect(&b, "open", 0);
    assert_int_equal(bench_number(&b, "retransmissions"), 2);
    bench_done(&b);
}

enum {
    FLOOD = 10000
};

static bool floods(struct bench *b, const struct segment *seg)
{
    if (!(seg->flags & FLAG_SYN))
        return true;
    for (int i = 0; i < FLOOD; i++)
        answer(b, seg, i * CLOCK_MS, FLAG_SYN | FLAG_ACK, seq_of(i % 2 == 0 ? 1000 : 7000));
    return true;
}

SYNACK_TEST(a_flood)
{
    b->host.instead = floods;
    bench_run(b, 5 * CLOCK_MIN);
    bench_expect(b, "open", 0);
    expect_one_syn(b, 1);
}

/* The longest published series has 252; this one has more than the array holds. */
UNIT_TEST(a_very_long_series)
{
    struct bench b;
    struct plan p = {.count = GAPS_MAX};
    for (size_t i = 0; i < GAPS_MAX; i++)
        p.gaps[i] = 0.5;
    begin(&b, &p);
    bench_run(&b, 10 * CLOCK_MIN);
    assert_int_equal(bench_number(&b, "retransmissions"), GAPS_MAX);
    expect_one_syn(&b, 1);
    bench_done(&b);
}

/* --- Interrupts --- */

static void interrupted_after(int64_t ns, bool deaf)
{
    struct bench b;
    struct fault fault;
    begin(&b, &(struct plan){.gaps = {1, 2, 4}, .count = 3});
    b.host.deaf = deaf;
    bench_begin(&b);
    if (ns > 0) {
        const uint8_t nothing[1] = {0};
        sim_emit_raw(b.sim, ns - BENCH_DELAY, nothing, sizeof(nothing));
        bench_pass(&b, ns);
    }
    assert_int_equal(talks_stop(&b.run->talks, sim_now(b.sim), &fault), STATUS_OK);
    bench_pass(&b, 2 * CLOCK_S);
    assert_true(talks_over(&b.run->talks));
    bool answered = !deaf && ns > BENCH_RTT;
    bench_expect(&b, answered ? "open" : "error", answered ? 0 : 3);
    expect_one_syn(&b, 1);
    bench_done(&b);
}

UNIT_TEST(an_interrupt_at_any_time)
{
    for (int64_t ns = 0; ns <= 20 * CLOCK_MS; ns += CLOCK_MS) {
        interrupted_after(ns, false);
        interrupted_after(ns, true);
    }
    interrupted_after(2 * CLOCK_S, false);
    interrupted_after(2 * CLOCK_S, true);
}

/* --- Several --- */

UNIT_TEST(repeated)
{
    struct bench b;
    plan = (struct plan){.gaps = {1, 2, 4}, .count = 3, .jitter = 0.1};
    dice = 5;
    bench_synack(&b, 4);
    b.host.instead = keeps_to_the_plan;
    b.config.summarise = synack_measure.summarise;
    bench_run(&b, 20 * CLOCK_MIN);
    bench_expect(&b, "open", 0);
    expect_one_syn(&b, 4);
    const json_t *list = json_object_get(b.summary, "spread");
    assert_int_equal(json_array_size(list), 3);
    for (size_t gap = 0; gap < 3; gap++) {
        int64_t least = INT64_MAX, most = 0;
        for (size_t i = 0; i < 4; i++) {
            int64_t g = b.synack[i].series.schedule.gaps[gap];
            least = g < least ? g : least;
            most = g > most ? g : most;
        }
        const json_t *one = json_array_get(list, gap);
        assert_int_equal(json_integer_value(json_object_get(one, "measured")), 4);
        assert_true(least < most);
        assert_int_equal(json_number_value(json_object_get(one, "min_us")) * 1000 + 0.5, least);
        assert_int_equal(json_number_value(json_object_get(one, "max_us")) * 1000 + 0.5, most);
    }
    bench_done(&b);
}

UNIT_TEST(at_the_wrap)
{
    static const uint32_t starts[] = {0xffffffff, 0xfffffffe, 0x7fffffff, 0x80000000};
    for (size_t i = 0; i < 16; i++) {
        struct bench b;
        begin(&b,
              &(struct plan){.gaps = {1, 2}, .count = 2, .end = FLAG_RST | FLAG_ACK, .end_gap = 3});
        b.config.base.iss = seq_of(starts[i / 4]);
        b.host.iss = starts[i % 4];
        bench_run(&b, 5 * CLOCK_MIN);
        bench_expect(&b, "open", 0);
        expect_end(&b, "rst-ack", "peer");
        assert_int_equal(bench_number(&b, "retransmissions"), 2);
        bench_done(&b);
    }
}
