/* A played figure, for people: the figure as it was written, with the states that were, the times,
 * and how each line turned out. It is a figure again: what the figure's notation does not have
 * stands in comments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "render/prose.h"
#include "render/render.h"
#include "render/row.h"
#include "render/step.h"

struct figure_text {
    struct sink sink;
    struct style style;
    struct step_builder steps;
    struct row_list rows;
    struct text aside; /* comments for the line that comes next */
    bool line_follows; /* what led to it is told now */
    struct text warnings;
};

static void forget(struct figure_text *p)
{
    row_list_clear(&p->rows);
    text_clear(&p->aside);
    text_clear(&p->warnings);
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
static void put_behind(struct row *r, const struct event_line *e)
{
    if (e->behind != NULL && e->segment != NULL) {
        r->mark_kept = strlen(e->behind);
        text_printf(&r->mark, "%s  ", e->behind);
    }
    text_printf(&r->mark, "%s", mark_of(e->status));
}

/* A silence stands in the place of the segment that does not come. */
static const char *segment_of(const struct event_line *e)
{
    const char *shown = e->segment != NULL ? e->segment : e->behind;
    return shown != NULL ? shown : "";
}

static void put_around(struct row *r, const struct event_line *e)
{
    if (e->alternative != NULL)
        text_printf(&r->before, "either \"%s\"%s\n", e->alternative,
                    e->alternative_deviates ? " deviates" : "");
    if (e->alternative_ends)
        text_printf(&r->after, "end\n");
}

static void put_comments(struct figure_text *p, struct row *r, const struct event_line *e)
{
    if (e->text != NULL) {
        text_printf(&r->comments, "%s: ", event_line_status_name(e->status));
        comment(&r->comments, "", e->text);
    }
    if (p->style.verbose && e->wire != NULL)
        comment(&r->comments, "wire: ", e->wire);
    if (p->aside.len > 0)
        text_put(&r->comments, p->aside.data, p->aside.len);
    text_clear(&p->aside);
}

static enum status take_line(struct figure_text *p, const struct event *event, struct fault *fault)
{
    const struct event_line *e = event->line;
    struct row *r = row_list_add(&p->rows);
    if (r == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    text_printf(&r->own, "%s", e->a != NULL ? e->a : "");
    text_printf(&r->peer, "%s", e->b != NULL ? e->b : "");
    (void)snprintf(r->seg, sizeof(r->seg), "%s", segment_of(e));
    r->line = e->number;
    r->continued = !e->begins_step;
    r->arrow = e->a_arrow;
    r->far_arrow = e->b_arrow;
    r->alarm = e->segment != NULL && strstr(e->segment, "RST") != NULL;
    if (e->remark != NULL)
        text_printf(&r->remarks, "(%s)\n", e->remark);
    if (e->stamped)
        row_list_stamp(&p->rows, r, event->t_ns);
    put_behind(r, e);
    put_around(r, e);
    put_comments(p, r, e);
    return STATUS_OK;
}

/* A segment with something to say about it is one that the figure does not show. */
static enum status take_step(void *arg, const struct step *s, struct fault *fault)
{
    struct figure_text *p = arg;
    bool before = p->line_follows || p->rows.count == 0;
    struct text *out = before ? &p->aside : &p->rows.rows[p->rows.count - 1].comments;
    (void)fault;
    if (s->kind == STEP_NOTE)
        comment(out, "", s->text);
    for (size_t i = 0; i < s->entry_count; i++) {
        const struct step_entry *e = &s->entries[i];
        if (e->kind == EVENT_FAULT) {
            prose_warning(&p->warnings, &p->style, NULL, e->text);
        } else if (e->kind == EVENT_NOTE) {
            if (step_is_segment(s)) {
                text_printf(out, "%s ", s->kind == STEP_SENT ? "-->" : "<--");
                segment_print(out, &s->seg, &s->seg.seq, &s->seg.ack);
                text_put(out, " ", 1);
            }
            comment(out, "", e->text);
        } else if (p->style.verbose) {
            text_printf(out, "%s: ", e->end == END_A ? "ours" : "the peer's");
            prose_safe(out, e->text, strlen(e->text));
            text_printf(out, e->rfc != NULL ? " (%s)\n" : "\n", e->rfc);
        }
    }
    return STATUS_OK;
}

/* --- From lines to text --- */

static void draw(struct figure_text *p, struct text *out)
{
    const char *unit = row_list_times(&p->rows);
    struct row_shape s = row_shape_of(&p->rows, p->style.columns);
    if (p->sink.run->heading != NULL)
        text_printf(out, "%s\n", p->sink.run->heading);
    row_draw_heads(&s, unit, out);
    for (size_t i = 0; i < p->rows.count; i++)
        row_draw(&p->rows.rows[i], &s, &p->style, out);
    text_put(out, "\n", 1);
    out->failed = out->failed || row_list_failed(&p->rows);
}

static enum status write_session(struct figure_text *p, const struct result *result,
                                 struct fault *fault)
{
    struct text out = {0};
    if (p->rows.count > 0)
        draw(p, &out);
    text_put(&out, p->warnings.data != NULL ? p->warnings.data : "", p->warnings.len);
    if (result != NULL)
        prose_result(&out, &p->style, result);
    out.failed = out.failed || p->warnings.failed;
    enum status s = prose_write(&p->sink, &out, fault);
    text_done(&out);
    forget(p);
    return s;
}

/* --- The sink --- */

static enum status take_event(struct sink *sink, const struct event *e, struct fault *fault)
{
    struct figure_text *p = (struct figure_text *)sink;
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
    struct figure_text *p = (struct figure_text *)sink;
    enum status s = step_builder_flush(&p->steps, fault);
    return s == STATUS_OK ? write_session(p, NULL, fault) : s;
}

static void free_played(struct sink *sink)
{
    struct figure_text *p = (struct figure_text *)sink;
    row_list_done(&p->rows);
    text_done(&p->aside);
    text_done(&p->warnings);
    step_builder_done(&p->steps);
    free(p);
}

struct sink *figure_text_new(struct writer out, struct style style)
{
    static const struct sink_ops ops = {.name = "played",
                                        .streams = false,
                                        .event = take_event,
                                        .close = close_played,
                                        .free = free_played};
    struct figure_text *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->sink = (struct sink){.ops = &ops, .out = out};
    p->style = style;
    step_builder_init(&p->steps, (struct step_taker){.take = take_step, .arg = p});
    return &p->sink;
}
