/* See play_walk.h. A function that returns bool says whether the walk can go on at once. */
#include "measure/play/play_walk.h"

#include "base/clock.h"
#include "figure/blocks.h"
#include "measure/play/play_act.h"
#include "measure/play/play_arrival.h"
#include "measure/play/play_choice.h"
#include "measure/play/play_end.h"
#include "measure/play/play_judge.h"
#include "measure/play/play_row.h"
#include "measure/play/play_words.h"

#define TWO_MSL         (60 * CLOCK_S) /* Linux; RFC 9293 has four minutes */
#define SOMEBODY_WITHIN (5 * CLOCK_MIN)

void play_walk_wait(struct talk *x, enum play_phase phase, int64_t until_ns)
{
    struct play *p = play_of(x);
    p->phase = phase;
    p->until_ns = until_ns;
    talk_wake_at(x, until_ns);
}

/* --- A row ends --- */

static bool end_row(struct talk *x)
{
    struct play *p = play_of(x);
    const struct play_row *row = &p->row;
    play_row_tell(x, row);
    p->mark_ns = row->has_seg ? row->t_ns : x->now_ns;
    p->phase = PLAY_NEXT;
    talk_wake_at(x, CLOCK_NEVER);
    if ((row->status == EVENT_LINE_DEVIATES || row->stuck) && !p->keep_going)
        play_end(x);
    return p->phase == PLAY_NEXT;
}

static bool settle(struct talk *x, bool settled)
{
    if (settled)
        return end_row(x);
    play_walk_wait(x, PLAY_SETTLE, x->now_ns + play_judge_interval(play_of(x)));
    return false;
}

static bool judge(struct talk *x)
{
    return settle(x, play_judge_columns(x));
}

/* --- A row begins --- */

/* An answer is awaited for -W; what somebody has to bring about, as long as -w allows, or for five
 * minutes. */
static bool await(struct talk *x, int64_t at_least)
{
    struct play *p = play_of(x);
    int64_t wait = p->reply_wait_ns > at_least ? p->reply_wait_ns : at_least;
    char text[PLAY_TEXT_MAX];
    p->instead[0] = '\0';
    if (p->peer_side == NULL && play_words_call(p)[0] != '\0' && !p->said) {
        play_words_awaited(x, text, sizeof(text));
        talk_remark(x, text);
        wait = x->config.deadline_ns == CLOCK_NEVER ? SOMEBODY_WITHIN
                                                    : CLOCK_NEVER - x->now_ns; /* -w comes first */
    }
    play_walk_wait(x, PLAY_AWAIT, x->now_ns + wait);
    return true;
}

static bool begin_leg(struct talk *x)
{
    struct play *p = play_of(x);
    const struct figure_row *row = p->row.view.row;
    switch (p->row.view.leg) {
    case VIEW_NONE:
        if (row->silence_ns == 0)
            return judge(x);
        play_walk_wait(x, PLAY_SILENCE, x->now_ns + row->silence_ns);
        return true;
    case VIEW_SEND:
    case VIEW_RELEASE:
        p->phase = PLAY_LEAVING;
        if (play_act_send(x))
            return false;
        play_row_find(p, EVENT_LINE_UNKNOWN, "too much waits to be sent");
        p->row.stuck = true;
        return end_row(x);
    case VIEW_HOLD_BACK:
        play_act_hold_back(x);
        return judge(x);
    case VIEW_AWAIT:
    case VIEW_WITHHOLD:
        play_act_implied(x);
        return await(x, row->after_ns + row->tolerance_ns + row->within_ns);
    case VIEW_DELIVER:
        play_arrival_deliver(x);
        return judge(x);
    }
    return false;
}

static bool begin_row(struct talk *x, size_t item)
{
    struct play *p = play_of(x);
    play_row_enter(p, item);
    play_act_columns(x);
    const struct view *v = &p->row.view;
    int64_t pause = v->own->wait_ns > v->peer->wait_ns ? v->own->wait_ns : v->peer->wait_ns;
    if (v->peer->event == FIGURE_TWO_MSL && p->peer_side == NULL)
        pause = TWO_MSL;
    if (pause == 0)
        return begin_leg(x);
    play_walk_wait(x, PLAY_PAUSE, x->now_ns + pause);
    return false;
}

static bool begin_choice(struct talk *x, size_t item)
{
    struct play *p = play_of(x);
    play_choice_enter(p, item);
    int64_t silence = play_choice_silence(p);
    if (silence == 0)
        return await(x, play_choice_latest(p));
    p->instead[0] = '\0';
    play_walk_wait(x, PLAY_AWAIT, x->now_ns + silence);
    return true;
}

/* --- A row waits --- */

static bool look_into_inbox(struct talk *x)
{
    struct play *p = play_of(x);
    for (size_t i = 0; i < p->inbox.count;) {
        enum play_arrival a = play_arrival_consider(x, &p->inbox.segments[i]);
        if (a == PLAY_ARRIVAL_EARLY) {
            i++;
            continue;
        }
        seg_queue_remove(&p->inbox, i);
        i = 0; /* it may have filled a gap */
        if (a == PLAY_ARRIVAL_AWAITED)
            return judge(x);
        if (a == PLAY_ARRIVAL_WRONG) {
            p->choosing = false;
            return end_row(x);
        }
    }
    return false;
}

static bool look_for_silence(struct talk *x)
{
    struct play *p = play_of(x);
    if (p->inbox.count == 0)
        return false;
    play_arrival_breaks_silence(x, &p->inbox.segments[0]);
    seg_queue_remove(&p->inbox, 0);
    return end_row(x);
}

static bool silence_kept(struct talk *x)
{
    struct play *p = play_of(x);
    if (x->capture_dropped > p->row.dropped)
        play_row_find(p, EVENT_LINE_UNKNOWN, "nothing came, but the capture has lost packets");
    return judge(x);
}

static bool give_up(struct talk *x)
{
    struct play *p = play_of(x);
    bool deaf = x->capture_dropped > p->row.dropped;
    size_t silent;
    if (play_choice_silent(p, &silent) && !deaf) {
        play_choice_take(x, silent);
        return judge(x);
    }
    p->choosing = false;
    p->row.stuck = true;
    if (deaf)
        play_row_find(p, EVENT_LINE_UNKNOWN, "nothing came, but the capture has lost packets");
    else if (p->instead[0] != '\0')
        play_row_find_deviation(x, p->instead);
    else
        play_row_find(p, EVENT_LINE_UNKNOWN, "nothing came: not sent, or lost on the way");
    return end_row(x);
}

/* --- From item to item --- */

static void begin_round(struct play *p)
{
    enum end them = play_them(p);
    p->bind.symbol_count = 0;
    p->bind.space[them].bound = false;
    p->bind.space[them].syn.given = false;
    matched_begin_round(&p->seen);
    p->cued = 0;
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

static bool next_item(struct talk *x)
{
    struct play *p = play_of(x);
    if (p->at == p->figure->count) {
        play_end(x);
        return false;
    }
    const struct figure_item *item = play_item(p, p->at);
    switch (item->kind) {
    case FIGURE_ROW:
        return begin_row(x, p->at);
    case FIGURE_EITHER:
        return begin_choice(x, p->at);
    case FIGURE_OR: /* the end of the alternative that was chosen */
        p->at = blocks_end(p->figure, p->at) + 1;
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

void play_walk(struct talk *x)
{
    const struct play *p = play_of(x);
    for (bool on = true; on;) {
        if (p->phase == PLAY_NEXT)
            on = next_item(x);
        else if (p->phase == PLAY_AWAIT)
            on = look_into_inbox(x);
        else if (p->phase == PLAY_SILENCE)
            on = look_for_silence(x);
        else
            on = false;
    }
}

/* --- What wakes it --- */

static bool wake(struct talk *x)
{
    switch (play_of(x)->phase) {
    case PLAY_PAUSE:
        talk_elapse(x);
        return begin_leg(x);
    case PLAY_AWAIT:
        return give_up(x);
    case PLAY_SILENCE:
        talk_elapse(x);
        return silence_kept(x);
    case PLAY_SETTLE:
        talk_elapse(x);
        return settle(x, play_judge_again(x));
    case PLAY_HANDSHAKE:
    case PLAY_NEXT:
    case PLAY_LEAVING:
    case PLAY_OVER:
        break;
    }
    return false;
}

void play_walk_time_up(struct talk *x)
{
    if (wake(x))
        play_walk(x);
}

void play_walk_left(struct talk *x, const struct segment *seg)
{
    const struct play *p = play_of(x);
    const struct outgoing *o = &x->ours.outbox.current;
    if (o->kind != OUTGOING_SCRIPTED || o->script.tag != p->row.item)
        return;
    play_row_crossed(x, seg, x->now_ns);
    if (judge(x))
        play_walk(x);
}
