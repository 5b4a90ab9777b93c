/* One target among many is told of as one target alone: what the probe `synack` heard on the
 * simulated wire is given to a flow as well, and both make the same record, key by key. */
#include "../keys.h"
#include "../world/bench.h"

#include "event/result.h"
#include "measure/survey/flow_store.h"

enum {
    GAPS_MAX = 40
};

struct plan {
    double gaps[GAPS_MAX];
    size_t count;
    unsigned end;
    double end_gap;
    bool copies;  /* each comes twice */
    bool another; /* from a second responder too */
    bool options;
    int64_t late;
    int64_t interrupt; /* when the user has had enough; 0: never */
};

static struct plan plan; /* of the running test; the host's callback has no place for it */

static void answer(struct bench *b, const struct segment *syn, int64_t after, unsigned flags,
                   seq_t seq)
{
    struct segment out = {.src = syn->dst,
                          .dst = syn->src,
                          .ttl = 57,
                          .win = 4321,
                          .flags = (uint16_t)flags,
                          .seq = seq,
                          .ack = seq_add(syn->seq, 1)};
    if (plan.options) {
        out.opt = (struct options){.has_mss = true,
                                   .mss = 1400,
                                   .sack_permitted = true,
                                   .has_wscale = true,
                                   .wscale = 9,
                                   .has_timestamps = true,
                                   .ts_val = 77,
                                   .ts_ecr = syn->opt.ts_val};
        assert_int_equal(options_build(&out.opt, "MSTNW", NULL), STATUS_OK);
    }
    sim_emit(b->sim, after, &out, NULL, 0);
}

static bool keeps_to_the_plan(struct bench *b, const struct segment *seg)
{
    int64_t at = plan.late;
    const seq_t iss = seq_of(b->host.iss);
    if (!(seg->flags & FLAG_SYN))
        return true;
    for (size_t i = 0; i <= plan.count; i++) {
        answer(b, seg, at, FLAG_SYN | FLAG_ACK, iss);
        if (plan.copies)
            answer(b, seg, at + 3 * CLOCK_MS, FLAG_SYN | FLAG_ACK, iss);
        if (plan.another)
            answer(b, seg, at + 5 * CLOCK_MS, FLAG_SYN | FLAG_ACK, seq_add(iss, 99));
        if (i < plan.count)
            at += (int64_t)(plan.gaps[i] * 1e7) * 100; /* what a flow keeps is as fine */
    }
    if (plan.end != 0)
        answer(b, seg, at + (int64_t)(plan.end_gap * 1e9), plan.end, seq_add(iss, 1));
    return true;
}

/* What was captured, up to `until`, goes through a flow. */
static void through_a_flow(const struct bench *b, struct flow *f, struct flow_store *store)
{
    const struct flow_rules rules = {.listens = true,
                                     .wait_ns = b->synack[0].reply_wait_ns,
                                     .listen_ns = b->synack[0].listen_ns};
    enum flow_step step = FLOW_GOES_ON;
    f->ip = b->config.base.remote.ip;
    f->port = b->config.base.remote.port;
    f->local = b->locals[0].port;
    f->iss = b->config.base.iss.v;
    flow_begin(f, &rules, BENCH_START);
    for (size_t i = 0; i < b->count && step <= FLOW_NOT_OURS; i++) {
        const struct bench_event *e = &b->events[i];
        if (e->kind != EVENT_SENT && e->kind != EVENT_RECEIVED)
            continue;
        if (e->kind == EVENT_SENT && (e->seg.flags & FLAG_SYN))
            flow_left(f, &rules, e->t_ns);
        else if (e->t_ns >= f->due_ns)
            break;
        else if (e->kind == EVENT_RECEIVED)
            step = flow_received(f, store, &rules, &e->seg, 40, e->t_ns);
    }
    if (step > FLOW_NOT_OURS)
        return;
    if (plan.interrupt != 0 && BENCH_START + plan.interrupt < f->due_ns)
        (void)flow_stop(f, BENCH_START + plan.interrupt);
    else
        (void)flow_due(f, store, true, f->due_ns);
}

static void expect_same_record(struct bench *b)
{
    static struct series series;
    static struct flow_store store;
    struct result r = {0};
    assert_true(flow_store_init(&store, &(struct hash_key){0}, BENCH_START));
    uint32_t cell = flow_store_take(&store);
    struct flow *f = flow_store_at(&store, cell);
    through_a_flow(b, f, &store);
    flow_as_series(f, &store, &b->locals[0], &series);
    const struct facts found = flow_facts(f, "synack", &b->locals[0]);
    series_report(&series, &found, &r);
    json_t *record = keys_of(&r);
    assert_int_equal(json_object_set_new(record, "exit", json_integer(r.exit_code)), 0);
    if (!json_equal(record, b->verdict)) {
        char *one = json_dumps(b->verdict, JSON_SORT_KEYS);
        char *many = json_dumps(record, JSON_SORT_KEYS);
        print_error("alone: %s\namong many: %s\n", one, many);
        free(one);
        free(many);
    }
    assert_true(json_equal(record, b->verdict));
    json_decref(record);
    result_done(&r);
    flow_store_drop(&store, cell);
    assert_int_equal(store.taken, 0);
    flow_store_done(&store);
}

static void compare(const struct plan *p)
{
    struct bench b;
    struct fault fault;
    plan = *p;
    bench_synack(&b, 1);
    b.host.instead = keeps_to_the_plan;
    bench_begin(&b);
    if (p->interrupt != 0) {
        bench_pass(&b, p->interrupt);
        assert_int_equal(talks_stop(&b.run->talks, BENCH_START + p->interrupt, &fault), STATUS_OK);
    }
    bench_pass(&b, 20 * CLOCK_MIN);
    assert_true(talks_over(&b.run->talks));
    expect_same_record(&b);
    bench_done(&b);
}

UNIT_TEST(schedules)
{
    static const struct plan plans[] = {
        {.gaps = {1.018, 2.016, 4.064, 8.192, 16.129}, .count = 5},
        {.gaps = {1.018, 2.016, 4.064, 8.192, 16.129}, .count = 5, .options = true},
        {.gaps = {1, 2, 4, 8}, .count = 4, .end = FLAG_RST, .end_gap = 6},
        {.gaps = {2.9, 6.1, 12.2, 24.4}, .count = 4, .end = FLAG_RST | FLAG_ACK, .end_gap = 30.5},
        {.gaps = {1, 2}, .count = 2, .end = FLAG_FIN | FLAG_ACK, .end_gap = 0.25},
        {.gaps = {3, 6, 12, 24, 48, 60, 60, 60, 60, 60, 60, 60}, .count = 12}, /* --listen */
        {.gaps = {0.5, 0.5, 0.6, 1, 1.8, 3.2, 5.9, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6},
         .count = 19},
        {.gaps = {1, 1, 2, 4, 8}, .count = 5, .copies = true},
        {.gaps = {1, 1, 2, 4, 8}, .count = 5, .another = true, .copies = true, .options = true},
        {.count = 0},
        {.gaps = {2, 4}, .count = 2, .late = 1200 * CLOCK_MS},
        {.gaps = {2, 4}, .count = 2, .late = 6 * CLOCK_S}, /* than is waited for */
    };
    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
        compare(&plans[i]);
}

UNIT_TEST(interrupted)
{
    compare(&(struct plan){.gaps = {1, 2, 4}, .count = 3, .interrupt = 5 * CLOCK_S});
    compare(&(struct plan){.gaps = {1, 2, 4}, .count = 3, .interrupt = 500 * CLOCK_MS});
    compare(&(struct plan){.late = 4 * CLOCK_S, .interrupt = 2 * CLOCK_S});
}

UNIT_TEST(no_series)
{
    for (int refuses = 0; refuses <= 1; refuses++) {
        struct bench b;
        plan = (struct plan){.count = 0};
        bench_synack(&b, 1);
        b.host.refuses = refuses;
        b.host.deaf = !refuses;
        bench_run(&b, CLOCK_MIN);
        bench_expect(&b, refuses ? "closed" : "filtered", refuses ? 1 : 3);
        expect_same_record(&b);
        bench_done(&b);
    }
}
