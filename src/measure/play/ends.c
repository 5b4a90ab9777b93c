/* See ends.h. */
#include "measure/play/ends.h"

#include "base/clock.h"

#define TAKEN_WITHIN (2 * CLOCK_MS) /* by a kernel, of what has reached its machine */

enum ends_kind ends_kind(const struct ends *e, enum end end)
{
    if (e->x != NULL && end == e->us)
        return ENDS_OURS;
    return e->x == NULL || e->upper != NULL ? ENDS_ASKED : ENDS_INFERRED;
}

const struct endpoint *ends_at(const struct ends *e, enum end end)
{
    if (e->x == NULL)
        return &e->wire->config.at[end];
    return end == e->us ? &e->x->config.local : &e->x->config.remote;
}

/* --- Time and the record --- */

int64_t ends_now(const struct ends *e)
{
    return e->x != NULL ? e->x->now_ns : e->wire->now_ns;
}

int64_t ends_deadline(const struct ends *e)
{
    return e->x != NULL ? e->x->config.deadline_ns : e->wire->config.deadline_ns;
}

void ends_wake_at(struct ends *e, int64_t when_ns)
{
    if (e->x != NULL)
        talk_wake_at(e->x, when_ns);
    else
        pair_wake_at(e->wire, when_ns);
}

void ends_elapse(struct ends *e)
{
    if (e->x != NULL)
        talk_elapse(e->x);
}

uint64_t ends_dropped(const struct ends *e)
{
    return e->x != NULL ? e->x->capture_dropped : e->wire->dropped;
}

void ends_remark(struct ends *e, const char *text)
{
    if (e->x != NULL)
        talk_remark(e->x, text);
    else
        pair_remark(e->wire, text);
}

void ends_tell(struct ends *e, const struct event_line *line, int64_t t_ns)
{
    struct timeline *timeline = e->x != NULL ? e->x->timeline : e->wire->timeline;
    uint32_t session = e->x != NULL ? e->x->config.session : e->wire->config.session;
    (void)timeline_append(
        timeline,
        (struct event){.kind = EVENT_LINE, .session = session, .t_ns = t_ns, .line = line});
}

/* --- What is true of an end --- */

enum status ends_states(struct ends *e, enum end end, state_set *set, struct fault *fault)
{
    enum state truth = STATE_CLOSED;
    enum status s = STATUS_OK;
    switch (ends_kind(e, end)) {
    case ENDS_OURS:
        *set = STATE_SET(e->x->tcb.state);
        return s;
    case ENDS_INFERRED:
        *set = e->x->peer.set;
        return s;
    case ENDS_ASKED:
        break;
    }
    if (e->x != NULL) {
        s = e->upper->state(e->upper->arg, &e->x->config.local, &truth, fault);
    } else {
        pair_look(e->wire);
        truth = e->wire->truth[end];
    }
    *set = STATE_SET(truth);
    return s;
}

state_set ends_inferred(const struct ends *e, enum end end)
{
    return e->x != NULL && end != e->us ? e->x->peer.set : (state_set)~STATE_SET_NONE;
}

static void goes_to(struct ends *e, enum end end, int64_t way_ns)
{
    int64_t by = ends_now(e) + (way_ns > TAKEN_WITHIN ? way_ns : TAKEN_WITHIN);
    if (e->taken_ns[end] < by)
        e->taken_ns[end] = by;
}

/* What comes out of a kernel on the wire that we are is there before the kernel is through with
 * what made it send that. */
int64_t ends_taken_ns(const struct ends *e, enum end end)
{
    int64_t soon = ends_now(e) + TAKEN_WITHIN;
    return e->x != NULL || e->taken_ns[end] > soon ? e->taken_ns[end] : soon;
}

bool ends_next(const struct ends *e, enum end end, seq_t *nxt)
{
    if (e->x == NULL) {
        *nxt = e->sent[end].nxt;
        return e->sent[end].known;
    }
    const struct tcb *t = e->x->tcb.state == STATE_CLOSED ? &e->past.before_crash : &e->x->tcb;
    *nxt = end == e->us ? t->snd_nxt : t->rcv_nxt;
    return true;
}

/* --- What an end does --- */

/* What it is told it may do at any moment now, whatever the peer's segments show before. */
static void expect_call(struct talk *x, enum call what)
{
    if (what == CALL_CONNECT) /* it connects from the port it listened on */
        talk_peer_told(x, CALL_STOP_LISTENING);
    if (what != CALL_LISTEN)
        talk_peer_told(x, what);
}

enum status ends_call(struct ends *e, enum end end, enum call what, const void *data, size_t n,
                      struct fault *fault)
{
    goes_to(e, end, 0);
    if (e->x == NULL)
        return pair_act(e->wire, end, what, data, n, fault);
    expect_call(e->x, what);
    return e->upper->act(e->upper->arg, &e->x->config.local, what, data, n, fault);
}

enum status ends_shut(struct ends *e, enum end end, struct fault *fault)
{
    return e->x != NULL ? e->upper->shut(e->upper->arg, fault) : pair_shut(e->wire, end, fault);
}

/* --- Segments of an end that is not ours --- */

static void count(struct ends *e, enum end from, const struct segment *seg)
{
    if (e->sent[from].known && !(seg->flags & FLAG_SYN) &&
        seq_lt(segment_end(seg), e->sent[from].nxt))
        return;
    e->sent[from].known = true;
    e->sent[from].nxt = segment_end(seg);
}

/* By how much RCV.NXT has moved, but for a FIN. */
static uint32_t take(struct ends *e, const struct seg_queue_entry *k, bool arrives)
{
    struct talk *x = e->x;
    const struct segment *seg = &k->seg;
    int64_t now = x->now_ns;
    seq_t before = x->tcb.rcv_nxt;
    talk_take(x, seg, k->t_ns, arrives);
    if (x->now_ns < now) /* it came in the past */
        x->now_ns = now;
    if (seg->flags & FLAG_ACK && (!e->past.acked || seq_lt(e->past.ack, seg->ack))) {
        e->past.acked = true;
        e->past.ack = seg->ack;
    }
    uint32_t octets = x->tcb.rcv_nxt.v - before.v;
    bool fin = seg->flags & FLAG_FIN && seq_eq(x->tcb.rcv_nxt, segment_end(seg));
    return seg->len > 0 && octets > 0 ? octets - fin : 0;
}

uint32_t ends_take(struct ends *e, enum end from, const struct seg_queue_entry *k, bool arrives,
                   const char *note)
{
    if (e->x != NULL) {
        uint32_t octets = take(e, k, arrives);
        if (note != NULL)
            talk_note(e->x, "%s", note);
        return octets;
    }
    if (note != NULL)
        pair_remark(e->wire, note);
    count(e, from, &k->seg);
    if (arrives)
        ends_arrives(e, from, &k->seg);
    return k->seg.len;
}

void ends_arrives(struct ends *e, enum end from, const struct segment *seg)
{
    if (e->x != NULL) {
        talk_deliver(e->x, seg, e->x->now_ns);
        return;
    }
    goes_to(e, end_other(from), 0);
    pair_pass(e->wire, from, seg);
}

void ends_pass(struct ends *e, enum end from, const struct segment *seg)
{
    count(e, from, seg);
    ends_arrives(e, from, seg);
}

bool ends_is_old_syn(const struct ends *e, const struct segment *seg)
{
    return e->x != NULL && seg->flags & FLAG_SYN && state_synchronized(e->x->tcb.state) &&
           seq_eq(seg->seq, e->x->tcb.irs);
}

bool ends_is_behind_a_gap(const struct ends *e, const struct segment *seg)
{
    return e->x != NULL && state_synchronized(e->x->tcb.state) && segment_seq_len(seg) > 0 &&
           !(seg->flags & (FLAG_RST | FLAG_SYN)) && seq_lt(e->x->tcb.rcv_nxt, seg->seq);
}

/* --- The end that is ours --- */

struct tcb *ends_tcb(struct ends *e)
{
    return &e->x->tcb;
}

void ends_renew(struct ends *e, seq_t iss)
{
    e->past.before_crash = e->x->tcb;
    talk_renew(e->x, iss);
}

void ends_listen(struct ends *e)
{
    if (e->x->tcb.state == STATE_CLOSED) /* of the last connection nothing is left */
        talk_renew(e->x, e->x->config.iss);
    talk_call(e->x, CALL_LISTEN);
}

void ends_acknowledge(struct ends *e, const char *why)
{
    if (e->x != NULL)
        talk_acknowledge(e->x, why);
}

void ends_left(struct ends *e)
{
    goes_to(e, end_other(e->us), e->upper != NULL ? e->upper->way_ns : 0);
}

void ends_change_port(struct ends *e)
{
    const struct ends_past now = e->past;
    talk_change_port(e->x);
    e->past = e->aside;
    e->aside = now;
}

/* Whether the peer may have something half open: as its kernel says, if it can be asked. */
static bool leaves_something(struct ends *e)
{
    const state_set harmless =
        STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN) | STATE_SET(STATE_TIME_WAIT);
    enum end them = end_other(e->us);
    struct fault ignored = {0};
    state_set set;
    if (e->upper == NULL && e->x->tcb.fin_received && e->x->tcb.fin_acked)
        return false; /* closed in order, as far as a stranger can know */
    if (ends_states(e, them, &set, &ignored) != STATUS_OK)
        set = ends_inferred(e, them);
    return (set & (state_set)~harmless) != STATE_SET_NONE;
}

/* What the peer expects is the number that it has acknowledged, or, if more of ours has arrived
 * since, the one behind it all: a reset that is not exactly there does not count (RFC
 * 9293 3.10.7.4). */
static void reset_what_was_acknowledged(const struct ends *e, const char *why)
{
    talk_reset(e->x, e->past.ack, why);
    if (state_synchronized(e->x->tcb.state) && seq_lt(e->past.ack, e->x->tcb.snd_nxt))
        talk_reset(e->x, e->x->tcb.snd_nxt, why);
}

void ends_clean_up(struct ends *e)
{
    static const char why[] = "nothing is left half open";
    struct talk *x = e->x;
    if (x == NULL)
        return;
    bool under_way = x->outbox.waiting; /* it may open something yet */
    if (!leaves_something(e) && !under_way)
        return;
    if (e->past.acked)
        reset_what_was_acknowledged(e, why);
    else if (x->peer.irs_known)
        talk_refuse(x, seq_add(x->peer.irs, 1), why);
    else if (under_way)
        talk_abort(x, why); /* with the number that is next when it has left */
    else if (x->segments_sent > 0)
        talk_reset(x, x->tcb.snd_nxt, why);
}

bool ends_idle(const struct ends *e)
{
    return e->x->outbox.queued == 0 && !e->x->outbox.waiting;
}

void ends_finish(struct ends *e)
{
    if (e->x != NULL)
        talk_finish(e->x);
    else
        pair_finish(e->wire);
}
