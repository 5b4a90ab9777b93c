/* See peer.h. What a segment of the peer's shows of it is in peer_shown; what may have happened to
 * it unseen in peer_may. */
#include "tcp/peer.h"

#include <string.h>

#include "tcp/peer_may.h"
#include "tcp/peer_shown.h"

#define S(name) STATE_SET(STATE_##name)

void peer_init(struct peer *p, state_set initial)
{
    *p = (struct peer){.set = initial};
}

void peer_go_by_rfc(struct peer *p)
{
    p->by_rfc = true;
}

/* What was prompted has happened by now; but a call on a connection that is not yet established may
 * wait until it is (3.10.2, 3.10.4). */
static void forget_calls(struct peer *p, int64_t t_ns)
{
    const unsigned may_wait =
        PEER_PROMPTED(CALL_SEND) | PEER_PROMPTED(CALL_CLOSE) | PEER_PROMPTED(CALL_ABORT);
    if (t_ns - p->prompted_ns <= peer_sent_flight_time(&p->sent))
        return;
    p->prompted &= may_wait;
    p->prompted_waits = p->prompted_waits && p->set & (S(SYN_SENT) | S(SYN_RECEIVED));
    if (p->prompted_waits)
        p->prompted_ns = t_ns;
    else
        p->prompted = 0;
}

static void path_add(struct peer *p, enum state s)
{
    if (p->path_len < PEER_PATH_MAX)
        p->path[p->path_len++] = s;
}

/* The peer is known to be in `s`: so it went through every state that Figure 5 does not let it
 * avoid on the way there. */
static void path_reach(struct peer *p, enum state s)
{
    if (p->path_len == 0) {
        path_add(p, s);
        return;
    }
    enum state at = p->path[p->path_len - 1];
    if (at == s)
        return;
    if (at == STATE_LISTEN && state_synchronized(s)) /* it has answered our SYN, and sent none */
        path_add(p, at = STATE_SYN_RECEIVED);
    state_set left = state_between(at, s);
    while (left != STATE_SET_NONE) {
        enum state first = STATE_COUNT; /* of those left: the one no other comes before */
        for (enum state x = STATE_CLOSED; x < STATE_COUNT; x++) {
            if (state_set_has(left, x) && (state_between(at, x) & left) == STATE_SET_NONE)
                first = x;
        }
        if (first == STATE_COUNT)
            break;
        path_add(p, first);
        left &= (state_set)~STATE_SET(first);
    }
    path_add(p, s);
}

static struct peer_change change(struct peer *p, state_set to, const char *why, const char *rfc)
{
    struct peer_change c = {.from = p->set, .to = to, .why = why, .rfc = rfc};
    p->set = to;
    if (state_set_count(to) == 1)
        path_reach(p, state_set_only(to));
    return c;
}

static void shut(struct peer *p, const struct segment *seg, int64_t t_ns)
{
    bool newer = !p->shut || seq_lt(p->shut_seq, seg->seq) ||
                 (seq_eq(p->shut_seq, seg->seq) && seq_lt(p->shut_ack, seg->ack));
    p->shut_ns = t_ns;
    p->shut_seq = newer ? seg->seq : p->shut_seq;
    p->shut_ack = newer ? seg->ack : p->shut_ack;
    p->shut = true;
}

static struct peer_change leave(struct peer *p, const struct segment *seg, int64_t t_ns)
{
    state_set set = peer_may_expire(p, p->set, t_ns);
    bool past = seg->flags & FLAG_ACK && !(seg->flags & (FLAG_SYN | FLAG_RST)) && p->irs_known &&
                seq_le(seg->ack, p->snd_nxt);
    p->last_ns = t_ns;
    forget_calls(p, t_ns);
    peer_sent_add(&p->sent, seg, past, t_ns);
    if (peer_may_be_shut(p, seg))
        shut(p, seg, t_ns);
    set = peer_may_arrive(p, set, t_ns);
    p->reopened |= (seg->flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) == FLAG_SYN &&
                   state_set_has(set, STATE_SYN_RECEIVED);
    return change(p, set, "our segment may have arrived, or may be lost", "RFC 9293 3.8.1");
}

struct peer_change peer_left(struct peer *p, const struct segment *seg, int64_t t_ns)
{
    struct peer wide = *p;
    struct peer_change c = leave(p, seg, t_ns);
    wide.by_rfc = false;
    if (p->by_rfc && leave(&wide, seg, t_ns).to != c.to)
        c.rests |= PEER_RESTS_ON_RFC;
    return c;
}

struct peer_change peer_told(struct peer *p, enum call call, int64_t t_ns)
{
    p->prompted_old = call == CALL_CONNECT ? p->prompted : p->prompted_old & ~PEER_PROMPTED(call);
    p->prompted |= PEER_PROMPTED(call);
    p->prompted_ns = t_ns;
    p->prompted_waits |= (p->set & (S(SYN_SENT) | S(SYN_RECEIVED))) != 0;
    p->unseen |= call == CALL_SEND || call == CALL_CLOSE;
    return change(p, peer_may_arrive(p, p->set, t_ns), "its application was told to act",
                  "RFC 9293 3.10");
}

/* --- What a segment of the peer's shows --- */

/* Segments that our end does not act on say nothing reliable about the peer, unless they fit what
 * we have sent and seen. */
static bool resets_what_was(const struct peer *p, const struct tcb *own, const struct segment *seg,
                            const struct arrival *a)
{
    if (a->inputs[0] == INPUT_RST && a->from != STATE_CLOSED)
        return true;
    if (a->inputs[0] == INPUT_RST_TO_LISTEN)
        return true;
    return a->from == STATE_CLOSED && p->irs_known &&
           seq_within(seg->seq, own->rcv_nxt, own->rcv_wnd + 1);
}

/* Our end waits for it, or there is nothing left of an older connection. */
static bool opens(const struct peer *p, const struct segment *seg, const struct arrival *a)
{
    const state_set none = S(CLOSED) | S(LISTEN) | S(SYN_SENT);
    return a->inputs[0] == INPUT_SYN || p->prompted & PEER_PROMPTED(CALL_CONNECT) ||
           (p->irs_known && seq_eq(seg->seq, p->irs)) || (p->set & (state_set)~none) == 0;
}

/* What a later segment has overtaken speaks of a moment that is past. */
static bool is_late(const struct peer *p, const struct segment *seg)
{
    bool same = p->irs_known && (!(seg->flags & FLAG_SYN) || seq_eq(seg->seq, p->irs));
    if (same && p->stamped && seg->opt.has_timestamps && (int32_t)(seg->opt.ts_val - p->ts_val) < 0)
        return true;
    return same && seg->flags & FLAG_SYN && seq_lt(seq_add(p->irs, 1), p->snd_nxt);
}

/* A segment with an ACK fits when it acknowledges what it can and lies where the peer's numbers
 * are, or in our window behind them. */
static bool fits(const struct peer *p, const struct tcb *own, const struct segment *seg)
{
    if (!(seg->flags & FLAG_ACK))
        return false;
    bool known = p->irs_known && seq_eq(seg->seq, p->irs);
    if (seg->flags & FLAG_SYN && !known)
        return peer_sent_is_syn_end(&p->sent, seg->ack);
    if (!peer_sent_can_acknowledge(&p->sent, seg->ack))
        return false;
    if (seg->flags & FLAG_SYN)
        return true;
    return p->irs_known && seq_lt(p->irs, seg->seq) &&
           seq_le(seg->seq, seq_add(p->snd_nxt, own->rcv_wnd));
}

static bool is_known_cookie(const struct peer *p, const struct segment *seg)
{
    for (size_t i = 0; i < p->cookie_count; i++) {
        if (seq_eq(p->cookies[i].syn_end, seg->ack) && seq_eq(p->cookies[i].irs, seg->seq))
            return true;
    }
    return false;
}

/* A SYN,ACK that has come before, or answers an older SYN of ours than the one that the peer has
 * taken, while nothing is known to have ended that connection: it is of an earlier one, unless the
 * peer has crashed since. */
static bool is_of_an_earlier_one(const struct peer *p, const struct segment *seg)
{
    const state_set none = S(CLOSED) | S(LISTEN);
    if ((seg->flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) != (FLAG_SYN | FLAG_ACK) || p->set & none ||
        !p->irs_known || seq_eq(seg->seq, p->irs))
        return false;
    return is_known_cookie(p, seg) ||
           (p->sent.known && !seq_eq(seg->ack, p->sent.syn_end) && !(p->set & S(SYN_SENT)) &&
            peer_sent_is_syn_end(&p->sent, seg->ack) &&
            !peer_sent_is_newest_syn(&p->sent, seg->ack));
}

static bool teaches(const struct peer *p, const struct tcb *own, const struct segment *seg,
                    const struct arrival *a, const struct peer_sent_segment *answered)
{
    if (seg->checksum == SEGMENT_CHECKSUM_BAD || is_late(p, seg))
        return false;
    if (seg->flags & FLAG_RST)
        return answered != NULL || resets_what_was(p, own, seg, a) ||
               (p->irs_known && seq_eq(seg->seq, p->snd_nxt));
    if ((seg->flags & (FLAG_SYN | FLAG_ACK | FLAG_FIN)) == FLAG_SYN)
        return opens(p, seg, a);
    return fits(p, own, seg);
}

/* --- What is known of its numbers --- */

static void learn_cookie(struct peer *p, const struct segment *seg)
{
    if ((seg->flags & (FLAG_SYN | FLAG_ACK)) != (FLAG_SYN | FLAG_ACK) || is_known_cookie(p, seg))
        return;
    if (p->cookie_count == PEER_COOKIES_MAX)
        memmove(&p->cookies[0], &p->cookies[1], --p->cookie_count * sizeof(p->cookies[0]));
    p->cookies[p->cookie_count].syn_end = seg->ack;
    p->cookies[p->cookie_count++].irs = seg->seq;
}

static void learn_syn(struct peer *p, const struct segment *seg)
{
    learn_cookie(p, seg);
    if (!(seg->flags & FLAG_SYN) || (p->irs_known && seq_eq(seg->seq, p->irs)))
        return;
    p->irs_known = true; /* a new connection */
    p->irs = seg->seq;
    p->snd_nxt = seq_add(seg->seq, 1);
    p->fin_seen = p->unseen = p->stamped = p->gap = p->holds = false;
    p->reset_from = STATE_SET_NONE;
    peer_sent_renew(&p->sent, seg);
}

/* An ACK with nothing new in it, which no TCP sends but to answer a segment (3.10.7.4); newer than
 * the last that came, so no copy of that. */
static bool answers_something(const struct peer *p, const struct segment *seg)
{
    return (seg->flags & (FLAG_SYN | FLAG_FIN | FLAG_RST | FLAG_ACK)) == FLAG_ACK &&
           seg->len == 0 && p->sent.known && seq_eq(seg->ack, p->sent.rcv_nxt) &&
           seq_eq(seg->seq, p->snd_nxt) && p->stamped && seg->opt.has_timestamps &&
           (int32_t)(seg->opt.ts_val - p->ts_val) > 0;
}

/* What is missing before text, or a FIN, is text. */
static void learn_gap(struct peer *p, const struct segment *seg)
{
    if (seq_lt(p->snd_nxt, seg->seq)) {
        p->gap = segment_seq_len(seg) == 0;
        p->gap_end = seg->seq;
    } else if (seg->len > 0 && seq_le(p->gap_end, segment_end(seg))) {
        p->gap = false; /* there was text */
    }
}

static void learn_fin(struct peer *p, const struct segment *seg)
{
    if (!(seg->flags & FLAG_FIN) || p->fin_seen)
        return;
    p->fin_seen = true;
    p->fin_end = segment_end(seg);
    p->gap = p->holds = p->shut = false;
}

static void learn_ttl(struct peer *p, const struct segment *seg)
{
    p->ttl_varies |= p->ttl_known && p->ttl != seg->ttl;
    p->ttl_known = true;
    p->ttl = seg->ttl;
}

static void learn(struct peer *p, const struct segment *seg, bool sent_all, int64_t t_ns)
{
    if (seg->flags & FLAG_RST) {
        peer_sent_answered(&p->sent, seg, t_ns);
        return;
    }
    if (answers_something(p, seg))
        peer_sent_answered(&p->sent, NULL, t_ns);
    learn_syn(p, seg);
    learn_ttl(p, seg);
    p->reopened &= !(seg->flags & FLAG_SYN && seg->flags & FLAG_ACK);
    learn_gap(p, seg);
    p->snd_nxt = seq_max(p->snd_nxt, segment_end(seg));
    if (segment_seq_len(seg) == 0 && p->prompted == 0 && seq_eq(seg->seq, p->snd_nxt))
        p->unseen = false; /* it stands where it has sent all */
    p->holds = !p->fin_seen && (seg->len > 0 || (p->holds && !sent_all));
    p->shut = p->shut && !sent_all;
    learn_fin(p, seg);
    if (seg->flags & FLAG_FIN)
        p->prompted &= ~PEER_PROMPTED(CALL_CLOSE);
    if ((seg->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN &&
        p->prompted & PEER_PROMPTED(CALL_CONNECT))
        p->prompted &= ~(p->prompted_old |
                         PEER_PROMPTED(CALL_CONNECT)); /* no call before it concerns this one */
    if (seg->opt.has_timestamps) {
        p->stamped = true;
        p->ts_val = seg->opt.ts_val;
        peer_sent_echoed(&p->sent, seg->opt.ts_ecr);
    }
    if (seg->flags & FLAG_ACK)
        peer_sent_acknowledged(&p->sent, seg);
    peer_sent_expire(&p->sent, t_ns);
}

/* What a segment from behind something that has not come shows: it may have closed meanwhile. */
static bool is_ahead(const struct peer *p, const struct segment *seg)
{
    return !(seg->flags & (FLAG_SYN | FLAG_RST)) && p->irs_known && !p->fin_seen &&
           seq_lt(p->snd_nxt, seg->seq);
}

static struct peer_change narrow(struct peer *p, const struct peer_shown *shown, state_set before,
                                 int64_t t_ns)
{
    struct peer_change c = {.why = shown->why, .rfc = shown->rfc};

    if (shown->kind == PEER_SHOWN_SYN_ACK && p->path_len == 0 &&
        state_set_has(before, STATE_LISTEN))
        path_add(p, STATE_LISTEN); /* only a listener answers a SYN out of nothing so */
    c.to = peer_shown_after(p, shown, before);
    if (c.to == STATE_SET_NONE) {
        c.to = peer_shown_after(p, shown, peer_may_hide(p, before, t_ns));
        c.why = "it shows that an earlier segment of the peer's was lost";
    }
    if (c.to == STATE_SET_NONE) {
        c.to = peer_shown_after(p, shown, STATE_SET_ALL);
        c.why = "no state it was thought to be in sends this";
        c.contradiction = true;
    }
    if (c.to == STATE_SET_NONE)
        c.to = before;
    return c;
}

/* What comes behind a reset may have left before it, and then it says nothing of now. */
static bool follows_a_reset(const struct peer *p, const struct segment *seg)
{
    bool opens = seg->flags & FLAG_SYN && !(p->irs_known && seq_eq(seg->seq, p->irs));
    return p->reset_from != STATE_SET_NONE && !(seg->flags & FLAG_RST) && !opens &&
           !peer_sent_is_since(&p->sent, seg, p->reset_ns);
}

/* If it has not, the reset was another's: both is possible. */
static struct peer_change doubt(struct peer *p, const struct tcb *own, const struct segment *seg,
                                int64_t t_ns)
{
    const state_set before = p->set | peer_may_hide(p, p->reset_from, t_ns);
    const struct peer_shown shown = peer_shown_of(p, own, seg, NULL, t_ns);
    if (t_ns - p->reset_ns <= peer_sent_flight_time(&p->sent))
        return (struct peer_change){.from = p->set, .to = p->set};
    return change(p, peer_may_arrive(p, p->set | peer_shown_after(p, &shown, before), t_ns),
                  "it left before the reset that came, or that was not the peer's",
                  "RFC 9293 3.8.1");
}

/* A FIN that was overtaken on its way shows nothing of now, but that the peer has closed. */
static struct peer_change late(struct peer *p, const struct segment *seg, const struct arrival *a,
                               int64_t t_ns)
{
    bool fin = a->count > 0 && a->inputs[a->count - 1] == INPUT_FIN;
    state_set to = peer_shown_closed(p->set);
    if (!fin || p->fin_seen || !p->irs_known || to == STATE_SET_NONE)
        return (struct peer_change){.from = p->set, .to = p->set};
    learn_fin(p, seg);
    p->snd_nxt = seq_max(p->snd_nxt, segment_end(seg));
    return change(p, peer_may_arrive(p, to, t_ns), "its FIN comes late: it has closed",
                  "RFC 9293 3.10.4");
}

/* What was held for lost, or for landed, for no other reason than that it left long ago. */
static bool rests_on_time(const struct peer *p, const struct peer_shown *shown, state_set to,
                          int64_t t_ns)
{
    struct peer slow = *p;
    slow.sent.patient = true;
    bool entry = shown->kind == PEER_SHOWN_SYN_ACK && !shown->of_a_cookie;
    return entry || peer_may_arrive(&slow, to, t_ns) != peer_may_arrive(p, to, t_ns);
}

static const struct peer_sent_segment *answered_by(const struct peer *p, const struct segment *seg)
{
    return seg->flags & FLAG_RST ? peer_sent_answered_by(&p->sent, seg) : NULL;
}

static struct peer_change see(struct peer *p, const struct tcb *own, const struct segment *seg,
                              int64_t t_ns)
{
    state_set before = peer_may_expire(p, p->set, t_ns);
    if (!(seg->flags & FLAG_RST)) { /* it shows the peer alive after a reset, if one came */
        before |= p->reset_from;
        p->reset_from = STATE_SET_NONE;
    }
    if (is_ahead(p, seg))
        before = peer_may_hide(p, before, t_ns);
    const struct peer_shown shown = peer_shown_of(p, own, seg, answered_by(p, seg), t_ns);
    struct peer_change c = narrow(p, &shown, before, t_ns);
    const state_set at_once = c.to;

    p->last_ns = t_ns;
    if (seg->flags & FLAG_RST && c.to != p->set) {
        p->reset_from |= p->set;
        p->reset_ns = t_ns;
    }
    learn(p, seg, shown.sent_all, t_ns);
    forget_calls(p, t_ns);
    if (!c.contradiction) {
        c.rests = rests_on_time(p, &shown, c.to, t_ns) ? PEER_RESTS_ON_TIME : 0;
        c.to = peer_may_arrive(p, c.to, t_ns);
        if (state_set_count(at_once) == 1)
            path_reach(p, state_set_only(at_once));
    }
    p->reopened &= state_set_has(c.to, STATE_SYN_RECEIVED);
    const struct peer_change told = c;
    c = change(p, told.to, told.why, told.rfc);
    c.rests = told.rests;
    c.contradiction = told.contradiction;
    return c;
}

struct peer_change peer_seen(struct peer *p, const struct tcb *own, const struct segment *seg,
                             const struct arrival *a, int64_t t_ns)
{
    struct peer wide = *p;
    if (!teaches(p, own, seg, a, answered_by(p, seg)))
        return late(p, seg, a, t_ns);
    if (follows_a_reset(p, seg))
        return doubt(p, own, seg, t_ns);
    if (is_of_an_earlier_one(p, seg))
        return change(p, p->set | S(LISTEN) | S(SYN_RECEIVED),
                      "it answers an older SYN of ours than the one that was taken",
                      "RFC 9293 3.5 Figure 8");

    struct peer_change c = see(p, own, seg, t_ns);
    wide.by_rfc = false;
    if (p->by_rfc && see(&wide, own, seg, t_ns).to != c.to)
        c.rests |= PEER_RESTS_ON_RFC;
    return c;
}

struct peer_change peer_elapse(struct peer *p, int64_t t_ns)
{
    return change(p, peer_may_expire(p, p->set, t_ns),
                  "it has been silent: the state may have expired there", "RFC 9293 3.10.8");
}

state_set peer_unheard(const struct peer *p)
{
    return peer_may_hide(p, p->set, p->last_ns);
}

void peer_round_trip(struct peer *p, int64_t rtt_ns)
{
    if (rtt_ns > p->sent.rtt_ns)
        p->sent.rtt_ns = rtt_ns;
}

void peer_known_way(struct peer *p, int64_t least_ns)
{
    p->sent.least_ns = least_ns;
}
