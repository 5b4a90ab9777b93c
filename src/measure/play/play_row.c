/* See play_row.h. */
#include "measure/play/play_row.h"

#include <stdarg.h>
#include <stdio.h>

#include "figure/blocks.h"
#include "talk/line.h"

void play_row_enter(struct play *p, size_t item)
{
    p->row = (struct play_row){
        .item = item,
        .view = view_of(&play_item(p, item)->row, p->us),
        .dropped = p->dropped,
    };
    p->at = item + 1;
}

void play_row_crossed(struct talk *x, const struct segment *seg, int64_t t_ns)
{
    struct play_row *row = &play_of(x)->row;
    row->has_seg = true;
    row->seg = *seg;
    row->seg.raw = NULL;
    row->seg.raw_len = 0;
    row->t_ns = t_ns;
    row->peer_set = x->infer.peer.set;
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

void play_row_find_deviation(struct talk *x, const char *what)
{
    struct play *p = play_of(x);
    if (x->capture_dropped > 0)
        play_row_find(p, EVENT_LINE_UNKNOWN,
                      "%s; but the capture has lost packets, which may explain it", what);
    else if (p->tally.counts[EVENT_LINE_UNKNOWN] > 0)
        play_row_find(p, EVENT_LINE_UNKNOWN,
                      "%s; but an earlier line is not known to be as figured", what);
    else
        play_row_find(p, EVENT_LINE_DEVIATES, "%s", what);
}

void play_row_tell(struct talk *x, const struct play_row *row)
{
    struct play *p = play_of(x);
    bool judged = row->status != EVENT_LINE_NOT_REACHED;
    state_set own = judged ? STATE_SET(x->ours.tcb.state) : STATE_SET_NONE;
    state_set peer = row->found;
    struct line line;
    if (line_init(&line,
                  &(struct line_facts){
                      .row = row->view.row,
                      .status = row->status,
                      .a = p->us == END_A ? own : peer,
                      .b = p->us == END_A ? peer : own,
                      .seg = row->has_seg ? &row->seg : NULL,
                      .round = p->round,
                      .alternative = row->alternative,
                      .alternative_ends = judged && blocks_ends_alternative(p->figure, row->item),
                      .text = row->why[0] != '\0' ? row->why : NULL,
                  })) {
        (void)timeline_append(x->timeline, (struct event){
                                               .kind = EVENT_LINE,
                                               .session = x->config.session,
                                               .t_ns = row->has_seg ? row->t_ns : x->now_ns,
                                               .line = &line.event,
                                           });
        verdict_line(&p->tally, &line.event);
    }
    line_done(&line);
}
