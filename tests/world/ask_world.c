/* See ask_world.h. */
#include "ask_world.h"

void ask_world_init(struct ask_world *w, const struct ask_profile *profile)
{
    *w = (struct ask_world){
        .profile = *profile, .now_ns = CLOCK_S, .answered_ns = -CLOCK_S, .again_ns = CLOCK_NEVER};
    tcb_init(&w->own, seq_of(0xfffffff0), ASK_WINDOW, profile->stamped, false, 0);
    tcb_init(&w->theirs, seq_of(0x7ffffff0), ASK_WINDOW, profile->stamped, false, 0);
    if (profile->listens)
        (void)tcb_call(&w->theirs, CALL_LISTEN);
    peer_init(&w->peer, STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN));
    peer_round_trip(&w->peer, 2 * ASK_HOP);
    if (profile->by_rfc)
        peer_go_by_rfc(&w->peer);
}

static bool ask_world_lost(struct ask_world *w)
{
    return w->loses != NULL && w->loses(w->arg);
}

static void ask_world_stamp(const struct ask_world *w, const struct tcb *t, struct segment *seg)
{
    bool syn = (seg->flags & FLAG_SYN) != 0;
    bool stamps = syn ? t->offer_timestamps : t->timestamps && !(seg->flags & FLAG_RST);
    if (!stamps)
        return;
    seg->opt.has_timestamps = true;
    seg->opt.ts_val = (uint32_t)(w->now_ns / CLOCK_MS) + (t == &w->own ? 7000 : 0);
    seg->opt.ts_ecr = seg->flags & FLAG_ACK ? t->ts_recent : 0;
}

static void ask_world_to_peer(struct ask_world *w, const struct segment *seg);

void ask_world_sends(struct ask_world *w, struct segment seg, bool ours)
{
    w->now_ns += ASK_HOP;
    seg.ip_version = 4;
    seg.win = ASK_WINDOW;
    if (!seg.opt.has_timestamps)
        ask_world_stamp(w, &w->own, &seg);
    if (ours)
        tcb_left(&w->own, &seg);
    w->contradiction |= peer_left(&w->peer, &seg, w->now_ns).contradiction;
    if (!ask_world_lost(w))
        ask_world_to_peer(w, &seg);
}

static void ask_world_reply(struct ask_world *w, enum reply reply, const struct segment *cause)
{
    struct segment out = {0};
    if (reply != REPLY_ACK && reply != REPLY_SYN_ACK && reply != REPLY_RST &&
        reply != REPLY_RST_ACK)
        return;
    if (w->deep == ASK_DEEP) /* two ends that answer each other, RFC 5961 7 */
        return;
    w->deep++;
    tcb_fill(&w->own, reply, cause, &out);
    ask_world_sends(w, out, true);
    w->deep--;
}

/* A segment of the peer's: into what is inferred, and to our end. */
static void ask_world_comes(struct ask_world *w, struct segment seg)
{
    w->now_ns += ASK_HOP;
    ask_world_stamp(w, &w->theirs, &seg);
    tcb_left(&w->theirs, &seg);
    if (ask_world_lost(w))
        return;
    const struct arrival a = tcb_arrive(&w->own, &seg);
    w->contradiction |= peer_seen(&w->peer, &w->own, &seg, &a, w->now_ns).contradiction;
    if (!w->mute)
        ask_world_reply(w, a.reply, &seg);
}

static void ask_world_peer_says(struct ask_world *w, enum reply reply, const struct segment *cause,
                                uint32_t len)
{
    struct segment seg = {.ip_version = 4};
    tcb_fill(&w->theirs, reply, cause, &seg);
    seg.len = len;
    if (reply == REPLY_SYN_ACK || reply == REPLY_SYN || reply == REPLY_FIN) {
        w->again = 0;
        w->again_ns = w->now_ns + CLOCK_S;
    }
    ask_world_comes(w, seg);
}

/* Where the profile is not what the table says. True if that was all. */
static bool ask_world_peer_differs(struct ask_world *w, const struct segment *seg, enum input in)
{
    const struct tcb *t = &w->theirs;
    bool data = t->fin_sent && seg->len > 0 && seq_lt(t->rcv_nxt, segment_end(seg)) &&
                (in == INPUT_ACK_DUPLICATE || in == INPUT_ACK_NEW || in == INPUT_ACK_OF_FIN) &&
                (t->state == STATE_FIN_WAIT_1 || t->state == STATE_FIN_WAIT_2);
    if (t->state == STATE_TIME_WAIT && in == INPUT_RST && w->profile.ignores_rst)
        return true;
    bool kills = w->profile.rfc793 && (in == INPUT_SYN_LATE || in == INPUT_RST_IN_WINDOW);
    if (!kills && !(w->profile.resets_data && data))
        return false;
    struct segment rst = {.ip_version = 4};
    tcb_fill(t, REPLY_RST_OWN, seg, &rst);
    tcb_suppose(&w->theirs, STATE_CLOSED);
    if (in != INPUT_RST_IN_WINDOW)
        ask_world_comes(w, rst);
    return true;
}

static bool ask_world_throttled(struct ask_world *w, enum input in, uint32_t len)
{
    bool limited = (in == INPUT_OUTSIDE && len == 0) || in == INPUT_SYN_LATE ||
                   in == INPUT_RST_IN_WINDOW || in == INPUT_ACK_FUTURE || in == INPUT_ACK_ANCIENT;
    if (!limited)
        return false;
    bool soon = w->now_ns < w->answered_ns + w->profile.throttle_ns;
    if (!soon)
        w->answered_ns = w->now_ns;
    return soon;
}

static void ask_world_to_peer(struct ask_world *w, const struct segment *seg)
{
    struct tcb *t = &w->theirs;
    if (w->profile.listens && t->state == STATE_CLOSED) {
        seq_t iss = seq_add(t->snd_nxt, 64000);
        tcb_init(t, iss, ASK_WINDOW, w->profile.stamped, false, 0);
        (void)tcb_call(t, CALL_LISTEN);
    }
    enum input in = classify_segment(t, seg);
    if (ask_world_peer_differs(w, seg, in))
        return;
    const struct arrival a = tcb_arrive(t, seg);
    if (a.to == STATE_LISTEN && a.from == STATE_SYN_RECEIVED)
        t->snd_nxt = t->snd_una = t->iss = seq_add(t->iss, 64000);
    if (a.reply != REPLY_NOTHING && !ask_world_throttled(w, in, seg->len))
        ask_world_peer_says(w, a.reply, seg, 0);
}

void ask_world_calls(struct ask_world *w, enum call call)
{
    struct tcb *t = &w->theirs;
    if (t->state == STATE_SYN_RECEIVED || t->state == STATE_LISTEN || t->state == STATE_CLOSED)
        return;
    (void)peer_told(&w->peer, call, w->now_ns);
    if (call == CALL_CRASH) {
        tcb_suppose(t, STATE_CLOSED);
        return;
    }
    const struct transition x = tcb_call(t, call);
    if (x.reply == REPLY_FIN || x.reply == REPLY_RST_OWN)
        ask_world_peer_says(w, x.reply, NULL, 0);
    else if (x.reply == REPLY_DATA)
        ask_world_peer_says(w, REPLY_ACK, NULL, 10);
}

/* What the peer's timer sends once more. */
static void ask_world_retransmits(struct ask_world *w)
{
    struct tcb *t = &w->theirs;
    struct segment seg = {.ip_version = 4};
    bool waits = t->state == STATE_SYN_RECEIVED || t->state == STATE_FIN_WAIT_1 ||
                 t->state == STATE_CLOSING || t->state == STATE_LAST_ACK ||
                 t->state == STATE_SYN_SENT;
    w->again_ns = CLOCK_NEVER;
    if (!waits || ++w->again > ASK_RETRANSMISSIONS)
        return;
    tcb_fill(t,
             t->state == STATE_SYN_RECEIVED ? REPLY_SYN_ACK
             : t->state == STATE_SYN_SENT   ? REPLY_SYN
                                            : REPLY_FIN,
             NULL, &seg);
    if (seg.flags & FLAG_FIN)
        seg.seq = seq_of(t->snd_nxt.v - 1);
    ask_world_comes(w, seg);
    w->again_ns = w->now_ns + (CLOCK_S << w->again);
}

void ask_world_waits(struct ask_world *w, int64_t t_ns)
{
    while (w->again_ns <= t_ns) {
        if (w->again_ns > w->now_ns)
            w->now_ns = w->again_ns;
        ask_world_retransmits(w);
    }
    if (t_ns > w->now_ns)
        w->now_ns = t_ns;
    w->contradiction |= peer_elapse(&w->peer, w->now_ns).contradiction;
}

struct ask_step ask_world_asks(struct ask_world *w, const struct ask_config *config,
                               size_t *questions)
{
    struct ask ask;
    struct ask_step s = {.verdict = ASK_CANNOT};
    ask_init(&ask, config);
    *questions = 0;
    for (size_t i = 0; i < ASK_STEPS_MAX; i++) {
        s = ask_next(&ask, &w->peer, &w->own, NULL, w->now_ns);
        if (s.verdict == ASK_NAMED || s.verdict == ASK_CANNOT)
            return s;
        if (s.verdict == ASK_WAIT) {
            ask_world_waits(w, s.at_ns);
        } else {
            ++*questions;
            ask_world_sends(w, s.segment, s.ours);
        }
    }
    s.verdict = ASK_WAIT; /* it does not end */
    return s;
}

bool ask_world_holds(const struct ask_world *w, state_set set)
{
    enum state s = w->theirs.state;
    const state_set none = STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN);
    return state_set_has(none, s) ? (set & none) != 0 : state_set_has(set, s);
}
