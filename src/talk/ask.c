/* See ask.h. */
#include "talk/ask.h"

#include "base/clock.h"
#include "tcp/peer_may.h"
#include "tcp/peer_reach.h"

enum {
    TRIES = 3,
    QUESTIONS_MAX = 16, /* in all: no peer keeps us asking */
    WINDOW_UNKNOWN = 65535,
    ANOTHER_ISN = 64000 /* this far from the last */
};
#define SPACING  (600 * CLOCK_MS)
#define PATIENCE (500 * CLOCK_MS)
#define LINGER   (3 * CLOCK_S)

#define S(name) STATE_SET(STATE_##name)

struct ask_config ask_usual(void)
{
    return (struct ask_config){.spacing_ns = SPACING,
                               .patience_ns = PATIENCE,
                               .linger_ns = LINGER,
                               .tries = TRIES,
                               .most_rank = ~0u};
}

void ask_init(struct ask *a, const struct ask_config *config)
{
    *a = (struct ask){.config = *config, .asked_ns = CLOCK_NEVER, .least = STATE_COUNT};
}

/* Where there is no connection, LISTEN and CLOSED are one, but to those who want to know. */
static state_set members(const struct ask *a, state_set set)
{
    bool one = (!a->config.listener || a->listens) && set & S(LISTEN);
    return one ? (state_set)((set & ~S(LISTEN)) | S(CLOSED)) : set;
}

/* --- What if the peer is in this state? --- */

static bool has_our_fin(enum state s)
{
    return state_set_has(S(CLOSE_WAIT) | S(CLOSING) | S(LAST_ACK) | S(TIME_WAIT), s);
}

struct tcb ask_supposed(const struct peer *p, const struct tcb *own, enum state s)
{
    const struct peer_sent *sent = &p->sent;
    bool unsent = (p->holds || p->shut) && !p->fin_seen && !p->gap; /* so is its FIN */
    struct tcb t;
    tcb_init(&t, s == STATE_LISTEN ? seq_add(p->irs, ANOTHER_ISN) : p->irs, 0, false, false, 0);
    tcb_suppose(&t, s);
    t.fin_sent = t.fin_sent && (t.fin_acked || !unsent);
    t.snd_nxt = p->irs_known ? p->snd_nxt : seq_add(p->irs, 1);
    if (t.fin_sent && !p->fin_seen)
        t.snd_nxt = seq_add(t.snd_nxt, 1);
    bool waits = t.fin_sent && !t.fin_acked;
    t.snd_una = s == STATE_SYN_RECEIVED || s == STATE_SYN_SENT ? t.iss
                : waits                                        ? seq_of(t.snd_nxt.v - 1)
                                                               : t.snd_nxt;
    t.rcv_nxt = sent->known ? sent->rcv_nxt : own->snd_nxt;
    t.irs = sent->known ? seq_of(sent->syn_end.v - 1) : own->iss;
    t.rcv_wnd = sent->known ? (uint32_t)seq_diff(sent->edge, sent->rcv_nxt) : WINDOW_UNKNOWN;
    if (has_our_fin(s) && sent->known && sent->fin == PEER_SENT_FIN_NOT_TAKEN)
        t.rcv_nxt = peer_reach_now(sent);
    t.snd_wnd = t.max_snd_wnd = own->rcv_wnd;
    return t;
}

/* RFC 7323 4.3: whoever has processed an ACK, of its FIN or of all that it has sent, echoes the
 * timestamp that it bore. */
static uint32_t echo(const struct peer *p, const struct tcb *t, int64_t now_ns)
{
    bool fin = t->fin_acked && p->fin_seen;
    bool all = t->state == STATE_ESTABLISHED || t->state == STATE_CLOSE_WAIT;
    struct peer_sent_told told = {.ack = p->fin_end};
    if (!fin)
        told = peer_may_send_all(p, now_ns);
    for (size_t i = p->sent.stamp_count; (fin || all) && i > 0; i--) {
        if (peer_sent_stamp_told(&p->sent, p->sent.stamps[i - 1].ts_val, &told))
            return p->sent.stamps[i - 1].ts_val;
    }
    return 0;
}

struct forecast {
    state_set set; /* what would be inferred from the answer */
    bool moves;    /* the peer would not be as it was */
    bool limited;  /* it answers such things seldom */
};

/* RFC 5961 7 allows it for challenge ACKs; Linux and others do it for whatever is not in order, but
 * for data. */
static bool is_limited(enum input in, const struct segment *seg)
{
    bool challenge = in == INPUT_SYN_LATE || in == INPUT_RST_IN_WINDOW || in == INPUT_ACK_FUTURE ||
                     in == INPUT_ACK_ANCIENT;
    return challenge || (in == INPUT_OUTSIDE && seg->len == 0);
}

/* Whether it moves stacks that do what the RFCs do not say, or may complete the handshake where the
 * window's edge is taken one number wide. */
static bool may_move(const struct peer *p, enum state s, const struct segment *question,
                     int64_t now_ns)
{
    struct peer wide = *p, by_rfc = *p;
    wide.set = by_rfc.set = STATE_SET(s);
    by_rfc.by_rfc = true;
    wide.last_ns = by_rfc.last_ns = now_ns; /* nothing has expired */
    state_set to = peer_left(&by_rfc, question, now_ns).to;
    if (s == STATE_SYN_RECEIVED)
        to &= (state_set)~S(ESTABLISHED);
    return (peer_left(&wide, question, now_ns).to & (state_set)~to) != 0;
}

/* What comes of the question if the peer is in `s`. */
static struct forecast forecast(const struct peer *p, const struct tcb *own, enum state s,
                                const struct segment *question, int64_t now_ns)
{
    struct tcb t = ask_supposed(p, own, s), ours = *own;
    struct peer copy = *p;
    struct segment answer = {.ttl = p->ttl,
                             .opt = {.has_timestamps = p->stamped,
                                     .ts_val = p->ts_val + 1,
                                     .ts_ecr = echo(p, &t, now_ns)}};
    const struct arrival took = tcb_arrive(&t, question);
    /* RFC 793 ends the connection; and Linux, like others, restarts 2 MSL for whatever has an ACK.
     */
    bool kills = took.inputs[0] == INPUT_SYN_LATE || took.inputs[0] == INPUT_RST_IN_WINDOW;
    bool restarts = s == STATE_TIME_WAIT && question->flags & FLAG_ACK;
    struct forecast f = {.moves =
                             took.to != s || kills || restarts || may_move(p, s, question, now_ns),
                         .limited = is_limited(took.inputs[0], question)};

    (void)peer_left(&copy, question, now_ns);
    if (took.reply == REPLY_ACK || took.reply == REPLY_SYN_ACK || took.reply == REPLY_RST ||
        took.reply == REPLY_RST_ACK) {
        tcb_fill(&t, took.reply, question, &answer);
        const struct arrival a = tcb_arrive(&ours, &answer);
        (void)peer_seen(&copy, &ours, &answer, &a, now_ns + 1);
    }
    f.set = copy.set;
    return f;
}

/* --- What may be asked --- */

static bool is_syn(enum stimuli_id q)
{
    return q == STIMULUS_SYN_OLD || q == STIMULUS_SYN_IN_WINDOW;
}

/* Whether the question makes sense: its numbers are known, and those of ours that it uses up are
 * our end's to use. */
static bool is_possible(const struct ask *a, const struct peer *p, const struct tcb *own,
                        enum stimuli_id q)
{
    const struct stimulus *s = stimuli_at(q);
    const struct peer_sent *sent = &p->sent;
    if (s->rank == 0 || s->rank > a->config.most_rank || a->tries[q] >= a->config.tries)
        return false;
    if (q == STIMULUS_SYN_AGAIN) /* our end's retransmission, or that of one that was refused */
        return (own->state == STATE_SYN_SENT || own->state == STATE_CLOSED) &&
               seq_eq(own->snd_nxt, seq_add(own->iss, 1));
    if (q == STIMULUS_SYN_OLD &&
        (p->set & (state_set) ~(S(CLOSED) | S(LISTEN) | S(SYN_RECEIVED))) == 0)
        return true; /* where there is no connection any number will do */
    if (!sent->known || (s->ack != STIMULI_ACK_NONE && !p->irs_known))
        return false;
    if (s->flags & FLAG_FIN) /* this too */
        return own->fin_sent && !own->fin_acked &&
               seq_eq(sent->rcv_nxt, seq_of(own->snd_nxt.v - 1));
    if (s->len == 0 || s->seq_plus < 0)
        return true;
    /* New octets: once more those before our FIN, if that has left; none behind a FIN. */
    return own->fin_sent ? seq_lt(seq_add(sent->rcv_nxt, 1), own->snd_nxt)
                         : sent->fin == PEER_SENT_FIN_NOT_TAKEN && !peer_reach_fin(sent);
}

/* The segment of a question, and whether it is our TCB's. One that lies below the window lies lower
 * each time: an answer that tells which was answered then tells that no other is under way. */
static struct segment segment_of(const struct ask *a, const struct peer *p, const struct tcb *own,
                                 enum stimuli_id q, bool *ours)
{
    const struct tcb placed = ask_supposed(p, own, STATE_ESTABLISHED);
    struct segment seg = stimuli_segment(q, &placed);
    seg.win = tcb_window_field(own, is_syn(q));
    if (q == STIMULUS_SYN_AGAIN)
        seg.seq = own->iss;
    else if (stimuli_at(q)->seq_plus < 0)
        seg.seq = seq_of(seg.seq.v - (is_syn(q) ? a->tries[q] : a->asked));
    bool may_send = own->state == STATE_ESTABLISHED || own->state == STATE_CLOSE_WAIT;
    *ours =
        seg.len > 0 && may_send && seq_eq(seg.seq, own->snd_nxt) && seq_eq(seg.ack, own->rcv_nxt);
    if (stimuli_at(q)->stamped && own->timestamps && p->sent.stamp_count > 0) {
        seg.opt.has_timestamps = true;
        seg.opt.ts_val = p->sent.stamps[p->sent.stamp_count - 1].ts_val + 1;
        seg.opt.ts_ecr = own->ts_recent;
    }
    return seg;
}

/* How many members the question would move; -1 if none of their answers tells anything. The peer
 * that has no connection may have a listener. `*limited`: some member's answer is. */
static int cost_of(const struct ask *a, const struct peer *p, const struct tcb *own,
                   const struct segment *question, int64_t now_ns, bool *limited)
{
    state_set asked = (p->set & S(CLOSED)) != 0 ? p->set | S(LISTEN) : p->set;
    int most = state_set_count(members(a, p->set)), moved = 0;
    bool tells = false;
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        if (!state_set_has(asked, s))
            continue;
        const struct forecast f = forecast(p, own, s, question, now_ns);
        moved += f.moves;
        *limited = *limited || f.limited;
        tells = tells || state_set_count(members(a, f.set)) < most;
    }
    return tells ? moved : -1;
}

/* The least disturbing question that tells something; STIMULI_COUNT when there is none. */
static enum stimuli_id choose(const struct ask *a, const struct peer *p, const struct tcb *own,
                              int64_t now_ns, bool *limited)
{
    enum stimuli_id best = STIMULI_COUNT;
    int least = 0;
    for (enum stimuli_id q = 0; q < STIMULI_COUNT; q++) {
        bool ours, seldom = false;
        if (!is_possible(a, p, own, q))
            continue;
        const struct segment seg = segment_of(a, p, own, q, &ours);
        int cost = cost_of(a, p, own, &seg, now_ns, &seldom);
        if (cost < 0)
            continue;
        bool better = best == STIMULI_COUNT || cost < least ||
                      (cost == least && stimuli_at(q)->rank < stimuli_at(best)->rank);
        if (better) {
            best = q;
            least = cost;
            *limited = seldom;
        }
    }
    return best;
}

/* --- The conversation --- */

static struct ask_step named(const struct ask *a, const struct peer *p, enum state s)
{
    enum state state = s == STATE_CLOSED && a->listens ? STATE_LISTEN : s;
    return (struct ask_step){.verdict = ASK_NAMED, .state = state, .set = p->set};
}

/* The set is smaller than it was after any question before: all may be asked again, but for SYNs,
 * of which each may be one more that the peer answers later. That it is smaller than before the
 * last one is not enough, as with time it grows. */
static void judge_last(struct ask *a, const struct peer *p)
{
    int left = state_set_count(members(a, p->set));
    a->asked_ns = CLOCK_NEVER;
    if (left >= a->least)
        return;
    a->least = left;
    for (enum stimuli_id q = 0; q < STIMULI_COUNT; q++)
        a->tries[q] = is_syn(q) ? a->tries[q] : 0;
}

static void put(struct ask *a, const struct peer *p, const struct tcb *own, struct ask_step *step,
                int64_t now_ns)
{
    step->verdict = ASK_SEND;
    step->segment = segment_of(a, p, own, step->question, &step->ours);
    a->tries[step->question]++;
    a->asked++;
    a->asked_ns = now_ns;
    a->before = state_set_count(members(a, p->set));
}

/* Until when the answer to the last question is waited for: at least as long as the question may be
 * under way, since after that an answer is known to be to the next. */
static int64_t answer_by(const struct ask *a, const struct peer *p)
{
    int64_t flight = peer_sent_flight_time(&p->sent) + 1;
    if (a->asked_ns == CLOCK_NEVER)
        return 0;
    return a->asked_ns + (flight > a->config.patience_ns ? flight : a->config.patience_ns);
}

/* Whether the peer may hold text only because nothing of ours has told it that all of it came, with
 * a timestamp: an ACK alone does, which nobody answers but whose stamp the next answer echoes. */
static bool tells_first(const struct ask *a, const struct peer *p, const struct tcb *own,
                        int64_t now_ns)
{
    const struct peer_sent_told told = peer_may_send_all(p, now_ns);
    bool pair = (p->set & (S(ESTABLISHED) | S(CLOSE_WAIT))) != 0 && (p->holds || p->shut);
    bool known = !own->timestamps || !p->stamped || p->fin_seen || p->gap;
    for (size_t i = 0; i < p->sent.stamp_count; i++)
        known = known || peer_sent_stamp_told(&p->sent, p->sent.stamps[i].ts_val, &told);
    return pair && !known && a->tries[STIMULUS_ACK] < a->config.tries;
}

/* What retransmits says by itself in which state it is, if it is waited for. */
static bool retransmits(state_set set)
{
    return (set & (S(SYN_SENT) | S(SYN_RECEIVED) | S(FIN_WAIT_1) | S(CLOSING) | S(LAST_ACK))) != 0;
}

static struct ask_step ask(struct ask *a, const struct peer *p, const struct tcb *own,
                           int64_t now_ns)
{
    struct ask_step step = {.verdict = ASK_CANNOT, .set = p->set};
    bool limited = false;
    if (a->asked < QUESTIONS_MAX && tells_first(a, p, own, now_ns))
        step.question = STIMULUS_ACK;
    else
        step.question =
            a->asked < QUESTIONS_MAX ? choose(a, p, own, now_ns, &limited) : STIMULI_COUNT;
    if (step.question == STIMULI_COUNT && !a->lingered && retransmits(p->set)) {
        a->lingered = true;
        a->linger_ns = now_ns + a->config.linger_ns;
    }
    if (step.question == STIMULI_COUNT && now_ns < a->linger_ns) {
        step.verdict = ASK_WAIT;
        step.at_ns = a->linger_ns;
    }
    if (step.question == STIMULI_COUNT)
        return step;
    step.at_ns = limited ? p->last_ns + a->config.spacing_ns : now_ns;
    if (now_ns < step.at_ns) {
        step.verdict = ASK_WAIT;
        return step;
    }
    put(a, p, own, &step, now_ns);
    if (is_syn(step.question)) {
        a->knocked = true;
        a->knock_end = seq_add(step.segment.seq, 1);
    }
    return step;
}

/* A SYN that asked was answered by a listener: what that opened is closed again. */
static bool has_opened(const struct ask *a, const struct peer *p)
{
    return a->knocked && p->sent.known && seq_eq(p->sent.syn_end, a->knock_end) &&
           state_set_has(p->set, STATE_SYN_RECEIVED);
}

static struct ask_step reset(struct ask *a, const struct peer *p, const struct tcb *own,
                             int64_t now_ns)
{
    struct ask_step step = {.set = p->set, .question = STIMULUS_RST};
    put(a, p, own, &step, now_ns);
    return step;
}

struct ask_step ask_next(struct ask *a, const struct peer *p, const struct tcb *own,
                         const enum state *kernel, int64_t now_ns)
{
    if (kernel != NULL)
        return (struct ask_step){.verdict = ASK_NAMED, .state = *kernel, .set = p->set};
    if (has_opened(a, p)) {
        a->knocked = false;
        a->listens = true;
        if ((p->set & (state_set) ~(S(SYN_RECEIVED) | S(LISTEN))) ==
            0) /* nobody has reset it yet */
            return reset(a, p, own, now_ns);
    }
    enum state only = state_set_only(members(a, p->set));
    if (only != STATE_COUNT)
        return named(a, p, only);
    int64_t until_ns = answer_by(a, p);
    if (now_ns < until_ns && state_set_count(members(a, p->set)) >= a->before)
        return (struct ask_step){.verdict = ASK_WAIT, .set = p->set, .at_ns = until_ns};
    if (a->asked_ns != CLOCK_NEVER)
        judge_last(a, p);
    return ask(a, p, own, now_ns);
}
