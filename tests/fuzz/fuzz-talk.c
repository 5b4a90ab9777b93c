/* A peer that the input scripts, against `open` and `synack` on the simulated wire. Whatever it
 * sends: the run ends soon after its deadline, no more goes out than a bounded number of segments
 * for each that came in, every change of state has its reason, and there is one verdict.
 *
 * The first eight octets choose the run; what follows are steps of the peer, a few of which are
 * taken for each segment that reaches it. */
#include "../keys.h"
#include "fuzz.h"

#include <string.h>

#include "base/clock.h"
#include "talk/sessions.h"
#include "talk/sim.h"
#include "measure/open.h"
#include "measure/synack/synack.h"

enum {
    STEPS_A_SEGMENT = 6,
    EMITTED_MAX = 3000,
    SAID_MAX = 700,
    /* Ours that no segment of the peer's calls forth: SYNs, data, FIN, probes, resets. */
    FREE_SEGMENTS = 64,
};

#define START    (1700000000 * CLOCK_S)
#define DEADLINE (30 * CLOCK_S)
#define GRACE    (10 * CLOCK_S)

struct reader {
    const uint8_t *data;
    size_t left;
};

struct scene {
    struct sink sink;
    struct timeline timeline;
    struct sessions run;
    struct sessions_config config;
    struct endpoint local;
    struct open open;
    struct synack synack;
    void *states[1];
    uint8_t said[SAID_MAX];

    struct sim *sim;
    struct tcb host;
    struct reader script;
    unsigned emitted;

    uint32_t last_id;
    unsigned sent, received, verdicts, summaries;
};

static uint8_t octet(struct reader *r)
{
    if (r->left == 0)
        return 0;
    r->left--;
    return *r->data++;
}

static uint16_t word(struct reader *r)
{
    uint8_t high = octet(r);
    return (uint16_t)(high << 8 | octet(r));
}

/* --- The record --- */

static enum status sink_open(struct sink *s, const struct run_info *run, struct fault *fault)
{
    (void)s;
    (void)run;
    (void)fault;
    return STATUS_OK;
}

static void check_change(const struct event *e)
{
    const state_set from = e->change.from, to = e->change.to;
    fuzz_require(to != STATE_SET_NONE && (to & ~STATE_SET_ALL) == 0 && from != to);
    fuzz_require(e->change.why != NULL && e->change.rfc != NULL);
    if (e->change.end == END_A)
        fuzz_require(state_set_only(from) != STATE_COUNT && state_set_only(to) != STATE_COUNT);
}

static enum status sink_event(struct sink *s, const struct event *e, struct fault *fault)
{
    struct scene *c = (struct scene *)s;
    (void)fault;
    fuzz_require(e->id == c->last_id + 1 && e->cause < e->id);
    fuzz_require(c->summaries == 0);
    c->last_id = e->id;
    c->sent += e->kind == EVENT_SENT;
    c->received += e->kind == EVENT_RECEIVED;
    c->verdicts += e->kind == EVENT_VERDICT;
    c->summaries += e->kind == EVENT_SUMMARY;
    if (e->kind == EVENT_STATE)
        check_change(e);
    if (e->kind == EVENT_VERDICT) {
        json_t *record = keys_of(e->result);
        fuzz_require(json_is_string(json_object_get(record, "outcome")));
        json_decref(record);
    }
    return STATUS_OK;
}

static enum status sink_close(struct sink *s, struct fault *fault)
{
    (void)s;
    (void)fault;
    return STATUS_OK;
}

static void sink_free(struct sink *s)
{
    (void)s;
}

/* --- The peer --- */

static void emit(struct scene *c, int64_t after, const struct segment *seg, size_t len)
{
    static const uint8_t zeros[1400];
    if (c->emitted++ < EMITTED_MAX)
        sim_emit(c->sim, after, seg, zeros, len < sizeof(zeros) ? len : sizeof(zeros));
}

static struct segment to_us(const struct scene *c)
{
    return (struct segment){
        .src = c->config.base.remote, .dst = c->local, .ip_version = 4, .ttl = 64};
}

/* A number near one that matters. */
static seq_t near(struct reader *r, const struct scene *c, const struct segment *heard)
{
    const struct tcb *own = &c->run.entry->talk.ours.tcb;
    const seq_t bases[] = {c->host.snd_nxt, c->host.rcv_nxt, own->snd_nxt, own->snd_una,
                           own->rcv_nxt,    own->irs,        heard->seq,   heard->ack};
    uint8_t choice = octet(r);
    if (choice >= 0xf0)
        return seq_of((uint32_t)word(r) << 16 | word(r));
    uint32_t off = octet(r);
    if (off >= 128)
        off -= 256;
    uint32_t far = choice & 0x08 ? (uint32_t)c->config.base.win : 0;
    return seq_add(bases[choice & 7], far + off);
}

static void give_options(struct reader *r, struct segment *seg)
{
    uint8_t n = octet(r);
    seg->opt.raw_len = n % 11 * 4;
    for (size_t i = 0; i < seg->opt.raw_len; i++)
        seg->opt.raw[i] = octet(r);
}

static void odd_segment(struct scene *c, const struct segment *heard)
{
    struct reader *r = &c->script;
    struct segment seg = to_us(c);
    uint8_t how = octet(r);
    seg.flags = octet(r);
    seg.seq = near(r, c, heard);
    seg.ack = near(r, c, heard);
    seg.win = how & 0x01 ? word(r) : 65535;
    if (how & 0x02)
        give_options(r, &seg);
    if (how & 0x04)
        seg.checksum = SEGMENT_CHECKSUM_BAD;
    if (how & 0x08) { /* as if our own kernel had sent it */
        seg.dst = c->config.base.remote;
        seg.src = c->local;
    }
    int64_t after = how & 0x10 ? octet(r) * (CLOCK_S / 8) : 0;
    size_t len = how & 0x20 ? octet(r) * 6u : 0;
    for (unsigned times = how & 0x40 ? octet(r) : 1; times > 0; times--)
        emit(c, after + (how & 0x80 ? times * CLOCK_MS * 50 : 0), &seg, len);
}

static void raw_packet(struct scene *c)
{
    struct reader *r = &c->script;
    size_t n = octet(r);
    n = n < r->left ? n : r->left;
    if (c->emitted++ < EMITTED_MAX)
        sim_emit_raw(c->sim, 0, r->data, n);
    r->data += n;
    r->left -= n;
}

static void reply(struct scene *c, const struct segment *heard, enum reply what, int64_t after)
{
    struct segment out = to_us(c);
    tcb_fill(&c->host, what, heard, &out);
    if (out.flags & FLAG_SYN) {
        out.opt = (struct options){.has_mss = true, .mss = 1460};
        (void)options_build(&out.opt, "M", NULL);
    }
    emit(c, after, &out, 0);
    tcb_left(&c->host, &out);
}

/* What a textbook TCP would do. */
static void answer_properly(struct scene *c, const struct segment *heard, int64_t after)
{
    struct arrival a = tcb_arrive(&c->host, heard);
    if (a.reply >= REPLY_SYN && a.reply <= REPLY_RST_ACK)
        reply(c, heard, a.reply, after);
}

static void call(struct scene *c, const struct segment *heard, enum call what)
{
    enum reply drawn = tcb_call(&c->host, what).reply;
    if (drawn == REPLY_FIN || drawn == REPLY_RST_OWN || drawn == REPLY_SYN)
        reply(c, heard, drawn, 0);
}

/* One step; false: no more for this segment. */
static bool step(struct scene *c, const struct segment *heard)
{
    if (c->script.left == 0) {
        answer_properly(c, heard, 0);
        return false;
    }
    uint8_t what = octet(&c->script);
    switch (what % 8) {
    case 0:
        return false;
    case 1:
        answer_properly(c, heard, 0);
        break;
    case 2:
        answer_properly(c, heard, octet(&c->script) * (CLOCK_S / 16));
        break;
    case 3:
        call(c, heard, CALL_CLOSE);
        break;
    case 4:
        call(c, heard, what & 0x10 ? CALL_ABORT : CALL_CONNECT);
        break;
    case 5:
        raw_packet(c);
        break;
    default:
        odd_segment(c, heard);
        break;
    }
    return true;
}

static void hears(void *arg, struct sim *sim, const struct segment *seg)
{
    struct scene *c = arg;
    (void)sim;
    for (int i = 0; i < STEPS_A_SEGMENT && step(c, seg); i++)
        ;
}

static bool loses(void *arg, bool ours, const struct segment *seg)
{
    struct scene *c = arg;
    (void)seg;
    /* The highest bit of the coming step: half of the inputs lose nothing. */
    return ours && c->script.left > 0 && *c->script.data >= 0xf8;
}

/* --- The run --- */

static seq_t start_of(uint8_t choice)
{
    static const uint32_t starts[] = {1000, 0xffffffff, 0xfffffff0, 0x7fffffff};
    return seq_of(starts[choice % 4]);
}

static void set_up(struct scene *c)
{
    static const struct sink_ops ops = {"fuzz", true, sink_open, sink_event, sink_close, sink_free};
    static const uint8_t here[4] = {192, 0, 2, 1}, there[4] = {192, 0, 2, 2};
    struct reader *r = &c->script;
    uint8_t kind = octet(r);
    c->sink.ops = &ops;
    c->local = (struct endpoint){address_from_v4(here), 40000};
    c->config = (struct sessions_config){
        .script = kind & 1 ? synack_measure.script : open_measure.script,
        .base = {.remote = {address_from_v4(there), 80},
                 .iss = start_of(kind >> 1),
                 .like = syn_like_at(kind >> 3 & 3),
                 .mss = 1460,
                 .win = kind & 0x20 ? 500 : 64240,
                 .ttl = 64,
                 .timestamps = true,
                 .tries = 1 + (kind >> 6)},
        .locals = &c->local,
        .sessions = 1,
        .states = c->states,
        .fixed_isn = true,
        .deadline_after_ns = DEADLINE,
    };
    c->open.close = octet(r) % 3;
    c->open.payload = c->said;
    c->open.payload_len = word(r) % SAID_MAX;
    c->open.payload_first = octet(r) % (c->open.payload_len + 1);
    c->open.reply_wait_ns = c->synack.reply_wait_ns = 5 * CLOCK_S;
    c->synack.listen_ns = 100 * CLOCK_S;
    c->states[0] = kind & 1 ? (void *)&c->synack : (void *)&c->open;
    uint8_t host = octet(r);
    tcb_init(&c->host, start_of(host), 65535, host & 4, host & 8, 7);
    if (!(host & 0x10))
        (void)tcb_call(&c->host, CALL_LISTEN);
}

static void act(struct scene *c, int64_t interrupt)
{
    struct fault fault;
    int64_t limit = DEADLINE + GRACE;
    fuzz_require(sessions_init(&c->run, &c->config, &c->timeline, &fault) == STATUS_OK);
    fuzz_require(talks_start(&c->run.talks, sim_link(c->sim), START, &fault) == STATUS_OK);
    if (interrupt > 0) {
        fuzz_require(sim_run(c->sim, &c->run.talks, interrupt, &fault) == STATUS_OK);
        fuzz_require(talks_over(&c->run.talks) ||
                     talks_stop(&c->run.talks, sim_now(c->sim), &fault) == STATUS_OK);
        limit = GRACE;
    }
    fuzz_require(sim_run(c->sim, &c->run.talks, limit, &fault) == STATUS_OK);
    fuzz_require(talks_over(&c->run.talks));
    fuzz_require(c->verdicts == 1 && c->summaries == 1);
    fuzz_require(c->sent <= FREE_SEGMENTS + 2 * c->received);
    sessions_done(&c->run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct run_info info = {.command = "fuzz"};
    struct scene *c = calloc(1, sizeof(*c));
    struct fault fault;
    fuzz_require(c != NULL);
    c->script = (struct reader){data, n};
    set_up(c);
    int64_t interrupt = octet(&c->script);
    interrupt = interrupt > 200   ? (interrupt - 200) * CLOCK_S / 2
                : interrupt > 100 ? (interrupt - 100) * CLOCK_MS
                                  : 0;
    const struct sim_peer peer = {hears, loses, c};
    c->sim = sim_new(&peer, START, 5 * CLOCK_MS);
    fuzz_require(c->sim != NULL);
    timeline_init(&c->timeline);
    fuzz_require(timeline_add_sink(&c->timeline, &c->sink, &fault) == STATUS_OK);
    fuzz_require(timeline_open(&c->timeline, &info, &fault) == STATUS_OK);
    act(c, interrupt);
    fuzz_require(timeline_close(&c->timeline, &fault) == STATUS_OK);
    sim_free(c->sim);
    free(c);
    return 0;
}
