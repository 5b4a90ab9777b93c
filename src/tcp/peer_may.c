/* See peer_may.h. Three tables hold what can happen to a TCP unseen: what our segments may do to
 * one, what its application may, and what time may. */
#include "tcp/peer_may.h"

#include "base/clock.h"
#include "tcp/peer_reach.h"

#define S(name) STATE_SET(STATE_##name)

/* What a segment of ours can do to the peer, as bits. */
enum stimulus {
    GETS_RST = 0x001,
    GETS_SYN = 0x002,       /* where there is no connection yet */
    GETS_SYN_AGAIN = 0x004, /* in the window of one */
    GETS_SYN_ACK = 0x008,
    GETS_ACK_OF_SYN = 0x010,
    GETS_ACK_OUTSIDE = 0x020, /* the same, outside of the window */
    GETS_DATA = 0x040,        /* new to the peer */
    GETS_DATA_BEHIND_FIN = 0x080,
    GETS_ACK_OF_FIN = 0x100,
    GETS_FIN = 0x200,
    GETS_ACK = 0x400, /* alone, in the window */
    GETS_ACK_NEAR_COOKIE = 0x800,
    STIMULI_END = 0x1000
};

/* Beside the calls that the peer's application was prompted to make: CLOSE with text unsent. */
#define CLOSES_UNSENT PEER_PROMPTED(CALL_COUNT)

/* Where a stimulus, or a call, takes a peer. A state without an entry stays. */
struct move {
    unsigned by;
    state_set in;
    state_set to;
    enum peer_basis basis;
};

/* A segment carries its stimuli in the order of their bits: the acknowledgements are processed
 * before the FIN. */
static const struct move moves[] = {
    {GETS_RST, S(SYN_RECEIVED), S(LISTEN) | S(CLOSED), PEER_BY_RFC}, /* 3.10.7.4 second */
    {GETS_RST,
     S(SYN_SENT) | S(ESTABLISHED) | S(FIN_WAIT_1) | S(FIN_WAIT_2) | S(CLOSE_WAIT) | S(CLOSING) |
         S(LAST_ACK),
     S(CLOSED), PEER_BY_RFC},
    {GETS_RST, S(TIME_WAIT), S(CLOSED) | S(TIME_WAIT), PEER_BY_RFC}, /* RFC 1337: many ignore it */
    {GETS_SYN, S(LISTEN) | S(SYN_SENT), S(SYN_RECEIVED), PEER_BY_RFC}, /* 3.10.7.2, 3.10.7.3 */
    {GETS_SYN, S(CLOSED), S(CLOSED) | S(LISTEN) | S(SYN_RECEIVED),
     PEER_BY_RFC}, /* if somebody listens there, who may answer by a cookie */
    {GETS_SYN, S(TIME_WAIT), S(TIME_WAIT) | S(SYN_RECEIVED) | S(CLOSED),
     PEER_BY_RFC}, /* 3.6.1 MAY-2; CLOSED: and then refused */
    {GETS_SYN_AGAIN, S(SYN_RECEIVED), S(SYN_RECEIVED) | S(LISTEN) | S(CLOSED),
     PEER_BY_RFC}, /* back to LISTEN, 3.10.7.4 fourth */
    {GETS_SYN_AGAIN,
     S(ESTABLISHED) | S(FIN_WAIT_1) | S(FIN_WAIT_2) | S(CLOSE_WAIT) | S(CLOSING) | S(LAST_ACK) |
         S(TIME_WAIT),
     S(CLOSED), PEER_BY_RFC}, /* RFC 793; since RFC 5961 4.2 it is asked back */
    {GETS_SYN_ACK, S(SYN_SENT), S(ESTABLISHED), PEER_BY_RFC},
    {GETS_ACK_OF_SYN, S(SYN_RECEIVED), S(ESTABLISHED), PEER_BY_RFC},
    {GETS_ACK_OF_SYN, S(LISTEN), S(ESTABLISHED), PEER_BY_RFC}, /* of a cookie, RFC 4987 3.6 */
    {GETS_ACK_NEAR_COOKIE, S(LISTEN), S(LISTEN) | S(ESTABLISHED), PEER_BY_STACKS},
    {GETS_ACK_OUTSIDE, S(SYN_RECEIVED), S(SYN_RECEIVED) | S(ESTABLISHED),
     PEER_BY_STACKS}, /* lwIP looks at the ACK alone */
    {GETS_DATA, S(FIN_WAIT_1), S(FIN_WAIT_1) | S(CLOSED), PEER_BY_RFC}, /* 3.6.1 SHLD-3: nobody */
    {GETS_DATA, S(FIN_WAIT_2), S(FIN_WAIT_2) | S(CLOSED), PEER_BY_RFC}, /* reads any more */
    {GETS_DATA_BEHIND_FIN, S(CLOSE_WAIT), S(CLOSE_WAIT) | S(CLOSED),
     PEER_BY_STACKS}, /* 3.10.7.4 seventh: */
    {GETS_DATA_BEHIND_FIN, S(CLOSING), S(CLOSING) | S(CLOSED),
     PEER_BY_STACKS}, /* it should not occur, */
    {GETS_DATA_BEHIND_FIN, S(LAST_ACK), S(LAST_ACK) | S(CLOSED),
     PEER_BY_STACKS}, /* and some reset what does it */
    {GETS_ACK_OF_FIN, S(FIN_WAIT_1), S(FIN_WAIT_2), PEER_BY_RFC},
    {GETS_ACK_OF_FIN, S(CLOSING), S(TIME_WAIT), PEER_BY_RFC},
    {GETS_ACK_OF_FIN, S(LAST_ACK), S(CLOSED), PEER_BY_RFC},
    {GETS_FIN, S(ESTABLISHED), S(CLOSE_WAIT), PEER_BY_RFC},
    {GETS_FIN, S(FIN_WAIT_1), S(CLOSING), PEER_BY_RFC},
    {GETS_FIN, S(FIN_WAIT_2), S(TIME_WAIT), PEER_BY_RFC},
    {GETS_ACK, S(TIME_WAIT), S(TIME_WAIT) | S(CLOSED), PEER_BY_STACKS}, /* it restarts 2 MSL, */
};                                                                      /* and ends it with some */

static const struct move calls[] = {
    {PEER_PROMPTED(CALL_CONNECT), S(CLOSED) | S(LISTEN) | S(TIME_WAIT), S(SYN_SENT),
     PEER_BY_RFC},                                                    /* 3.10.1; RFC 6191 */
    {PEER_PROMPTED(CALL_CLOSE), S(SYN_SENT), S(CLOSED), PEER_BY_RFC}, /* 3.10.4 */
    {PEER_PROMPTED(CALL_CLOSE), S(SYN_RECEIVED) | S(ESTABLISHED), S(FIN_WAIT_1) | S(CLOSED),
     PEER_BY_RFC}, /* CLOSED: with */
    {PEER_PROMPTED(CALL_CLOSE), S(CLOSE_WAIT), S(LAST_ACK) | S(CLOSED),
     PEER_BY_RFC}, /* data unread, 3.6.1 SHLD-3 */
    {PEER_PROMPTED(CALL_ABORT), STATE_SET_ALL, S(CLOSED), PEER_BY_RFC}, /* 3.10.5 */
    {PEER_PROMPTED(CALL_STOP_LISTENING), S(LISTEN) | S(SYN_RECEIVED), S(CLOSED), PEER_BY_RFC},
    {PEER_PROMPTED(CALL_CRASH), STATE_SET_ALL, S(CLOSED), PEER_BY_RFC}, /* 3.5.1 */
    {CLOSES_UNSENT, S(ESTABLISHED), S(FIN_WAIT_1), PEER_BY_RFC},        /* 3.10.4 */
    {CLOSES_UNSENT, S(CLOSE_WAIT), S(LAST_ACK), PEER_BY_RFC},
};

/* States that end without a segment, where they lead, and how long nothing is said before that is
 * thought possible: by real stacks, and by the RFC (3.8.3 for what is retransmitted, 3.4.2; for
 * FIN-WAIT-2 it has no timer). */
static const struct {
    state_set in, to;
    int64_t after_ns[2]; /* by basis */
} expiries[] = {
    {S(SYN_RECEIVED), S(LISTEN) | S(CLOSED), {180 * CLOCK_S, CLOCK_S / 2}},
    {S(FIN_WAIT_1) | S(CLOSING) | S(LAST_ACK), S(CLOSED), {100 * CLOCK_S, CLOCK_S}},
    {S(FIN_WAIT_2), S(CLOSED), {CLOCK_NEVER, CLOCK_S}},
    {S(TIME_WAIT), S(CLOSED), {240 * CLOCK_S, CLOCK_S}},
};

static state_set moved(const struct peer *p, const struct move *table, size_t n, state_set set,
                       unsigned by)
{
    state_set stay = set, to = STATE_SET_NONE;
    for (size_t i = 0; i < n; i++) {
        bool left_out = p->by_rfc && table[i].basis == PEER_BY_STACKS;
        if (left_out || !(table[i].by & by) || !(set & table[i].in))
            continue;
        stay &= (state_set)~table[i].in;
        to |= table[i].to;
    }
    return stay | to;
}

bool peer_may_ack_syn(const struct peer *p, uint16_t flags, seq_t ack)
{
    return flags & FLAG_ACK && p->irs_known && seq_lt(p->irs, ack) &&
           (seq_le(ack, p->snd_nxt) || p->unseen);
}

bool peer_may_ack_fin(const struct peer *p, uint16_t flags, seq_t ack)
{
    if (!(flags & FLAG_ACK) || !p->irs_known)
        return false;
    if (p->fin_seen)
        return seq_eq(ack, p->fin_end);
    return (p->gap && seq_le(p->gap_end, ack)) || (p->unseen && seq_lt(p->snd_nxt, ack));
}

/* What a sender waits for room for, to avoid silly windows: a segment, or half of the widest window
 * that it was offered, where that is no tiny one (3.8.6.2.1). */
static uint32_t room(const struct peer *p)
{
    enum {
        MSS_DEFAULT = 1220, /* 3.7.1 MUST-15, the larger of the two */
        TINY = 536
    };
    const uint32_t mss = p->sent.mss != 0 ? p->sent.mss : MSS_DEFAULT;
    const uint32_t most = p->sent.win_most > TINY ? p->sent.win_most / 2 : p->sent.win_most;
    return most < mss ? most : mss;
}

struct peer_sent_told peer_may_send_all(const struct peer *p, int64_t t_ns)
{
    return (struct peer_sent_told){.ack = p->snd_nxt,
                                   .win = room(p),
                                   .shut = p->shut,
                                   .shut_came = t_ns - p->shut_ns > peer_sent_flight_time(&p->sent),
                                   .shut_seq = p->shut_seq,
                                   .shut_ack = p->shut_ack,
                                   .shut_ns = p->shut_ns};
}

bool peer_may_be_shut(const struct peer *p, const struct segment *seg)
{
    uint32_t win = peer_sent_window(&p->sent, seg);
    bool counts = !(seg->flags & FLAG_ACK) || !p->irs_known ||
                  peer_may_ack_syn(p, seg->flags, seg->ack); /* 3.10.7.4 fifth */
    return !(seg->flags & FLAG_RST) && counts && (win == 0 || win < room(p));
}

/* 3.10.7.4 fifth: what acknowledges something not yet sent is dropped. */
static bool acks_the_future(const struct peer *p, const struct peer_sent_segment *e)
{
    return p->irs_known && !p->unseen && seq_lt(p->snd_nxt, e->ack);
}

static unsigned by_syn(const struct peer *p, const struct peer_sent_segment *e, bool fits)
{
    if (!(e->flags & FLAG_ACK))
        return GETS_SYN | (fits ? GETS_SYN_AGAIN : 0);
    unsigned stimuli = fits ? GETS_SYN_AGAIN : 0;
    if (peer_may_ack_syn(p, e->flags, e->ack))
        stimuli |= GETS_SYN_ACK | GETS_ACK_OF_SYN; /* the latter ends a simultaneous open */
    return stimuli;
}

/* 3.10.7.4 fifth, and RFC 793, which took SND.UNA itself too. */
static bool acks_the_syn(const struct peer *p, const struct peer_sent_segment *e)
{
    return peer_may_ack_syn(p, e->flags, e->ack) || (p->irs_known && seq_eq(e->ack, p->irs));
}

/* A cookie is made of both ISNs: it is taken at one number alone. */
static bool acks_a_cookie(const struct peer *p, const struct peer_sent_segment *e)
{
    return peer_may_ack_syn(p, e->flags, e->ack) && peer_sent_is_syn_end(&p->sent, e->seq);
}

/* Linux adds both numbers up, with an index of the MSS in the lowest bits: it takes any that are as
 * far from each other, of each cookie that it has sent lately. */
static bool acks_near_a_cookie(const struct peer *p, const struct peer_sent_segment *e)
{
    enum {
        NEAR = 3
    };
    for (size_t i = 0; i < p->cookie_count; i++) {
        const uint32_t apart = p->cookies[i].irs.v + 1 - p->cookies[i].syn_end.v;
        if (e->ack.v - e->seq.v - apart + NEAR <= 2 * NEAR)
            return true;
    }
    return false;
}

/* An acceptable segment with an ACK, its text and its FIN. */
static unsigned by_ack(const struct peer *p, enum state s, const struct peer_sent_segment *e)
{
    unsigned stimuli = acks_the_syn(p, e) ? GETS_ACK_OF_SYN : 0;
    if (acks_the_future(p, e))
        return stimuli;
    if (seq_eq(e->seq, e->end))
        stimuli |= GETS_ACK;
    if (peer_may_ack_fin(p, e->flags, e->ack))
        stimuli |= GETS_ACK_OF_FIN;
    if (e->text && (!p->sent.known || seq_lt(p->sent.rcv_nxt, e->end)))
        stimuli |= GETS_DATA | (peer_reach_text_behind_fin(&p->sent, e) ? GETS_DATA_BEHIND_FIN : 0);
    bool completes = (s == STATE_SYN_RECEIVED || s == STATE_LISTEN) && stimuli & GETS_ACK_OF_SYN;
    bool fills = completes || peer_reach_takes_numbers(&p->sent, e);
    if (fills && peer_reach_fin(&p->sent))
        stimuli |= GETS_FIN;
    return stimuli;
}

/* What the segment can do to a peer in state `s`, by its numbers. */
static unsigned stimuli_of(const struct peer *p, enum state s, const struct peer_sent_segment *e)
{
    bool fits = s == STATE_SYN_RECEIVED || s == STATE_LISTEN ? peer_reach_fits_syn(&p->sent, e)
                                                             : peer_reach_fits(&p->sent, e);
    if (e->flags & FLAG_RST) /* 3.10.7.3: in SYN-SENT its ACK counts, not its SEQ */
        return (s == STATE_SYN_SENT ? peer_may_ack_syn(p, e->flags, e->ack) : fits) ? GETS_RST : 0;
    if (e->flags & FLAG_SYN)
        return by_syn(p, e, fits);
    if (!(e->flags & FLAG_ACK))
        return 0;
    if (s == STATE_LISTEN && !acks_a_cookie(p, e))
        return acks_near_a_cookie(p, e) ? GETS_ACK_NEAR_COOKIE : 0;
    if (!fits)
        return peer_may_ack_syn(p, e->flags, e->ack) ? GETS_ACK_OUTSIDE : 0;
    return by_ack(p, s, e);
}

/* Of these, what need not come with the rest: a FIN behind a gap, or of another segment; the
 * acknowledgement of a FIN that we have not seen. */
static unsigned optional(const struct peer *p, const struct peer_sent_segment *e, unsigned stimuli)
{
    bool in_order = e->flags & FLAG_FIN && p->sent.known && seq_le(e->seq, p->sent.rcv_nxt) &&
                    seq_lt(p->sent.rcv_nxt, e->end);
    return stimuli & ((in_order ? 0 : GETS_FIN) | (p->fin_seen ? 0 : GETS_ACK_OF_FIN));
}

static state_set with_stimuli(const struct peer *p, state_set set, unsigned stimuli)
{
    for (unsigned bit = 1; bit < STIMULI_END; bit <<= 1) {
        if (stimuli & bit)
            set = moved(p, moves, sizeof(moves) / sizeof(moves[0]), set, bit);
    }
    return set;
}

/* The set after the segment has arrived for certain. */
static state_set arrive(const struct peer *p, state_set set, const struct peer_sent_segment *e)
{
    state_set after = STATE_SET_NONE;
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        if (!state_set_has(set, s))
            continue;
        unsigned all = stimuli_of(p, s, e), free = optional(p, e, all);
        const unsigned ways[] = {all, all & ~free, all & ~(free & GETS_FIN),
                                 all & ~(free & GETS_ACK_OF_FIN)};
        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
            after |= with_stimuli(p, STATE_SET(s), ways[i]);
    }
    return after;
}

/* Of segments that had no room only what they were is known, not the numbers. */
static state_set with_crowded_out(const struct peer *p, state_set set)
{
    uint16_t flags = p->sent.crowded_out;
    unsigned stimuli = flags & FLAG_RST ? GETS_RST : 0;
    if (flags & FLAG_SYN)
        stimuli |= GETS_SYN | GETS_SYN_AGAIN | GETS_SYN_ACK;
    if (flags & FLAG_ACK)
        stimuli |= GETS_ACK | (p->irs_known ? GETS_ACK_OF_SYN | GETS_ACK_OUTSIDE : 0) |
                   (p->fin_seen || p->unseen ? GETS_ACK_OF_FIN : 0);
    if (p->sent.crowded_out_text)
        stimuli |= GETS_DATA | GETS_DATA_BEHIND_FIN;
    if (flags & FLAG_FIN)
        stimuli |= GETS_FIN;
    for (unsigned bit = 1; bit < STIMULI_END; bit <<= 1)
        set |= with_stimuli(p, set, stimuli & bit);
    return set;
}

state_set peer_may_arrive(const struct peer *p, state_set set, int64_t t_ns)
{
    const unsigned may_do = p->prompted | (p->holds || p->shut ? CLOSES_UNSENT : 0);
    for (state_set before = STATE_SET_NONE; before != set;) {
        before = set;
        for (unsigned bit = 1; bit <= CLOSES_UNSENT; bit <<= 1) {
            if (may_do & bit)
                set |= moved(p, calls, sizeof(calls) / sizeof(calls[0]), set, bit);
        }
        set |= with_crowded_out(p, set);
        for (size_t i = 0; i < p->sent.count; i++) {
            if (peer_sent_under_way(&p->sent, &p->sent.segments[i], t_ns))
                set |= arrive(p, set, &p->sent.segments[i]);
        }
    }
    return set;
}

state_set peer_may_expire(const struct peer *p, state_set set, int64_t t_ns)
{
    for (size_t i = 0; i < sizeof(expiries) / sizeof(expiries[0]); i++) {
        const int64_t after_ns = expiries[i].after_ns[p->by_rfc ? PEER_BY_RFC : PEER_BY_STACKS];
        if (set & expiries[i].in && t_ns - p->last_ns >= after_ns)
            set |= expiries[i].to;
    }
    return set;
}

state_set peer_may_hide(const struct peer *p, state_set set, int64_t t_ns)
{
    if (set & (S(SYN_RECEIVED) | S(ESTABLISHED)))
        set |= S(FIN_WAIT_1);
    if (set & S(CLOSE_WAIT))
        set |= S(LAST_ACK);
    if (set & S(LISTEN))
        set |= S(SYN_RECEIVED);
    set |= S(CLOSED);
    return peer_may_arrive(p, set, t_ns);
}
