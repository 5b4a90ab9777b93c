/* See bench.h. */
#include "bench.h"

#include <stdio.h>

#include "../keys.h"

/* --- The record --- */

static void bench_keep_verdict(struct bench *b, const struct event *e)
{
    json_t **place = e->kind == EVENT_VERDICT ? &b->verdict : &b->summary;
    json_decref(*place);
    *place = keys_of(e->result);
    assert_non_null(*place);
    b->verdicts += e->kind == EVENT_VERDICT;
    json_object_set_new(*place, "exit", json_integer(e->result->exit_code));
}

static void bench_keep_line(struct bench *b, const struct event *e)
{
    const struct event_line *from = e->line;
    assert_true(b->line_count < BENCH_LINES_MAX);
    struct bench_line *l = &b->lines[b->line_count++];
    *l =
        (struct bench_line){from->number, from->status, e->t_ns, from->stamped, "", "", "", "", ""};
    (void)snprintf(l->a, sizeof(l->a), "%s", from->a != NULL ? from->a : "");
    (void)snprintf(l->b, sizeof(l->b), "%s", from->b != NULL ? from->b : "");
    (void)snprintf(l->wire, sizeof(l->wire), "%s", from->wire != NULL ? from->wire : "");
    (void)snprintf(l->text, sizeof(l->text), "%s", from->text != NULL ? from->text : "");
    (void)snprintf(l->alternative, sizeof(l->alternative), "%s",
                   from->alternative != NULL ? from->alternative : "");
}

/* Keeps the event, and holds it to what is promised of all. */
static enum status bench_sink_event(struct sink *s, const struct event *e, struct fault *fault)
{
    struct bench *b = (struct bench *)s;
    (void)fault;
    assert_true(b->count < BENCH_EVENTS_MAX);
    assert_true(e->cause < e->id);
    struct bench_event *k = &b->events[b->count++];
    *k = (struct bench_event){.kind = e->kind, .t_ns = e->t_ns};
    if (e->kind == EVENT_SENT || e->kind == EVENT_RECEIVED) {
        k->seg = e->segment.seg;
        k->again = e->segment.retransmission;
        k->held = e->segment.held;
    } else if (e->kind == EVENT_STATE) {
        assert_true(e->change.why != NULL && e->change.from != e->change.to);
        assert_true(b->run == NULL || e->change.rfc != NULL); /* a kernel says so, or a rule does */
        assert_true(e->change.to != STATE_SET_NONE);
    } else if (e->kind == EVENT_FAULT) {
        k->fault = e->fault.fault;
    } else if (e->kind == EVENT_LINE) {
        bench_keep_line(b, e);
    } else if (e->kind == EVENT_NOTE && b->note_count < BENCH_NOTES_MAX) {
        (void)snprintf(b->notes[b->note_count++], sizeof(b->notes[0]), "%s", e->text);
    } else if (e->kind == EVENT_VERDICT || e->kind == EVENT_SUMMARY) {
        bench_keep_verdict(b, e);
    }
    return b->sink_answers;
}

void bench_record_init(struct bench *b)
{
    *b = (struct bench){.closed = false};
    witness_init(&b->witness, bench_sink_event);
    b->events = calloc(BENCH_EVENTS_MAX, sizeof(*b->events));
    assert_non_null(b->events);
}

void bench_record_begin(struct bench *b)
{
    static const struct run_info info = {.command = "test"};
    struct fault fault;
    timeline_init(&b->timeline);
    assert_int_equal(timeline_add_sink(&b->timeline, &b->witness.sink, &fault), STATUS_OK);
    if (b->output != NULL)
        assert_int_equal(timeline_add_sink(&b->timeline, b->output, &fault), STATUS_OK);
    enum status opened = timeline_open(&b->timeline, b->info != NULL ? b->info : &info, &fault);
    assert_true(opened == STATUS_OK || b->output != NULL); /* whose disk may be full */
}

void bench_record_done(struct bench *b)
{
    struct fault fault;
    if (!b->closed)
        (void)timeline_close(&b->timeline, &fault);
    json_decref(b->verdict);
    json_decref(b->summary);
    free(b->events);
}

unsigned bench_noted(const struct bench *b, const char *text)
{
    unsigned n = 0;
    for (size_t i = 0; i < b->note_count; i++)
        n += strstr(b->notes[i], text) != NULL;
    return n;
}

/* --- The host --- */

void bench_host_says(struct bench *b, const struct segment *like, enum reply reply,
                     const struct segment *cause, const void *data, size_t n)
{
    struct bench_host *h = &b->host;
    struct segment out = {.src = like->dst, .dst = like->src, .ttl = 64, .df = true};
    tcb_fill(&h->tcb, reply, cause, &out);
    if (out.flags & FLAG_SYN) {
        out.opt = (struct options){.has_mss = h->mss != 0, .mss = h->mss};
        out.opt.has_timestamps = h->timestamps && (cause == NULL || cause->opt.has_timestamps);
    } else {
        out.opt.has_timestamps = h->tcb.timestamps && !(out.flags & FLAG_RST);
    }
    out.opt.ts_val = 1 + (uint32_t)((sim_now(b->sim) - BENCH_START) / CLOCK_MS);
    out.opt.ts_ecr = h->tcb.ts_recent;
    assert_int_equal(options_build(&out.opt, out.flags & FLAG_SYN ? "MNNT" : "NNT", NULL),
                     STATUS_OK);
    if (!(out.flags & FLAG_SYN) && !out.opt.has_timestamps)
        out.opt.raw_len = 0;
    sim_emit(b->sim, 0, &out, data, n);
    out.len = (uint32_t)n;
    tcb_left(&h->tcb, &out);
}

void bench_host_closes(struct bench *b, const struct segment *like)
{
    if (tcb_call(&b->host.tcb, CALL_CLOSE).reply == REPLY_FIN)
        bench_host_says(b, like, REPLY_FIN, NULL, NULL, 0);
}

static void bench_host_takes(struct bench_host *h, const struct segment *seg,
                             const struct arrival *a)
{
    if (a->text == 0)
        return;
    assert_true(h->heard_len + a->text <= sizeof(h->heard));
    memcpy(h->heard + h->heard_len, seg->raw + seg->data_off + a->text_off, a->text);
    h->heard_len += a->text;
}

void bench_host_begins(struct bench_host *h)
{
    if (h->begun)
        return;
    h->begun = true;
    tcb_init(&h->tcb, seq_of(h->iss), h->win, h->timestamps, false, 0);
    if (!h->refuses)
        (void)tcb_call(&h->tcb, CALL_LISTEN);
}

static void bench_host_receives(void *arg, struct sim *sim, const struct segment *seg)
{
    struct bench *b = arg;
    struct bench_host *h = &b->host;
    (void)sim;
    bench_host_begins(h);
    h->arrived++;
    if (h->deaf || (h->instead != NULL && h->instead(b, seg)))
        return;
    struct arrival a = tcb_arrive(&h->tcb, seg);
    bench_host_takes(h, seg, &a);
    bool fin = a.to == STATE_CLOSE_WAIT && a.from != STATE_CLOSE_WAIT;
    if (a.reply != REPLY_NOTHING && !(fin && h->three))
        bench_host_says(b, seg, a.reply, seg, NULL, 0);
    if (fin && !h->stays)
        bench_host_closes(b, seg);
    if (a.to == STATE_ESTABLISHED && a.from != STATE_ESTABLISHED && h->closes_first)
        bench_host_closes(b, seg);
}

static bool bench_wire_loses(void *arg, bool ours, const struct segment *seg)
{
    struct bench_host *h = &((struct bench *)arg)->host;
    h->on_wire[ours]++;
    return h->loses != NULL && h->loses(ours, seg, h->on_wire[ours]);
}

/* A wire whose tap is late or blind: the peer hears at once. */
static enum status bench_send_unseen(void *arg, const uint8_t *ip, size_t n, struct fault *fault)
{
    struct bench *b = arg;
    struct segment seg;
    assert_int_equal(segment_decode(&seg, ip, n, fault), STATUS_OK);
    bench_host_receives(b, b->sim, &seg);
    if (b->tap_late_ns != CLOCK_NEVER)
        sim_emit_raw(b->sim, b->tap_late_ns - BENCH_DELAY, ip, n);
    return STATUS_OK;
}

/* --- The run --- */

void bench_init(struct bench *b, const struct script *script, size_t sessions)
{
    static const uint8_t here[4] = {192, 0, 2, 1}, there[4] = {192, 0, 2, 2};
    bench_record_init(b);
    b->run = calloc(1, sizeof(*b->run));
    assert_non_null(b->run);
    for (size_t i = 0; i < BENCH_SESSIONS_MAX; i++)
        b->locals[i] = (struct endpoint){address_from_v4(here), (uint16_t)(40000 + i)};
    b->config = (struct sessions_config){
        .script = script,
        .base = {.remote = {address_from_v4(there), 80},
                 .iss = seq_of(BENCH_ISS),
                 .like = syn_like_at(0),
                 .mss = 1460,
                 .win = 64240,
                 .ttl = 64,
                 .timestamps = true,
                 .tries = 3},
        .locals = b->locals,
        .sessions = sessions,
        .states = b->states,
        .key = {1, 2},
        .repeatable = true,
        .fixed_isn = true,
        .deadline_after_ns = CLOCK_MIN,
    };
    b->host.iss = BENCH_IRS;
    b->host.win = 65535;
    b->host.mss = 1460;
    b->host.timestamps = true;
}

void bench_open(struct bench *b)
{
    bench_init(b, open_measure.script, 1);
    b->open.reply_wait_ns = 5 * CLOCK_S;
    b->states[0] = &b->open;
}

void bench_synack(struct bench *b, size_t sessions)
{
    bench_init(b, synack_measure.script, sessions);
    b->config.base.tries = 1;
    b->config.deadline_after_ns = CLOCK_NEVER;
    for (size_t i = 0; i < sessions; i++) {
        b->synack[i].reply_wait_ns = 5 * CLOCK_S;
        b->synack[i].listen_ns = 300 * CLOCK_S;
        b->states[i] = &b->synack[i];
    }
}

void bench_begin(struct bench *b)
{
    const struct sim_peer peer = {bench_host_receives, bench_wire_loses, b};
    struct fault fault;
    b->sim = sim_new(&peer, BENCH_START, BENCH_DELAY);
    assert_non_null(b->sim);
    bench_record_begin(b);
    const struct link unseen = {bench_send_unseen, b};
    assert_int_equal(sessions_init(b->run, &b->config, &b->timeline, &fault), STATUS_OK);
    assert_int_equal(talks_start(&b->run->talks, b->tap_late_ns != 0 ? unseen : sim_link(b->sim),
                                 BENCH_START, &fault),
                     STATUS_OK);
}

void bench_pass(struct bench *b, int64_t limit_ns)
{
    struct fault fault;
    assert_int_equal(sim_run(b->sim, &b->run->talks, limit_ns, &fault), STATUS_OK);
}

void bench_run(struct bench *b, int64_t limit_ns)
{
    bench_begin(b);
    bench_pass(b, limit_ns);
    assert_true(talks_over(&b->run->talks));
}

void bench_done(struct bench *b)
{
    bench_record_done(b);
    sessions_done(b->run);
    sim_free(b->sim);
    free(b->run);
}

struct bench *bench_new(void (*prepare)(struct bench *b))
{
    struct bench *b = malloc(sizeof(*b));
    assert_non_null(b);
    prepare(b);
    return b;
}

void bench_free(struct bench *b)
{
    bench_done(b);
    free(b);
}

void bench_arrive(struct bench *b)
{
    static const uint8_t octets[2048];
    unsigned n = 0;
    for (size_t i = 0; i < b->count; i++) {
        struct segment seg = b->events[i].seg;
        if (b->events[i].kind != EVENT_SENT || n++ < b->host.arrived)
            continue;
        seg.raw = octets;
        bench_host_receives(b, b->sim, &seg);
    }
}

/* --- What came of it --- */

size_t bench_count(const struct bench *b, enum event_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < b->count; i++)
        n += b->events[i].kind == kind;
    return n;
}

const struct bench_event *bench_segment(const struct bench *b, enum event_kind kind, unsigned flags,
                                        size_t n)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct bench_event *e = &b->events[i];
        if (e->kind == kind && (e->seg.flags & ~FLAG_PSH) == flags && n-- == 0)
            return e;
    }
    return NULL;
}

size_t bench_segments(const struct bench *b, enum event_kind kind, unsigned flags)
{
    size_t n = 0;
    while (bench_segment(b, kind, flags, n) != NULL)
        n++;
    return n;
}

bool bench_has_fault(const struct bench *b, enum event_fault fault)
{
    for (size_t i = 0; i < b->count; i++) {
        if (b->events[i].kind == EVENT_FAULT && b->events[i].fault == fault)
            return true;
    }
    return false;
}

const char *bench_text(const struct bench *b, const char *key)
{
    assert_non_null(b->verdict);
    const char *s = json_string_value(json_object_get(b->verdict, key));
    return s != NULL ? s : "";
}

long long bench_number(const struct bench *b, const char *key)
{
    assert_true(json_is_integer(json_object_get(b->verdict, key)));
    return json_integer_value(json_object_get(b->verdict, key));
}

int64_t bench_us(const struct bench *b, const char *key)
{
    const json_t *j = json_object_get(b->verdict, key);
    return json_is_real(j) ? (int64_t)(json_real_value(j) * 1000 + 0.5) : -1;
}

void bench_expect_path(const struct bench *b, const char *key, const char *expected)
{
    char text[512] = "";
    size_t used = 0, i;
    json_t *s;
    json_array_foreach(json_object_get(b->verdict, key), i, s)
    {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i != 0 ? " " : "",
                                 json_string_value(s));
    }
    assert_string_equal(text, expected);
}

void bench_expect(const struct bench *b, const char *outcome, int exit_code)
{
    assert_string_equal(bench_text(b, "outcome"), outcome);
    assert_int_equal(bench_number(b, "exit"), exit_code);
    assert_int_equal(b->verdicts, b->config.sessions);
    assert_non_null(b->summary);
}

void bench_expect_close(const struct bench *b, const char *kind, const char *by, int segments)
{
    const json_t *close = json_object_get(b->verdict, "close");
    assert_string_equal(json_string_value(json_object_get(close, "kind")), kind);
    assert_string_equal(json_string_value(json_object_get(close, "by")), by);
    if (segments >= 0)
        assert_int_equal(json_integer_value(json_object_get(close, "segments")), segments);
}
