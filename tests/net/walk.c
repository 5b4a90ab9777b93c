/* See walk.h. */
#include "walk.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "event/result.h"
#include "lab/truth_check.h"
#include "walk_acts.h"
#include "walk_rows.h"

/* A step is judged at the latest then, quiet or not; and so long a segment may be under way that
 * explains a reading. */
/* Nor is it quiet while an acknowledgement may only be delayed (RFC 9293 3.8.6.3; Linux: 40 ms). */
#define DELAYED_ACK    (60 * CLOCK_MS)
#define STEP_MOST      (250 * CLOCK_MS)
#define EXPLAIN_WITHIN (150 * CLOCK_MS)

/* Of what is asked: Linux answers once in 500 ms where it is limited, and at once or after a
 * delayed ACK's time where it is not. */
#define ASK_SPACING  (520 * CLOCK_MS)
#define ASK_PATIENCE (60 * CLOCK_MS)

enum {
    A_BIT = 100
};

static struct walk *walk_of(const struct talk *x)
{
    return x->state;
}

/* --- Our end --- */

static void emit(struct talk *x, const struct segment *seg, bool ours, enum call call)
{
    static const uint8_t zeros[2048];
    const struct scripted s = {.seg = *seg,
                               .data = zeros,
                               .usual_win = true,
                               .usual_ttl = true,
                               .ours = ours,
                               .call = call};
    (void)talk_send(x, &s, NULL);
}

static void send_own(struct talk *x, enum reply reply, uint32_t len, enum call call)
{
    struct segment seg = {.len = len};
    tcb_fill(&x->ours.tcb, reply, NULL, &seg);
    if (len > 0)
        seg.flags |= FLAG_PSH;
    emit(x, &seg, true, call);
}

static void open_anew(struct talk *x, const struct step *s)
{
    struct walk *w = walk_of(x);
    if (x->segments[END_A] > 0 || x->ours.tcb.state != STATE_CLOSED) {
        walk_rows_event(w, true, "(CRASH)");
        w->renewals++;
        ours_renew(x, seq_add(x->ours.tcb.snd_nxt, 1000 + s->random % 100000));
    }
    if (s->random % 8 == 7) {
        walk_rows_event(w, true, "(listen)");
        ours_call(x, CALL_LISTEN);
    } else {
        send_own(x, REPLY_SYN, 0, CALL_CONNECT);
    }
}

static void send_keepalive(struct talk *x)
{
    struct segment seg = {0};
    tcb_fill(&x->ours.tcb, REPLY_ACK, NULL, &seg);
    seg.seq = seq_of(x->ours.tcb.snd_una.v - 1);
    emit(x, &seg, true, CALL_COUNT);
}

/* A close that crosses the peer's: our FIN does not acknowledge the one that has come. */
static void close_at_once(struct talk *x)
{
    struct segment seg = {0};
    tcb_fill(&x->ours.tcb, REPLY_FIN, NULL, &seg);
    seg.ack = seq_of(seg.ack.v - 1);
    emit(x, &seg, true, CALL_CLOSE);
}

/* What a connected end may send; data and FIN only while it has not closed. It acknowledges the
 * peer's SYN before it asks for anything. */
static void talk(struct talk *x, const struct step *s)
{
    struct walk *w = walk_of(x);
    bool may_send = x->ours.tcb.state == STATE_ESTABLISHED || x->ours.tcb.state == STATE_CLOSE_WAIT;
    bool greeted = w->greeted && seq_eq(w->greeted_irs, x->ours.tcb.irs);
    uint32_t n = s->random % 16, len = s->len > 0 ? s->len : 10;
    w->greeted = true;
    w->greeted_irs = x->ours.tcb.irs;
    bool heard = seq_lt(seq_add(x->ours.tcb.iss, 1), x->ours.tcb.snd_una);
    if (n < (heard ? 9 : 12) && may_send)
        send_own(x, REPLY_ACK, len, CALL_COUNT);
    else if (n == 9 && x->ours.tcb.state == STATE_CLOSE_WAIT)
        close_at_once(x);
    else if (n < 11 && may_send)
        send_own(x, REPLY_FIN, n == 10 ? len : 0, CALL_CLOSE);
    else if (n < 14 && greeted)
        send_keepalive(x);
    else if (n == 15)
        send_own(x, REPLY_RST_OWN, 0, CALL_ABORT);
    else
        send_own(x, REPLY_ACK, 0, CALL_COUNT);
}

static void go_on(struct talk *x, const struct step *s)
{
    switch (x->ours.tcb.state) {
    case STATE_CLOSED:
    case STATE_LISTEN:
        open_anew(x, s);
        break;
    case STATE_SYN_SENT:
        send_own(x, REPLY_SYN, 0, CALL_COUNT);
        break;
    case STATE_SYN_RECEIVED:
        send_own(x, REPLY_SYN_ACK, 0, CALL_COUNT);
        break;
    case STATE_TIME_WAIT:
    case STATE_LAST_ACK:
    case STATE_CLOSING:
        if (s->random % 3 == 0) {
            open_anew(x, s);
            break;
        }
        talk(x, s);
        break;
    case STATE_ESTABLISHED:
    case STATE_FIN_WAIT_1:
    case STATE_FIN_WAIT_2:
    case STATE_CLOSE_WAIT:
    case STATE_COUNT:
        talk(x, s);
        break;
    }
}

static seq_t placed(enum step_place place, seq_t exact, seq_t edge, uint32_t random)
{
    switch (place) {
    case STEP_ONE_BEFORE:
        return seq_of(exact.v - 1);
    case STEP_ONE_AFTER:
        return seq_add(exact, 1);
    case STEP_A_BIT_BEFORE:
        return seq_of(exact.v - A_BIT);
    case STEP_A_BIT_AFTER:
        return seq_add(exact, A_BIT);
    case STEP_LAST_IN_WINDOW:
        return seq_of(edge.v - 1);
    case STEP_FIRST_BEHIND_WINDOW:
        return edge;
    case STEP_SECOND_BEHIND_WINDOW:
        return seq_add(edge, 1);
    case STEP_ANYWHERE:
        return seq_add(exact, random);
    case STEP_EXACT:
    case STEP_PLACES:
        break;
    }
    return exact;
}

/* Around what the peer expects, and what it has sent. */
static void send_odd(struct talk *x, const struct step *s)
{
    const struct peer *p = &x->infer.peer;
    seq_t expected = p->sent.known ? p->sent.rcv_nxt : x->ours.tcb.snd_nxt;
    seq_t edge = p->sent.known ? p->sent.edge : seq_add(expected, UINT16_MAX);
    seq_t latest = p->irs_known ? p->snd_nxt : x->ours.tcb.rcv_nxt;
    struct segment seg = {.flags = s->flags,
                          .seq = placed(s->seq, expected, edge, s->random),
                          .len = s->flags & FLAG_RST ? 0 : s->len};
    if (s->flags & FLAG_ACK)
        seg.ack =
            placed(s->ack, latest, seq_add(latest, x->ours.tcb.rcv_wnd), s->random * 2654435761u);
    emit(x, &seg, false, CALL_COUNT);
}

/* With the options that it had, old timestamps among them. */
static void send_again(struct talk *x, const struct step *s)
{
    const struct walk *w = walk_of(x);
    if (w->sent_count == 0)
        return;
    static const uint8_t zeros[2048];
    const struct segment *old = &w->sent[s->random % w->sent_count];
    const struct scripted again = {
        .seg = *old, .data = zeros, .exact_options = true, .call = CALL_COUNT};
    (void)talk_send(x, &again, NULL);
}

/* --- The judgement --- */

static void fail(struct talk *x, enum state s)
{
    struct walk *w = walk_of(x);
    char set[STATE_SET_TEXT_MAX];
    w->failed = true;
    w->failed_step = w->at - 1;
    (void)snprintf(w->why, sizeof(w->why), "the peer's kernel was in %s, which is not in %s",
                   state_name(s), state_set_format(x->infer.peer.set, set));
    walk_rows_remark(w, w->why);
}

static bool holds(const struct walk *w, state_set set, enum state s)
{
    return truth_check_holds(set, s) && !state_set_has(w->impossible, s);
}

static void count(struct walk *w, state_set set, enum state s)
{
    struct walk_tally *t = w->tally;
    char text[STATE_SET_TEXT_MAX];
    walk_rows_remark(w, state_set_format(set, text));
    if (state_set_has(set, STATE_LISTEN))
        set = (state_set)((set & ~STATE_SET(STATE_LISTEN)) | STATE_SET(STATE_CLOSED));
    t->steps++;
    t->wired_steps += w->wired;
    t->by_truth[s]++;
    if (state_set_count(set) != 1) {
        t->wide[set]++;
        return;
    }
    t->precise++;
    t->wired_precise += w->wired;
}

/* False when it cannot be judged yet. */
static bool judge(struct talk *x)
{
    struct walk *w = walk_of(x);
    enum state s = walk_acts_truth(x);
    if (w->misled) {
        w->tally->misled_steps++;
        w->tally->misled_held += holds(w, x->infer.peer.set, s);
        w->pending.until_ns = 0;
        return true;
    }
    if (w->pending.until_ns != 0) {
        if (x->now_ns >= w->pending.until_ns)
            fail(x, w->pending.state);
        return w->failed;
    }
    if (!holds(w, x->infer.peer.set, s)) {
        w->pending.state = s;
        w->pending.until_ns = x->now_ns + EXPLAIN_WITHIN;
        return false;
    }
    count(w, x->infer.peer.set, s);
    return true;
}

static void rest(struct talk *x, int64_t least_ns)
{
    struct walk *w = walk_of(x);
    w->limit_ns = x->now_ns + least_ns + STEP_MOST;
    talk_wake_at(x, x->now_ns + (least_ns > w->quiet_ns ? least_ns : w->quiet_ns));
}

/* False when there is nothing to ask, or no more. */
static bool asks(struct talk *x)
{
    struct walk *w = walk_of(x);
    if (!w->asks || w->pending.until_ns != 0)
        return false;
    const struct ask_step s = ask_next(&w->ask, &x->infer.peer, &x->ours.tcb, NULL, x->now_ns);
    if (s.verdict == ASK_WAIT)
        talk_wake_at(x, s.at_ns);
    if (s.verdict != ASK_SEND)
        return s.verdict == ASK_WAIT;
    w->tally->questions++;
    w->tally->by_question[s.question]++;
    walk_rows_remark(w, stimuli_at(s.question)->what);
    emit(x, &s.segment, s.ours, CALL_COUNT);
    rest(x, 0);
    return true;
}

/* A segment that was under way may explain what was read. */
static void explain(struct talk *x)
{
    struct walk *w = walk_of(x);
    if (w->pending.until_ns != 0 && holds(w, x->infer.peer.set, w->pending.state))
        w->pending.until_ns = 0;
}

/* --- The walk --- */

/* Whoever spoke for the peer has another TTL, and that has to be told where the peer's own is
 * known. */
static void judge_answerer(struct talk *x)
{
    struct walk *w = walk_of(x);
    if (w->failed || !w->spoke_for || answerer_signs(&x->infer.answerer) != 0)
        return;
    w->failed = true;
    w->failed_step = w->at - 1;
    (void)snprintf(w->why, sizeof(w->why),
                   "somebody spoke for the peer, and no sign of it is told");
}

static void finish(struct talk *x)
{
    struct walk *w = walk_of(x);
    judge_answerer(x);
    w->over = true;
    w->tally->walks++;
    walk_acts_settle(x);
    talk_finish(x);
}

static void take_step(struct talk *x)
{
    struct walk *w = walk_of(x);
    while (w->at < w->steps && w->skipped >> w->at & 1)
        w->at++;
    if (w->at >= w->steps) {
        finish(x);
        return;
    }
    const struct step s = step_of(w->kind, w->seed, w->number, w->at++);
    rest(x, s.kind == STEP_WAIT ? s.wait_ns : 0);
    ask_init(&w->ask, &(struct ask_config){.spacing_ns = w->limited ? ASK_SPACING : 0,
                                           .patience_ns = ASK_PATIENCE,
                                           .tries = 3,
                                           .most_rank = ~0u});
    if (s.kind == STEP_PROPER)
        go_on(x, &s);
    else if (s.kind == STEP_ODD)
        send_odd(x, &s);
    else if (s.kind == STEP_AGAIN)
        send_again(x, &s);
    else if (s.kind == STEP_PEER)
        walk_acts_peer(x, &s);
    else if (s.kind == STEP_OTHERS)
        walk_acts_others(x, &s);
    else
        walk_rows_wait(w, s.wait_ns);
}

static void start(struct talk *x)
{
    walk_rows_begin(walk_of(x));
    ours_follow_script(x, true);
    talk_wake_at(x, x->now_ns);
}

static bool acknowledgement_due(const struct talk *x)
{
    const struct walk *w = walk_of(x);
    return x->infer.peer.sent.known && seq_lt(x->infer.peer.sent.rcv_nxt, w->spoken_end) &&
           x->now_ns < w->spoke_ns + DELAYED_ACK;
}

/* What is next in order for the peer. */
static void note_spoken(struct talk *x, const struct segment *seg)
{
    struct walk *w = walk_of(x);
    const struct peer_sent *s = &x->infer.peer.sent;
    bool in_order =
        s->known && seq_le(seg->seq, s->rcv_nxt) && seq_lt(s->rcv_nxt, segment_end(seg));
    if ((seg->flags & (FLAG_SYN | FLAG_RST | FLAG_ACK)) != FLAG_ACK || !in_order)
        return;
    w->spoke_ns = x->now_ns;
    w->spoken_end = segment_end(seg);
}

static void timer(struct talk *x)
{
    struct walk *w = walk_of(x);
    talk_elapse(x);
    explain(x);
    bool unsent = x->ours.outbox.waiting || x->ours.outbox.queued != 0;
    if ((unsent || acknowledgement_due(x)) && x->now_ns < w->limit_ns)
        talk_wake_at(x, x->now_ns + w->quiet_ns);
    else if (w->at > 0 && asks(x))
        return;
    else if (w->at == 0 || judge(x))
        w->failed ? finish(x) : take_step(x);
    else
        talk_wake_at(x, x->now_ns + w->quiet_ns);
}

/* Something has happened: it is not quiet yet. */
static void stir(struct talk *x)
{
    const struct walk *w = walk_of(x);
    int64_t at = x->now_ns + w->quiet_ns;
    if (w->over)
        return;
    explain(x);
    if (at > x->wake_at && x->now_ns < w->limit_ns)
        talk_wake_at(x, at);
}

static void left(struct talk *x, const struct segment *seg)
{
    struct walk *w = walk_of(x);
    if (w->sent_count < WALK_STEPS_MAX)
        w->sent[w->sent_count++] = *seg;
    note_spoken(x, seg);
    walk_rows_left(w, seg, x->ours.outbox.current.script.ours, x->ours.tcb.state);
    stir(x);
}

static void received(struct talk *x, const struct segment *seg, const struct arrival *a)
{
    struct walk *w = walk_of(x);
    w->heard[w->heard_count++ % WALK_STEPS_MAX] = (struct walk_heard){*seg, x->now_ns, w->renewals};
    w->misled |= w->rejected && seg->ttl == OTHERS_TTL;
    w->spoke_for |= seg->ttl == OTHERS_TTL && x->infer.answerer.opening.there &&
                    x->infer.answerer.opening.ttl != OTHERS_TTL;
    walk_rows_received(w, seg, a->to);
    stir(x);
}

static void unreachable(struct talk *x, const struct icmp_error *e)
{
    (void)x;
    (void)e;
}

static void stop(struct talk *x, enum script_stop why)
{
    (void)why;
    if (!walk_of(x)->over)
        finish(x);
}

static void report(const struct talk *x, struct result *r)
{
    r->exit_code = walk_of(x)->failed;
}

static void progress(const struct talk *x, int64_t now_ns, char *out, size_t cap)
{
    (void)x;
    (void)now_ns;
    (void)cap;
    out[0] = '\0';
}

const struct script *walk_script(void)
{
    static const struct script probe = {
        .name = "walk",
        .start = start,
        .left = left,
        .received = received,
        .timer = timer,
        .unreachable = unreachable,
        .stop = stop,
        .report = report,
        .progress = progress,
    };
    return &probe;
}
