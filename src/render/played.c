/* A played figure, for people: the figure as it was written, with the states that were, the times,
 * and how each line turned out. It is a figure again: what the figure's notation does not have
 * stands in comments. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "render/prose.h"
#include "render/render.h"
#include "render/report.h"
#include "render/row.h"
#include "render/step.h"

/* A line, and the texts that its row borrows. */
struct played_line {
    struct row row;
    struct text own, mark;
    size_t time_len;    /* with which the mark begins: "[within 1s]" */
    struct text before; /* a line of its own: the alternative that begins here */
    bool ends_alternative;
};

struct played {
    struct sink sink;
    struct style style;
    struct step_builder steps;
    struct played_line *lines;
    size_t count, cap;
    bool zero_known;
    int64_t zero_ns, last_ns; /* of the first and the last segment */
    struct text aside;        /* comments for the line that comes next */
    bool line_follows;        /* what led to it is told now */
    struct text warnings;
    bool failed;
};

static void forget(struct played *p)
{
    for (size_t i = 0; i < p->count; i++) {
        row_done(&p->lines[i].row);
        text_done(&p->lines[i].own);
        text_done(&p->lines[i].mark);
        text_done(&p->lines[i].before);
    }
    p->count = 0;
    text_clear(&p->aside);
    text_clear(&p->warnings);
}

static struct played_line *add_line(struct played *p)
{
    if (p->count == p->cap) {
        size_t cap = p->cap != 0 ? 2 * p->cap : 16;
        struct played_line *grown = realloc(p->lines, cap * sizeof(*grown));
        if (grown == NULL)
            return NULL;
        p->lines = grown;
        p->cap = cap;
    }
    struct played_line *l = &p->lines[p->count++];
    *l = (struct played_line){0};
    row_init(&l->row);
    return l;
}

/* --- From events to lines --- */

static void comment(struct text *out, const char *prefix, const char *text)
{
    text_printf(out, "%s", prefix);
    prose_safe(out, text, strlen(text));
    text_put(out, "\n", 1);
}

static const char *mark_of(enum event_line_status s)
{
    static const char *const marks[] = {
        [EVENT_LINE_OK] = "# ok",
        [EVENT_LINE_DEVIATES] = "# deviates",
        [EVENT_LINE_UNKNOWN] = "# unknown",
        [EVENT_LINE_NOT_REACHED] = "# not reached",
    };
    return marks[s];
}

/* What only the end of the line has room for. A time belongs to the figure; how the line turned out
 * may go missing there. */
static void put_behind(struct played_line *l, const struct event_line *e)
{
    if (e->behind != NULL && e->segment != NULL) {
        l->time_len = strlen(e->behind);
        text_printf(&l->mark, "%s  ", e->behind);
    }
    text_printf(&l->mark, "%s", mark_of(e->status));
}

/* A silence stands in the place of the segment that does not come. */
static const char *segment_of(const struct event_line *e)
{
    const char *shown = e->segment != NULL ? e->segment : e->behind;
    return shown != NULL ? shown : "";
}

static enum status take_line(struct played *p, const struct event *event, struct fault *fault)
{
    const struct event_line *e = event->line;
    struct played_line *l = add_line(p);
    if (l == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    struct row *r = &l->row;
    text_printf(&l->own, "%s", e->a != NULL ? e->a : "");
    put_behind(l, e);
    (void)snprintf(r->seg, sizeof(r->seg), "%s", segment_of(e));
    (void)snprintf(r->peer, sizeof(r->peer), "%s", e->b != NULL ? e->b : "");
    r->line = e->number;
    r->continued = !e->begins_step;
    r->arrow = e->a_arrow;
    r->far_arrow = e->b_arrow;
    r->alarm = e->segment != NULL && strstr(e->segment, "RST") != NULL;
    if (e->remark != NULL)
        text_printf(&r->remarks, "(%s)\n", e->remark);
    if (e->stamped) {
        if (!p->zero_known)
            p->zero_ns = event->t_ns;
        p->zero_known = true;
        p->last_ns = event->t_ns > p->last_ns ? event->t_ns : p->last_ns;
        r->t_ns = event->t_ns;
    }
    if (e->text != NULL) {
        text_printf(&r->comments, "%s: ", event_line_status_name(e->status));
        comment(&r->comments, "", e->text);
    }
    if (p->style.verbose && e->wire != NULL)
        comment(&r->comments, "wire: ", e->wire);
    if (p->aside.len > 0)
        text_put(&r->comments, p->aside.data, p->aside.len);
    text_clear(&p->aside);
    if (e->alternative != NULL)
        text_printf(&l->before, "either \"%s\"%s\n", e->alternative,
                    e->alternative_deviates ? " deviates" : "");
    l->ends_alternative = e->alternative_ends;
    return STATUS_OK;
}

static void put_segment(struct text *out, const struct segment *seg)
{
    char flags[FLAGS_TEXT_MAX];
    text_printf(out, "<SEQ=%" PRIu32 ">", seg->seq.v);
    if (seg->flags & FLAG_ACK)
        text_printf(out, "<ACK=%" PRIu32 ">", seg->ack.v);
    text_printf(out, "<CTL=%s>", flags_format(seg->flags, flags));
    if (seg->len != 0)
        text_printf(out, "<DATA=%" PRIu32 ">", seg->len);
}

/* A segment with something to say about it is one that the figure does not show. */
static enum status take_step(void *arg, const struct step *s, struct fault *fault)
{
    struct played *p = arg;
    bool before = p->line_follows || p->count == 0;
    struct text *out = before ? &p->aside : &p->lines[p->count - 1].row.comments;
    (void)fault;
    if (s->kind == STEP_NOTE)
        comment(out, "", s->text);
    for (size_t i = 0; i < s->entry_count; i++) {
        const struct step_entry *e = &s->entries[i];
        if (e->kind == EVENT_FAULT) {
            report_warning(&p->warnings, &p->style, NULL, e->text);
        } else if (e->kind == EVENT_NOTE) {
            if (step_is_segment(s)) {
                text_printf(out, "%s ", s->kind == STEP_SENT ? "-->" : "<--");
                put_segment(out, &s->seg);
                text_put(out, " ", 1);
            }
            comment(out, "", e->text);
        } else if (p->style.verbose) {
            text_printf(out, "%s: ", e->kind == EVENT_OWN_STATE ? "ours" : "the peer's");
            prose_safe(out, e->text, strlen(e->text));
            text_printf(out, e->rfc != NULL ? " (%s)\n" : "\n", e->rfc);
        }
    }
    return STATUS_OK;
}

/* --- From lines to text --- */

static const char *format_times(struct played *p)
{
    bool seconds = p->last_ns - p->zero_ns >= CLOCK_S;
    for (size_t i = 0; i < p->count; i++) {
        struct row *r = &p->lines[i].row;
        if (r->t_ns == 0)
            continue;
        int64_t us = (r->t_ns - p->zero_ns + CLOCK_US / 2) / CLOCK_US;
        int64_t unit = seconds ? CLOCK_S / CLOCK_US : CLOCK_MS / CLOCK_US;
        if (us < 0)
            continue;
        (void)snprintf(r->time, sizeof(r->time), "%" PRId64 ".%0*" PRId64, us / unit,
                       seconds ? 6 : 3, us % unit);
    }
    return seconds ? "s" : "ms";
}

static void draw_heads(const struct row_shape *s, const char *unit, struct text *out)
{
    struct text line;
    text_init(&line);
    if (s->time != 0) {
        text_pad(&line, s->number + s->gap + s->time - strlen(unit));
        text_printf(&line, "%s", unit);
    }
    text_pad(&line, row_shape_own_at(s));
    text_printf(&line, "TCP Peer A");
    text_pad(&line, s->stacked ? line.len + 4 : row_shape_peer_at(s));
    text_printf(&line, "TCP Peer B");
    text_printf(out, "%s\n", line.failed ? "" : line.data);
    text_done(&line);
}

/* How wide the first line is, without its tints. */
static size_t first_line_cells(const struct played *p, const struct row *r,
                               const struct row_shape *s)
{
    const struct style plain = {.columns = p->style.columns};
    struct text drawn;
    text_init(&drawn);
    row_draw(r, s, &plain, &drawn);
    size_t cells = drawn.data != NULL ? text_cells(drawn.data, strcspn(drawn.data, "\n")) : 0;
    text_done(&drawn);
    return cells;
}

/* The line with its mark, where there is room for it: at `column`, or behind a longer line. */
static void draw_line(const struct played *p, const struct played_line *l,
                      const struct row_shape *s, size_t column, struct text *out)
{
    struct text drawn;
    text_init(&drawn);
    row_draw(&l->row, s, &p->style, &drawn);
    const char *text = drawn.data != NULL ? drawn.data : "\n";
    size_t first = strcspn(text, "\n"), cells = first_line_cells(p, &l->row, s);
    size_t at = cells + 2 > column ? cells + 2 : column,
           wide = text_cells(l->mark.data, l->mark.len);
    bool plain = l->row.seg[0] != '\0' || l->own.len > 0 || l->row.peer[0] != '\0';
    text_put(out, l->before.data != NULL ? l->before.data : "", l->before.len);
    text_put(out, text, first);
    if (plain && at + wide <= p->style.columns) {
        prose_blank(out, at - cells);
        prose_put(out, &p->style, PROSE_ASIDE, l->mark.data, l->mark.len);
    } else if (l->time_len > 0) {
        text_printf(out, "  %.*s", (int)l->time_len, l->mark.data);
    }
    text_put(out, text + first, strlen(text + first));
    if (l->ends_alternative)
        text_printf(out, "end\n");
    out->failed = out->failed || drawn.failed;
    text_done(&drawn);
}

/* For which there must be room: the times, and that most lines are as figured. */
static size_t widest_mark(const struct played *p)
{
    size_t widest = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct played_line *l = &p->lines[i];
        size_t n = l->time_len > 0 ? l->time_len : l->mark.len;
        if (n > widest && (l->time_len > 0 || n <= sizeof("# ok") - 1))
            widest = n;
    }
    return widest;
}

static enum status draw(struct played *p, struct text *out, struct fault *fault)
{
    struct row *rows = calloc(p->count, sizeof(*rows));
    if (rows == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    const char *unit = format_times(p);
    for (size_t i = 0; i < p->count; i++) {
        p->lines[i].row.own = p->lines[i].own.data;
        rows[i] = p->lines[i].row;
    }
    size_t room = widest_mark(p) + 2;
    struct row_shape s = row_shape_of(rows, p->count, p->style.columns - room);
    free(rows);
    draw_heads(&s, unit, out);
    size_t column = row_shape_peer_at(&s) + s.peer + 2;
    for (size_t i = 0; i < p->count; i++)
        draw_line(p, &p->lines[i], &s, column, out);
    return STATUS_OK;
}

static enum status write_session(struct played *p, const struct result *result, struct fault *fault)
{
    struct text out;
    enum status s = STATUS_OK;
    text_init(&out);
    if (p->count > 0) {
        if (p->sink.run->heading != NULL)
            text_printf(&out, "%s\n", p->sink.run->heading);
        s = draw(p, &out, fault);
        text_put(&out, "\n", 1);
    }
    text_put(&out, p->warnings.data != NULL ? p->warnings.data : "", p->warnings.len);
    if (result != NULL)
        report_result(&out, &p->style, result);
    if (s == STATUS_OK && out.failed)
        s = fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    if (s == STATUS_OK && out.len != 0)
        s = p->sink.out.put(p->sink.out.arg, out.data, out.len, fault);
    text_done(&out);
    forget(p);
    return s;
}

/* --- The sink --- */

static enum status open_played(struct sink *s, const struct run_info *run, struct fault *fault)
{
    (void)s, (void)run, (void)fault;
    return STATUS_OK;
}

static enum status take_event(struct sink *sink, const struct event *e, struct fault *fault)
{
    struct played *p = (struct played *)sink;
    if (e->kind == EVENT_LINE) { /* what led to it comes before it */
        p->line_follows = true;
        enum status s = step_builder_flush(&p->steps, fault);
        p->line_follows = false;
        return s == STATUS_OK ? take_line(p, e, fault) : s;
    }
    enum status s = step_builder_event(&p->steps, e, fault);
    if (s == STATUS_OK && e->kind == EVENT_VERDICT)
        s = write_session(p, e->result, fault);
    return s;
}

static enum status close_played(struct sink *sink, struct fault *fault)
{
    struct played *p = (struct played *)sink;
    enum status s = step_builder_flush(&p->steps, fault);
    return s == STATUS_OK ? write_session(p, NULL, fault) : s;
}

static void free_played(struct sink *sink)
{
    struct played *p = (struct played *)sink;
    forget(p);
    free(p->lines);
    text_done(&p->aside);
    text_done(&p->warnings);
    step_builder_done(&p->steps);
    free(p);
}

struct sink *played_new(struct writer out, struct style style)
{
    static const struct sink_ops ops = {.name = "played",
                                        .streams = false,
                                        .open = open_played,
                                        .event = take_event,
                                        .close = close_played,
                                        .free = free_played};
    struct played *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->sink = (struct sink){.ops = &ops, .out = out};
    p->style = style;
    step_builder_init(&p->steps, (struct step_taker){.take = take_step, .arg = p});
    return &p->sink;
}
