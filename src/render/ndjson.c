/* Records for programs: one JSON object a line, as doc/tcpshake.schema.json says. A record is
 * written whole by one call of the writer, as soon as its step is complete. Keys keep their order
 * and their meaning within version 1 of the schema. */
#include <stdlib.h>
#include <string.h>

#include "event/result.h"
#include "render/prose.h"
#include "render/render.h"
#include "render/step.h"

enum {
    SCHEMA_VERSION = 1
};

struct ndjson {
    struct sink sink;
    struct step_builder steps;
    struct result record; /* the one that is being written */
};

static struct result *begin_record(struct ndjson *n, const char *type)
{
    result_clear(&n->record);
    result_begin(&n->record, NULL);
    result_set_integer(&n->record, "v", SCHEMA_VERSION);
    result_set_text(&n->record, "type", type);
    return &n->record;
}

static enum status write_record(struct ndjson *n, struct fault *fault)
{
    struct text *line = &n->record.json;
    result_end(&n->record);
    text_put(line, "\n", 1);
    return prose_write(&n->sink, line, fault);
}

/* Text that may hold a peer's octets: what is no UTF-8 is spelt out. */
static void set_text(struct result *r, const char *key, const char *v)
{
    struct text safe = {0};
    if (text_is_utf8(v)) {
        result_set_text(r, key, v);
        return;
    }
    prose_safe(&safe, v, strlen(v));
    result_set_text(r, key, safe.data);
    r->json.failed = r->json.failed || safe.failed;
    text_done(&safe);
}

static void set_segment(struct result *r, const struct step *s)
{
    const struct segment *seg = &s->seg;
    char src[ENDPOINT_TEXT_MAX], dst[ENDPOINT_TEXT_MAX], flags[FLAGS_TEXT_MAX];
    result_set_text(r, "dir", s->kind == STEP_SENT ? "out" : "in");
    result_set_text(r, "src", endpoint_format(&seg->src, src));
    result_set_text(r, "dst", endpoint_format(&seg->dst, dst));
    result_set_text(r, "flags", flags_format(seg->flags, flags));
    result_set_integer(r, "seq", seg->seq.v);
    if ((seg->flags & FLAG_ACK) != 0)
        result_set_integer(r, "ack", seg->ack.v);
    result_set_integer(r, "win", seg->win);
    result_set_integer(r, "ttl", seg->ttl);
    result_set_integer(r, "len", seg->len);
    result_set_options(r, "options", &seg->opt);
}

static void set_states(struct result *r, const struct step *s)
{
    char own[STATE_SET_TEXT_MAX];
    result_set_text(r, "own_state", state_set_format(s->at[END_A], own));
    result_begin_list(r, "peer_states");
    for (enum state p = STATE_CLOSED; p < STATE_COUNT; p++) {
        if (state_set_has(s->at[END_B], p))
            result_set_text(r, NULL, state_name(p));
    }
    result_end_list(r);
    if (s->truth_seen) {
        result_set_text(r, "truth", state_name(s->truth));
        result_set_flag(r, "truth_in_set", s->truth_in_set);
    }
}

static void set_notes(struct result *r, const struct step *s)
{
    struct text notes = {0};
    for (size_t i = 0; i < s->entry_count; i++) {
        if (s->entries[i].kind == EVENT_NOTE)
            text_printf(&notes, "%s%s", notes.len != 0 ? "; " : "", s->entries[i].text);
    }
    if (notes.len != 0)
        set_text(r, "note", notes.data);
    r->json.failed = r->json.failed || notes.failed;
    text_done(&notes);
}

static void set_reasons(struct result *r, const struct step *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->entry_count; i++) {
        const struct step_entry *e = &s->entries[i];
        if (e->kind != EVENT_STATE)
            continue;
        if (count++ == 0)
            result_begin_list(r, "why");
        result_begin(r, NULL);
        result_set_text(r, "who", e->end == END_A ? "own" : "peer");
        set_text(r, "text", e->text);
        if (e->rfc != NULL)
            set_text(r, "rfc", e->rfc);
        result_end(r);
    }
    if (count > 0)
        result_end_list(r);
}

static void set_place(struct result *r, uint32_t session, int64_t t_ns)
{
    result_set_integer(r, "session", session);
    result_set_integer(r, "t_ns", t_ns);
}

static enum status write_segment(struct ndjson *n, const struct step *s, struct fault *fault)
{
    struct result *r = begin_record(n, "segment");
    set_place(r, s->session, s->t_ns);
    set_segment(r, s);
    set_states(r, s);
    set_notes(r, s);
    if (s->retransmission)
        result_set_flag(r, "retransmission", true);
    if (s->held)
        result_set_flag(r, "held", true);
    if (s->seg.checksum == SEGMENT_CHECKSUM_BAD)
        result_set_text(r, "checksum", "bad");
    set_reasons(r, s);
    return write_record(n, fault);
}

/* A timer, a local call or a remark that belongs to no segment. */
static enum status write_note(struct ndjson *n, const struct step *s, const char *what,
                              const char *text, struct fault *fault)
{
    struct result *r = begin_record(n, "note");
    set_place(r, s->session, s->t_ns);
    result_set_text(r, "what", what);
    set_text(r, "text", text);
    set_states(r, s);
    if (s->text != NULL) {
        set_notes(r, s);
        set_reasons(r, s);
    }
    return write_record(n, fault);
}

static const char *kind_name(enum step_kind kind)
{
    return kind == STEP_TIMER ? "timer" : kind == STEP_ACTION ? "action" : "note";
}

static enum status write_fault(struct ndjson *n, const struct step *s, const struct step_entry *e,
                               struct fault *fault)
{
    struct result *r = begin_record(n, "fault");
    set_place(r, s->session, e->t_ns);
    result_set_text(r, "fault", event_fault_name(e->fault));
    set_text(r, "text", e->text);
    return write_record(n, fault);
}

static enum status take_step(void *arg, const struct step *step, struct fault *fault)
{
    struct ndjson *n = arg;
    bool segment = step_is_segment(step);
    enum status s = STATUS_OK;
    if (segment)
        s = write_segment(n, step, fault);
    else if (step->text != NULL)
        s = write_note(n, step, kind_name(step->kind), step->text, fault);
    for (size_t i = 0; i < step->entry_count && s == STATUS_OK; i++) {
        const struct step_entry *e = &step->entries[i];
        if (e->kind == EVENT_FAULT)
            s = write_fault(n, step, e, fault);
        else if (e->kind == EVENT_NOTE && !segment && step->text == NULL)
            s = write_note(n, step, "note", e->text, fault);
    }
    return s;
}

/* A result's keys are text already. */
static enum status write_result(struct ndjson *n, const struct event *e, struct fault *fault)
{
    const struct text *keys = &e->result->json;
    bool verdict = e->kind == EVENT_VERDICT;
    struct result *r = begin_record(n, verdict ? "result" : "summary");
    if (verdict)
        result_set_integer(r, "session", e->session);
    if (keys->len != 0) {
        text_put(&r->json, ",", 1);
        text_put(&r->json, keys->data, keys->len);
    }
    r->json.failed = r->json.failed || keys->failed;
    return write_record(n, fault);
}

/* The first record is written before anything is sent: an output that takes nothing fails in time.
 */
static enum status open_ndjson(struct sink *s, const struct run_info *run, struct fault *fault)
{
    struct ndjson *n = (struct ndjson *)s;
    struct result *r = begin_record(n, "run");
    set_text(r, "command", run->command);
    set_text(r, "target", run->target);
    set_text(r, "interface", run->interface);
    set_text(r, "clock", run->clock);
    set_text(r, "version", run->version);
    result_set_integer(r, "seed", (int64_t)run->seed);
    if (run->targets > 1)
        result_set_integer(r, "targets", (int64_t)run->targets);
    return write_record(n, fault);
}

static void set_if_any(struct result *r, const char *key, const char *v)
{
    if (v != NULL && v[0] != '\0')
        set_text(r, key, v);
}

/* A line of a figure; the segments that it is about come before it. */
static enum status write_line(struct ndjson *n, const struct event *e, struct fault *fault)
{
    const struct event_line *l = e->line;
    enum status s = step_builder_flush(&n->steps, fault);
    if (s != STATUS_OK)
        return s;
    struct result *r = begin_record(n, "line");
    result_set_integer(r, "session", e->session);
    if (l->number != 0)
        result_set_integer(r, "line", l->number);
    result_set_integer(r, "source_line", l->source_line);
    result_set_text(r, "status", event_line_status_name(l->status));
    if (l->stamped)
        result_set_integer(r, "t_ns", e->t_ns);
    set_if_any(r, "a", l->a);
    set_if_any(r, "b", l->b);
    set_if_any(r, "segment", l->segment);
    set_if_any(r, "wire", l->wire);
    set_if_any(r, "time", l->behind);
    set_if_any(r, "alternative", l->alternative);
    set_if_any(r, "text", l->text);
    return write_record(n, fault);
}

static enum status take_event(struct sink *sink, const struct event *e, struct fault *fault)
{
    struct ndjson *n = (struct ndjson *)sink;
    if (e->kind == EVENT_LINE)
        return write_line(n, e, fault);
    enum status s = step_builder_event(&n->steps, e, fault);
    if (s == STATUS_OK && (e->kind == EVENT_VERDICT || e->kind == EVENT_SUMMARY))
        s = write_result(n, e, fault);
    return s;
}

static enum status close_ndjson(struct sink *sink, struct fault *fault)
{
    return step_builder_flush(&((struct ndjson *)sink)->steps, fault);
}

static void free_ndjson(struct sink *sink)
{
    struct ndjson *n = (struct ndjson *)sink;
    step_builder_done(&n->steps);
    result_done(&n->record);
    free(n);
}

struct sink *ndjson_new(struct writer out)
{
    static const struct sink_ops ops = {.name = "ndjson",
                                        .streams = true,
                                        .open = open_ndjson,
                                        .event = take_event,
                                        .close = close_ndjson,
                                        .free = free_ndjson};
    struct ndjson *n = calloc(1, sizeof(*n));
    if (n == NULL)
        return NULL;
    n->sink = (struct sink){.ops = &ops, .out = out};
    step_builder_init(&n->steps, (struct step_taker){.take = take_step, .arg = n});
    return &n->sink;
}
