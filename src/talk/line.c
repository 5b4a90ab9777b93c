/* See line.h. */
#include "talk/line.h"

#include <stdio.h>
#include <string.h>

#include "figure/cell.h"
#include "figure/fields.h"
#include "figure/print.h"
#include "figure/view.h"

/* Where the figure names states, those that were. */
static void put_cell(struct text *out, const struct figure_cell *cell, state_set found)
{
    char set[STATE_SET_TEXT_MAX];
    if (cell->states != STATE_SET_NONE && found != STATE_SET_NONE)
        text_printf(out, "%s", state_set_format(found, set));
    else
        cell_print(out, cell);
}

/* x of the second round is not that of the first: x2. */
static void in_round(struct figure_number *n, unsigned round)
{
    char suffix[12];
    int len = snprintf(suffix, sizeof(suffix), "%u", round + 1);
    size_t used = strlen(n->symbol);
    if (used > 0 && round > 0 && used + (size_t)len < sizeof(n->symbol))
        memcpy(n->symbol + used, suffix, (size_t)len + 1);
}

bool line_init(struct line *l, const struct line_facts *f)
{
    const struct figure_row *row = f->row;
    *l = (struct line){0};
    put_cell(&l->a, &row->a, f->a);
    put_cell(&l->b, &row->b, f->b);
    struct figure_segment segment = row->segment;
    in_round(&segment.seq, f->round);
    in_round(&segment.ack, f->round);
    if (row->has_segment)
        fields_print(&l->segment, &segment);
    if (f->seg != NULL)
        segment_print(&l->wire, f->seg, &f->seg->seq, &f->seg->ack);
    fields_print_times(&l->behind, row);
    l->event = (struct event_line){
        .status = f->status,
        .number = row->number,
        .begins_step = row->begins_step,
        .source_line = row->line,
        .stamped = f->seg != NULL,
        .a = l->a.data,
        .b = l->b.data,
        .a_arrow = figure_print_arrow(row->a_arrow),
        .b_arrow = figure_print_arrow(row->b_arrow),
        .segment = l->segment.data,
        .wire = l->wire.data,
        .behind = l->behind.data,
        .remark = row->remark,
        .alternative = f->alternative != NULL ? f->alternative->name : NULL,
        .alternative_deviates = f->alternative != NULL && f->alternative->deviates,
        .alternative_ends = f->alternative_ends,
        .text = f->text,
    };
    return !l->a.failed && !l->b.failed && !l->segment.failed && !l->wire.failed &&
           !l->behind.failed;
}

void line_done(struct line *l)
{
    text_done(&l->a);
    text_done(&l->b);
    text_done(&l->segment);
    text_done(&l->wire);
    text_done(&l->behind);
}

/* The numbers of a SYN are its own. */
void line_came(const struct bind *b, enum end from, const struct segment *seg, const char *why,
               char *out, size_t cap)
{
    seq_t zero, seq, ack;
    struct text t;
    bool has_seq = !(seg->flags & FLAG_SYN) && bind_zero(b, from, &zero);
    if (has_seq)
        seq = seq_of(seg->seq.v - zero.v);
    bool has_ack = bind_zero(b, end_other(from), &zero);
    if (has_ack)
        ack = seq_of(seg->ack.v - zero.v);
    text_init(&t);
    segment_print(&t, seg, has_seq ? &seq : NULL, has_ack ? &ack : NULL);
    (void)snprintf(out, cap, "%s came%s%s", t.failed ? "something else" : t.data,
                   why[0] != '\0' ? ": " : "", why);
    text_done(&t);
}
