/* See staged_walk.h. A function that returns bool says whether the walk can go on at once. */
#include "measure/play/staged_walk.h"

#include "base/clock.h"
#include "figure/blocks.h"
#include "measure/play/staged_act.h"
#include "measure/play/staged_row.h"
#include "measure/play/staged_wire.h"

static void staged_walk_wait(struct talk *p, enum staged_phase phase, int64_t until_ns)
{
    struct staged *s = staged_of(p);
    s->phase = phase;
    s->until_ns = until_ns;
    talk_wake_at(p, until_ns);
}

/* --- The end --- */

static void let_everything_pass(struct talk *p)
{
    struct staged *s = staged_of(p);
    for (enum end from = END_A; from <= END_B; from++) {
        for (; s->inbox[from].count > 0; seg_queue_remove(&s->inbox[from], 0))
            staged_wire_pass(p, from, &s->inbox[from].segments[0].seg);
    }
}

void staged_walk_end(struct talk *p)
{
    struct staged *s = staged_of(p);
    if (s->phase == STAGED_OVER)
        return;
    s->phase = STAGED_OVER;
    let_everything_pass(p);
    for (size_t i = s->at; i < s->figure->count; i++) {
        if (staged_item(s, i)->kind == FIGURE_EITHER || staged_item(s, i)->kind == FIGURE_OR)
            i = blocks_end(s->figure, i); /* which of them it would have been is not known */
        if (staged_item(s, i)->kind != FIGURE_ROW)
            continue;
        const struct staged_row row = {
            .item = i, .row = &staged_item(s, i)->row, .status = EVENT_LINE_NOT_REACHED};
        staged_row_tell(p, &row);
    }
    talk_finish(p);
}

/* --- A row ends --- */

static bool end_row(struct talk *p)
{
    struct staged *s = staged_of(p);
    staged_row_tell(p, &s->row);
    s->mark_ns = s->row.has_seg ? s->row.t_ns : p->now_ns;
    s->phase = STAGED_NEXT;
    talk_wake_at(p, CLOCK_NEVER);
    if ((s->row.status == EVENT_LINE_DEVIATES || s->row.stuck) && !s->keep_going)
        staged_walk_end(p);
    return s->phase == STAGED_NEXT;
}

static bool settle(struct talk *p, bool settled)
{
    if (settled)
        return end_row(p);
    staged_walk_wait(p, STAGED_SETTLE, p->now_ns + staged_row_interval(staged_of(p)));
    return false;
}

static bool judge(struct talk *p)
{
    return settle(p, staged_row_judge(p));
}

/* --- A row begins --- */

static bool await(struct talk *p, int64_t at_least)
{
    struct staged *s = staged_of(p);
    s->instead[0] = '\0';
    staged_walk_wait(p, STAGED_AWAIT,
                     p->now_ns + (s->reply_wait_ns > at_least ? s->reply_wait_ns : at_least));
    return true;
}

static int64_t latest(const struct figure_row *row)
{
    return row->after_ns + row->tolerance_ns + row->within_ns;
}

static bool begin_leg(struct talk *p)
{
    struct staged *s = staged_of(p);
    const struct figure_row *row = s->row.row;
    if (row->silence_ns != 0) {
        staged_walk_wait(p, STAGED_SILENCE, p->now_ns + row->silence_ns);
        return true;
    }
    if (!row->has_segment)
        return judge(p);
    if (view_leaves(row, view_sender(row))) {
        staged_act_implied(p);
        return await(p, latest(row));
    }
    staged_wire_release(p);
    return judge(p);
}

static bool begin_row(struct talk *p, size_t item)
{
    struct staged *s = staged_of(p);
    staged_row_enter(s, item);
    staged_act_columns(p);
    const struct figure_row *row = s->row.row;
    int64_t pause = row->a.wait_ns > row->b.wait_ns ? row->a.wait_ns : row->b.wait_ns;
    if (pause == 0)
        return begin_leg(p);
    staged_walk_wait(p, STAGED_PAUSE, p->now_ns + pause);
    return false;
}

/* How long nothing must come for the alternative that begins with silence, and by when what others
 * begin with must have come. */
static bool begin_choice(struct talk *p, size_t item)
{
    struct staged *s = staged_of(p);
    int64_t silence = 0, last = 0;
    s->choosing = true;
    s->choice = item;
    for (size_t i = item; staged_item(s, i)->kind != FIGURE_END; i = staged_item(s, i)->to) {
        const struct figure_row *row = blocks_first_row(s->figure, i);
        silence = row->silence_ns > silence ? row->silence_ns : silence;
        last = latest(row) > last ? latest(row) : last;
    }
    staged_row_enter(s, item + 1);
    s->at = blocks_end(s->figure, item) + 1;
    if (silence == 0)
        return await(p, last);
    s->instead[0] = '\0';
    staged_walk_wait(p, STAGED_AWAIT, p->now_ns + silence);
    return true;
}

/* --- A row waits --- */

/* What becomes of the first segment of an end's whose turn it may be. */
static bool look_into(struct talk *p, enum end from, bool *took)
{
    struct staged *s = staged_of(p);
    *took = false;
    if (s->inbox[from].count == 0)
        return false;
    enum staged_arrival a = staged_wire_consider(p, from, &s->inbox[from].segments[0]);
    if (a == STAGED_ARRIVAL_EARLY)
        return false;
    *took = true;
    seg_queue_remove(&s->inbox[from], 0);
    if (a == STAGED_ARRIVAL_AWAITED)
        return judge(p);
    if (a == STAGED_ARRIVAL_WRONG) {
        s->choosing = false;
        return end_row(p);
    }
    return false;
}

static bool look_into_inboxes(struct talk *p)
{
    const struct staged *s = staged_of(p);
    for (bool any = true; any;) {
        any = false;
        for (enum end from = END_A; from <= END_B; from++) {
            bool took, on = look_into(p, from, &took);
            if (s->phase != STAGED_AWAIT)
                return on;
            any |= took;
        }
    }
    return false;
}

static bool look_for_silence(struct talk *p)
{
    struct staged *s = staged_of(p);
    enum end from = s->inbox[END_A].count > 0 ? END_A : END_B;
    if (s->inbox[from].count == 0)
        return false;
    bool broken = staged_wire_breaks_silence(p, from, &s->inbox[from].segments[0]);
    seg_queue_remove(&s->inbox[from], 0);
    return broken ? end_row(p) : s->inbox[END_A].count + s->inbox[END_B].count > 0;
}

static bool find_silent(const struct staged *s, size_t *i)
{
    for (*i = s->choice; s->choosing && staged_item(s, *i)->kind != FIGURE_END;
         *i = staged_item(s, *i)->to) {
        if (blocks_first_row(s->figure, *i)->silence_ns > 0)
            return true;
    }
    return false;
}

/* Between two kernels nothing is lost but what the wire holds: what has not come was not sent. */
static bool give_up(struct talk *p)
{
    struct staged *s = staged_of(p);
    size_t silent;
    if (find_silent(s, &silent)) {
        staged_row_choose(p, silent);
        return judge(p);
    }
    s->choosing = false;
    s->row.stuck = true;
    staged_row_deviates(p, s->instead[0] != '\0' ? s->instead : "nothing came");
    return end_row(p);
}

/* --- From item to item --- */

static void begin_round(struct staged *s)
{
    s->rounds_begun++;
    s->bind.symbol_count = 0;
    for (enum end end = END_A; end <= END_B; end++) {
        s->bind.space[end].bound = false;
        s->bind.space[end].syn.given = false;
        matched_begin_round(&s->seen[end]);
        s->cued[end] = 0;
    }
}

/* Back to the first row of what the END repeats, or behind it. */
static void end_block(struct staged *s, const struct figure_item *end)
{
    const struct figure_item *opener = staged_item(s, end->to);
    s->at++;
    if (opener->kind != FIGURE_REPEAT)
        return;
    if (++s->round < opener->count) {
        begin_round(s);
        s->at = end->to + 1;
    } else {
        s->round = 0;
    }
}

static bool next_item(struct talk *p)
{
    struct staged *s = staged_of(p);
    if (s->at == s->figure->count) {
        staged_walk_end(p);
        return false;
    }
    const struct figure_item *item = staged_item(s, s->at);
    switch (item->kind) {
    case FIGURE_ROW:
        return begin_row(p, s->at);
    case FIGURE_EITHER:
        return begin_choice(p, s->at);
    case FIGURE_OR: /* the end of the alternative that was chosen */
        s->at = blocks_end(s->figure, s->at) + 1;
        return true;
    case FIGURE_REPEAT:
        s->round = 0;
        s->at++;
        return true;
    case FIGURE_END:
        end_block(s, item);
        return true;
    }
    return false;
}

void staged_walk(struct talk *p)
{
    const struct staged *s = staged_of(p);
    for (bool on = true; on;) {
        if (s->phase == STAGED_NEXT)
            on = next_item(p);
        else if (s->phase == STAGED_AWAIT)
            on = look_into_inboxes(p);
        else if (s->phase == STAGED_SILENCE)
            on = look_for_silence(p);
        else
            on = false;
    }
}

static bool wake(struct talk *p)
{
    switch (staged_of(p)->phase) {
    case STAGED_PAUSE:
        return begin_leg(p);
    case STAGED_AWAIT:
        return give_up(p);
    case STAGED_SILENCE:
        staged_row_silent(p);
        return judge(p);
    case STAGED_SETTLE:
        return settle(p, staged_row_judge_again(p));
    case STAGED_HANDSHAKE:
    case STAGED_NEXT:
    case STAGED_OVER:
        break;
    }
    return false;
}

void staged_walk_time_up(struct talk *p)
{
    if (wake(p))
        staged_walk(p);
}
