/* See play_row.h. */
#include "measure/play/play_row.h"

#include <stdarg.h>
#include <stdio.h>

#include "figure/view.h"
#include "talk/line.h"

void play_row_enter(struct play *p, size_t item)
{
    p->row =
        (struct play_row){.item = item, .row = &play_item(p, item)->row, .dropped = p->dropped};
    p->at = item + 1;
}

void play_row_crossed(struct play *p, const struct segment *seg, int64_t t_ns)
{
    struct play_row *row = &p->row;
    row->has_seg = true;
    row->seg = *seg;
    row->seg.raw = NULL;
    row->seg.raw_len = 0;
    row->t_ns = t_ns;
    for (enum end end = END_A; end <= END_B; end++)
        row->inferred[end] = ends_inferred(&p->ends, end);
}

void play_row_find(struct play *p, enum event_line_status status, const char *fmt, ...)
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

void play_row_find_deviation(struct play *p, const char *what)
{
    if (ends_dropped(&p->ends) > 0)
        play_row_find(p, EVENT_LINE_UNKNOWN,
                      "%s; but the capture has lost packets, which may explain it", what);
    else if (p->tally.counts[EVENT_LINE_UNKNOWN] > 0)
        play_row_find(p, EVENT_LINE_UNKNOWN,
                      "%s; but an earlier line is not known to be as figured", what);
    else
        play_row_find(p, EVENT_LINE_DEVIATES, "%s", what);
}

static state_set found(struct play *p, const struct play_row *row, enum end end)
{
    state_set set = row->found[end];
    struct fault ignored;
    if (row->status != EVENT_LINE_NOT_REACHED && play_kind(p, end) == TALK_OURS)
        (void)ends_states(&p->ends, end, &set, &ignored);
    return set;
}

void play_row_tell(struct play *p, const struct play_row *row)
{
    bool judged = row->status != EVENT_LINE_NOT_REACHED;
    struct line line;
    if (line_init(&line,
                  &(struct line_facts){
                      .row = row->row,
                      .status = row->status,
                      .a = found(p, row, END_A),
                      .b = found(p, row, END_B),
                      .seg = row->has_seg ? &row->seg : NULL,
                      .round = p->round,
                      .alternative = row->alternative,
                      .alternative_ends = judged && view_ends_alternative(p->figure, row->item),
                      .text = row->why[0] != '\0' ? row->why : NULL,
                  })) {
        ends_tell(&p->ends, &line.event, row->has_seg ? row->t_ns : ends_now(&p->ends));
        verdict_line(&p->tally, &line.event);
    }
    line_done(&line);
}
