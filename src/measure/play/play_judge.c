/* Holds a row against what was found: the columns against what is true of their ends, or may be,
 * (new ISN) against the ISNs before, [after] and [within] against the clock. */
#include "measure/play/play_parts.h"

#include <stdio.h>

#include "base/clock.h"
#include "figure/view.h"

#define SETTLE_WITHIN  (250 * CLOCK_MS)
#define SETTLE_EVERY   (2 * CLOCK_MS)
#define AGAIN_EVERY    (50 * CLOCK_MS)
#define TWO_MSL_WITHIN (240 * CLOCK_S) /* RFC 9293 3.4.2 */
#define TWO_MSL_EVERY  (200 * CLOCK_MS)

enum {
    COPIES = 2 /* of what a kernel seems not to have got */
};

#define NO_CONNECTION (STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN))

/* In the set of states CLOSED says nothing about whether somebody listens (tcp/peer.h). */
static bool agrees_with_set(state_set figured, state_set found)
{
    return (figured & found) != STATE_SET_NONE ||
           (figured & NO_CONNECTION && found & NO_CONNECTION);
}

/* --- Which states --- */

static bool is_there(struct play *p, enum end end, state_set figured)
{
    return play_kind(p, end) == TALK_OURS && state_set_has(figured, p->ends.x->ours.tcb.state);
}

/* Which states of the end's the row is to be held against. What stands beside a segment that has
 * not reached it may be what it does next in the same step: unless it is there already, for all
 * that we know, it is owed until the end is heard of, or the step ends. */
static state_set due_states(struct play *p, enum end end)
{
    const struct figure_row *row = p->row.row;
    const state_set figured = view_cell(row, end)->states, owed = p->owed[end];
    bool step_goes_on = !view_begins_step(p->figure, p->at);
    bool beside = row->has_segment && view_sender(row) != end && !view_reaches(row, end);
    if (step_goes_on && beside && !is_there(p, end, figured)) {
        if (figured != STATE_SET_NONE)
            p->owed[end] = figured;
        return STATE_SET_NONE;
    }
    if (step_goes_on && owed != STATE_SET_NONE && !view_leaves(row, end))
        return figured;
    p->owed[end] = STATE_SET_NONE;
    return figured != STATE_SET_NONE ? figured : owed;
}

/* --- Against what is true --- */

static void judge_ours(struct play *p, enum end end)
{
    char what[PLAY_TEXT_MAX];
    if (is_there(p, end, p->row.due[end]))
        return;
    (void)snprintf(what, sizeof(what), "our end is in %s", state_name(p->ends.x->ours.tcb.state));
    play_row_find_deviation(p, what);
}

static void judge_set(struct play *p, enum end end)
{
    char what[PLAY_TEXT_MAX], set[STATE_SET_TEXT_MAX];
    p->row.found[end] = p->row.inferred[end];
    if (agrees_with_set(p->row.due[end], p->row.found[end])) {
        play_again_is_at(p, p->row.due[end], false);
        return;
    }
    (void)snprintf(what, sizeof(what), "the peer cannot be there: it is in %s",
                   state_set_format(p->row.found[end], set));
    if (p->again.crossed) /* when which of them left is a guess then */
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s; but what it sent again has crossed ours", what);
    else
        play_row_find_deviation(p, what);
}

static void find_elsewhere(struct play *p, enum end end, enum state truth)
{
    char what[64], doubt[PLAY_TEXT_MAX];
    if (talk_is_wire(p->ends.x))
        (void)snprintf(what, sizeof(what), "the kernel of %c says %s", end == END_A ? 'A' : 'B',
                       state_name(truth));
    else
        (void)snprintf(what, sizeof(what), "the peer's kernel says %s", state_name(truth));
    if (end != p->us && play_again_doubt(p, true, doubt))
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s; but %s", what, doubt);
    else if (end != p->us && play_again_lossy(p))
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s; but segments are lost here, ours perhaps twice",
                      what);
    else
        play_row_find_deviation(p, what);
}

/* Whether what a kernel says is what a figure shows: CLOSED is that the connection does not exist,
 * also where somebody listens. */
static bool kernel_agrees(state_set figured, enum state truth)
{
    return state_set_has(figured, truth) ||
           (state_set_has(figured, STATE_CLOSED) && truth == STATE_LISTEN);
}

/* Ours may be lost. True: it is not known yet. */
static bool has_chance(struct play *p, enum end end)
{
    int64_t at = play_again_at(p, COPIES);
    if (end == p->us || talk_is_wire(p->ends.x))
        return false;
    if (at != CLOCK_NEVER && p->ends.x->now_ns >= at)
        (void)play_again_chance(p, COPIES);
    return at != CLOCK_NEVER || p->again.left_ns == CLOCK_NEVER;
}

/* True when that is done. A state that has not changed yet is not one that stays. */
static bool judge_kernel(struct play *p, enum end end)
{
    struct play_row *row = &p->row;
    const state_set due = row->due[end];
    struct fault fault = {0};
    state_set now;
    if (p->ends.x->now_ns < row->taken_ns)
        return false;
    if (ends_states(&p->ends, end, &now, &fault) != STATUS_OK) {
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s", fault.text);
        return true;
    }
    enum state truth = state_set_only(now);
    row->found[end] = now;
    if (!kernel_agrees(due, truth)) {
        if (p->ends.x->now_ns < row->settle_ns || has_chance(p, end))
            return false;
        find_elsewhere(p, end, truth);
        return true;
    }
    if (end != p->us)
        play_again_is_at(p, now, true);
    if (!state_set_has(due, truth)) /* in the figure's words */
        row->found[end] = STATE_SET(STATE_CLOSED);
    /* Then it is our inference that errs, unless the capture has kept from it what it stands on. */
    if (p->ends.x->capture_dropped == 0 &&
        !agrees_with_set(due, row->inferred[end] | ends_inferred(&p->ends, end)))
        play_row_find(p, EVENT_LINE_UNKNOWN,
                      "the peer's kernel is there, and what was seen does not allow it");
    return true;
}

static bool judge_end(struct play *p, enum end end)
{
    if (p->row.due[end] == STATE_SET_NONE)
        return true;
    switch (play_kind(p, end)) {
    case TALK_OURS:
        judge_ours(p, end);
        break;
    case TALK_INFERRED:
        judge_set(p, end);
        break;
    case TALK_ASKED:
        return judge_kernel(p, end);
    }
    return true;
}

bool play_judge_again(struct play *p)
{
    bool ours = judge_end(p, p->us), other = judge_end(p, end_other(p->us));
    if (ours && other && (p->row.due[END_A] | p->row.due[END_B]) != STATE_SET_NONE)
        p->two_msl = false;
    return ours && other;
}

static void judge_isn(struct play *p, enum end end)
{
    const char *what;
    enum event_line_status status = inbox_judge_isn(&p->inbox[end], &what);
    if (status == EVENT_LINE_UNKNOWN)
        play_row_find(p, status, "%s", what);
    else if (status == EVENT_LINE_DEVIATES)
        play_row_find_habit(p, PLAY_HABIT_ISN, what, "RFC 9293 3.4.1");
}

bool play_judge_columns(struct play *p)
{
    struct play_row *row = &p->row;
    row->taken_ns = 0;
    for (enum end end = END_A; end <= END_B; end++) {
        enum figure_event event = view_cell(row->row, end)->event;
        bool ours = play_kind(p, end) == TALK_OURS;
        if (event == FIGURE_NEW_ISN && !ours)
            judge_isn(p, end);
        p->two_msl |= event == FIGURE_TWO_MSL && !ours;
        row->due[end] = due_states(p, end);
        if (!row->has_seg)
            row->inferred[end] = ends_inferred(&p->ends, end);
        int64_t taken = ends_taken_ns(&p->ends, end);
        if (row->due[end] != STATE_SET_NONE && taken > row->taken_ns)
            row->taken_ns = taken;
    }
    row->settle_ns = row->taken_ns + (p->two_msl ? TWO_MSL_WITHIN : SETTLE_WITHIN);
    return play_judge_again(p);
}

int64_t play_judge_interval(const struct play *p)
{
    bool waits = p->ends.x->now_ns >= p->row.settle_ns; /* for what is sent again */
    return p->two_msl ? TWO_MSL_EVERY : waits ? AGAIN_EVERY : SETTLE_EVERY;
}

void play_judge_later(struct play *p)
{
    struct play_row *row = &p->row;
    row->taken_ns = ends_taken_ns(&p->ends, end_other(p->us));
    row->settle_ns = row->taken_ns + SETTLE_WITHIN;
}

/* --- The clock --- */

/* All times of a figure are the peer's, and nothing is known of the way but what it takes at most.
 */
static enum view_time time_of_answer(const struct play *p, int64_t back_ns)
{
    const struct play_row *row = &p->row;
    int64_t gap = row->t_ns - p->mark_ns, again = p->again.left_ns;
    int64_t least = again > p->mark_ns && again <= row->t_ns ? row->t_ns - again : gap;
    return view_time_of(row->row, least - row->round_ns, gap + back_ns);
}

/* A copy comes when the retransmission timer of its sender has run, which began when the last one
 * left. The first time-out may be any above a second (RFC 6298 2.1), or three round trips (2.2);
 * each further one is twice the one before (5.5), and so the figure's numbers stand for what they
 * are of the first. `times`: how many of those it was, if one or more are lost. */
static enum view_time time_of_copy(const struct play *p, const struct inbox_times *last,
                                   double times, int64_t back_ns)
{
    const struct figure_row *f = p->row.row;
    bool first = last->gap_ns == 0 && f->after_ns >= CLOCK_S;
    int64_t newer = last->t_ns > p->mark_ns ? last->t_ns : p->mark_ns;
    double least = (double)(p->row.t_ns - newer - back_ns - 3 * p->row.round_ns);
    double most = (double)(p->row.t_ns - last->t_ns + back_ns);
    double unit =
        times *
        (last->gap_ns != 0 && f->after_ns != 0 ? (double)last->gap_ns / (double)last->after_ns : 1);
    enum view_time time = view_time_of(f, (int64_t)(least / unit), (int64_t)(most / unit));
    return time == VIEW_LATE && first && f->within_ns == 0 ? VIEW_IN_TIME : time;
}

/* One copy that is lost adds twice as much to a gap as it would be; to the first one as well. */
static bool may_be_loss(const struct play *p, const struct inbox_times *last, enum view_time time)
{
    if (talk_is_wire(p->ends.x))
        return false;
    if (time == VIEW_LATE)
        return time_of_copy(p, last, 3, p->row.back_ns) == VIEW_IN_TIME;
    bool first_above_a_second =
        last->gap_ns / 3 + p->row.back_ns >= last->after_ns - last->after_ns / 8;
    return last->gap_ns != 0 && first_above_a_second &&
           time_of_copy(p, last, 2.0 / 3, p->row.back_ns) == VIEW_IN_TIME;
}

static enum view_time time_of(const struct play *p, const struct inbox_times *copy, int64_t back_ns)
{
    return copy != NULL ? time_of_copy(p, copy, 1, back_ns) : time_of_answer(p, back_ns);
}

static const char *rule_of_time(const struct inbox_times *copy)
{
    return copy == NULL ? NULL : copy->gap_ns == 0 ? "RFC 6298 2.1" : "RFC 6298 5.5";
}

static void judge_time(struct play *p, const struct inbox_times *copy, int64_t gap)
{
    enum view_time time = time_of(p, copy, p->row.back_ns);
    char what[64], took[32];
    (void)clock_format(gap, took, sizeof(took));
    (void)snprintf(what, sizeof(what), "it came after %s", took);
    if (time != VIEW_IN_TIME && copy != NULL && may_be_loss(p, copy, time))
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s; one before it may be lost", what);
    else if (time == VIEW_EARLY && p->again.syn)
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s; our SYN, sent again, may have drawn it", what);
    else if (time != VIEW_IN_TIME)
        play_row_find_habit(p, PLAY_HABIT_TIME, what, rule_of_time(copy));
    else if (ends_trip_is_guess(&p->ends) && time_of(p, copy, 0) == VIEW_EARLY)
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s; how long the way is could not be measured", what);
}

void play_judge_time(struct play *p, struct inbox_times *copy)
{
    int64_t gap = p->row.t_ns - (copy != NULL ? copy->t_ns : p->mark_ns);
    int64_t after = p->row.row->after_ns;
    judge_time(p, copy, gap);
    if (copy != NULL && copy->gap_ns == 0 && after != 0) {
        copy->gap_ns = gap > 0 ? gap : 1;
        copy->after_ns = after;
    }
}
