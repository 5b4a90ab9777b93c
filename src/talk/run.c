/* See run.h. */
#include "talk/run.h"

#include <string.h>

#include "base/clock.h"
#include "talk/numbers.h"
#include "event/result.h"

/* The tap sees a segment leave within microseconds; after this long it will not. */
#define NOT_SEEN_AFTER (CLOCK_S / 2)

static int64_t observer_wants(const struct run *r)
{
    const struct run_observer *o = r->config->observer;
    return o != NULL ? o->wants_until(o->arg) : 0;
}

static void start_session(struct run *r, int64_t now_ns)
{
    const struct run_config *c = r->config;
    struct talk_config e = c->base;

    e.session = (uint32_t)r->session + 1;
    e.local = c->locals[r->session];
    e.ts_base = numbers_ts_base(&c->key, &e.remote, e.session);
    if (!c->fixed_isn)
        e.iss = numbers_isn(&c->key, &e.local, &e.remote, c->repeatable ? 0 : now_ns);
    if (e.other_local.port != 0)
        e.other_iss = numbers_isn(&c->key, &e.other_local, &e.remote, c->repeatable ? 0 : now_ns);
    e.deadline_ns =
        c->deadline_after_ns == CLOCK_NEVER ? CLOCK_NEVER : now_ns + c->deadline_after_ns;
    talk_init(&r->exchange, &e, c->script, c->states[r->session], r->timeline, now_ns);
    if (c->unreachable != NULL)
        talk_unreachable(&r->exchange, c->unreachable, now_ns);
}

/* Puts everything on the wire that is due. */
static enum status pump(struct run *r, int64_t now_ns, struct fault *fault)
{
    const uint8_t *data;
    size_t len, n;

    while (talk_next(&r->exchange, now_ns, &r->handed, &data, &len)) {
        enum status s =
            craft_segment(r->craft, &r->handed, data, len, r->packet, sizeof(r->packet), &n, fault);
        if (s == STATUS_OK)
            s = r->link.send(r->link.arg, r->packet, n, fault);
        if (s != STATUS_OK)
            return s;
        /* What the record keeps if the capture never shows it. */
        r->handed.raw = r->packet;
        r->handed.raw_len = n;
        r->handed.data_off = n - len;
    }
    return STATUS_OK;
}

static void add_summary(struct run *r, int64_t now_ns)
{
    struct result result;
    if (!result_init(&result))
        return;
    const struct run_config *c = r->config;
    result_set(&result, "command", json_string(c->script->name));
    result_set(&result, "sessions", json_integer((json_int_t)r->session + 1));
    result_set(&result, "interrupted", json_boolean(r->interrupted));
    result_set(&result, "exit_code", json_integer(r->exit_code));
    if (c->summarise != NULL && r->session > 0)
        c->summarise(c->states, r->session + 1, &result);
    result.exit_code = r->exit_code;
    (void)timeline_append(r->timeline,
                          (struct event){.kind = EVENT_SUMMARY, .t_ns = now_ns, .result = &result});
    result_done(&result);
}

static void finish_session(struct run *r, int64_t now_ns)
{
    const struct run_observer *o = r->config->observer;
    struct result result;

    if (!r->config->imagined && result_init(&result)) {
        talk_report(&r->exchange, &result);
        if (o != NULL)
            o->report(o->arg, &r->exchange, &result);
        if (r->config->afterword != NULL)
            r->config->afterword(r->config->afterword_arg, &result);
        talk_conclude(&r->exchange, &result);
        if (result.exit_code > r->exit_code)
            r->exit_code = result.exit_code;
        result_done(&result);
    }
    if (r->interrupted || r->session + 1 == r->config->sessions) {
        r->over = true;
        if (!r->config->imagined)
            add_summary(r, now_ns);
        return;
    }
    r->session++;
    start_session(r, now_ns);
}

/* After anything has happened: send what is due, and go to the next session when this one is done.
 */
static enum status settle(struct run *r, int64_t now_ns, struct fault *fault)
{
    enum status s = STATUS_OK;
    if (r->over)
        return s;
    if (r->timeline->status != STATUS_OK && !r->interrupted) {
        /* Nobody can read what we find: clean up and end. */
        r->interrupted = true;
        talk_stop(&r->exchange, SCRIPT_STOP_INTERRUPT, now_ns);
    }
    s = pump(r, now_ns, fault);
    while (s == STATUS_OK && !r->over && talk_done(&r->exchange) && observer_wants(r) <= now_ns) {
        finish_session(r, now_ns);
        if (!r->over)
            s = pump(r, now_ns, fault);
    }
    return s;
}

enum status run_init(struct run *r, const struct run_config *config, struct timeline *timeline,
                     struct link link, int64_t now_ns, struct fault *fault)
{
    memset(r, 0, sizeof(*r));
    r->config = config;
    r->timeline = timeline;
    r->link = link;
    r->craft = craft_new(fault);
    if (r->craft == NULL)
        return STATUS_NO_MEMORY;
    if (config->imagined)
        (void)timeline_append(timeline, (struct event){.kind = EVENT_NOTE,
                                                       .t_ns = now_ns,
                                                       .text = "dry run: nothing is sent, the "
                                                               "peer's part is imagined"});
    if (config->remark != NULL)
        (void)timeline_append(
            timeline, (struct event){.kind = EVENT_NOTE, .t_ns = now_ns, .text = config->remark});
    start_session(r, now_ns);
    return settle(r, now_ns, fault);
}

void run_done(struct run *r)
{
    craft_free(r->craft);
    r->craft = NULL;
}

/* The peer's port is not known until it connects. */
static void learn_port(struct talk *x, const struct segment *seg)
{
    bool opens = (seg->flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) == FLAG_SYN;
    if (x->config.remote.port == 0 && opens && endpoint_equal(&seg->dst, &x->config.local) &&
        address_equal(&seg->src.ip, &x->config.remote.ip))
        x->config.remote.port = seg->src.port;
}

static void take_segment(struct run *r, const struct segment *seg, int64_t t_ns)
{
    struct talk *x = &r->exchange;
    const struct endpoint *local = &x->config.local, *remote = &x->config.remote;
    const struct run_observer *o = r->config->observer;

    learn_port(x, seg);
    if (endpoint_equal(&seg->src, remote) && endpoint_equal(&seg->dst, local))
        talk_left(x, END_B, seg, t_ns);
    else if (!endpoint_equal(&seg->src, local) || !endpoint_equal(&seg->dst, remote))
        return; /* an earlier session's */
    else
        talk_left(x, END_A, seg, t_ns);
    if (o != NULL)
        o->look(o->arg, x);
}

/* An ICMP error counts when the segment it quotes is one that we have sent: a stranger would have
 * to guess the sequence number (RFC 5927 4.1). */
static void take_icmp(struct run *r, const struct icmp_error *e, int64_t t_ns)
{
    struct talk *x = &r->exchange;
    uint32_t sent = x->ours.tcb.snd_nxt.v - x->ours.tcb.iss.v;
    if (endpoint_equal(&e->src, &x->config.local) && endpoint_equal(&e->dst, &x->config.remote) &&
        seq_within(e->seq, x->ours.tcb.iss, sent + 1))
        talk_unreachable(x, e, t_ns);
}

enum status run_packet(struct run *r, const uint8_t *ip, size_t n, int64_t t_ns,
                       struct fault *fault)
{
    struct segment seg;
    struct icmp_error icmp;
    struct fault why = {0};

    if (r->over)
        return STATUS_OK;
    switch (segment_decode(&seg, ip, n, &why)) {
    case STATUS_OK:
        take_segment(r, &seg, t_ns);
        break;
    case STATUS_MALFORMED:
        talk_malformed(&r->exchange, why.text, t_ns);
        break;
    case STATUS_NOT_OURS:
        if (icmp_decode(&icmp, ip, n, NULL) == STATUS_OK)
            take_icmp(r, &icmp, t_ns);
        break;
    case STATUS_SYSTEM:
    case STATUS_UNREACHABLE:
    case STATUS_FULL:
    case STATUS_NO_MEMORY:
        break;
    }
    return settle(r, t_ns, fault);
}

int64_t run_deadline(const struct run *r)
{
    int64_t at = talk_deadline(&r->exchange);
    if (r->over)
        return CLOCK_NEVER;
    if (r->exchange.ours.outbox.waiting && r->exchange.ours.outbox.handed_ns + NOT_SEEN_AFTER < at)
        at = r->exchange.ours.outbox.handed_ns + NOT_SEEN_AFTER;
    if (talk_done(&r->exchange) && observer_wants(r) != 0)
        at = observer_wants(r) < at ? observer_wants(r) : at;
    return at;
}

enum status run_tick(struct run *r, int64_t now_ns, struct fault *fault)
{
    if (r->over)
        return STATUS_OK;
    if (r->exchange.ours.outbox.waiting &&
        now_ns >= r->exchange.ours.outbox.handed_ns + NOT_SEEN_AFTER)
        talk_not_seen(&r->exchange, &r->handed, now_ns);
    talk_tick(&r->exchange, now_ns);
    return settle(r, now_ns, fault);
}

void run_remark(struct run *r, const char *text, int64_t t_ns)
{
    if (r->over)
        return;
    if (t_ns > r->exchange.now_ns)
        r->exchange.now_ns = t_ns;
    talk_remark(&r->exchange, text);
}

enum status run_stop(struct run *r, int64_t now_ns, struct fault *fault)
{
    r->interrupted = true;
    talk_stop(&r->exchange, SCRIPT_STOP_INTERRUPT, now_ns);
    return settle(r, now_ns, fault);
}

bool run_over(const struct run *r)
{
    return r->over;
}

bool run_can_wait(const struct run *r)
{
    const struct talk *x = &r->exchange;
    return x->only_listens && !x->finished && !x->ours.outbox.waiting;
}
