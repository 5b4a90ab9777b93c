/* See staged_row.h. */
#include "measure/play/staged_row.h"

#include "talk/asked.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "figure/blocks.h"
#include "figure/timing.h"
#include "talk/line.h"

#define SETTLE_WITHIN  (250 * CLOCK_MS)
#define SETTLE_EVERY   (2 * CLOCK_MS)
#define TWO_MSL_WITHIN (240 * CLOCK_S) /* RFC 9293 3.4.2 */
#define TWO_MSL_EVERY  (200 * CLOCK_MS)

void staged_row_enter(struct staged *s, size_t item)
{
    s->row =
        (struct staged_row){.item = item, .row = &staged_item(s, item)->row, .dropped = s->dropped};
    s->at = item + 1;
}

void staged_row_choose(struct talk *p, size_t i)
{
    struct staged *s = staged_of(p);
    const struct figure_item *chosen = staged_item(s, i);
    bool missed = p->capture_dropped > s->row.dropped;
    s->choosing = false;
    staged_row_enter(s, i + 1);
    s->row.alternative = chosen;
    if (missed || (chosen->deviates && p->capture_dropped > 0))
        staged_row_find(s, EVENT_LINE_UNKNOWN,
                        "this alternative is what was seen, but the capture has lost packets");
    else if (chosen->deviates && s->tally.counts[EVENT_LINE_UNKNOWN] > 0)
        staged_row_find(s, EVENT_LINE_UNKNOWN,
                        "this alternative deviates, but an earlier line is not known to be as "
                        "figured");
    verdict_alternative(&s->tally, chosen, s->row.row, s->row.status == EVENT_LINE_OK);
}

void staged_row_silent(struct talk *p)
{
    struct staged *s = staged_of(p);
    if (p->capture_dropped > s->row.dropped)
        staged_row_find(s, EVENT_LINE_UNKNOWN, "nothing came, but the capture has lost packets");
}

void staged_row_crossed(struct staged *s, const struct segment *seg, int64_t t_ns)
{
    s->row.has_seg = true;
    s->row.seg = *seg;
    s->row.seg.raw = NULL;
    s->row.seg.raw_len = 0;
    s->row.t_ns = t_ns;
}

void staged_row_find(struct staged *s, enum event_line_status status, const char *fmt, ...)
{
    va_list ap;
    if (s->row.status == EVENT_LINE_DEVIATES ||
        (s->row.status == EVENT_LINE_UNKNOWN && status == EVENT_LINE_UNKNOWN))
        return;
    s->row.status = status;
    va_start(ap, fmt);
    (void)vsnprintf(s->row.why, sizeof(s->row.why), fmt, ap);
    va_end(ap);
}

void staged_row_deviates(struct talk *p, const char *what)
{
    struct staged *s = staged_of(p);
    if (p->capture_dropped > 0)
        staged_row_find(s, EVENT_LINE_UNKNOWN,
                        "%s; but the capture has lost packets, which may explain it", what);
    else if (s->tally.counts[EVENT_LINE_UNKNOWN] > 0)
        staged_row_find(s, EVENT_LINE_UNKNOWN,
                        "%s; but an earlier line is not known to be as figured", what);
    else
        staged_row_find(s, EVENT_LINE_DEVIATES, "%s", what);
}

void staged_row_tell(struct talk *p, const struct staged_row *row)
{
    struct staged *s = staged_of(p);
    bool judged = row->status != EVENT_LINE_NOT_REACHED;
    struct line line;
    if (line_init(&line,
                  &(struct line_facts){
                      .row = row->row,
                      .status = row->status,
                      .a = row->found[END_A],
                      .b = row->found[END_B],
                      .seg = row->has_seg ? &row->seg : NULL,
                      .round = s->round,
                      .alternative = row->alternative,
                      .alternative_ends = judged && blocks_ends_alternative(s->figure, row->item),
                      .text = row->why[0] != '\0' ? row->why : NULL,
                  })) {
        (void)timeline_append(p->timeline, (struct event){
                                               .kind = EVENT_LINE,
                                               .session = p->config.session,
                                               .t_ns = row->has_seg ? row->t_ns : p->now_ns,
                                               .line = &line.event,
                                           });
        verdict_line(&s->tally, &line.event);
    }
    line_done(&line);
}

/* --- Against what was found --- */

void staged_row_judge_time(struct talk *p)
{
    struct staged *s = staged_of(p);
    char what[STAGED_TEXT_MAX], took[32];
    if (timing_kept(s->row.row, s->row.t_ns - s->mark_ns))
        return;
    (void)clock_format(s->row.t_ns - s->mark_ns, took, sizeof(took));
    (void)snprintf(what, sizeof(what), "it came after %s", took);
    staged_row_deviates(p, what);
}

static void judge_isns(struct talk *p)
{
    struct staged *s = staged_of(p);
    for (enum end end = END_A; end <= END_B; end++) {
        const char *what;
        if (view_cell(s->row.row, end)->event != FIGURE_NEW_ISN)
            continue;
        enum event_line_status status = matched_judge_isn(&s->seen[end], &what);
        if (status == EVENT_LINE_UNKNOWN)
            staged_row_find(s, status, "%s", what);
        else if (status == EVENT_LINE_DEVIATES)
            staged_row_deviates(p, what);
    }
}

/* What stands beside a segment that has not arrived may be what comes of it: it is owed until the
 * end is heard of, or the step ends. */
static state_set due_states(struct staged *s, enum end end)
{
    const struct figure_row *row = s->row.row;
    state_set figured = view_cell(row, end)->states, owed = s->owed[end];
    bool beside = row->has_segment && view_sender(row) != end && !view_reaches(row, end);
    if (beside && !blocks_begins_step(s->figure, s->at)) {
        if (figured != STATE_SET_NONE)
            s->owed[end] = figured;
        return STATE_SET_NONE;
    }
    s->owed[end] = STATE_SET_NONE;
    return figured != STATE_SET_NONE ? figured : owed;
}

/* True when that is done. */
static bool judge_end(struct talk *p, enum end end)
{
    struct staged_row *row = &staged_of(p)->row;
    enum state truth = p->truth[end];
    char what[STAGED_TEXT_MAX];
    if (row->due[end] == STATE_SET_NONE)
        return true;
    if (p->now_ns < row->taken_ns)
        return false;
    row->found[end] = STATE_SET(truth);
    if (upper_agrees(row->due[end], truth)) {
        if (!state_set_has(row->due[end], truth)) /* in the figure's words */
            row->found[end] = STATE_SET(STATE_CLOSED);
        return true;
    }
    if (p->now_ns < row->settle_ns)
        return false;
    (void)snprintf(what, sizeof(what), "the kernel of %c says %s", end == END_A ? 'A' : 'B',
                   state_name(truth));
    staged_row_deviates(p, what);
    return true;
}

bool staged_row_judge_again(struct talk *p)
{
    struct staged *s = staged_of(p);
    asked_look(p);
    bool a = judge_end(p, END_A), b = judge_end(p, END_B);
    if (a && b && (s->row.due[END_A] | s->row.due[END_B]) != STATE_SET_NONE)
        s->two_msl = false;
    return a && b;
}

bool staged_row_judge(struct talk *p)
{
    struct staged *s = staged_of(p);
    judge_isns(p);
    for (enum end end = END_A; end <= END_B; end++) {
        s->two_msl |= view_cell(s->row.row, end)->event == FIGURE_TWO_MSL;
        s->row.due[end] = due_states(s, end);
    }
    /* A state that has not changed yet is not one that stays. */
    s->row.taken_ns = p->now_ns + SETTLE_EVERY;
    s->row.settle_ns = p->now_ns + (s->two_msl ? TWO_MSL_WITHIN : SETTLE_WITHIN);
    return staged_row_judge_again(p);
}

int64_t staged_row_interval(const struct staged *s)
{
    return s->two_msl ? TWO_MSL_EVERY : SETTLE_EVERY;
}
