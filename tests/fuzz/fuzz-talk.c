/* A peer that the input scripts, against `open` and `synack` on the simulated wire. Whatever it
 * sends: the run ends soon after its deadline, no more goes out than a bounded number of segments
 * for each that came in, every change of state has its reason, and there is one verdict.
 *
 * The first eight octets choose the run; what follows are steps of the peer, a few of which are
 * taken for each segment that reaches it. */
#include "../keys.h"
#include "../world/scripted.h"

#include "measure/open.h"
#include "measure/synack/synack.h"

enum {
    STEPS_A_SEGMENT = 6,
    EMITTED_MAX = 3000,
    SAID_MAX = 700,
    /* Ours that no segment of the peer's calls forth: SYNs, data, FIN, probes, resets. */
    FREE_SEGMENTS = 64,
};

#define DEADLINE (30 * CLOCK_S)
#define GRACE    (10 * CLOCK_S)

struct scene {
    struct scripted_record record; /* first */
    struct timeline timeline;
    struct scripted_peer peer;
    struct endpoint local;
    struct open open;
    struct synack synack;
    void *states[1];
    uint8_t said[SAID_MAX];
    const struct segment *heard; /* the last */
};

/* --- The record --- */

static void check_change(const struct event *e)
{
    const state_set from = e->change.from, to = e->change.to;
    fuzz_require(to != STATE_SET_NONE && (to & ~STATE_SET_ALL) == 0 && from != to);
    fuzz_require(e->change.why != NULL && e->change.rfc != NULL);
    if (e->change.end == END_A)
        fuzz_require(state_set_only(from) != STATE_COUNT && state_set_only(to) != STATE_COUNT);
}

static void check_event(struct scripted_record *r, const struct event *e)
{
    (void)r;
    if (e->kind == EVENT_STATE)
        check_change(e);
    if (e->kind == EVENT_VERDICT) {
        json_t *record = keys_of(e->result);
        fuzz_require(json_is_string(json_object_get(record, "outcome")));
        json_decref(record);
    }
}

/* --- The peer --- */

static struct scene *scene_of(const struct scripted_peer *p)
{
    return (struct scene *)((uintptr_t)p - offsetof(struct scene, peer));
}

static void numbers(const struct scripted_peer *p, seq_t more[2])
{
    more[0] = scene_of(p)->heard->seq;
    more[1] = scene_of(p)->heard->ack;
}

/* One step; false: no more for this segment. */
static bool step(struct scripted_peer *p, const struct segment *heard)
{
    if (p->script.left == 0) {
        scripted_answers(p, heard, 0);
        return false;
    }
    uint8_t what = scripted_octet(&p->script);
    switch (what % 8) {
    case 0:
        return false;
    case 1:
        scripted_answers(p, heard, 0);
        break;
    case 2:
        scripted_answers(p, heard, scripted_octet(&p->script) * (CLOCK_S / 16));
        break;
    case 3:
        scripted_is_told(p, CALL_CLOSE);
        break;
    case 4:
        scripted_is_told(p, what & 0x10 ? CALL_ABORT : CALL_CONNECT);
        break;
    case 5:
        scripted_raw_packet(p);
        break;
    default:
        scripted_odd_segment(p);
        break;
    }
    return true;
}

static void hears(void *arg, struct sim *sim, const struct segment *seg)
{
    struct scripted_peer *p = arg;
    (void)sim;
    scene_of(p)->heard = seg;
    for (int i = 0; i < STEPS_A_SEGMENT && step(p, seg); i++)
        ;
}

/* --- The run --- */

static void set_up(struct scene *c)
{
    static const uint8_t here[4] = {192, 0, 2, 1}, there[4] = {192, 0, 2, 2};
    struct scripted_peer *p = &c->peer;
    struct scripted_reader *r = &p->script;
    uint8_t kind = scripted_octet(r);
    c->local = (struct endpoint){address_from_v4(here), 40000};
    p->config = (struct sessions_config){
        .script = kind & 1 ? synack_measure.script : open_measure.script,
        .base = {.remote = {address_from_v4(there), 80},
                 .iss = scripted_start(kind >> 1),
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
    c->open.close = scripted_octet(r) % 3;
    c->open.payload = c->said;
    c->open.payload_len = scripted_word(r) % SAID_MAX;
    c->open.payload_first = scripted_octet(r) % (c->open.payload_len + 1);
    c->open.reply_wait_ns = c->synack.reply_wait_ns = 5 * CLOCK_S;
    c->synack.listen_ns = 100 * CLOCK_S;
    p->local = &c->local;
    p->numbers = numbers;
    p->emitted_max = EMITTED_MAX;
    c->states[0] = kind & 1 ? (void *)&c->synack : (void *)&c->open;
    uint8_t host = scripted_octet(r);
    tcb_init(&p->host, scripted_start(host), 65535, host & 4, host & 8, 7);
    if (!(host & 0x10))
        (void)tcb_call(&p->host, CALL_LISTEN);
}

static void act(struct scene *c, int64_t interrupt)
{
    struct scripted_peer *p = &c->peer;
    struct talks *talks = &p->run.talks;
    struct fault fault;
    int64_t limit = DEADLINE + GRACE;
    fuzz_require(sessions_init(&p->run, &p->config, &c->timeline, &fault) == STATUS_OK);
    fuzz_require(talks_start(talks, sim_link(p->sim), SCRIPTED_START, &fault) == STATUS_OK);
    if (interrupt > 0) {
        fuzz_require(sim_run(p->sim, talks, interrupt, &fault) == STATUS_OK);
        fuzz_require(talks_over(talks) || talks_stop(talks, sim_now(p->sim), &fault) == STATUS_OK);
        limit = GRACE;
    }
    fuzz_require(sim_run(p->sim, talks, limit, &fault) == STATUS_OK);
    fuzz_require(talks_over(talks));
    fuzz_require(c->record.verdicts == 1 && c->record.summaries == 1);
    fuzz_require(c->record.sent <= FREE_SEGMENTS + 2 * c->record.received);
    sessions_done(&p->run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct scene *c = calloc(1, sizeof(*c));
    struct fault fault;
    fuzz_require(c != NULL);
    struct scripted_peer *p = &c->peer;
    p->script = (struct scripted_reader){data, n};
    c->record.event = check_event;
    set_up(c);
    int64_t interrupt = scripted_octet(&p->script);
    interrupt = interrupt > 200   ? (interrupt - 200) * CLOCK_S / 2
                : interrupt > 100 ? (interrupt - 100) * CLOCK_MS
                                  : 0;
    const struct sim_peer peer = {hears, scripted_loses, p};
    p->sim = sim_new(&peer, SCRIPTED_START, 5 * CLOCK_MS);
    fuzz_require(p->sim != NULL);
    scripted_record(&c->record, &c->timeline);
    act(c, interrupt);
    fuzz_require(timeline_close(&c->timeline, &fault) == STATUS_OK);
    sim_free(p->sim);
    free(c);
    return 0;
}
