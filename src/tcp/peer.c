/* See peer.h. Two tables hold what is known of TCPs: what our segments may do to one, and what its
 * segments show of it. */
#include "tcp/peer.h"

#include "base/clock.h"

#define S(name) STATE_SET(STATE_##name)

/* Where a stimulus takes a peer that receives it. A state without an entry stays. */
struct move {
    unsigned stimulus;
    state_set in;
    state_set to;
};

static const struct move moves[] = {
    {PEER_GETS_RST, S(SYN_RECEIVED), S(LISTEN) | S(CLOSED)}, /* 3.10.7.4 second */
    {PEER_GETS_RST,
     S(SYN_SENT) | S(ESTABLISHED) | S(FIN_WAIT_1) | S(FIN_WAIT_2) | S(CLOSE_WAIT) | S(CLOSING) |
         S(LAST_ACK),
     S(CLOSED)},
    {PEER_GETS_RST, S(TIME_WAIT), S(CLOSED) | S(TIME_WAIT)},   /* RFC 1337: ignored by many */
    {PEER_GETS_SYN, S(LISTEN) | S(SYN_SENT), S(SYN_RECEIVED)}, /* 3.10.7.2, 3.10.7.3 */
    {PEER_GETS_SYN, S(CLOSED), S(CLOSED) | S(SYN_RECEIVED)},   /* if somebody listens there */
    {PEER_GETS_SYN, S(SYN_RECEIVED),
     S(SYN_RECEIVED) | S(LISTEN) | S(CLOSED)}, /* another one: back to LISTEN, 3.10.7.4 fourth */
    {PEER_GETS_SYN, S(TIME_WAIT), S(TIME_WAIT) | S(SYN_RECEIVED)}, /* 3.6.1 MAY-2 */
    {PEER_GETS_ACK_OF_SYN, S(SYN_RECEIVED) | S(SYN_SENT), S(ESTABLISHED)},
    {PEER_GETS_DATA, S(FIN_WAIT_1) | S(FIN_WAIT_2),
     S(FIN_WAIT_1) | S(FIN_WAIT_2) | S(CLOSED)}, /* 3.6.1 SHLD-3: nobody reads any more */
    {PEER_GETS_ACK_OF_FIN, S(FIN_WAIT_1), S(FIN_WAIT_2)},
    {PEER_GETS_ACK_OF_FIN, S(CLOSING), S(TIME_WAIT)},
    {PEER_GETS_ACK_OF_FIN, S(LAST_ACK), S(CLOSED)},
    {PEER_GETS_FIN, S(ESTABLISHED), S(CLOSE_WAIT)},
    {PEER_GETS_FIN, S(FIN_WAIT_1), S(CLOSING)},
    {PEER_GETS_FIN, S(FIN_WAIT_2), S(TIME_WAIT)},
};

/* A segment carries its stimuli in this order: the acknowledgements are processed before the FIN.
 */
static const unsigned stimulus_order[] = {PEER_GETS_RST,        PEER_GETS_SYN,
                                          PEER_GETS_ACK_OF_SYN, PEER_GETS_DATA,
                                          PEER_GETS_ACK_OF_FIN, PEER_GETS_FIN};

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

/* States that end without a segment, where they lead, and how long nothing is said before that is
 * thought possible. The RFC gives longer times (3.4.3, 3.8.3); real stacks are shorter. */
static const struct {
    state_set in, to;
    int64_t after_ns;
} expiries[] = {
    {S(SYN_RECEIVED), S(LISTEN) | S(CLOSED), CLOCK_S / 2},
    {S(FIN_WAIT_1) | S(FIN_WAIT_2) | S(CLOSING) | S(LAST_ACK) | S(TIME_WAIT), S(CLOSED), CLOCK_S},
};

void peer_init(struct peer *p, state_set initial)
{
    *p = (struct peer){.set = initial};
}

/* The set after the stimuli have arrived for certain. */
static state_set arrive(state_set set, unsigned stimuli)
{
    for (size_t i = 0; i < sizeof(stimulus_order) / sizeof(stimulus_order[0]); i++) {
        if (!(stimuli & stimulus_order[i]))
            continue;
        state_set stay = set, moved = STATE_SET_NONE;
        for (size_t k = 0; k < sizeof(moves) / sizeof(moves[0]); k++) {
            if (moves[k].stimulus != stimulus_order[i] || !(set & moves[k].in))
                continue;
            stay &= (state_set)~moves[k].in;
            moved |= moves[k].to;
        }
        set = stay | moved;
    }
    return set;
}

/* Every segment under way may arrive or not, in the order in which they left; of those that had no
 * room here only what they can do is known, not the order. */
static state_set with_in_flight(const struct peer *p, state_set set)
{
    for (state_set before = STATE_SET_NONE; before != set;) {
        before = set;
        for (size_t i = 0; i < sizeof(stimulus_order) / sizeof(stimulus_order[0]); i++)
            set |= arrive(set, p->crowded_out & stimulus_order[i]);
    }
    for (size_t i = 0; i < p->in_flight_count; i++)
        set |= arrive(set, p->in_flight[i].stimuli);
    return set;
}

static state_set with_expiries(const struct peer *p, state_set set, int64_t t_ns)
{
    for (size_t i = 0; i < sizeof(expiries) / sizeof(expiries[0]); i++) {
        if (set & expiries[i].in && t_ns - p->last_ns >= expiries[i].after_ns)
            set |= expiries[i].to;
    }
    return set;
}

static unsigned stimuli_of(const struct peer *p, const struct segment *seg)
{
    if (seg->flags & FLAG_RST)
        return PEER_GETS_RST;
    unsigned stimuli = seg->flags & FLAG_SYN ? PEER_GETS_SYN : 0;
    if (seg->flags & FLAG_ACK && p->irs_known && seq_lt(p->irs, seg->ack)) {
        stimuli |= PEER_GETS_ACK_OF_SYN;
        if (p->fin_seen && seq_le(p->fin_end, seg->ack))
            stimuli |= PEER_GETS_ACK_OF_FIN;
    }
    if (seg->len > 0)
        stimuli |= PEER_GETS_DATA;
    if (seg->flags & FLAG_FIN)
        stimuli |= PEER_GETS_FIN;
    return stimuli;
}

/* How long a segment of ours may still be under way: generous beside the round trips seen. */
static int64_t flight_time(const struct peer *p)
{
    int64_t t = 8 * p->rtt_ns;
    return t < CLOCK_S / 2 ? CLOCK_S / 2 : t;
}

static void forget_in_flight(struct peer *p, size_t i)
{
    p->in_flight_count--;
    for (; i < p->in_flight_count; i++)
        p->in_flight[i] = p->in_flight[i + 1];
}

/* Not so a retransmission: what is acknowledged may be the first copy. */
static bool takes_new_numbers(struct peer *p, const struct segment *seg)
{
    seq_t end = segment_end(seg);
    if (seg->flags & FLAG_RST || segment_seq_len(seg) == 0 ||
        (p->sent_any && seq_le(end, p->sent_end)))
        return false;
    p->sent_any = true;
    p->sent_end = end;
    return true;
}

static void remember_in_flight(struct peer *p, unsigned stimuli, const struct segment *seg,
                               int64_t t_ns)
{
    size_t i = p->in_flight_count;
    if (i > 0 && p->in_flight[i - 1].stimuli == stimuli) {
        i--; /* the same twice in a row does no more than once: the later stands for both */
    } else {
        if (i == PEER_IN_FLIGHT_MAX) {
            p->crowded_out |= p->in_flight[0].stimuli;
            p->crowded_out_ns = p->in_flight[0].left_ns;
            forget_in_flight(p, 0);
        }
        i = p->in_flight_count++;
    }
    p->in_flight[i].stimuli = stimuli;
    p->in_flight[i].end = segment_end(seg);
    p->in_flight[i].shows = takes_new_numbers(p, seg);
    p->in_flight[i].left_ns = t_ns;
}

/* What `ack` shows to have arrived, and what must have arrived or been lost by now, is not under
 * way any more. */
static void land(struct peer *p, const struct segment *seg, int64_t t_ns)
{
    if (t_ns - p->crowded_out_ns > flight_time(p))
        p->crowded_out = 0;
    for (size_t i = 0; i < p->in_flight_count;) {
        bool shown =
            seg->flags & FLAG_ACK && p->in_flight[i].shows && seq_le(p->in_flight[i].end, seg->ack);
        if (shown || t_ns - p->in_flight[i].left_ns > flight_time(p))
            forget_in_flight(p, i);
        else
            i++;
    }
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
    unsigned stimuli = stimuli_of(p, seg);
    state_set set = with_expiries(p, p->set, t_ns);
    p->last_ns = t_ns;
    remember_in_flight(p, stimuli, seg, t_ns);
    return change(p, set | arrive(set, stimuli), "our segment may have arrived, or may be lost",
                  "RFC 9293 3.8.1");
}

static enum shown what_is_shown(const struct tcb *own, const struct segment *seg)
{
    if (seg->flags & FLAG_RST) {
        bool of_syn = seg->flags & FLAG_ACK && seq_eq(seg->ack, seq_add(own->iss, 1)) &&
                      seq_eq(own->snd_nxt, seq_add(own->iss, 1));
        return of_syn ? SHOWN_RST_OF_SYN : SHOWN_RST;
    }
    if (seg->flags & FLAG_SYN)
        return seg->flags & FLAG_ACK ? SHOWN_SYN_ACK : SHOWN_SYN;
    if (seg->flags & FLAG_FIN)
        return SHOWN_FIN;
    if (seg->len > 0)
        return SHOWN_DATA;
    return seq_lt(seq_add(own->iss, 1), seg->ack) ? SHOWN_ACK_OF_DATA : SHOWN_ACK;
}

static bool acknowledges_our_fin(const struct tcb *own, const struct segment *seg)
{
    return seg->flags & FLAG_ACK && own->fin_sent && seq_le(own->snd_nxt, seg->ack);
}

/* What the set becomes when a peer in it has sent this. */
static state_set emit(state_set set, const struct tcb *own, const struct segment *seg,
                      enum shown shown)
{
    state_set able = set;
    if (seg->flags & FLAG_ACK && !(seg->flags & FLAG_RST)) {
        bool covers_fin = acknowledges_our_fin(own, seg);
        able &= covers_fin ? got_our_fin : (state_set)~got_our_fin;
        if (shown == SHOWN_ACK_OF_DATA && covers_fin && seg->len == 0)
            shown = SHOWN_ACK; /* the number beyond the SYN may be the FIN's alone */
    }
    state_set after = STATE_SET_NONE;
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        if (state_set_has(able, s))
            after |= emissions[shown].after[s];
    }
    return after;
}

/* As `set`, if segments of the peer's that never reached us may have left it: it closed or aborted.
 */
static state_set with_hidden(const struct peer *p, state_set set)
{
    if (set & (S(SYN_RECEIVED) | S(ESTABLISHED)))
        set |= S(FIN_WAIT_1);
    if (set & S(CLOSE_WAIT))
        set |= S(LAST_ACK);
    if (set & S(LISTEN))
        set |= S(SYN_RECEIVED);
    set |= S(CLOSED);
    return with_in_flight(p, set);
}

/* Segments that our end does not act on say nothing reliable about the peer. */
static bool teaches(const struct arrival *a)
{
    switch (a->inputs[0]) {
    case INPUT_RST:
    case INPUT_RST_TO_LISTEN:
    case INPUT_SYN:
    case INPUT_SYN_ACK:
    case INPUT_ACK_NEW:
    case INPUT_ACK_OF_FIN:
    case INPUT_ACK_DUPLICATE:
        return true;
    case INPUT_OPEN_PASSIVE:
    case INPUT_OPEN_ACTIVE:
    case INPUT_SEND:
    case INPUT_RECEIVE:
    case INPUT_CLOSE:
    case INPUT_ABORT:
    case INPUT_BAD_CHECKSUM:
    case INPUT_RST_IN_WINDOW:
    case INPUT_RST_IGNORED:
    case INPUT_OUTSIDE:
    case INPUT_SYN_LATE:
    case INPUT_ACK_UNACCEPTABLE:
    case INPUT_NO_ACK:
    case INPUT_ACK_FUTURE:
    case INPUT_ACK_ANCIENT:
    case INPUT_TEXT:
    case INPUT_TEXT_AHEAD:
    case INPUT_FIN:
    case INPUT_OTHER:
    case INPUT_USER_TIMEOUT:
    case INPUT_RETRANSMISSION_TIMEOUT:
    case INPUT_TIME_WAIT_TIMEOUT:
    case INPUT_COUNT:
        break;
    }
    return false;
}

/* Retransmissions of the peer's lie left of our window, and still say where it stands. */
static bool is_retransmission(const struct peer *p, const struct tcb *own,
                              const struct segment *seg)
{
    if (!p->irs_known || seg->checksum == SEGMENT_CHECKSUM_BAD || seg->flags & FLAG_RST)
        return false;
    bool acceptable_ack =
        seg->flags & FLAG_ACK && seq_lt(own->iss, seg->ack) && seq_le(seg->ack, own->snd_nxt);
    bool of_syn = seg->flags & FLAG_SYN && seq_eq(seg->seq, p->irs);
    bool of_fin = seg->flags & FLAG_FIN && p->fin_seen && seq_eq(segment_end(seg), p->fin_end);
    return acceptable_ack && (of_syn || of_fin);
}

/* Our end has gone to CLOSED and judges no segment any more; the peer's may not have. What fits the
 * numbers of the connection that was is its; and where there was none, a SYN opens one. */
static bool fits_what_was(const struct peer *p, const struct tcb *own, const struct segment *seg)
{
    const state_set none = S(CLOSED) | S(LISTEN) | S(SYN_SENT);
    bool opens = (seg->flags & (FLAG_SYN | FLAG_ACK | FLAG_RST | FLAG_FIN)) == FLAG_SYN;
    if (opens && (p->set & (state_set)~none) == STATE_SET_NONE)
        return seg->checksum != SEGMENT_CHECKSUM_BAD;
    if (!p->irs_known || seg->checksum == SEGMENT_CHECKSUM_BAD || seg->flags & FLAG_SYN ||
        !seq_within(seg->seq, own->rcv_nxt, own->rcv_wnd + 1))
        return false;
    return seg->flags & FLAG_RST ||
           (seg->flags & FLAG_ACK && seq_lt(own->iss, seg->ack) && seq_le(seg->ack, own->snd_nxt));
}

static void learn(struct peer *p, const struct segment *seg)
{
    if (seg->flags & FLAG_RST)
        return;
    if (seg->flags & FLAG_SYN && (!p->irs_known || !seq_eq(seg->seq, p->irs))) {
        p->irs_known = true;
        p->irs = seg->seq;
        p->fin_seen = false; /* a new connection */
    }
    if (seg->flags & FLAG_FIN && !p->fin_seen) {
        p->fin_seen = true;
        p->fin_end = segment_end(seg);
    }
}

/* Its acknowledgement is older than one that has come: it left before that, and was overtaken on
 * the way. Where the peer was then is no news. */
static bool is_overtaken(const struct tcb *own, const struct segment *seg)
{
    return (seg->flags & (FLAG_ACK | FLAG_RST)) == FLAG_ACK && seq_lt(own->iss, seg->ack) &&
           seq_lt(seg->ack, own->snd_una);
}

struct peer_change peer_seen(struct peer *p, const struct tcb *own, const struct segment *seg,
                             const struct arrival *a, int64_t t_ns)
{
    if (is_overtaken(own, seg))
        return (struct peer_change){.from = p->set, .to = p->set};
    bool telling = a->from == STATE_CLOSED ? fits_what_was(p, own, seg) : teaches(a);
    if (!telling && !is_retransmission(p, own, seg))
        return (struct peer_change){.from = p->set, .to = p->set};

    enum shown shown = what_is_shown(own, seg);
    const struct emission *e = &emissions[shown];
    bool with_fin = e->why_with_fin != NULL && acknowledges_our_fin(own, seg);
    state_set before = with_expiries(p, p->set, t_ns);
    p->last_ns = t_ns;
    learn(p, seg);
    land(p, seg, t_ns);
    if (shown == SHOWN_SYN_ACK && p->path_len == 0 && state_set_has(before, STATE_LISTEN))
        path_add(p, STATE_LISTEN); /* only a listener answers a SYN out of nothing so */

    state_set after = emit(before, own, seg, shown);
    if (after != STATE_SET_NONE)
        return change(p, with_in_flight(p, after), with_fin ? e->why_with_fin : e->why, e->rfc);

    after = emit(with_hidden(p, before), own, seg, shown);
    if (after != STATE_SET_NONE)
        return change(p, with_in_flight(p, after),
                      "it shows that an earlier segment of the peer's was lost", e->rfc);

    after = emit(STATE_SET_ALL, own, seg, shown);
    struct peer_change c = change(p, after != STATE_SET_NONE ? after : before,
                                  "no state it was thought to be in sends this", e->rfc);
    c.contradiction = true;
    return c;
}

struct peer_change peer_elapse(struct peer *p, int64_t t_ns)
{
    return change(p, with_expiries(p, p->set, t_ns),
                  "it has been silent: the state may have expired there", "RFC 9293 3.10.8");
}

state_set peer_unheard(const struct peer *p)
{
    return with_hidden(p, p->set);
}

void peer_round_trip(struct peer *p, int64_t rtt_ns)
{
    if (rtt_ns > p->rtt_ns)
        p->rtt_ns = rtt_ns;
}
