/* See play_judge.h. */
#include "measure/play/play_judge.h"

#include <stdio.h>

#include "base/clock.h"
#include "figure/blocks.h"
#include "figure/timing.h"
#include "measure/play/play_row.h"

#define SETTLE_WITHIN  (250 * CLOCK_MS)
#define SETTLE_EVERY   (2 * CLOCK_MS)
#define TWO_MSL_WITHIN (240 * CLOCK_S) /* RFC 9293 3.4.2 */
#define TWO_MSL_EVERY  (200 * CLOCK_MS)

#define NO_CONNECTION (STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN))

/* In the set of states CLOSED says nothing about whether somebody listens (tcp/peer.h). */
static bool agrees_with_set(state_set figured, state_set found)
{
    return (figured & found) != STATE_SET_NONE ||
           (figured & NO_CONNECTION && found & NO_CONNECTION);
}

/* Beside a segment that has not reached us stands what we do next, in the same step. */
static void judge_own(struct talk *x)
{
    struct play *p = play_of(x);
    state_set figured = p->row.view.own->states;
    char what[PLAY_TEXT_MAX];
    if (figured == STATE_SET_NONE)
        figured = p->own_owed;
    p->own_owed = STATE_SET_NONE;
    if (figured == STATE_SET_NONE || state_set_has(figured, x->ours.tcb.state))
        return;
    if (p->row.view.leg == VIEW_WITHHOLD && !blocks_begins_step(p->figure, p->at)) {
        p->own_owed = figured;
        return;
    }
    (void)snprintf(what, sizeof(what), "our end is in %s", state_name(x->ours.tcb.state));
    play_row_find_deviation(x, what);
}

static void judge_set(struct talk *x, state_set found)
{
    char what[PLAY_TEXT_MAX], set[STATE_SET_TEXT_MAX];
    if (agrees_with_set(play_of(x)->row.due, found))
        return;
    (void)snprintf(what, sizeof(what), "the peer cannot be there: it is in %s",
                   state_set_format(found, set));
    play_row_find_deviation(x, what);
}

/* True when that is done. */
static bool judge_kernel(struct talk *x, enum state truth)
{
    struct play_row *row = &play_of(x)->row;
    char what[PLAY_TEXT_MAX];
    if (upper_agrees(row->due, truth)) {
        /* in the figure's words */
        row->found = state_set_has(row->due, truth) ? STATE_SET(truth) : STATE_SET(STATE_CLOSED);
        /* Then it is our inference that errs, unless the capture has kept from it what it stands
         * on. */
        if (x->capture_dropped == 0 &&
            !agrees_with_set(row->due, row->peer_set | x->infer.peer.set))
            play_row_find(play_of(x), EVENT_LINE_UNKNOWN,
                          "the peer's kernel is there, and what was seen does not allow it");
        return true;
    }
    if (x->now_ns < row->settle_ns)
        return false;
    row->found = STATE_SET(truth);
    (void)snprintf(what, sizeof(what), "the peer's kernel says %s", state_name(truth));
    play_row_find_deviation(x, what);
    return true;
}

static bool judge_peer(struct talk *x)
{
    struct play *p = play_of(x);
    struct fault fault = {0};
    enum state truth;
    if (p->row.due == STATE_SET_NONE)
        return true;
    if (p->peer_side == NULL) {
        judge_set(x, p->row.peer_set);
        p->row.found = p->row.peer_set;
        return true;
    }
    if (p->peer_side->state(p->peer_side->arg, &x->config.local, &truth, &fault) == STATUS_OK)
        return judge_kernel(x, truth);
    play_row_find(p, EVENT_LINE_UNKNOWN, "%s", fault.text);
    return true;
}

/* Which states of the peer's the row is to be held against. What stands beside a segment that has
 * not arrived says nothing of it: it is owed until the peer is heard of, or the step ends. */
static state_set due_states(struct play *p)
{
    const struct view *v = &p->row.view;
    state_set figured = v->peer->states;
    state_set owed = p->owed;
    if (v->leg == VIEW_HOLD_BACK) {
        p->owed = figured;
        return STATE_SET_NONE;
    }
    if (!view_comes(v) && !blocks_begins_step(p->figure, p->at) && owed != STATE_SET_NONE)
        return figured;
    p->owed = STATE_SET_NONE;
    return figured != STATE_SET_NONE ? figured : owed;
}

static void judge_isn(struct talk *x)
{
    struct play *p = play_of(x);
    const char *what;
    switch (matched_judge_isn(&p->seen, &what)) {
    case EVENT_LINE_UNKNOWN:
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s", what);
        break;
    case EVENT_LINE_DEVIATES:
        play_row_find_deviation(x, what);
        break;
    case EVENT_LINE_OK:
    case EVENT_LINE_NOT_REACHED:
        break;
    }
}

bool play_judge_columns(struct talk *x)
{
    struct play *p = play_of(x);
    if (p->row.view.peer->event == FIGURE_NEW_ISN)
        judge_isn(x);
    judge_own(x);
    p->two_msl = p->two_msl || p->row.view.peer->event == FIGURE_TWO_MSL;
    p->row.due = due_states(p);
    if (!p->row.has_seg)
        p->row.peer_set = x->infer.peer.set;
    p->row.settle_ns = x->now_ns + (p->two_msl ? TWO_MSL_WITHIN : SETTLE_WITHIN);
    return judge_peer(x);
}

bool play_judge_again(struct talk *x)
{
    struct play *p = play_of(x);
    bool done = judge_peer(x);
    if (done)
        p->two_msl = false;
    return done;
}

int64_t play_judge_interval(const struct play *p)
{
    return p->two_msl ? TWO_MSL_EVERY : SETTLE_EVERY;
}

void play_judge_time(struct talk *x)
{
    struct play *p = play_of(x);
    const struct figure_row *row = p->row.view.row;
    int64_t gap = p->row.t_ns - p->mark_ns;
    char what[PLAY_TEXT_MAX], took[32];
    if (timing_kept(row, gap))
        return;
    (void)clock_format(gap, took, sizeof(took));
    (void)snprintf(what, sizeof(what), "it came after %s", took);
    play_row_find_deviation(x, what);
}
