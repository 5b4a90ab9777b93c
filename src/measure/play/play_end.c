/* See play_end.h. */
#include "measure/play/play_end.h"

#include "base/clock.h"
#include "measure/play/play_act.h"
#include "measure/play/play_arrival.h"
#include "measure/play/play_row.h"

static void tell_not_reached(struct talk *x)
{
    struct play *p = play_of(x);
    for (size_t i = p->at; i < p->figure->count; i++) {
        const struct figure_item *item = play_item(p, i);
        while (item->kind == FIGURE_EITHER || item->kind == FIGURE_OR)
            item = play_item(p, i = item->to); /* which of them it would have been is not known */
        if (item->kind != FIGURE_ROW)
            continue;
        const struct play_row row = {.view = view_of(&item->row, p->us),
                                     .status = EVENT_LINE_NOT_REACHED};
        play_row_tell(x, &row);
    }
}

/* Whether the peer may have something half open: as its kernel says, if it can be asked. */
static bool leaves_something(const struct talk *x)
{
    const struct play *p = play_of(x);
    const state_set harmless =
        STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN) | STATE_SET(STATE_TIME_WAIT);
    struct fault ignored = {0};
    enum state truth;
    state_set set = x->infer.peer.set;
    if (p->peer_side == NULL && x->ours.tcb.fin_received && x->ours.tcb.fin_acked)
        return false; /* closed in order, as far as a stranger can know */
    if (p->peer_side != NULL &&
        p->peer_side->state(p->peer_side->arg, &x->config.local, &truth, &ignored) == STATUS_OK)
        set = STATE_SET(truth);
    return (set & (state_set)~harmless) != STATE_SET_NONE;
}

/* What the peer expects is the number that it has acknowledged, or, if more of ours has arrived
 * since, the one behind it all: a reset that is not exactly there does not count (RFC
 * 9293 3.10.7.4). */
static void reset_what_was_acknowledged(struct talk *x, const char *why)
{
    const struct play *p = play_of(x);
    ours_reset(x, p->ack, why);
    if (state_synchronized(x->ours.tcb.state) && seq_lt(p->ack, x->ours.tcb.snd_nxt))
        ours_reset(x, x->ours.tcb.snd_nxt, why);
}

static void clean_up(struct talk *x)
{
    static const char why[] = "nothing is left half open";
    const struct play *p = play_of(x);
    bool under_way = x->ours.outbox.waiting; /* it may open something yet */
    if (!leaves_something(x) && !under_way)
        return;
    if (p->acked)
        reset_what_was_acknowledged(x, why);
    else if (x->infer.peer.irs_known)
        ours_refuse(x, seq_add(x->infer.peer.irs, 1), why);
    else if (under_way)
        ours_abort(x, why); /* with the number that is next when it has left */
    else if (x->segments[END_A] > 0)
        ours_reset(x, x->ours.tcb.snd_nxt, why);
}

void play_end_other_port(struct talk *x)
{
    struct play *p = play_of(x);
    if (!p->used_other_port)
        return;
    if (x->ours.outbox.queued != 0 || x->ours.outbox.waiting) {
        talk_wake_at(x, x->now_ns + CLOCK_S); /* in any case soon */
        return;
    }
    play_act_change_port(x);
    p->used_other_port = false;
    clean_up(x);
    talk_finish(x);
}

void play_end(struct talk *x)
{
    struct play *p = play_of(x);
    if (p->phase == PLAY_OVER)
        return;
    p->phase = PLAY_OVER;
    play_arrival_take_rest(x);
    tell_not_reached(x);
    clean_up(x);
    if (p->used_other_port)
        play_end_other_port(x);
    else
        talk_finish(x);
}
