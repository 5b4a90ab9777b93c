/* The walk from item to item of the figure. Between two rows nothing of another end's goes on:
 * what comes early is kept until a row asks for it, as if it had been a little longer under way, so
 * that both columns can be held against the figure in the figure's order. A function that returns
 * bool says whether the walk can go on at once. */
#include "measure/play/play_parts.h"

#include "base/clock.h"
#include "figure/view.h"

#define TWO_MSL         (60 * CLOCK_S) /* Linux; RFC 9293 has four minutes */
#define SOMEBODY_WITHIN (5 * CLOCK_MIN)

/* --- The end --- */

static void tell_not_reached(struct play *p)
{
    for (size_t i = p->at; i < p->figure->count; i++) {
        if (play_item(p, i)->kind == FIGURE_EITHER || play_item(p, i)->kind == FIGURE_OR)
            i = view_block_end(p->figure, i); /* which of them it would have been is not known */
        if (play_item(p, i)->kind != FIGURE_ROW)
            continue;
        const struct play_row row = {
            .item = i, .row = &play_item(p, i)->row, .status = EVENT_LINE_NOT_REACHED};
        play_row_tell(p, &row);
    }
}

void play_walk_end_other_port(struct play *p)
{
    if (!p->used_other_port)
        return;
    const struct outbox *o = &p->ends.x->ours.outbox;
    if (o->queued != 0 || o->waiting) {
        talk_wake_at(p->ends.x, p->ends.x->now_ns + CLOCK_S); /* in any case soon */
        return;
    }
    play_act_change_port(p);
    p->used_other_port = false;
    ends_clean_up(&p->ends);
    talk_finish(p->ends.x);
}

void play_walk_end(struct play *p)
{
    if (p->phase == PLAY_OVER)
        return;
    p->phase = PLAY_OVER;
    play_wire_take_rest(p);
    tell_not_reached(p);
    if (p->heir != NULL && p->ends.x != NULL) {
        talk_succeed(p->ends.x, p->heir, p->heir_state);
        return;
    }
    ends_clean_up(&p->ends);
    if (p->used_other_port)
        play_walk_end_other_port(p);
    else
        talk_finish(p->ends.x);
}

/* --- A row ends --- */

static bool end_row(struct play *p)
{
    const struct play_row *row = &p->row;
    play_row_tell(p, row);
    p->mark_ns = row->has_seg ? row->t_ns : p->ends.x->now_ns;
    p->phase = PLAY_NEXT;
    talk_wake_at(p->ends.x, CLOCK_NEVER);
    for (enum end end = END_A; end <= END_B; end++) {
        state_set shown = view_cell(row->row, end)->states;
        p->was[end] = shown != STATE_SET_NONE ? shown : p->was[end];
    }
    if ((row->derails || row->stuck) && !p->keep_going)
        play_walk_end(p);
    return p->phase == PLAY_NEXT;
}

static bool settle(struct play *p, bool settled)
{
    if (settled)
        return end_row(p);
    play_wait(p, PLAY_SETTLE, p->ends.x->now_ns + play_judge_interval(p));
    return false;
}

static bool judge(struct play *p)
{
    if (p->row.stuck)
        return end_row(p);
    return settle(p, play_judge_columns(p));
}

/* --- A row begins --- */

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Our end repeats what is not answered. Somebody has to act for some answers: ours has arrived long
 * since then. */
static bool repeats(const struct play *p)
{
    char what[PLAY_TEXT_MAX];
    size_t silent;
    if (p->instead_answers)
        return false;
    if (play_row_choice_silent(p, &silent)) /* then a copy must not be answered otherwise */
        return play_again_at(p, 1) != CLOCK_NEVER || !play_again_doubt(p, true, what);
    return play_kind(p, end_other(p->us)) == TALK_ASKED || p->choosing ||
           play_awaits_call(p)[0] == '\0';
}

static void wait_for_answer(struct play *p)
{
    talk_wake_at(p->ends.x, repeats(p) ? sooner(p->until_ns, play_again_due(p)) : p->until_ns);
}

/* An answer is awaited for -W; what somebody has to bring about, as long as -w allows, or for five
 * minutes. */
static bool await_answer(struct play *p, int64_t at_least)
{
    int64_t now = p->ends.x->now_ns;
    int64_t wait = p->reply_wait_ns > at_least ? p->reply_wait_ns : at_least;
    wait += 3 * p->row.round_ns; /* a time-out may be as long: RFC 6298 2.2 */
    char text[PLAY_TEXT_MAX];
    p->instead[0] = '\0';
    p->instead_answers = false;
    if (play_kind(p, end_other(p->us)) == TALK_INFERRED && play_awaits_call(p)[0] != '\0' &&
        !p->said) {
        play_awaits_tell(p, text, sizeof(text));
        talk_remark(p->ends.x, text);
        wait = p->ends.x->config.deadline_ns == CLOCK_NEVER
                   ? SOMEBODY_WITHIN
                   : CLOCK_NEVER - now; /* -w comes first */
    }
    play_wait(p, PLAY_AWAIT, now + wait);
    wait_for_answer(p);
    return true;
}

static bool send_ours(struct play *p)
{
    if (!view_reaches(p->row.row, end_other(p->us))) {
        play_act_hold_back(p);
        return judge(p);
    }
    if (!play_act_has_room(p)) {
        play_wait(p, PLAY_WINDOW, p->ends.x->now_ns + p->reply_wait_ns + p->row.round_ns);
        return true;
    }
    p->phase = PLAY_LEAVING;
    if (play_act_send(p))
        return false;
    play_row_find(p, EVENT_LINE_UNKNOWN, "too much waits to be sent");
    p->row.stuck = true;
    return end_row(p);
}

static bool begin_leg(struct play *p)
{
    const struct figure_row *row = p->row.row;
    enum end from = view_sender(row);
    if (row->silence_ns != 0 && !row->has_segment) {
        play_wait(p, PLAY_SILENCE, p->ends.x->now_ns + row->silence_ns + p->row.round_ns);
        return true;
    }
    if (!row->has_segment)
        return judge(p);
    if (play_kind(p, from) == TALK_OURS)
        return send_ours(p);
    if (view_leaves(row, from)) {
        play_act_implied(p);
        return await_answer(p, play_row_latest(row));
    }
    play_wire_release(p);
    return judge(p);
}

static int64_t pause_of(const struct play *p)
{
    const struct figure_row *row = p->row.row;
    for (enum end end = END_A; end <= END_B; end++) {
        if (view_cell(row, end)->event == FIGURE_TWO_MSL && play_kind(p, end) == TALK_INFERRED)
            return TWO_MSL;
    }
    return row->a.wait_ns > row->b.wait_ns ? row->a.wait_ns : row->b.wait_ns;
}

static bool begin_row(struct play *p, size_t item)
{
    play_row_enter(p, item);
    play_act_columns(p);
    int64_t pause = pause_of(p);
    if (pause == 0)
        return begin_leg(p);
    play_wait(p, PLAY_PAUSE, p->ends.x->now_ns + pause);
    return false;
}

static bool begin_choice(struct play *p, size_t item)
{
    play_row_enter_choice(p, item);
    int64_t silence = play_row_choice_silence(p);
    if (silence == 0)
        return await_answer(p, play_row_choice_latest(p));
    p->instead[0] = '\0';
    p->instead_answers = false;
    play_wait(p, PLAY_AWAIT, p->ends.x->now_ns + silence + p->row.round_ns);
    wait_for_answer(p);
    return true;
}

/* --- A row waits --- */

/* Looks for what is to be taken next of what has come from an end; false: nothing. Where nothing is
 * lost, nothing overtakes what comes early either. */
static bool look_into(struct play *p, enum end from, enum play_arrival *a)
{
    struct inbox *inbox = &p->inbox[from];
    for (size_t i = 0; i < inbox->count; i++) {
        const struct inbox_entry *k = &inbox->waiting[i];
        if (!ends_is_at_port(&p->ends, &k->seg)) /* it belongs to the connection put aside */
            continue;
        *a = p->phase == PLAY_SILENCE ? play_wire_consider_in_silence(p, from, k)
             : p->phase == PLAY_PROBE ? play_silence_consider(p, from, k)
                                      : play_wire_consider(p, from, k);
        if (*a != PLAY_ARRIVAL_EARLY) {
            inbox_remove(inbox, i);
            return true;
        }
        if (talk_is_wire(p->ends.x))
            return false;
    }
    return false;
}

/* Whatever was taken may have filled a gap, or made it another's turn. */
static bool look_into_inboxes(struct play *p)
{
    enum play_arrival a;
    for (bool any = true; any;) {
        any = false;
        for (enum end from = END_A; from <= END_B; from++) {
            if (!look_into(p, from, &a))
                continue;
            any = true;
            if (a == PLAY_ARRIVAL_AWAITED)
                return (p->phase != PLAY_PROBE || play_silence_answered(p)) && judge(p);
            if (a == PLAY_ARRIVAL_WRONG) {
                p->choosing = false;
                return end_row(p);
            }
        }
    }
    return false;
}

static bool is_deaf(const struct play *p)
{
    return !talk_is_wire(p->ends.x) && p->ends.x->capture_dropped > p->row.dropped;
}

/* Where we are the wire, nothing is lost but what we hold: what has not come was not sent. */
static bool give_up(struct play *p)
{
    bool lossless = talk_is_wire(p->ends.x);
    size_t silent;
    if (play_row_choice_silent(p, &silent) && !is_deaf(p))
        return play_silence_over(p) && judge(p);
    if (!lossless && !is_deaf(p) && p->instead[0] == '\0' && play_again_asked(p) &&
        play_silence_instead(p))
        return false;
    p->choosing = false;
    p->row.stuck = true;
    if (is_deaf(p))
        play_row_find(p, EVENT_LINE_UNKNOWN, "nothing came, but the capture has lost packets");
    else if (p->instead[0] != '\0')
        play_row_find_deviation(p, p->instead);
    else if (lossless)
        play_row_find_deviation(p, "nothing came");
    else
        play_row_find(p, EVENT_LINE_UNKNOWN, "nothing came: not sent, or lost on the way");
    return end_row(p);
}

/* RFC 9293 3.8.6.1: nothing goes into a window that is closed. A proxy opens it when it has its
 * own connection. */
static bool look_for_window(struct play *p)
{
    struct inbox *inbox = &p->inbox[end_other(p->us)];
    for (size_t i = 0; i < inbox->count;) {
        const struct inbox_entry *k = &inbox->waiting[i];
        if (!ends_is_window_update(&p->ends, &k->seg)) {
            i++;
            continue;
        }
        (void)ends_take(&p->ends, end_other(p->us), k, true, "not in the figure: the window opens");
        inbox_remove(inbox, i);
    }
    return play_act_has_room(p) && send_ours(p);
}

static bool window_stays_closed(struct play *p)
{
    play_row_find(p, EVENT_LINE_UNKNOWN, "the peer's window has no room for it");
    p->row.stuck = true;
    return end_row(p);
}

/* --- From item to item --- */

static void begin_round(struct play *p)
{
    p->rounds_begun++;
    ends_next_isn(&p->ends);
    p->bind.symbol_count = 0;
    for (enum end end = END_A; end <= END_B; end++) {
        if (play_kind(p, end) == TALK_OURS)
            continue;
        p->bind.space[end].bound = false;
        p->bind.space[end].syn.given = false;
        inbox_begin_round(&p->inbox[end]);
        p->cued[end] = 0;
    }
}

/* Back to the first row of what the END repeats, or behind it. */
static void end_block(struct play *p, const struct figure_item *end)
{
    const struct figure_item *opener = play_item(p, end->to);
    p->at++;
    if (opener->kind != FIGURE_REPEAT)
        return;
    if (++p->round < opener->count) {
        begin_round(p);
        p->at = end->to + 1;
    } else {
        p->round = 0;
    }
}

static bool next_item(struct play *p)
{
    if (p->at == p->figure->count) {
        play_walk_end(p);
        return false;
    }
    const struct figure_item *item = play_item(p, p->at);
    switch (item->kind) {
    case FIGURE_ROW:
        return begin_row(p, p->at);
    case FIGURE_EITHER:
        return begin_choice(p, p->at);
    case FIGURE_OR: /* the end of the alternative that was chosen */
        p->at = view_block_end(p->figure, p->at) + 1;
        return true;
    case FIGURE_REPEAT:
        p->round = 0;
        p->at++;
        return true;
    case FIGURE_END:
        end_block(p, item);
        return true;
    }
    return false;
}

void play_walk(struct play *p)
{
    for (bool on = true; on;) {
        if (p->phase == PLAY_NEXT)
            on = next_item(p);
        else if (p->phase == PLAY_WINDOW)
            on = look_for_window(p);
        else
            on = (p->phase == PLAY_AWAIT || p->phase == PLAY_SILENCE || p->phase == PLAY_PROBE) &&
                 look_into_inboxes(p);
    }
}

/* --- What wakes it --- */

/* What is inferred may have to be widened. */
static void elapse(struct play *p)
{
    if (!talk_is_wire(p->ends.x))
        talk_elapse(p->ends.x);
}

static bool wake(struct play *p)
{
    switch (p->phase) {
    case PLAY_PAUSE:
        elapse(p);
        return begin_leg(p);
    case PLAY_AWAIT:
        if (p->ends.x->now_ns >= p->until_ns)
            return give_up(p);
        if (repeats(p))
            play_again_retransmit(p);
        talk_wake_at(p->ends.x, p->until_ns);
        return false;
    case PLAY_PROBE:
        return play_silence_unanswered(p) && judge(p);
    case PLAY_WINDOW:
        return window_stays_closed(p);
    case PLAY_SILENCE:
        elapse(p);
        return play_silence_over(p) && judge(p);
    case PLAY_SETTLE:
        elapse(p);
        return settle(p, play_judge_again(p));
    case PLAY_HANDSHAKE:
    case PLAY_NEXT:
    case PLAY_LEAVING:
    case PLAY_OVER:
        break;
    }
    return false;
}

void play_walk_time_up(struct play *p)
{
    if (wake(p))
        play_walk(p);
}

void play_walk_time_is(struct play *p, int64_t t_ns)
{
    if ((p->phase == PLAY_AWAIT || p->phase == PLAY_SILENCE) && t_ns > p->until_ns)
        play_walk_time_up(p);
}

void play_walk_left(struct play *p, const struct segment *seg)
{
    play_row_crossed(p, seg, p->ends.x->now_ns);
    play_row_rule_of_segment(p, seg);
    if (judge(p))
        play_walk(p);
}

void play_walk_left_again(struct play *p)
{
    if (p->phase == PLAY_SETTLE)
        play_judge_later(p);
    else if (p->phase == PLAY_AWAIT)
        wait_for_answer(p);
}

void play_walk_left_probe(struct play *p)
{
    if (play_silence_left(p) && judge(p))
        play_walk(p);
}
