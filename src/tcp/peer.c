/* See peer.h. A table holds what the segments of a TCP show of it; what may have happened to it
 * unseen is in peer_may. */
#include "tcp/peer.h"

#include "tcp/peer_may.h"
#include "tcp/peer_reach.h"

#define S(name) STATE_SET(STATE_##name)

/* What a segment of the peer's is, and where a state that sent it is afterwards. */
enum shown {
    SHOWN_RST_OF_SYN,
    SHOWN_RST,
    SHOWN_SYN,
    SHOWN_SYN_ACK,
    SHOWN_FIN,
    SHOWN_DATA,
    SHOWN_ACK_OF_DATA,
    SHOWN_ACK,
    SHOWN_COUNT
};

struct emission {
    const char *why, *why_with_fin; /* the latter when it acknowledges our FIN too, if not NULL */
    const char *rfc;
    state_set after[STATE_COUNT]; /* by the state before; none: that state never sends it */
};

#define STAYS(name) [STATE_##name] = S(name)

static const struct emission emissions[SHOWN_COUNT] = {
    [SHOWN_RST_OF_SYN] =
        {.why = "it resets our SYN: no connection, and nobody listens",
         .rfc = "RFC 9293 3.10.7.1",
         .after = {STAYS(CLOSED), [STATE_LISTEN] = S(CLOSED), [STATE_SYN_RECEIVED] = S(CLOSED)}},
    [SHOWN_RST] =
        {.why = "it resets: the connection does not exist any more",
         .rfc = "RFC 9293 3.5.2",
         .after = {STAYS(CLOSED), STAYS(LISTEN), [STATE_SYN_SENT] = S(CLOSED),
                   [STATE_SYN_RECEIVED] = S(CLOSED) | S(LISTEN), [STATE_ESTABLISHED] = S(CLOSED),
                   [STATE_FIN_WAIT_1] = S(CLOSED), [STATE_FIN_WAIT_2] = S(CLOSED),
                   [STATE_CLOSE_WAIT] = S(CLOSED), [STATE_CLOSING] = S(CLOSED),
                   [STATE_LAST_ACK] = S(CLOSED), [STATE_TIME_WAIT] = S(CLOSED)}},
    [SHOWN_SYN] =
        {.why = "it opens from its side: simultaneous open",
         .rfc = "RFC 9293 3.5 Figure 7",
         .after = {[STATE_CLOSED] = S(SYN_SENT), [STATE_LISTEN] = S(SYN_SENT), STAYS(SYN_SENT)}},
    [SHOWN_SYN_ACK] = {.why = "it answers our SYN and has not yet got our ACK",
                       .rfc = "RFC 9293 3.10.7.2",
                       .after = {STAYS(SYN_RECEIVED)}},
    [SHOWN_FIN] = {.why = "it closes",
                   .why_with_fin = "it closes, having taken our FIN",
                   .rfc = "RFC 9293 3.10.4",
                   .after = {[STATE_SYN_RECEIVED] = S(FIN_WAIT_1),
                             [STATE_ESTABLISHED] = S(FIN_WAIT_1),
                             [STATE_CLOSE_WAIT] = S(LAST_ACK),
                             STAYS(FIN_WAIT_1),
                             STAYS(CLOSING),
                             STAYS(LAST_ACK)}},
    [SHOWN_DATA] = {.why =
                        "it sends data: it has not closed, or retransmits what came before its FIN",
                    .why_with_fin = "it acknowledges our FIN, and still sends data",
                    .rfc = "RFC 9293 3.10.2",
                    .after = {STAYS(ESTABLISHED), STAYS(CLOSE_WAIT), STAYS(FIN_WAIT_1),
                              STAYS(CLOSING), STAYS(LAST_ACK)}},
    [SHOWN_ACK_OF_DATA] = {.why = "it acknowledges data: it is past SYN-RECEIVED",
                           .why_with_fin = "it acknowledges our FIN",
                           .rfc = "RFC 9293 3.10.7.4 seventh",
                           .after = {STAYS(ESTABLISHED), STAYS(FIN_WAIT_1), STAYS(FIN_WAIT_2),
                                     STAYS(CLOSE_WAIT), STAYS(CLOSING), STAYS(LAST_ACK),
                                     STAYS(TIME_WAIT)}},
    [SHOWN_ACK] = {.why = "it acknowledges: the connection exists",
                   .why_with_fin = "it acknowledges our FIN",
                   .rfc = "RFC 9293 3.10.7.4",
                   .after = {STAYS(SYN_RECEIVED), STAYS(ESTABLISHED), STAYS(FIN_WAIT_1),
                             STAYS(FIN_WAIT_2), STAYS(CLOSE_WAIT), STAYS(CLOSING), STAYS(LAST_ACK),
                             STAYS(TIME_WAIT)}},
};

/* Whoever has received our FIN is in one of these; whoever has not, in none. */
static const state_set got_our_fin =
    S(CLOSE_WAIT) | S(CLOSING) | S(LAST_ACK) | S(TIME_WAIT) | S(CLOSED);

void peer_init(struct peer *p, state_set initial)
{
    *p = (struct peer){.set = initial};
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

struct peer_change peer_left(struct peer *p, const struct segment *seg, int64_t t_ns)
{
    state_set set = peer_may_expire(p, p->set, t_ns);
    bool ends_it = p->fin_seen && !(seg->flags & (FLAG_SYN | FLAG_RST)) &&
                   peer_may_ack_fin(p, seg->flags, seg->ack);
    p->last_ns = t_ns;
    forget_calls(p, t_ns);
    peer_sent_add(&p->sent, seg, ends_it, t_ns);
    set = peer_may_arrive(p, set, t_ns);
    p->reopened |= (seg->flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) == FLAG_SYN &&
                   state_set_has(set, STATE_SYN_RECEIVED);
    return change(p, set, "our segment may have arrived, or may be lost", "RFC 9293 3.8.1");
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

/* 3.10.7.1: the reset of a SYN, of our connection's or of any that has no other to answer it. */
static bool resets_a_syn(const struct tcb *own, const struct segment *seg, state_set set,
                         const struct peer_sent_segment *answered)
{
    const state_set none = S(CLOSED) | S(LISTEN) | S(SYN_RECEIVED);
    bool own_syn =
        seq_eq(seg->ack, seq_add(own->iss, 1)) && seq_eq(own->snd_nxt, seq_add(own->iss, 1));
    bool any_syn = answered != NULL && (answered->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN &&
                   (set & (state_set)~none) == 0;
    return seg->flags & FLAG_ACK && (own_syn || any_syn);
}

static enum shown what_is_shown(const struct peer *p, const struct tcb *own,
                                const struct segment *seg, state_set set,
                                const struct peer_sent_segment *answered)
{
    if (seg->flags & FLAG_RST)
        return resets_a_syn(own, seg, set, answered) ? SHOWN_RST_OF_SYN : SHOWN_RST;
    if (seg->flags & FLAG_SYN)
        return seg->flags & FLAG_ACK ? SHOWN_SYN_ACK : SHOWN_SYN;
    if (seg->flags & FLAG_FIN)
        return SHOWN_FIN;
    if (seg->len > 0)
        return SHOWN_DATA;
    bool beyond_syn = p->sent.known && seq_lt(p->sent.syn_end, seg->ack);
    return beyond_syn ? SHOWN_ACK_OF_DATA : SHOWN_ACK;
}

/* 3.5.2, group 2: where there is no connection yet, an unacceptable ACK is reset and nothing else
 * happens. In SYN-SENT the timestamp that it echoes may be what is unacceptable. */
static state_set unmoved(const struct peer *p, const struct peer_sent_segment *answered)
{
    if (answered == NULL || !(answered->flags & FLAG_ACK))
        return STATE_SET_NONE;
    bool acceptable = p->irs_known && !p->reopened && seq_lt(p->irs, answered->ack) &&
                      seq_le(answered->ack, p->snd_nxt);
    return acceptable ? S(SYN_SENT) : S(SYN_SENT) | S(SYN_RECEIVED);
}

/* Of the states in the set, those that the reset can have ended. A SYN in the window ends
 * SYN-RECEIVED (3.10.7.4 fourth), and is answered alike. */
static state_set ended(const struct peer *p, state_set set,
                       const struct peer_sent_segment *answered)
{
    if (answered == NULL || !(answered->flags & FLAG_ACK))
        return set;
    bool syn = answered->flags & FLAG_SYN && peer_reach_fits_syn(&p->sent, answered);
    bool acceptable = peer_may_ack_syn(p, answered->flags, answered->ack);
    return set & (state_set) ~(S(SYN_SENT) | (syn || acceptable ? 0 : S(SYN_RECEIVED)));
}

/* Of the states in the set, those that can acknowledge what is acknowledged. */
static state_set able(const struct peer *p, state_set set, const struct segment *seg)
{
    if (!(seg->flags & FLAG_ACK) || seg->flags & FLAG_RST)
        return set;
    enum peer_sent_fin fin = peer_sent_fin_of(&p->sent, seg->ack);
    if (fin == PEER_SENT_FIN_TAKEN)
        set &= got_our_fin;
    else if (fin == PEER_SENT_FIN_NOT_TAKEN)
        set &= (state_set)~got_our_fin;
    /* RFC 7323 4.3: it echoes the timestamp of a segment whose ACK it has processed. */
    bool fin_acked = seg->opt.has_timestamps && !(seg->flags & (FLAG_SYN | FLAG_FIN)) &&
                     peer_sent_stamp_acks_fin(&p->sent, seg->opt.ts_ecr);
    /* 3.10.7.4: a segment's ACK is processed before its text. */
    fin_acked =
        fin_acked || (p->fin_seen && peer_sent_brought_with(&p->sent, seg->ack, p->fin_end));
    return fin_acked ? set & (state_set) ~(S(FIN_WAIT_1) | S(CLOSING) | S(LAST_ACK)) : set;
}

/* What the set becomes when a peer in it has sent this. */
static state_set emit(const struct peer *p, state_set set, const struct segment *seg,
                      enum shown shown, const struct peer_sent_segment *answered)
{
    state_set after = STATE_SET_NONE;
    set = able(p, set, seg);
    if (seg->flags & FLAG_RST) {
        after = set & unmoved(p, answered);
        set = ended(p, set, answered);
    }
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        if (state_set_has(set, s))
            after |= emissions[shown].after[s];
    }
    return after;
}

/* --- What is known of its numbers --- */

static void learn_syn(struct peer *p, const struct segment *seg)
{
    if (!(seg->flags & FLAG_SYN) || (p->irs_known && seq_eq(seg->seq, p->irs)))
        return;
    p->irs_known = true; /* a new connection */
    p->irs = seg->seq;
    p->snd_nxt = seq_add(seg->seq, 1);
    p->fin_seen = p->unseen = p->stamped = p->gap = false;
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

static void learn_gap(struct peer *p, const struct segment *seg)
{
    if (seq_lt(p->snd_nxt, seg->seq)) {
        p->gap = true;
        p->gap_end = seg->seq;
    } else if (seg->len > 0 && seq_le(p->gap_end, segment_end(seg))) {
        p->gap = false; /* there was text */
    }
}

static void learn(struct peer *p, const struct segment *seg, int64_t t_ns)
{
    if (seg->flags & FLAG_RST) {
        peer_sent_answered(&p->sent, seg, t_ns);
        return;
    }
    if (answers_something(p, seg))
        peer_sent_answered(&p->sent, NULL, t_ns);
    learn_syn(p, seg);
    p->reopened &= !(seg->flags & FLAG_SYN && seg->flags & FLAG_ACK);
    learn_gap(p, seg);
    p->snd_nxt = seq_max(p->snd_nxt, segment_end(seg));
    if (segment_seq_len(seg) == 0 && p->prompted == 0 && seq_eq(seg->seq, p->snd_nxt))
        p->unseen = false; /* it stands where it has sent all */
    if (seg->flags & FLAG_FIN && !p->fin_seen) {
        p->fin_seen = true;
        p->fin_end = segment_end(seg);
    }
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

static struct peer_change narrow(struct peer *p, const struct tcb *own, const struct segment *seg,
                                 const struct peer_sent_segment *answered, int64_t t_ns)
{
    state_set before = peer_may_expire(p, p->set, t_ns);
    enum shown shown = what_is_shown(p, own, seg, before, answered);
    const struct emission *e = &emissions[shown];
    bool with_fin = e->why_with_fin != NULL && seg->flags & FLAG_ACK &&
                    peer_sent_fin_of(&p->sent, seg->ack) == PEER_SENT_FIN_TAKEN;
    struct peer_change c = {.why = with_fin ? e->why_with_fin : e->why, .rfc = e->rfc};

    if (shown == SHOWN_SYN_ACK && p->path_len == 0 && state_set_has(before, STATE_LISTEN))
        path_add(p, STATE_LISTEN); /* only a listener answers a SYN out of nothing so */
    c.to = emit(p, before, seg, shown, answered);
    if (c.to == STATE_SET_NONE) {
        c.to = emit(p, peer_may_hide(p, before, t_ns), seg, shown, answered);
        c.why = "it shows that an earlier segment of the peer's was lost";
    }
    if (c.to == STATE_SET_NONE) {
        c.to = emit(p, STATE_SET_ALL, seg, shown, answered);
        c.why = "no state it was thought to be in sends this";
        c.contradiction = true;
    }
    if (c.to == STATE_SET_NONE)
        c.to = before;
    return c;
}

struct peer_change peer_seen(struct peer *p, const struct tcb *own, const struct segment *seg,
                             const struct arrival *a, int64_t t_ns)
{
    const struct peer_sent_segment *answered =
        seg->flags & FLAG_RST ? peer_sent_answered_by(&p->sent, seg) : NULL;
    if (!teaches(p, own, seg, a, answered))
        return (struct peer_change){.from = p->set, .to = p->set};

    struct peer_change shown = narrow(p, own, seg, answered, t_ns);
    p->last_ns = t_ns;
    learn(p, seg, t_ns);
    forget_calls(p, t_ns);
    if (!shown.contradiction)
        shown.to = peer_may_arrive(p, shown.to, t_ns);
    p->reopened &= state_set_has(shown.to, STATE_SYN_RECEIVED);
    struct peer_change c = change(p, shown.to, shown.why, shown.rfc);
    c.contradiction = shown.contradiction;
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
