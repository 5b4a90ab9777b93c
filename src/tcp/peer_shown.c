/* See peer_shown.h. Two tables hold it: what states send, and what a reset does not end. */
#include "tcp/peer_shown.h"

#include "tcp/peer_may.h"
#include "tcp/peer_reach.h"

#define S(name) STATE_SET(STATE_##name)

/* Where a state that sent it is afterwards. */
struct emission {
    const char *why, *why_with_fin; /* the latter when it acknowledges our FIN too, if not NULL */
    const char *rfc;
    state_set after[STATE_COUNT]; /* by the state before; none: that state never sends it */
};

#define STAYS(name) [STATE_##name] = S(name)

static const struct emission emissions[PEER_SHOWN_COUNT] = {
    [PEER_SHOWN_RST_OF_SYN] =
        {.why = "it resets our SYN: no connection",
         .rfc = "RFC 9293 3.10.7.1",
         .after = {STAYS(CLOSED), [STATE_LISTEN] = S(CLOSED),
                   [STATE_SYN_RECEIVED] = S(CLOSED) | S(LISTEN), [STATE_ESTABLISHED] = S(CLOSED),
                   [STATE_FIN_WAIT_1] = S(CLOSED), [STATE_FIN_WAIT_2] = S(CLOSED),
                   [STATE_CLOSE_WAIT] = S(CLOSED), [STATE_CLOSING] = S(CLOSED),
                   [STATE_LAST_ACK] = S(CLOSED), [STATE_TIME_WAIT] = S(CLOSED)}},
    [PEER_SHOWN_RST] =
        {.why = "it resets: the connection does not exist any more",
         .rfc = "RFC 9293 3.5.2",
         .after = {STAYS(CLOSED), STAYS(LISTEN), [STATE_SYN_SENT] = S(CLOSED),
                   [STATE_SYN_RECEIVED] = S(CLOSED) | S(LISTEN), [STATE_ESTABLISHED] = S(CLOSED),
                   [STATE_FIN_WAIT_1] = S(CLOSED), [STATE_FIN_WAIT_2] = S(CLOSED),
                   [STATE_CLOSE_WAIT] = S(CLOSED), [STATE_CLOSING] = S(CLOSED),
                   [STATE_LAST_ACK] = S(CLOSED), [STATE_TIME_WAIT] = S(CLOSED)}},
    [PEER_SHOWN_SYN] =
        {.why = "it opens from its side: simultaneous open",
         .rfc = "RFC 9293 3.5 Figure 7",
         .after = {[STATE_CLOSED] = S(SYN_SENT), [STATE_LISTEN] = S(SYN_SENT), STAYS(SYN_SENT)}},
    [PEER_SHOWN_SYN_ACK] = {.why = "it answers our SYN and has not yet got our ACK",
                            .rfc = "RFC 9293 3.10.7.2",
                            /* Of a listener it may be a cookie, RFC 4987 3.6. */
                            .after = {STAYS(SYN_RECEIVED), [STATE_LISTEN] =
                                                               S(LISTEN) | S(SYN_RECEIVED)}},
    [PEER_SHOWN_FIN] = {.why = "it closes",
                        .why_with_fin = "it closes, having taken our FIN",
                        .rfc = "RFC 9293 3.10.4",
                        .after = {[STATE_SYN_RECEIVED] = S(FIN_WAIT_1),
                                  [STATE_ESTABLISHED] = S(FIN_WAIT_1),
                                  [STATE_CLOSE_WAIT] = S(LAST_ACK),
                                  STAYS(FIN_WAIT_1),
                                  STAYS(CLOSING),
                                  STAYS(LAST_ACK)}},
    [PEER_SHOWN_DATA] =
        {.why = "it sends data: it has not closed, or retransmits what came before its FIN",
         .why_with_fin = "it acknowledges our FIN, and still sends data",
         .rfc = "RFC 9293 3.10.2",
         .after = {STAYS(ESTABLISHED), STAYS(CLOSE_WAIT), STAYS(FIN_WAIT_1), STAYS(CLOSING),
                   STAYS(LAST_ACK)}},
    [PEER_SHOWN_ACK_OF_DATA] = {.why = "it acknowledges data: it is past SYN-RECEIVED",
                                .why_with_fin = "it acknowledges our FIN",
                                .rfc = "RFC 9293 3.10.7.4 seventh",
                                .after = {STAYS(ESTABLISHED), STAYS(FIN_WAIT_1), STAYS(FIN_WAIT_2),
                                          STAYS(CLOSE_WAIT), STAYS(CLOSING), STAYS(LAST_ACK),
                                          STAYS(TIME_WAIT)}},
    [PEER_SHOWN_ACK] = {.why = "it acknowledges: the connection exists",
                        .why_with_fin = "it acknowledges our FIN",
                        .rfc = "RFC 9293 3.10.7.4",
                        .after = {STAYS(SYN_RECEIVED), STAYS(ESTABLISHED), STAYS(FIN_WAIT_1),
                                  STAYS(FIN_WAIT_2), STAYS(CLOSE_WAIT), STAYS(CLOSING),
                                  STAYS(LAST_ACK), STAYS(TIME_WAIT)}},
};

/* What a reset answers, or where it comes from, as bits. */
enum reset_of {
    RST_OF_ACK = 0x1,
    RST_OF_ACK_NOT_ITS = 0x2, /* of an ACK that a peer without a connection does not accept */
    RST_OF_NEWER_SYN = 0x4,
    RST_OF_ANOTHER_TTL = 0x8,
    RST_OF_OLD = 0x10 /* of what left before something that a living peer has taken since */
};

/* The states that may have sent it, or seen another box send it, and be where they were. */
static const struct {
    unsigned of;
    state_set stay;
    enum peer_basis basis;
} resets[] = {
    {RST_OF_ACK_NOT_ITS, S(SYN_SENT) | S(SYN_RECEIVED), PEER_BY_RFC}, /* 3.5.2, group 2 */
    {RST_OF_ACK, S(SYN_SENT), PEER_BY_RFC}, /* or the timestamp that it echoes is not accepted */
    {RST_OF_NEWER_SYN, S(TIME_WAIT), PEER_BY_STACKS},
    {RST_OF_ANOTHER_TTL, STATE_SET_ALL, PEER_BY_STACKS},
    {RST_OF_OLD, STATE_SET_ALL, PEER_BY_RFC}, /* it comes once more, or late */
};

/* --- Which it is --- */

/* 3.10.7.1: the reset of a SYN, of our connection's or of another that is remembered. */
static bool resets_a_syn(const struct peer *p, const struct tcb *own, const struct segment *seg,
                         const struct peer_sent_segment *answered)
{
    bool own_syn = !p->irs_known && seq_eq(seg->ack, seq_add(own->iss, 1)) &&
                   seq_eq(own->snd_nxt, seq_add(own->iss, 1));
    bool any_syn = answered != NULL && (answered->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN;
    return seg->flags & FLAG_ACK && (own_syn || any_syn);
}

static enum peer_shown_kind kind_of(const struct peer *p, const struct tcb *own,
                                    const struct segment *seg,
                                    const struct peer_sent_segment *answered)
{
    if (seg->flags & FLAG_RST)
        return resets_a_syn(p, own, seg, answered) ? PEER_SHOWN_RST_OF_SYN : PEER_SHOWN_RST;
    if (seg->flags & FLAG_SYN)
        return seg->flags & FLAG_ACK ? PEER_SHOWN_SYN_ACK : PEER_SHOWN_SYN;
    if (seg->flags & FLAG_FIN)
        return PEER_SHOWN_FIN;
    if (seg->len > 0)
        return PEER_SHOWN_DATA;
    bool beyond_syn = p->sent.known && seq_lt(p->sent.syn_end, seg->ack);
    return beyond_syn ? PEER_SHOWN_ACK_OF_DATA : PEER_SHOWN_ACK;
}

static bool is_bare(const struct segment *seg)
{
    return (seg->flags & (FLAG_SYN | FLAG_FIN | FLAG_RST | FLAG_ACK)) == FLAG_ACK && seg->len == 0;
}

/* Whoever has room and nothing outstanding sends what it has before it sends an ACK alone, unless
 * that is the ACK of our FIN (3.10.7.4 eighth); so does one that has closed its FIN. It had room
 * when it had processed an acknowledgement of all that came, as the timestamp that it echoes tells
 * (RFC 7323 4.3), or what it acknowledges now. */
static bool has_sent_all(const struct peer *p, const struct segment *seg, int64_t t_ns)
{
    if (!is_bare(seg) || !p->irs_known || p->gap || !seq_eq(seg->seq, p->snd_nxt))
        return false;
    if ((p->holds || p->shut) && p->sent.known && seq_lt(p->sent.rcv_nxt, seg->ack) &&
        peer_sent_fin_of(&p->sent, seg->ack) != PEER_SENT_FIN_NOT_TAKEN)
        return false;
    if (!p->holds && !p->shut)
        return true;
    const struct peer_sent_told told = peer_may_send_all(p, t_ns);
    return (seg->opt.has_timestamps && peer_sent_stamp_told(&p->sent, seg->opt.ts_ecr, &told)) ||
           peer_sent_brought_with(&p->sent, seg->ack, &told);
}

/* Nobody sends a SYN,ACK once more but from an entry, unless a SYN of ours has come once more. */
static bool may_be_a_cookie(const struct peer *p, const struct segment *seg, int64_t t_ns)
{
    bool again = p->irs_known && seq_eq(seg->seq, p->irs);
    return !again || t_ns - p->sent.syn_ns <= peer_sent_flight_time(&p->sent);
}

struct peer_shown peer_shown_of(const struct peer *p, const struct tcb *own,
                                const struct segment *seg, const struct peer_sent_segment *answered,
                                int64_t t_ns)
{
    enum peer_shown_kind kind = kind_of(p, own, seg, answered);
    const struct emission *e = &emissions[kind];
    bool with_fin = e->why_with_fin != NULL && seg->flags & FLAG_ACK &&
                    peer_sent_fin_of(&p->sent, seg->ack) == PEER_SENT_FIN_TAKEN;
    return (struct peer_shown){.kind = kind,
                               .seg = seg,
                               .answered = answered,
                               .why = with_fin ? e->why_with_fin : e->why,
                               .rfc = e->rfc,
                               .sent_all = has_sent_all(p, seg, t_ns),
                               .of_a_cookie =
                                   kind == PEER_SHOWN_SYN_ACK && may_be_a_cookie(p, seg, t_ns)};
}

/* --- Resets --- */

static bool is_newer_syn(const struct peer *p, const struct peer_sent_segment *e)
{
    return (e->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN &&
           (!p->sent.known || seq_lt(p->sent.rcv_nxt, e->seq) || e->stamped);
}

static unsigned reset_of(const struct peer *p, const struct peer_shown *shown)
{
    const struct peer_sent_segment *e = shown->answered;
    bool other = p->ttl_known && (p->ttl_varies || p->ttl != shown->seg->ttl);
    unsigned of = other ? RST_OF_ANOTHER_TTL : 0;
    if (e == NULL)
        return of;
    bool acceptable = e->flags & FLAG_ACK && p->irs_known && !p->reopened &&
                      seq_lt(p->irs, e->ack) && seq_le(e->ack, p->snd_nxt);
    bool answered_before = e->left_ns < p->sent.alive_ns ||
                           (e->once && e->flags & FLAG_SYN && p->sent.known &&
                            seq_eq(seq_add(e->seq, 1), p->sent.syn_end)); /* by a SYN,ACK */
    of |= !acceptable && answered_before ? RST_OF_OLD : 0;
    if (!(e->flags & FLAG_ACK))
        return of | (is_newer_syn(p, e) ? RST_OF_NEWER_SYN : 0);
    return of | (acceptable ? RST_OF_ACK : RST_OF_ACK_NOT_ITS);
}

static state_set not_ended(const struct peer *p, const struct peer_shown *shown, state_set set)
{
    const unsigned of = reset_of(p, shown);
    state_set stay = STATE_SET_NONE;
    for (size_t i = 0; i < sizeof(resets) / sizeof(resets[0]); i++) {
        if (resets[i].of & of && !(p->by_rfc && resets[i].basis == PEER_BY_STACKS))
            stay |= resets[i].stay;
    }
    return set & stay;
}

/* Of the states in the set, those that the reset can have ended. A SYN in the window ends
 * SYN-RECEIVED (3.10.7.4 fourth), and is answered alike. */
static state_set ended(const struct peer *p, state_set set,
                       const struct peer_sent_segment *answered)
{
    if (answered == NULL)
        return set;
    bool syn = answered->flags & FLAG_SYN && peer_reach_fits_syn(&p->sent, answered);
    bool acceptable = peer_may_ack_syn(p, answered->flags, answered->ack);
    return set & (state_set) ~(S(SYN_SENT) | (syn || acceptable ? 0 : S(SYN_RECEIVED)));
}

/* --- The set --- */

/* Whoever has received our FIN is in one of these; whoever has not, in none. */
static const state_set got_our_fin =
    S(CLOSE_WAIT) | S(CLOSING) | S(LAST_ACK) | S(TIME_WAIT) | S(CLOSED);

/* Whose own FIN has left, or waits behind text. */
static const state_set has_closed =
    S(FIN_WAIT_1) | S(FIN_WAIT_2) | S(CLOSING) | S(LAST_ACK) | S(TIME_WAIT);

state_set peer_shown_closed(state_set set)
{
    return set & (has_closed | S(CLOSED));
}

/* Of the states in the set, those that can acknowledge what is acknowledged, and where. */
static state_set able(const struct peer *p, const struct peer_shown *shown, state_set set)
{
    const struct segment *seg = shown->seg;
    if (!(seg->flags & FLAG_ACK))
        return set;
    enum peer_sent_fin fin = peer_sent_fin_of(&p->sent, seg->ack);
    if (fin == PEER_SENT_FIN_TAKEN)
        set &= got_our_fin;
    else if (fin == PEER_SENT_FIN_NOT_TAKEN)
        set &= (state_set)~got_our_fin;
    if (shown->kind == PEER_SHOWN_SYN_ACK && !shown->of_a_cookie)
        set &= (state_set)~S(LISTEN);
    if (!p->fin_seen)
        return shown->sent_all ? set & (state_set)~has_closed : set;
    /* RFC 7323 4.3: it echoes the timestamp of a segment whose ACK it has processed. 3.10.7.4: a
     * segment's ACK is processed before its text. */
    const struct peer_sent_told told = {.ack = p->fin_end};
    bool echoed = seg->opt.has_timestamps && !(seg->flags & (FLAG_SYN | FLAG_FIN)) &&
                  peer_sent_stamp_told(&p->sent, seg->opt.ts_ecr, &told);
    bool fin_acked = echoed || peer_sent_brought_with(&p->sent, seg->ack, &told);
    return fin_acked ? set & (state_set) ~(S(FIN_WAIT_1) | S(CLOSING) | S(LAST_ACK)) : set;
}

state_set peer_shown_after(const struct peer *p, const struct peer_shown *shown, state_set set)
{
    state_set after = STATE_SET_NONE;
    if (shown->seg->flags & FLAG_RST) {
        after = not_ended(p, shown, set);
        set = ended(p, set, shown->answered);
    } else {
        set = able(p, shown, set);
    }
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        if (state_set_has(set, s))
            after |= emissions[shown->kind].after[s];
    }
    return after;
}
