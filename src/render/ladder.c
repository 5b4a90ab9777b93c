/* The text for people: the exchange as a ladder in the figure notation of RFC 9293 (Figures 6 to
 * 13), then warnings and the result; in brief these alone. A session is written as soon as its
 * verdict is there, since only then the widths of its columns are known. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "render/prose.h"
#include "render/render.h"
#include "render/row.h"
#include "render/step.h"

enum {
    DATA_SHOWN = 256
}; /* octets of a segment's data under -v */

struct ladder {
    struct sink sink;
    struct style style;
    struct step_builder steps;
    bool wrote; /* something is out already: a blank line before what follows */

    /* The session being collected. */
    uint32_t session;
    struct row_list rows;
    struct step_numbers numbers;
    struct endpoint a, b;
    struct step_space b_first; /* where B's numbers started */
    uint32_t remark_id;        /* the event whose remark the last row is; 0: not such a row */
    struct text warnings;
};

static enum status out_of_memory(struct fault *fault)
{
    return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
}

static void forget_session(struct ladder *l)
{
    row_list_clear(&l->rows);
    l->numbers = (struct step_numbers){.absolute = l->style.verbose};
    l->b_first = (struct step_space){0};
    l->remark_id = 0;
    text_clear(&l->warnings);
}

/* From a step to a row. */

static struct row *add_row(struct ladder *l)
{
    struct row *r = row_list_add(&l->rows);
    if (r != NULL)
        r->line = l->rows.count > 1 ? r[-1].line + 1 : 1;
    return r;
}

/* `(text)`; parentheses within would end the remark early. */
static void add_remark(struct row *r, const char *text)
{
    text_put(&r->remarks, "(", 1);
    size_t start = r->remarks.len;
    prose_safe(&r->remarks, text, strlen(text));
    for (size_t i = start; i < r->remarks.len; i++) {
        char *c = &r->remarks.data[i];
        *c = *c == '(' ? '[' : *c == ')' ? ']' : *c;
    }
    text_put(&r->remarks, ")\n", 2);
}

static void format_segment(struct row *r, const struct step_numbers *numbers, const struct step *s)
{
    const seq_t seq = seq_of(step_seq(numbers, s)), ack = seq_of(step_ack(numbers, s));
    struct text t = {0};
    segment_print(&t, &s->seg, &seq, &ack);
    (void)snprintf(r->seg, sizeof(r->seg), "%s", t.failed ? "" : t.data);
    r->remarks.failed = r->remarks.failed || t.failed;
    text_done(&t);
}

/* The data that were captured, at most DATA_SHOWN octets of them. */
static void comment_data(struct row *r, const struct segment *seg)
{
    if (seg->len == 0 || seg->raw_len <= seg->data_off)
        return;
    size_t n = seg->raw_len - seg->data_off;
    n = n < seg->len ? n : seg->len;
    size_t shown = n < DATA_SHOWN ? n : DATA_SHOWN;
    text_printf(&r->comments, "data: ");
    prose_safe(&r->comments, (const char *)seg->raw + seg->data_off, shown);
    text_printf(&r->comments, "%s\n", shown < seg->len ? " ..." : "");
}

static void comment_facts(struct row *r, const struct segment *seg)
{
    char options[256];
    text_printf(&r->comments, "win %u, ttl %u, options: %s\n", (unsigned)seg->win,
                (unsigned)seg->ttl, options_format(&seg->opt, options, sizeof(options)));
    comment_data(r, seg);
}

/* The reason of a change; with the states it led to if the row does not show them because another
 * change followed. */
static void comment_reason(struct row *r, const struct step *s, const struct step_entry *e)
{
    text_printf(&r->comments, "%c", e->end == END_A ? 'A' : 'B');
    if (e->to != s->at[e->end]) {
        char set[STATE_SET_TEXT_MAX];
        text_printf(&r->comments, " %s", state_set_format(e->to, set));
    }
    text_printf(&r->comments, ": ");
    prose_safe(&r->comments, e->text, strlen(e->text));
    if (e->rfc != NULL)
        text_printf(&r->comments, " (%s)", e->rfc);
    text_put(&r->comments, "\n", 1);
}

/* A warning about the last line, or about what came after it. */
static void take_fault(struct ladder *l, const char *text, bool after)
{
    char place[32];
    unsigned line = l->rows.count != 0 ? l->rows.rows[l->rows.count - 1].line : 0;
    (void)snprintf(place, sizeof(place), "%sline %u", after ? "after " : "", line);
    prose_warning(&l->warnings, &l->style, line > 1 ? place : NULL, text);
}

static void take_entries(struct ladder *l, struct row *r, const struct step *s)
{
    for (size_t i = 0; i < s->entry_count; i++) {
        const struct step_entry *e = &s->entries[i];
        if (e->kind == EVENT_NOTE)
            add_remark(r, e->text);
        else if (e->kind == EVENT_FAULT)
            take_fault(l, e->text, s->kind == STEP_FAULT);
        else if (l->style.verbose)
            comment_reason(r, s, e);
    }
    if (step_is_bare_retransmission(s))
        add_remark(r, "retransmission");
}

static void take_states(struct row *r, const struct step *s)
{
    char set[STATE_SET_TEXT_MAX];
    bool ours = s->kind == STEP_RECEIVED && s->held, theirs = s->kind == STEP_SENT && s->held;
    if (!ours) /* where a segment does not arrive, nothing is to be said */
        text_printf(&r->own, "%s", state_set_format(s->at[END_A], set));
    if (s->at[END_B] != STATE_SET_NONE && !theirs)
        text_printf(&r->peer, "%s", state_set_format(s->at[END_B], set));
    if (s->truth_seen) {
        r->truth = state_name(s->truth);
        r->truth_wrong = !s->truth_in_set;
    }
}

/* A "(Close)" is its own line, and what it sends stands below it, as in Figures 12 and 13. */
static void take_segment(struct ladder *l, struct row *r, const struct step *s)
{
    bool sent = s->kind == STEP_SENT;
    if (!l->rows.timed) {
        l->a = sent ? s->seg.src : s->seg.dst;
        l->b = sent ? s->seg.dst : s->seg.src;
    }
    row_list_stamp(&l->rows, r, s->t_ns);
    if (s->cause != 0 && s->cause == l->remark_id) {
        r[-1].remark_only = true;
        r->continued = true;
        r->line = r[-1].line;
    }
    if (step_see(&l->numbers, s) && !l->style.verbose)
        text_printf(&r->comments, "B's 0 is now ISS %" PRIu32 "\n", s->seg.seq.v);
    if (!l->b_first.bound)
        l->b_first = l->numbers.b;
    r->arrow = s->held && !sent ? "..." : sent ? "-->" : "<--";
    r->far_arrow = s->held && sent ? "..." : sent ? "-->" : "<--";
    r->alarm = (s->seg.flags & FLAG_RST) != 0;
    format_segment(r, &l->numbers, s);
    if (l->style.verbose)
        comment_facts(r, &s->seg);
}

static enum status take_step(void *arg, const struct step *s, struct fault *fault)
{
    struct ladder *l = arg;
    bool begins = s->kind == STEP_START && s->session != 0 && l->rows.count == 0;
    if (step_is_only_faults(s) && !begins) {
        for (size_t i = 0; i < s->entry_count; i++)
            take_fault(l, s->entries[i].text, true);
        return STATUS_OK;
    }
    struct row *r = add_row(l);
    if (r == NULL)
        return out_of_memory(fault);
    l->session = s->session;
    r->timed = !begins;
    r->t_ns = s->t_ns;
    take_states(r, s);
    if (step_is_segment(s)) {
        take_segment(l, r, s);
    } else if (!begins) {
        if (s->text != NULL)
            add_remark(r, s->text);
        r->remark_only = !s->changed && s->text != NULL;
    }
    l->remark_id = s->text != NULL ? s->id : 0;
    take_entries(l, r, s);
    return STATUS_OK;
}

/* From rows to text. */

static void put_comment(struct ladder *l, struct text *out, const char *text)
{
    struct text safe = {0};
    prose_safe(&safe, text, strlen(text));
    prose_fill(out, &l->style, PROSE_ASIDE, "# ", "# ", safe.data != NULL ? safe.data : "");
    out->failed = out->failed || safe.failed;
    text_done(&safe);
}

static void draw_preface(struct ladder *l, struct text *out)
{
    char line[128];
    const size_t before = out->len;
    if (l->session > 1) {
        (void)snprintf(line, sizeof(line), "session %" PRIu32, l->session);
        put_comment(l, out, line);
    } else if (l->style.verbose) {
        const struct run_info *run = l->sink.run;
        (void)snprintf(line, sizeof(line), "interface %s; %s; --seed %" PRIu64, run->interface,
                       run->clock, run->seed);
        put_comment(l, out, line);
    }
    if (l->numbers.a.bound && !l->style.verbose) {
        int n = snprintf(line, sizeof(line), "A's 0 is ISS %" PRIu32, l->numbers.a.zero.v);
        if (l->b_first.bound)
            (void)snprintf(line + n, sizeof(line) - (size_t)n, ", B's 0 is ISS %" PRIu32,
                           l->b_first.zero.v);
        put_comment(l, out, line);
    }
    if (out->len != before)
        text_put(out, "\n", 1);
}

/* The endpoints below the heads, B's moved to the left if it would not fit, or a line down. */
static void draw_endpoints(struct ladder *l, const struct row_shape *s, struct text *out)
{
    char a[ENDPOINT_TEXT_MAX], b[ENDPOINT_TEXT_MAX];
    (void)endpoint_format(&l->a, a);
    (void)endpoint_format(&l->b, b);
    size_t b_at = row_shape_peer_at(s);
    if (s->stacked)
        b_at = 0;
    if (b_at + strlen(b) > l->style.columns)
        b_at = l->style.columns > strlen(b) ? l->style.columns - strlen(b) : 0;
    struct text line = {0};
    text_printf(&line, "#");
    text_pad(&line, row_shape_own_at(s));
    text_printf(&line, "%s", a);
    if (line.len + 2 > b_at)
        text_printf(&line, "\n#");
    text_pad(&line, s->stacked ? row_shape_own_at(s) : b_at);
    text_printf(&line, "%s", b);
    if (!line.failed)
        prose_put(out, &l->style, PROSE_ASIDE, line.data, line.len);
    text_put(out, "\n", 1);
    out->failed = out->failed || line.failed;
    text_done(&line);
}

static void draw_ladder(struct ladder *l, struct text *out)
{
    const char *unit = row_list_times(&l->rows);
    struct row_shape shape = row_shape_of(&l->rows, l->style.columns);
    draw_preface(l, out);
    row_draw_heads(&shape, unit, out);
    if (l->rows.timed)
        draw_endpoints(l, &shape, out);
    for (size_t i = 0; i < l->rows.count; i++)
        row_draw(&l->rows.rows[i], &shape, &l->style, out);
    out->failed = out->failed || row_list_failed(&l->rows);
}

/* Writes the session that was collected, if any, and the result, if there is one. */
static enum status write_session(struct ladder *l, const struct result *result, struct fault *fault)
{
    struct text out = {0}, report = {0};
    const size_t blank = l->wrote; /* a line between what is out and what follows */
    text_put(&out, "\n", blank);
    if (l->rows.count > 1)
        draw_ladder(l, &out);
    text_put(&report, l->warnings.data != NULL ? l->warnings.data : "", l->warnings.len);
    if (result != NULL)
        prose_result(&report, &l->style, result);
    if (out.len > blank && report.len != 0)
        text_put(&out, "\n", 1);
    text_put(&out, report.data != NULL ? report.data : "", report.len);
    out.failed = out.failed || report.failed || l->warnings.failed;
    if (out.len == blank) /* nothing follows */
        text_clear(&out);
    l->wrote = l->wrote || out.len != 0;
    enum status s = prose_write(&l->sink, &out, fault);
    text_done(&out);
    text_done(&report);
    forget_session(l);
    return s;
}

/* The sink. */

static enum status take_event(struct sink *sink, const struct event *e, struct fault *fault)
{
    struct ladder *l = (struct ladder *)sink;
    enum status s = STATUS_OK;
    if (l->style.brief && e->kind == EVENT_FAULT)
        prose_warning(&l->warnings, &l->style, NULL, e->fault.text);
    else if (e->crowd && (l->style.brief || !l->style.verbose))
        return STATUS_OK;
    else if (!l->style.brief)
        s = step_builder_event(&l->steps, e, fault);
    if (s == STATUS_OK && (e->kind == EVENT_VERDICT || e->kind == EVENT_SUMMARY))
        s = write_session(l, e->result, fault);
    return s;
}

static enum status close_ladder(struct sink *sink, struct fault *fault)
{
    struct ladder *l = (struct ladder *)sink;
    enum status s = step_builder_flush(&l->steps, fault);
    return s == STATUS_OK ? write_session(l, NULL, fault) : s;
}

static void free_ladder(struct sink *sink)
{
    struct ladder *l = (struct ladder *)sink;
    forget_session(l);
    row_list_done(&l->rows);
    text_done(&l->warnings);
    step_builder_done(&l->steps);
    free(l);
}

struct sink *ladder_new(struct writer out, struct style style)
{
    static const struct sink_ops ops = {.name = "ladder",
                                        .streams = true,
                                        .event = take_event,
                                        .close = close_ladder,
                                        .free = free_ladder};
    struct ladder *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    l->sink = (struct sink){.ops = &ops, .out = out};
    l->style = style;
    step_builder_init(&l->steps, (struct step_taker){.take = take_step, .arg = l});
    forget_session(l);
    return &l->sink;
}
