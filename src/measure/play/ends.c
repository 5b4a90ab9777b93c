/* See ends.h. */
#include "measure/play/ends.h"

#include "base/clock.h"
#include "talk/asked.h"

#define TAKEN_WITHIN (2 * CLOCK_MS) /* by a kernel, of what has reached its machine */

enum {
    ISN_STEP = 250000 /* RFC 9293 3.4.1: a second's */
};

enum end ends_of(const struct ends *e, enum end end)
{
    return e->us == END_A ? end : end_other(end);
}

enum talk_kind ends_kind(const struct ends *e, enum end end)
{
    return talk_kind(e->x, ends_of(e, end));
}

const struct endpoint *ends_at(const struct ends *e, enum end end)
{
    return talk_at(e->x, ends_of(e, end));
}

/* --- The record --- */

void ends_tell(struct ends *e, const struct event_line *line, int64_t t_ns)
{
    (void)timeline_append(e->x->timeline, (struct event){.kind = EVENT_LINE,
                                                         .session = e->x->config.session,
                                                         .t_ns = t_ns,
                                                         .line = line});
}

/* --- What is true of an end --- */

enum status ends_states(struct ends *e, enum end end, state_set *set, struct fault *fault)
{
    enum state truth = STATE_CLOSED;
    enum status s = STATUS_OK;
    if (talk_is_wire(e->x))
        asked_look(e->x);
    *set = talk_states(e->x, ends_of(e, end));
    if (!talk_is_wire(e->x) && ends_kind(e, end) == TALK_ASKED) {
        s = asked_state(e->x, ends_of(e, end), &truth, fault);
        *set = STATE_SET(truth);
    }
    return s;
}

state_set ends_inferred(const struct ends *e, enum end end)
{
    bool inferred = !talk_is_wire(e->x) && end != e->us;
    return inferred ? talk_states(e->x, END_B) : (state_set)~STATE_SET_NONE;
}

static void goes_to(struct ends *e, enum end end, int64_t way_ns)
{
    int64_t by = e->x->now_ns + (way_ns > TAKEN_WITHIN ? way_ns : TAKEN_WITHIN);
    if (e->taken_ns[end] < by)
        e->taken_ns[end] = by;
}

/* What comes out of a kernel on the wire that we are is there before the kernel is through with
 * what made it send that. */
int64_t ends_taken_ns(const struct ends *e, enum end end)
{
    int64_t soon = e->x->now_ns + TAKEN_WITHIN;
    return !talk_is_wire(e->x) || e->taken_ns[end] > soon ? e->taken_ns[end] : soon;
}

/* A round trip that was measured may be shorter than the next, by as much again. */
static int64_t longest_trip(const struct ends *e)
{
    int64_t seen = e->x->infer.peer.sent.rtt_ns;
    return seen != 0 ? seen : e->trip_ns;
}

bool ends_trip_is_guess(const struct ends *e)
{
    return !talk_is_wire(e->x) && e->x->config.upper[END_B] == NULL &&
           e->x->infer.peer.sent.rtt_ns == 0 && e->trip_ns != 0;
}

void ends_syn_answered(struct ends *e)
{
    const struct ours *o = &e->x->ours;
    if (o->syn_count > 0 && e->trip_ns == 0)
        e->trip_ns = e->x->now_ns - o->syns[0].t_ns;
}

int64_t ends_back_ns(const struct ends *e)
{
    const struct upper *u = e->x->config.upper[END_B];
    if (talk_is_wire(e->x))
        return 0;
    return u != NULL ? u->back_ns : longest_trip(e);
}

int64_t ends_round_ns(const struct ends *e)
{
    const struct upper *u = e->x->config.upper[END_B];
    if (talk_is_wire(e->x))
        return 0;
    return u != NULL ? u->way_ns + u->back_ns : 2 * longest_trip(e);
}

bool ends_next(const struct ends *e, enum end end, seq_t *nxt)
{
    if (talk_is_wire(e->x)) {
        *nxt = e->sent[end].nxt;
        return e->sent[end].known;
    }
    const struct tcb *t =
        e->x->ours.tcb.state == STATE_CLOSED ? &e->past.before_crash : &e->x->ours.tcb;
    *nxt = end == e->us ? t->snd_nxt : t->rcv_nxt;
    return true;
}

/* --- What an end does --- */

enum status ends_call(struct ends *e, enum end end, enum call what, const void *data, size_t n,
                      struct fault *fault)
{
    goes_to(e, end, 0);
    return talk_call(e->x, ends_of(e, end), what, data, n, fault);
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
static uint32_t take(struct ends *e, const struct inbox_entry *k, bool arrives)
{
    struct talk *x = e->x;
    const struct segment *seg = &k->seg;
    int64_t now = x->now_ns;
    seq_t before = x->ours.tcb.rcv_nxt;
    if (arrives)
        talk_passes(x, END_B, seg, k->t_ns);
    else
        talk_seen(x, END_B, seg, k->t_ns);
    if ((seg->flags & (FLAG_SYN | FLAG_ACK)) == (FLAG_SYN | FLAG_ACK))
        ends_syn_answered(e);
    if (x->now_ns < now) /* it came in the past */
        x->now_ns = now;
    if (seg->flags & FLAG_ACK && (!e->past.acked || seq_lt(e->past.ack, seg->ack))) {
        e->past.acked = true;
        e->past.ack = seg->ack;
    }
    uint32_t octets = x->ours.tcb.rcv_nxt.v - before.v;
    bool fin = seg->flags & FLAG_FIN && seq_eq(x->ours.tcb.rcv_nxt, segment_end(seg));
    return seg->len > 0 && octets > 0 ? octets - fin : 0;
}

uint32_t ends_take(struct ends *e, enum end from, const struct inbox_entry *k, bool arrives,
                   const char *note)
{
    if (!talk_is_wire(e->x)) {
        uint32_t octets = take(e, k, arrives);
        if (note != NULL)
            talk_note(e->x, "%s", note);
        return octets;
    }
    if (note != NULL)
        talk_remark(e->x, note);
    count(e, from, &k->seg);
    if (arrives)
        ends_arrives(e, from, &k->seg);
    return k->seg.len;
}

void ends_arrives(struct ends *e, enum end from, const struct segment *seg)
{
    enum end to = end_other(from);
    if (talk_is_wire(e->x))
        goes_to(e, to, 0);
    talk_arrives(e->x, ends_of(e, to), seg, e->x->now_ns);
}

void ends_pass(struct ends *e, enum end from, const struct segment *seg)
{
    count(e, from, seg);
    ends_arrives(e, from, seg);
}

bool ends_is_old_syn(const struct ends *e, const struct segment *seg)
{
    const struct tcb *t = &e->x->ours.tcb;
    const struct peer *p = &e->x->infer.peer;
    if (talk_is_wire(e->x) || !(seg->flags & FLAG_SYN))
        return false;
    bool heard = seg->flags & FLAG_ACK && e->past.acked && seq_le(seg->ack, e->past.ack);
    return (state_synchronized(t->state) && seq_eq(seg->seq, t->irs)) ||
           (heard && p->irs_known && seq_eq(seg->seq, p->irs));
}

bool ends_shows_a_gap(const struct ends *e, const struct segment *seg)
{
    const struct tcb *t = &e->x->ours.tcb;
    return !talk_is_wire(e->x) && state_synchronized(t->state) && seg->flags & FLAG_ACK &&
           seq_lt(t->rcv_nxt, seg->seq);
}

bool ends_is_window_update(const struct ends *e, const struct segment *seg)
{
    const struct tcb *t = &e->x->ours.tcb;
    return !talk_is_wire(e->x) && state_synchronized(t->state) &&
           (seg->flags & FLAG_ALL & ~(unsigned)FLAG_PSH) == FLAG_ACK && seg->len == 0 &&
           seq_eq(seg->seq, t->rcv_nxt) && seq_eq(seg->ack, t->snd_una) &&
           (uint32_t)seg->win << t->snd_shift > t->snd_wnd;
}

bool ends_is_behind_a_gap(const struct ends *e, const struct segment *seg)
{
    return !talk_is_wire(e->x) && state_synchronized(e->x->ours.tcb.state) &&
           segment_seq_len(seg) > 0 && !(seg->flags & (FLAG_RST | FLAG_SYN)) &&
           seq_lt(e->x->ours.tcb.rcv_nxt, seg->seq);
}

/* --- The end that is ours --- */

void ends_renew(struct ends *e, seq_t iss)
{
    e->past.before_crash = e->x->ours.tcb;
    ours_renew(e->x, iss);
}

void ends_next_isn(struct ends *e)
{
    if (!talk_is_wire(e->x) && e->x->ours.tcb.state == STATE_CLOSED)
        ours_renew(e->x, seq_add(e->x->ours.tcb.iss, ISN_STEP));
}

void ends_listen(struct ends *e)
{
    if (e->x->ours.tcb.state == STATE_CLOSED) /* of the last connection nothing is left */
        ours_renew(e->x, e->x->config.iss);
    ours_call(e->x, CALL_LISTEN);
}

void ends_left(struct ends *e)
{
    const struct upper *u = e->x->config.upper[END_B];
    goes_to(e, end_other(e->us), u != NULL ? u->way_ns : 0);
}

bool ends_is_at_port(const struct ends *e, const struct segment *seg)
{
    return talk_is_wire(e->x) || seg->dst.port == e->x->config.local.port;
}

void ends_change_port(struct ends *e)
{
    const struct ends_past now = e->past;
    ours_change_port(e->x);
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
    if (ends_kind(e, them) == TALK_INFERRED && e->x->ours.tcb.fin_received &&
        e->x->ours.tcb.fin_acked)
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
    ours_reset(e->x, e->past.ack, why);
    if (state_synchronized(e->x->ours.tcb.state) && seq_lt(e->past.ack, e->x->ours.tcb.snd_nxt))
        ours_reset(e->x, e->x->ours.tcb.snd_nxt, why);
}

void ends_clean_up(struct ends *e)
{
    static const char why[] = "nothing is left half open";
    struct talk *x = e->x;
    if (talk_is_wire(e->x))
        return;
    bool under_way = x->ours.outbox.waiting; /* it may open something yet */
    if (!leaves_something(e) && !under_way)
        return;
    if (e->past.acked)
        reset_what_was_acknowledged(e, why);
    else if (x->infer.peer.irs_known)
        ours_refuse(x, seq_add(x->infer.peer.irs, 1), why);
    else if (under_way)
        ours_abort(x, why); /* with the number that is next when it has left */
    else if (x->segments[END_A] > 0)
        ours_reset(x, x->ours.tcb.snd_nxt, why);
}
