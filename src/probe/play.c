/* See play.h. The walk goes from row to row; between two rows nothing of the peer's reaches our
 * end: what comes early is kept until a row asks for it, as if it had been a little longer under
 * way, so that both columns can be held against the figure in the figure's order. */
#include "probe/play.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "event/result.h"
#include "figure/match.h"
#include "probe/emission.h"
#include "probe/line.h"
#include "probe/tally.h"

#define SETTLE_WITHIN   (250 * CLOCK_MS)
#define SETTLE_EVERY    (2 * CLOCK_MS)
#define TWO_MSL         (60 * CLOCK_S) /* Linux; RFC 9293 has four minutes */
#define SOMEBODY_WITHIN (5 * CLOCK_MIN)
#define TWO_MSL_MOST    (240 * CLOCK_S) /* RFC 9293 3.4.2 */

#define NO_ITEM SIZE_MAX

static void walk(struct exchange *x);
static void change_port(struct exchange *x);
static void take(struct exchange *x, const struct play_kept *k, bool reaches_us);

static struct play *state_of(const struct exchange *x)
{
    return x->state;
}

static const struct figure_item *item_at(const struct play *p, size_t i)
{
    return &p->figure->items[i];
}

static enum figure_side peers(const struct play *p)
{
    return view_other(p->us);
}

static void wait_until(struct exchange *x, enum play_phase phase, int64_t until_ns)
{
    struct play *p = state_of(x);
    p->phase = phase;
    p->until_ns = until_ns;
    exchange_wake_at(x, until_ns);
}

/* --- How a row turned out --- */

__attribute__((format(printf, 3, 4))) static void
find(struct play *p, enum event_line_status status, const char *fmt, ...)
{
    va_list ap;
    if (p->row.status == EVENT_LINE_DEVIATES ||
        (p->row.status == EVENT_LINE_UNKNOWN && status == EVENT_LINE_UNKNOWN))
        return;
    p->row.status = status;
    va_start(ap, fmt);
    (void)vsnprintf(p->row.why, sizeof(p->row.why), fmt, ap);
    va_end(ap);
}

/* Something is not as figured. It is a deviation unless what we did not see may explain it. */
static void find_deviation(struct exchange *x, const char *what)
{
    struct play *p = state_of(x);
    if (x->capture_dropped > 0)
        find(p, EVENT_LINE_UNKNOWN, "%s; but the capture has lost packets, which may explain it",
             what);
    else if (p->tally.counts[EVENT_LINE_UNKNOWN] > 0)
        find(p, EVENT_LINE_UNKNOWN, "%s; but an earlier line is not known to be as figured", what);
    else
        find(p, EVENT_LINE_DEVIATES, "%s", what);
}

static bool ends_alternative(const struct play *p, size_t item)
{
    if (item + 1 >= p->figure->count)
        return false;
    const struct figure_item *next = item_at(p, item + 1);
    return next->kind == FIGURE_OR ||
           (next->kind == FIGURE_END && item_at(p, next->to)->kind != FIGURE_REPEAT);
}

static void tell_line(struct exchange *x, const struct play_row *row, state_set peer_found)
{
    struct play *p = state_of(x);
    bool judged = row->status != EVENT_LINE_NOT_REACHED;
    state_set own = judged ? STATE_SET(x->tcb.state) : STATE_SET_NONE;
    state_set peer = judged ? peer_found : STATE_SET_NONE;
    struct line line;
    if (line_init(&line, &(struct line_facts){
                             .row = row->view.row,
                             .status = row->status,
                             .a = p->us == FIGURE_A ? own : peer,
                             .b = p->us == FIGURE_A ? peer : own,
                             .seg = row->has_seg ? &row->seg : NULL,
                             .round = p->round,
                             .alternative = row->alternative,
                             .alternative_ends = judged && ends_alternative(p, row->item),
                             .text = row->why[0] != '\0' ? row->why : NULL,
                         })) {
        (void)timeline_append(x->timeline, (struct event){
                                               .kind = EVENT_LINE,
                                               .session = x->config.session,
                                               .t_ns = row->has_seg ? row->t_ns : x->now_ns,
                                               .line = &line.event,
                                           });
        tally_line(&p->tally, &line.event);
    }
    line_done(&line);
}

/* --- The end --- */

static void not_reached(struct exchange *x, size_t from)
{
    struct play *p = state_of(x);
    for (size_t i = from; i < p->figure->count; i++) {
        const struct figure_item *item = item_at(p, i);
        while (item->kind == FIGURE_EITHER || item->kind == FIGURE_OR)
            item = item_at(p, i = item->to); /* which of them it would have been is not known */
        if (item->kind != FIGURE_ROW)
            continue;
        const struct play_row row = {.view = view_of(&item->row, p->us),
                                     .status = EVENT_LINE_NOT_REACHED};
        tell_line(x, &row, STATE_SET_NONE);
    }
}

/* What the peer expects is the number that it has acknowledged, or, if more of ours has arrived
 * since, the one behind it all: a reset that is not exactly there does not count (RFC
 * 9293 3.10.7.4).
 */
static void reset_what_was_acknowledged(struct exchange *x, const char *why)
{
    struct play *p = state_of(x);
    exchange_reset(x, p->ack, why);
    if (state_synchronized(x->tcb.state) && seq_lt(p->ack, x->tcb.snd_nxt))
        exchange_reset(x, x->tcb.snd_nxt, why);
}

/* Nothing stays half open at the peer, whatever the figure has made of it. */
static void clean_up(struct exchange *x)
{
    struct play *p = state_of(x);
    const state_set harmless =
        STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN) | STATE_SET(STATE_TIME_WAIT);
    struct fault ignored = {0};
    enum state truth;
    state_set set = x->peer.set;
    if (p->peer_side != NULL &&
        p->peer_side->state(p->peer_side->arg, &x->config.local, &truth, &ignored) == STATUS_OK)
        set = STATE_SET(truth);
    bool under_way = x->outbox.waiting; /* it may open something yet */
    if ((set & (state_set)~harmless) == STATE_SET_NONE && !under_way)
        return;
    static const char why[] = "nothing is left half open";
    if (p->acked)
        reset_what_was_acknowledged(x, why);
    else if (x->peer.irs_known)
        exchange_refuse(x, seq_add(x->peer.irs, 1), why);
    else if (under_way)
        exchange_abort(x, why); /* with the number that is next when it has left */
    else if (x->segments_sent > 0)
        exchange_reset(x, x->tcb.snd_nxt, why);
}

/* Once what the first needs has left; in any case soon. */
static void clean_up_the_other(struct exchange *x)
{
    struct play *p = state_of(x);
    if (x->outbox.queued != 0 || x->outbox.waiting) {
        exchange_wake_at(x, x->now_ns + CLOCK_S);
        return;
    }
    change_port(x);
    p->used_other_port = false;
    clean_up(x);
    exchange_finish(x);
}

static void forget_kept(struct play_kept *kept, size_t *count, size_t i)
{
    free(kept[i].raw);
    (*count)--;
    for (; i < *count; i++)
        kept[i] = kept[i + 1];
}

static void finish(struct exchange *x)
{
    struct play *p = state_of(x);
    if (p->phase == PLAY_OVER)
        return;
    p->phase = PLAY_OVER;
    while (p->inbox_count > 0) { /* the record is complete even if nobody asked for them */
        take(x, &p->inbox[0], true);
        forget_kept(p->inbox, &p->inbox_count, 0);
    }
    not_reached(x, p->at);
    clean_up(x);
    if (!p->used_other_port)
        exchange_finish(x);
    else
        clean_up_the_other(x);
}

static void end_row(struct exchange *x, state_set peer_found)
{
    struct play *p = state_of(x);
    const struct play_row *row = &p->row;
    tell_line(x, row, peer_found);
    p->mark_ns = row->has_seg ? row->t_ns : x->now_ns;
    p->phase = PLAY_NEXT;
    exchange_wake_at(x, CLOCK_NEVER);
    if ((row->status == EVENT_LINE_DEVIATES || row->stuck) && !p->keep_going)
        finish(x);
}

/* --- The columns --- */

#define NO_CONNECTION (STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN))

/* CLOSED is that the connection does not exist, also where somebody listens. */
static bool agrees_with_kernel(state_set figured, state_set found)
{
    return (figured & found) != STATE_SET_NONE ||
           (figured & STATE_SET(STATE_CLOSED) && found & NO_CONNECTION);
}

/* In the set of states CLOSED says nothing about whether somebody listens (tcp/peer.h). */
static bool agrees_with_set(state_set figured, state_set found)
{
    return (figured & found) != STATE_SET_NONE ||
           (figured & NO_CONNECTION && found & NO_CONNECTION);
}

static bool step_ends(const struct play *p)
{
    return p->at == p->figure->count || item_at(p, p->at)->kind != FIGURE_ROW ||
           item_at(p, p->at)->row.begins_step;
}

/* Beside a segment that has not reached us stands what we do next, in the same step. */
static void judge_own(struct exchange *x)
{
    struct play *p = state_of(x);
    state_set figured = p->row.view.own->states;
    char what[PLAY_TEXT_MAX];
    if (figured == STATE_SET_NONE)
        figured = p->own_owed;
    p->own_owed = STATE_SET_NONE;
    if (figured == STATE_SET_NONE || state_set_has(figured, x->tcb.state))
        return;
    if (p->row.view.leg == VIEW_WITHHOLD && !step_ends(p)) {
        p->own_owed = figured;
        return;
    }
    (void)snprintf(what, sizeof(what), "our end is in %s", state_name(x->tcb.state));
    find_deviation(x, what);
}

static void judge_set(struct exchange *x, state_set figured, state_set found)
{
    char what[PLAY_TEXT_MAX], set[STATE_SET_TEXT_MAX];
    if (agrees_with_set(figured, found))
        return;
    (void)snprintf(what, sizeof(what), "the peer cannot be there: it is in %s",
                   state_set_format(found, set));
    find_deviation(x, what);
}

/* The peer's column: against what its kernel says, if it can be asked; else against the set. True
 * when that is done. */
static bool judge_peer(struct exchange *x)
{
    struct play *p = state_of(x);
    state_set figured = p->judged;
    struct fault fault = {0};
    enum state truth;

    if (figured == STATE_SET_NONE)
        return true;
    if (p->peer_side == NULL) {
        judge_set(x, figured, p->row.peer_set);
        p->found = p->row.peer_set;
        return true;
    }
    if (p->peer_side->state(p->peer_side->arg, &x->config.local, &truth, &fault) != STATUS_OK) {
        find(p, EVENT_LINE_UNKNOWN, "%s", fault.text);
        return true;
    }
    p->found = STATE_SET(truth);
    if (agrees_with_kernel(figured, p->found)) {
        if ((figured & p->found) == STATE_SET_NONE)
            p->found = STATE_SET(STATE_CLOSED); /* in the figure's words */
        if (x->capture_dropped == 0)            /* else what it stands on is incomplete */
            judge_set(x, figured, p->row.peer_set | x->peer.set);
        return true;
    }
    if (x->now_ns < p->settle_ns)
        return false;
    char what[PLAY_TEXT_MAX];
    (void)snprintf(what, sizeof(what), "the peer's kernel says %s", state_name(truth));
    find_deviation(x, what);
    return true;
}

/* Which states of the peer's this row is to be held against. What stands beside a segment that has
 * not arrived says nothing of it: it is owed until the peer is heard of, or the step ends. */
static state_set due_states(struct play *p)
{
    const struct play_row *row = &p->row;
    state_set own_states = row->view.peer->states;
    state_set due = p->owed;
    if (row->view.leg == VIEW_HOLD_BACK) {
        p->owed = own_states;
        return STATE_SET_NONE;
    }
    if (!view_comes(&row->view) && !step_ends(p) && due != STATE_SET_NONE)
        return own_states;
    p->owed = STATE_SET_NONE;
    return own_states != STATE_SET_NONE ? own_states : due;
}

static void judge_isn(struct exchange *x)
{
    struct play *p = state_of(x);
    if (p->isn_count == 0) {
        find(p, EVENT_LINE_UNKNOWN, "no SYN of the peer's has come");
        return;
    }
    seq_t last = p->isns[p->isn_count - 1].isn;
    for (size_t i = 0; i + 1 < p->isn_count; i++) {
        if (seq_eq(p->isns[i].isn, last))
            find_deviation(x, "the ISN is one that was there before (RFC 9293 3.4.1)");
    }
    if (p->isn_count > 1 && seq_lt(last, p->isns[p->isn_count - 2].isn))
        find_deviation(x, "the ISN is behind the last one of this connection (RFC 6528 3)");
}

static bool judge(struct exchange *x)
{
    struct play *p = state_of(x);
    if (p->row.skipped) {
        end_row(x, STATE_SET_NONE);
        return p->phase != PLAY_OVER;
    }
    if (p->row.view.peer->event == FIGURE_NEW_ISN)
        judge_isn(x);
    judge_own(x);
    p->judged = due_states(p);
    p->found = STATE_SET_NONE;
    if (!p->row.has_seg)
        p->row.peer_set = x->peer.set;
    p->settle_ns = x->now_ns + p->settle_within;
    if (!judge_peer(x)) {
        wait_until(x, PLAY_SETTLE, x->now_ns + SETTLE_EVERY);
        return false;
    }
    end_row(x, p->found);
    return p->phase != PLAY_OVER;
}

/* --- What the columns make happen --- */

static void renew(struct exchange *x, seq_t iss)
{
    struct play *p = state_of(x);
    p->before_crash = x->tcb;
    exchange_renew(x, iss);
}

static void tie(struct play *p, enum figure_side side, const struct figure_number *n, seq_t wire)
{
    seq_t known;
    if (n->given && !bind_lookup(&p->bind, side, n, &known))
        (void)bind_set(&p->bind, side, n, wire);
}

/* (send 300,receive 100): SND.NXT and RCV.NXT of the end, as they were before any crash. */
static void tie_numbers(struct exchange *x, const struct figure_cell *cell, bool own)
{
    struct play *p = state_of(x);
    const struct tcb *t = x->tcb.state == STATE_CLOSED ? &p->before_crash : &x->tcb;
    tie(p, own ? p->us : peers(p), &cell->send, own ? t->snd_nxt : t->rcv_nxt);
    tie(p, own ? peers(p) : p->us, &cell->receive, own ? t->rcv_nxt : t->snd_nxt);
}

static void change_port(struct exchange *x)
{
    struct play *p = state_of(x);
    const struct play_aside now = {p->bind, p->before_crash, p->acked, p->ack};
    exchange_change_port(x);
    p->bind = p->aside.bind;
    p->before_crash = p->aside.before_crash;
    p->acked = p->aside.acked;
    p->ack = p->aside.ack;
    p->aside = now;
    p->on_other_port = !p->on_other_port;
    p->used_other_port = true;
}

static void act_ourselves(struct exchange *x, const struct figure_cell *cell)
{
    struct play *p = state_of(x);
    bool first = state_set_has(cell->states, STATE_LISTEN) && x->tcb.state == STATE_CLOSED &&
                 x->segments_sent == 0 && state_set_only(cell->states) == STATE_LISTEN;
    if (first || cell->event == FIGURE_LISTEN) {
        if (x->tcb.state == STATE_CLOSED) /* of the last connection nothing is left */
            exchange_renew(x, x->config.iss);
        exchange_call(x, INPUT_OPEN_PASSIVE);
        return;
    }
    if (cell->event == (p->on_other_port ? FIGURE_FIRST_PORT : FIGURE_OTHER_PORT))
        change_port(x);
    else if (cell->event == FIGURE_ABORT)
        p->abort_called = true;
    else if (cell->event == FIGURE_CRASH)
        renew(x, x->config.iss);
    else if (cell->event == FIGURE_TWO_MSL)
        exchange_call(x, INPUT_TIME_WAIT_TIMEOUT);
    else if (cell->event == FIGURE_NUMBERS)
        tie_numbers(x, cell, true);
    if (cell->event == FIGURE_SAY) {
        p->filler = cell->text;
        p->filler_len = cell->text_len;
    }
}

static void cue(struct exchange *x, enum figure_event what, const void *data, size_t n)
{
    struct play *p = state_of(x);
    struct fault fault = {0};
    if (p->peer_side == NULL)
        return;
    p->cued |= 1u << what;
    if (p->peer_side->act(p->peer_side->arg, &x->config.local, what, data, n, &fault) != STATUS_OK)
        find(p, EVENT_LINE_UNKNOWN, "%s", fault.text);
}

static bool makes_the_peer_act(enum figure_event e)
{
    return e == FIGURE_CONNECT || e == FIGURE_LISTEN || e == FIGURE_CLOSE || e == FIGURE_ABORT ||
           e == FIGURE_SAY || e == FIGURE_CRASH;
}

/* --say: a stranger's application closes or talks when it has been told something. */
static void say_to_the_peer(struct exchange *x)
{
    struct play *p = state_of(x);
    if (p->said || p->say_len == 0)
        return;
    p->said = true;
    struct scripted say = {.data = p->say,
                           .usual_win = true,
                           .usual_ttl = true,
                           .ours = true,
                           .call = INPUT_COUNT,
                           .tag = SIZE_MAX};
    say.seg.seq = x->tcb.snd_nxt;
    say.seg.ack = x->tcb.rcv_nxt;
    say.seg.flags = FLAG_PSH | FLAG_ACK;
    say.seg.len = (uint32_t)(p->say_len < EMISSION_DATA_MAX ? p->say_len : EMISSION_DATA_MAX);
    bind_shift(&p->bind, p->us, say.seg.len);
    (void)exchange_emit(x, &say, "--say, which the figure does not show");
}

static void let_the_peer_act(struct exchange *x, const struct figure_cell *cell)
{
    struct play *p = state_of(x);
    if (cell->event == FIGURE_NUMBERS)
        tie_numbers(x, cell, false);
    if (!makes_the_peer_act(cell->event))
        return;
    if (p->peer_side != NULL)
        cue(x, cell->event, cell->text, cell->text_len);
    else if (cell->event == FIGURE_CLOSE || cell->event == FIGURE_SAY)
        say_to_the_peer(x);
}

/* A SYN,ACK with another ACK answers another SYN. */
static bool was_seen(const struct play *p, const struct segment *seg)
{
    for (size_t i = 0; i < p->seen_count; i++) {
        if (seq_eq(p->seen[i].seq, seg->seq) &&
            ((p->seen[i].flags ^ seg->flags) & ~(unsigned)FLAG_PSH) == 0 &&
            p->seen[i].len == seg->len &&
            (!(seg->flags & FLAG_SYN) || seq_eq(p->seen[i].ack, seg->ack)))
            return true;
    }
    return false;
}

/* Whether the figure shows again what was matched before: by its number, which is known. */
static bool shows_again(const struct play *p, const struct figure_segment *f)
{
    struct bind then = p->bind;
    seq_t seq;
    if (f->seq.given && f->flags & FLAG_SYN)
        bind_syn(&then, peers(p), &f->seq);
    if (!f->seq.given || !bind_lookup(&then, peers(p), &f->seq, &seq))
        return false;
    for (size_t i = 0; i < p->seen_count; i++) {
        bool same = !f->has_flags || ((p->seen[i].flags ^ f->flags) & ~(unsigned)FLAG_PSH) == 0;
        if (same && seq_eq(p->seen[i].seq, seq))
            return true;
    }
    return false;
}

/* Many figures show what the peer sends and not the call behind it. A retransmission needs none. */
static void imply_a_call(struct exchange *x, const struct figure_segment *f)
{
    struct play *p = state_of(x);
    static const uint8_t filler[EMISSION_DATA_MAX];
    uint32_t len = f->has_len ? f->len : f->has_data ? 1 : 0;
    if (shows_again(p, f))
        return;
    if ((f->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN && !(p->cued & 1u << FIGURE_CONNECT))
        cue(x, FIGURE_CONNECT, NULL, 0);
    if (len > 0 && !(p->cued & 1u << FIGURE_SAY)) {
        if (p->peer_side == NULL)
            say_to_the_peer(x);
        cue(x, FIGURE_SAY, filler, len < sizeof(filler) ? len : sizeof(filler));
    }
    if (f->flags & FLAG_FIN && !(p->cued & 1u << FIGURE_CLOSE)) {
        if (p->peer_side == NULL)
            say_to_the_peer(x);
        cue(x, FIGURE_CLOSE, NULL, 0);
    }
}

/* --- A row --- */

static void emit(struct exchange *x, bool arrives, bool released)
{
    struct play *p = state_of(x);
    const struct figure_row *row = p->row.view.row;
    static const uint8_t zeros[EMISSION_DATA_MAX];
    enum emission_kind kind = p->row.view.own->duplicate || released ? EMISSION_DUPLICATE
                              : p->abort_called                      ? EMISSION_ABORT
                                                                     : EMISSION_REGULAR;
    struct scripted s;
    bool opens = emission_of(&row->segment, kind, p->us, &x->tcb, &p->bind, &s);
    if (opens && (x->tcb.state == STATE_CLOSED || !seq_eq(x->tcb.iss, s.seg.seq)))
        renew(x, s.seg.seq);
    if (s.seg.flags & FLAG_RST)
        p->abort_called = false;
    s.data = zeros;
    if (s.seg.len > 0 && p->filler != NULL) {
        if (!row->segment.has_len)
            s.seg.len = (uint32_t)p->filler_len;
        if (s.seg.len <= p->filler_len)
            s.data = (const uint8_t *)p->filler;
    }
    s.tag = p->row.item;
    if (!arrives)
        exchange_hold_back(x, &s);
    else if (!exchange_emit(x, &s, NULL))
        find(p, EVENT_LINE_UNKNOWN, "too much waits to be sent");
}

/* What the peer is to do of itself: connect, talk, close. "" for what it only answers. */
static const char *call_behind(const struct exchange *x)
{
    const struct play *p = state_of(x);
    const struct figure_segment *f = &p->row.view.row->segment;
    if ((f->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN)
        return "connect";
    if (p->row.view.peer->event == FIGURE_ABORT)
        return "abort";
    if (f->flags & FLAG_FIN)
        return "close";
    return f->has_data || f->has_len ? "talk" : "";
}

/* "waiting for 192.0.2.7 to connect to port 8888" */
static void say_what_is_awaited(const struct exchange *x, char *out, size_t cap)
{
    const char *call = call_behind(x);
    char host[ADDRESS_TEXT_MAX];
    address_format(&x->config.remote.ip, host);
    if (strcmp(call, "connect") == 0)
        (void)snprintf(out, cap, "waiting for %s to connect to port %u", host,
                       x->config.local.port);
    else
        (void)snprintf(out, cap, "waiting for %s%s%s", host, call[0] != '\0' ? " to " : "", call);
}

static void tell_what_is_awaited(struct exchange *x)
{
    char text[PLAY_TEXT_MAX];
    say_what_is_awaited(x, text, sizeof(text));
    exchange_remark(x, text);
}

/* An answer is awaited for -W; what somebody has to bring about, as long as -w allows, or an hour.
 */
static bool await(struct exchange *x, int64_t at_least)
{
    struct play *p = state_of(x);
    int64_t wait = p->reply_wait_ns > at_least ? p->reply_wait_ns : at_least;
    bool by_somebody = p->peer_side == NULL && call_behind(x)[0] != '\0' && !p->said;
    p->instead[0] = '\0';
    if (by_somebody)
        tell_what_is_awaited(x);
    if (by_somebody) /* the deadline comes first */
        wait = x->config.deadline_ns == CLOCK_NEVER ? SOMEBODY_WITHIN : CLOCK_NEVER - x->now_ns;
    wait_until(x, PLAY_AWAIT, x->now_ns + wait);
    return true;
}

static bool deliver(struct exchange *x)
{
    struct play *p = state_of(x);
    const struct view *v = &p->row.view;
    char why[MATCH_WHY_MAX];
    for (size_t i = 0; i < p->withheld_count; i++) {
        const struct play_kept *k = &p->withheld[i];
        if (match_segment(&p->bind, peers(p), &v->row->segment, &k->seg, why) != MATCH_YES)
            continue;
        exchange_deliver(x, &k->seg, x->now_ns);
        forget_kept(p->withheld, &p->withheld_count, i);
        return judge(x);
    }
    find_deviation(x, "there is no such segment of the peer's in the network");
    return judge(x);
}

static bool begin_leg(struct exchange *x)
{
    struct play *p = state_of(x);
    const struct figure_row *row = p->row.view.row;
    switch (p->row.view.leg) {
    case VIEW_NONE:
        if (row->silence_ns == 0)
            return judge(x);
        wait_until(x, PLAY_SILENCE, x->now_ns + row->silence_ns);
        return true;
    case VIEW_SEND:
    case VIEW_RELEASE:
        p->phase = PLAY_LEAVING;
        emit(x, true, p->row.view.leg == VIEW_RELEASE);
        return false;
    case VIEW_HOLD_BACK:
        emit(x, false, false);
        return judge(x);
    case VIEW_AWAIT:
    case VIEW_WITHHOLD:
        imply_a_call(x, &row->segment);
        return await(x, row->after_ns + row->tolerance_ns + row->within_ns);
    case VIEW_DELIVER:
        return deliver(x);
    }
    return false;
}

static void look_at(struct exchange *x, size_t item)
{
    struct play *p = state_of(x);
    p->row = (struct play_row){
        .item = item,
        .view = view_of(&item_at(p, item)->row, p->us),
        .dropped = p->dropped,
    };
    p->at = item + 1;
}

static bool begin_row(struct exchange *x, size_t item)
{
    struct play *p = state_of(x);
    look_at(x, item);
    const struct view *v = &p->row.view;
    act_ourselves(x, v->own);
    let_the_peer_act(x, v->peer);
    p->settle_within = v->peer->event == FIGURE_TWO_MSL ? TWO_MSL_MOST : p->settle_within;
    int64_t pause = v->own->wait_ns > v->peer->wait_ns ? v->own->wait_ns : v->peer->wait_ns;
    if (v->peer->event == FIGURE_TWO_MSL && p->peer_side == NULL)
        pause = TWO_MSL;
    if (pause > 0) {
        wait_until(x, PLAY_PAUSE, x->now_ns + pause);
        return false;
    }
    return begin_leg(x);
}

/* --- Alternatives --- */

static size_t end_of_choice(const struct play *p, size_t i)
{
    while (item_at(p, i)->kind != FIGURE_END)
        i = item_at(p, i)->to;
    return i;
}

/* The first row of the alternative that begins at item `i`. */
static const struct figure_row *first_row(const struct play *p, size_t i)
{
    const struct figure_item *first = item_at(p, i + 1);
    return first->kind == FIGURE_ROW ? &first->row : NULL;
}

static bool begin_choice(struct exchange *x, size_t item)
{
    struct play *p = state_of(x);
    int64_t longest = 0, silence = 0;
    p->choosing = true;
    p->choice = item;
    for (size_t i = item; item_at(p, i)->kind != FIGURE_END; i = item_at(p, i)->to) {
        const struct figure_row *row = first_row(p, i);
        if (row == NULL)
            continue;
        int64_t latest = row->after_ns + row->tolerance_ns + row->within_ns;
        longest = latest > longest ? latest : longest;
        silence = row->silence_ns > silence ? row->silence_ns : silence;
    }
    look_at(x, item + 1);
    p->at = end_of_choice(p, item) + 1;
    if (silence == 0)
        return await(x, longest);
    p->instead[0] = '\0';
    wait_until(x, PLAY_AWAIT, x->now_ns + silence);
    return true;
}

/* What happened is the alternative that begins at item `i`, unless something before it was missed:
 * then it need not be. */
static void choose(struct exchange *x, size_t i)
{
    struct play *p = state_of(x);
    const struct figure_item *chosen = item_at(p, i);
    bool missed = x->capture_dropped > p->row.dropped;
    p->choosing = false;
    look_at(x, i + 1);
    p->row.alternative = chosen;
    if (missed || (chosen->deviates && x->capture_dropped > 0))
        find(p, EVENT_LINE_UNKNOWN,
             "this alternative is what was seen, but the capture has lost packets");
    else if (chosen->deviates && p->tally.counts[EVENT_LINE_UNKNOWN] > 0)
        find(p, EVENT_LINE_UNKNOWN,
             "this alternative deviates, but an earlier line is not known to be as figured");
    tally_alternative(&p->tally, chosen, p->row.view.row, p->row.status == EVENT_LINE_OK);
}

/* --- What comes --- */

static void take(struct exchange *x, const struct play_kept *k, bool reaches_us)
{
    struct play *p = state_of(x);
    int64_t now = x->now_ns;
    exchange_take(x, &k->seg, k->t_ns, reaches_us);
    if (x->now_ns < now)
        x->now_ns = now;
    if (k->seg.flags & FLAG_ACK && (!p->acked || seq_lt(p->ack, k->seg.ack))) {
        p->acked = true;
        p->ack = k->seg.ack;
    }
}

/* A SYN that the figure numbers otherwise than the last, or in another round, is of another
 * connection, even if its number on the wire is the same. */
static void remember_isn(struct play *p, seq_t isn)
{
    const struct figure_number *n = &p->row.view.row->segment.seq, *last = &p->last_syn;
    bool anew = p->isn_count == 0 || p->new_round || n->value != last->value ||
                strcmp(n->symbol, last->symbol) != 0;
    if (!anew && seq_eq(p->isns[p->isn_count - 1].isn, isn))
        return;
    if (p->isn_count == PLAY_ISNS_MAX) /* the oldest makes room */
        memmove(p->isns, p->isns + 1, --p->isn_count * sizeof(p->isns[0]));
    p->isns[p->isn_count++].isn = isn;
    p->last_syn = *n;
    p->new_round = false;
}

static void remember(struct play *p, const struct segment *seg)
{
    if (p->seen_count < PLAY_SEEN_MAX && segment_seq_len(seg) > 0) {
        p->seen[p->seen_count].seq = seg->seq;
        p->seen[p->seen_count].ack = seg->ack;
        p->seen[p->seen_count].flags = seg->flags;
        p->seen[p->seen_count++].len = seg->len;
    }
    if (seg->flags & FLAG_SYN)
        remember_isn(p, seg->seq);
}

/* Data that the figure does not show are taken and acknowledged, or the peer would send nothing
 * else. */
static void take_unfigured_data(struct exchange *x, const struct segment *seg, seq_t before)
{
    struct play *p = state_of(x);
    uint32_t octets = x->tcb.rcv_nxt.v - before.v;
    if (seg->len == 0 || octets == 0)
        return;
    bind_shift(&p->bind, peers(p), octets);
    exchange_acknowledge(x, "for data that the figure does not show");
}

static void judge_time(struct exchange *x)
{
    struct play *p = state_of(x);
    const struct figure_row *row = p->row.view.row;
    int64_t gap = p->row.t_ns - p->mark_ns;
    char what[PLAY_TEXT_MAX], took[32];
    (void)clock_format(gap, took, sizeof(took));
    (void)snprintf(what, sizeof(what), "it came after %s", took);
    bool late = row->within_ns != 0 && gap > row->within_ns;
    bool off = row->after_ns != 0 &&
               (gap < row->after_ns - row->tolerance_ns || gap > row->after_ns + row->tolerance_ns);
    if (late || off)
        find_deviation(x, what);
}

/* The row's segment is here. */
static void take_in(struct exchange *x, const struct play_kept *k)
{
    struct play *p = state_of(x);
    const struct figure_segment *f = &p->row.view.row->segment;
    bool reaches = p->row.view.leg != VIEW_WITHHOLD;
    seq_t before = x->tcb.rcv_nxt;
    take(x, k, reaches);
    p->row.has_seg = true;
    p->row.seg = k->seg;
    p->row.seg.raw = NULL;
    p->row.seg.raw_len = 0;
    p->row.t_ns = k->t_ns;
    p->row.peer_set = x->peer.set;
    p->dropped = k->dropped;
    remember(p, &k->seg);
    if (k->seg.len > 0)
        p->cued &= ~(1u << FIGURE_SAY);
    if (reaches && !f->has_data && !f->has_len)
        take_unfigured_data(x, &k->seg, before);
    judge_time(x);
}

static void put_aside(struct play *p, const struct play_kept *k)
{
    if (p->withheld_count == PLAY_INBOX_MAX)
        return;
    struct play_kept *to = &p->withheld[p->withheld_count++];
    *to = *k;
    to->raw = NULL; /* the record has its octets */
    to->seg.raw = NULL;
    to->seg.raw_len = 0;
}

static enum match try_row(struct play *p, const struct figure_row *row, const struct segment *seg,
                          char *why)
{
    const struct view v = view_of(row, p->us);
    if (!view_comes(&v) || (was_seen(p, seg) && !shows_again(p, &row->segment)))
        return MATCH_OTHER; /* a copy is none but where the figure shows one */
    return match_segment(&p->bind, peers(p), &row->segment, seg, why);
}

/* Whether the segment is what is awaited, here or in one of the alternatives. */
static enum match try_here(struct exchange *x, const struct segment *seg, char *why)
{
    struct play *p = state_of(x);
    enum match best = MATCH_OTHER;
    char said[MATCH_WHY_MAX];
    if (!p->choosing)
        return try_row(p, p->row.view.row, seg, why);
    for (size_t i = p->choice; item_at(p, i)->kind != FIGURE_END; i = item_at(p, i)->to) {
        const struct figure_row *row = first_row(p, i);
        enum match m = row != NULL ? try_row(p, row, seg, said) : MATCH_OTHER;
        if (m == MATCH_YES) {
            choose(x, i);
            return m;
        }
        if (m > best) {
            best = m;
            (void)snprintf(why, MATCH_WHY_MAX, "%s", said);
        }
    }
    return best;
}

static bool is_bare_ack(const struct figure_segment *f)
{
    return f->has_flags && (f->flags & ~(unsigned)FLAG_PSH) == FLAG_ACK && !f->has_data &&
           !f->has_len;
}

/* A bare ACK is not sent again if it is lost, and need not be sent at all where something that
 * follows acknowledges as much. If the segment is the one of a later row with nothing but bare ACKs
 * in between, those are not known to be as figured, and the walk goes on there. */
static bool skip_to(struct exchange *x, const struct segment *seg)
{
    struct play *p = state_of(x);
    char why[MATCH_WHY_MAX];
    size_t to = p->row.item;
    if (p->choosing)
        return false;
    for (;;) {
        const struct view v = view_of(&item_at(p, to)->row, p->us);
        if (!(v.leg == VIEW_NONE ? v.row->silence_ns == 0
                                 : view_comes(&v) && is_bare_ack(&v.row->segment)))
            return false;
        if (++to == p->figure->count || item_at(p, to)->kind != FIGURE_ROW)
            return false;
        if (try_row(p, &item_at(p, to)->row, seg, why) == MATCH_YES)
            break;
    }
    while (p->row.item < to) {
        if (p->row.view.leg != VIEW_NONE) {
            find(p, EVENT_LINE_UNKNOWN,
                 "it did not come; what followed has come instead. Not sent, "
                 "or lost on the way");
            p->row.skipped = true;
            tell_line(x, &p->row, STATE_SET_NONE);
        } else {
            act_ourselves(x, p->row.view.own);
            let_the_peer_act(x, p->row.view.peer);
        }
        look_at(x, p->row.item + 1);
    }
    return true;
}

/* In the figure's numbers, as far as they are tied to the wire's: those of a SYN are its own. */
static void describe(const struct play *p, char *out, size_t cap, const struct segment *seg,
                     const char *why)
{
    char flags[FLAGS_TEXT_MAX];
    seq_t zero;
    struct text t;
    text_init(&t);
    if (!(seg->flags & FLAG_SYN) && bind_zero(&p->bind, peers(p), &zero))
        text_printf(&t, "<SEQ=%" PRIu32 ">", seg->seq.v - zero.v);
    if (seg->flags & FLAG_ACK && bind_zero(&p->bind, p->us, &zero))
        text_printf(&t, "<ACK=%" PRIu32 ">", seg->ack.v - zero.v);
    text_printf(&t, "<CTL=%s>", flags_format(seg->flags, flags));
    if (seg->len > 0)
        text_printf(&t, "<DATA=%" PRIu32 ">", seg->len);
    (void)snprintf(out, cap, "%s came%s%s", t.failed ? "something else" : t.data,
                   why[0] != '\0' ? ": " : "", why);
    text_done(&t);
}

enum considered {
    CONSIDERED_MATCH,
    CONSIDERED_TAKEN,
    CONSIDERED_EARLY, /* it lies behind a gap: what fills the gap comes first */
    CONSIDERED_WRONG,
};

static bool is_retransmission(const struct exchange *x, const struct segment *seg)
{
    const struct play *p = state_of(x);
    bool of_handshake =
        seg->flags & FLAG_SYN && state_synchronized(x->tcb.state) && seq_eq(seg->seq, x->tcb.irs);
    if (segment_seq_len(seg) == 0 || seg->flags & FLAG_RST)
        return false;
    return of_handshake || was_seen(p, seg);
}

static bool lies_behind_a_gap(const struct exchange *x, const struct segment *seg)
{
    return state_synchronized(x->tcb.state) && segment_seq_len(seg) > 0 &&
           !(seg->flags & (FLAG_RST | FLAG_SYN)) && seq_lt(x->tcb.rcv_nxt, seg->seq);
}

/* A segment has come that is not the row's. */
static enum considered consider_other(struct exchange *x, const struct play_kept *k,
                                      const char *why)
{
    struct play *p = state_of(x);
    const struct segment *seg = &k->seg;
    char text[PLAY_TEXT_MAX];

    if (seg->checksum == SEGMENT_CHECKSUM_BAD || is_retransmission(x, seg)) {
        take(x, k, true);
        exchange_note(x, "not in the figure: %s",
                      seg->checksum == SEGMENT_CHECKSUM_BAD ? "a damaged segment"
                                                            : "a retransmission");
        return CONSIDERED_TAKEN;
    }
    if (lies_behind_a_gap(x, seg))
        return CONSIDERED_EARLY;
    describe(p, text, sizeof(text), seg, why);
    bool harmless = !(seg->flags & (FLAG_SYN | FLAG_FIN | FLAG_RST));
    if (harmless) {
        seq_t before = x->tcb.rcv_nxt;
        take(x, k, true);
        exchange_note(x, "not in the figure");
        take_unfigured_data(x, seg, before);
        (void)snprintf(p->instead, sizeof(p->instead), "%s", text);
        return CONSIDERED_TAKEN;
    }
    take(x, k, true);
    find_deviation(x, text);
    return CONSIDERED_WRONG;
}

static enum considered consider(struct exchange *x, const struct play_kept *k)
{
    struct play *p = state_of(x);
    char why[MATCH_WHY_MAX] = "";
    if (k->seg.checksum != SEGMENT_CHECKSUM_BAD) {
        if (try_here(x, &k->seg, why) == MATCH_YES || skip_to(x, &k->seg)) {
            take_in(x, k);
            if (p->row.view.leg == VIEW_WITHHOLD)
                put_aside(p, k);
            return CONSIDERED_MATCH;
        }
    }
    return consider_other(x, k, why);
}

/* True when the walk can go on. */
static bool look_into_inbox(struct exchange *x)
{
    struct play *p = state_of(x);
    for (size_t i = 0; i < p->inbox_count;) {
        struct play_kept k = p->inbox[i];
        enum considered c = consider(x, &k);
        if (c == CONSIDERED_EARLY) {
            i++;
            continue;
        }
        forget_kept(p->inbox, &p->inbox_count, i);
        i = 0; /* it may have filled a gap */
        if (c == CONSIDERED_MATCH)
            return judge(x);
        if (c == CONSIDERED_WRONG) {
            p->choosing = false;
            end_row(x, STATE_SET_NONE);
            return p->phase != PLAY_OVER;
        }
    }
    return false;
}

/* Something has come while there should be silence. */
static bool silence_broken(struct exchange *x)
{
    struct play *p = state_of(x);
    char text[PLAY_TEXT_MAX];
    if (p->inbox_count == 0)
        return false;
    struct play_kept k = p->inbox[0];
    describe(p, text, sizeof(text), &k.seg, is_retransmission(x, &k.seg) ? "a retransmission" : "");
    take(x, &k, true);
    forget_kept(p->inbox, &p->inbox_count, 0);
    find_deviation(x, text);
    end_row(x, STATE_SET_NONE);
    return p->phase != PLAY_OVER;
}

static bool silence_kept(struct exchange *x)
{
    struct play *p = state_of(x);
    if (x->capture_dropped > p->row.dropped)
        find(p, EVENT_LINE_UNKNOWN, "nothing came, but the capture has lost packets");
    return judge(x);
}

/* The alternative that begins with silence; NO_ITEM: there is none. */
static size_t silent_alternative(const struct play *p)
{
    for (size_t i = p->choice; p->choosing && item_at(p, i)->kind != FIGURE_END;
         i = item_at(p, i)->to) {
        const struct figure_row *row = first_row(p, i);
        if (row != NULL && row->silence_ns > 0)
            return i;
    }
    return NO_ITEM;
}

/* The row's time is over. */
static bool gave_up(struct exchange *x)
{
    struct play *p = state_of(x);
    size_t silent = silent_alternative(p);
    bool deaf = x->capture_dropped > p->row.dropped;
    if (silent != NO_ITEM && !deaf) {
        choose(x, silent);
        return judge(x);
    }
    p->choosing = false;
    p->row.stuck = true;
    if (deaf)
        find(p, EVENT_LINE_UNKNOWN, "nothing came, but the capture has lost packets");
    else if (p->instead[0] != '\0')
        find_deviation(x, p->instead);
    else
        find(p, EVENT_LINE_UNKNOWN, "nothing came: not sent, or lost on the way");
    end_row(x, STATE_SET_NONE);
    return p->phase != PLAY_OVER;
}

/* --- The walk --- */

static void begin_round(struct play *p)
{
    enum figure_side peer = peers(p);
    p->bind.symbol_count = 0;
    p->bind.space[peer].bound = false;
    p->bind.space[peer].syn.given = false;
    p->seen_count = 0;
    p->new_round = true;
    p->cued = 0;
}

static bool next_item(struct exchange *x)
{
    struct play *p = state_of(x);
    if (p->at == p->figure->count) {
        finish(x);
        return false;
    }
    size_t at = p->at;
    const struct figure_item *item = item_at(p, at);
    switch (item->kind) {
    case FIGURE_ROW:
        return begin_row(x, at);
    case FIGURE_EITHER:
        return begin_choice(x, at);
    case FIGURE_OR: /* the end of the alternative that was chosen */
        p->at = end_of_choice(p, at) + 1;
        return true;
    case FIGURE_REPEAT:
        p->round = 0;
        p->at++;
        return true;
    case FIGURE_END:
        p->at++;
        if (item_at(p, item->to)->kind == FIGURE_REPEAT &&
            ++p->round < item_at(p, item->to)->count) {
            begin_round(p);
            p->at = item->to + 1;
        } else {
            p->round = 0;
        }
        return true;
    }
    return false;
}

static void walk(struct exchange *x)
{
    struct play *p = state_of(x);
    for (bool on = true; on;) {
        if (p->phase == PLAY_NEXT)
            on = next_item(x);
        else if (p->phase == PLAY_AWAIT)
            on = look_into_inbox(x);
        else if (p->phase == PLAY_SILENCE)
            on = silence_broken(x);
        else
            on = false;
    }
}

/* --- The probe's callbacks --- */

static bool presumes_a_connection(const struct figure_cell *cell)
{
    bool synchronized = false;
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++)
        synchronized = synchronized || (state_set_has(cell->states, s) && state_synchronized(s));
    return synchronized || cell->event == FIGURE_CRASH || cell->event == FIGURE_NUMBERS;
}

bool play_begins_connected(const struct figure *f)
{
    for (size_t i = 0; i < f->count && f->items[i].kind == FIGURE_ROW; i++) {
        const struct figure_row *row = &f->items[i].row;
        if (row->has_segment)
            return false;
        if (presumes_a_connection(&row->a) || presumes_a_connection(&row->b))
            return true;
    }
    return false;
}

static void begin(struct exchange *x)
{
    struct play *p = state_of(x);
    exchange_follow_script(x, true);
    if (x->segments_sent > 0) {
        exchange_remark(x, "a handshake that the figure does not show went before");
        p->acked = true;
        p->ack = x->tcb.snd_una;
    }
    p->phase = PLAY_NEXT;
    p->before_crash = x->tcb;
    p->mark_ns = x->now_ns;
    p->dropped = x->capture_dropped;
    walk(x);
}

static void start(struct exchange *x)
{
    struct play *p = state_of(x);
    struct fault fault = {0};
    bind_init(&p->bind);
    p->settle_within = SETTLE_WITHIN;
    if (p->figure->needs & FIGURE_NEEDS_NOTHING && p->peer_side != NULL &&
        p->peer_side->shut(p->peer_side->arg, &fault) != STATUS_OK)
        exchange_note(x, "%s", fault.text);
    if (!play_begins_connected(p->figure)) {
        begin(x);
        return;
    }
    exchange_open(x);
    wait_until(x, PLAY_HANDSHAKE, x->now_ns + p->reply_wait_ns);
}

static bool offered(struct exchange *x, const struct segment *seg, int64_t t_ns)
{
    struct play *p = state_of(x);
    if (p->phase == PLAY_HANDSHAKE || p->phase == PLAY_OVER || p->inbox_count == PLAY_INBOX_MAX)
        return true;
    struct play_kept *k = &p->inbox[p->inbox_count];
    *k = (struct play_kept){
        .seg = *seg, .t_ns = t_ns, .raw = malloc(seg->raw_len + 1), .dropped = x->capture_dropped};
    if (k->raw == NULL)
        return true;
    if (seg->raw_len > 0)
        memcpy(k->raw, seg->raw, seg->raw_len);
    k->seg.raw = k->raw;
    p->inbox_count++;
    walk(x);
    return false;
}

static void left(struct exchange *x, const struct segment *seg)
{
    struct play *p = state_of(x);
    const struct outgoing *o = &x->outbox.current;
    if (p->phase == PLAY_OVER && p->used_other_port) {
        clean_up_the_other(x);
        return;
    }
    if (p->phase == PLAY_HANDSHAKE) {
        if (x->tcb.state == STATE_ESTABLISHED && x->outbox.queued == 0)
            begin(x);
        return;
    }
    if (p->phase != PLAY_LEAVING || o->kind != OUTGOING_SCRIPTED || o->script.tag != p->row.item)
        return;
    p->row.has_seg = true;
    p->row.seg = *seg;
    p->row.seg.raw = NULL;
    p->row.seg.raw_len = 0;
    p->row.t_ns = x->now_ns;
    p->row.peer_set = x->peer.set;
    p->phase = PLAY_NEXT;
    if (judge(x))
        walk(x);
}

static void stop_at_row(struct exchange *x, const char *why)
{
    struct play *p = state_of(x);
    if (p->phase == PLAY_OVER)
        return;
    if (p->phase == PLAY_HANDSHAKE) {
        tally_trouble(&p->tally, "the handshake before the figure failed", why);
    } else if (p->phase != PLAY_NEXT) {
        find(p, EVENT_LINE_UNKNOWN, "%s", why);
        tell_line(x, &p->row, STATE_SET_NONE);
    }
    finish(x);
}

static void received(struct exchange *x, const struct segment *seg, const struct arrival *a)
{
    struct play *p = state_of(x);
    (void)seg;
    if (p->phase == PLAY_HANDSHAKE && a->to == STATE_CLOSED)
        stop_at_row(x, "the peer answered our SYN with a reset");
}

static void timer(struct exchange *x)
{
    struct play *p = state_of(x);
    bool on = false;
    switch (p->phase) {
    case PLAY_HANDSHAKE:
        stop_at_row(x, "no answer to our SYN");
        return;
    case PLAY_PAUSE:
        exchange_elapse(x);
        on = begin_leg(x);
        break;
    case PLAY_AWAIT:
        on = gave_up(x);
        break;
    case PLAY_SILENCE:
        exchange_elapse(x);
        on = silence_kept(x);
        break;
    case PLAY_SETTLE:
        exchange_elapse(x);
        on = judge_peer(x);
        if (!on) {
            /* A quarter of a second is nothing; the end of TIME-WAIT is a minute. */
            int64_t every = p->settle_within > CLOCK_S ? CLOCK_S / 5 : SETTLE_EVERY;
            wait_until(x, PLAY_SETTLE, x->now_ns + every);
            return;
        }
        p->settle_within = SETTLE_WITHIN;
        end_row(x, p->found);
        on = p->phase != PLAY_OVER;
        break;
    case PLAY_OVER:
        x->outbox.queued = 0;
        clean_up_the_other(x);
        return;
    case PLAY_NEXT:
    case PLAY_LEAVING:
        return;
    }
    if (on)
        walk(x);
}

static void unreachable(struct exchange *x, const struct icmp_error *e)
{
    struct play *p = state_of(x);
    char from[ADDRESS_TEXT_MAX], why[PLAY_TEXT_MAX];
    if (p->phase != PLAY_AWAIT && p->phase != PLAY_HANDSHAKE && x->segments_sent > 0)
        return;
    (void)snprintf(why, sizeof(why), "%s says: %s", address_format(&e->from, from),
                   icmp_describe(e->ip_version, e->type, e->code));
    stop_at_row(x, why);
}

static void stop(struct exchange *x, enum probe_stop why)
{
    stop_at_row(x, why == PROBE_STOP_INTERRUPT  ? "interrupted"
                   : why == PROBE_STOP_DEADLINE ? "-w has run out"
                                                : "no answer after all our retransmissions");
}

static void report(const struct exchange *x, struct result *r)
{
    const struct play *p = state_of(x);
    tally_report(&p->tally, p->figure, x, r);
}

/* What people wait for. */
static void progress(const struct exchange *x, int64_t now_ns, char *out, size_t cap)
{
    const struct play *p = state_of(x);
    const struct figure_row *row = p->row.view.row;
    int64_t until = p->until_ns < x->config.deadline_ns ? p->until_ns : x->config.deadline_ns;
    char what[PLAY_TEXT_MAX] = "waiting", rest[32];
    out[0] = '\0';
    if (row == NULL || (p->phase != PLAY_AWAIT && p->phase != PLAY_SILENCE &&
                        p->phase != PLAY_PAUSE && p->phase != PLAY_SETTLE))
        return;
    if (p->phase == PLAY_AWAIT)
        say_what_is_awaited(x, what, sizeof(what));
    else if (p->phase == PLAY_SILENCE)
        (void)snprintf(what, sizeof(what), "nothing may come");
    (void)clock_format(until > now_ns ? until - now_ns : 0, rest, sizeof(rest));
    (void)snprintf(out, cap, "line %u: %s, %s left", row->number, what, rest);
}

void play_done(struct play *p)
{
    while (p->inbox_count > 0)
        forget_kept(p->inbox, &p->inbox_count, 0);
    p->withheld_count = 0;
}

const struct probe *play_probe(void)
{
    static const struct probe probe = {
        .name = "play",
        .start = start,
        .offered = offered,
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
