/* Records for programs: one JSON object a line, as doc/tcpshake.schema.json says. A record is
 * written whole by one call of the writer, as soon as its step is complete. Keys keep their order
 * and their meaning within version 1 of the schema. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/prose.h"
#include "render/render.h"
#include "render/step.h"

enum {
    SCHEMA_VERSION = 1
};

struct ndjson {
    struct sink sink;
    struct step_builder steps;
    struct text line;
};

static enum status out_of_memory(struct fault *fault)
{
    return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
}

/* Writes the record and drops the reference to it. Every json_object_set_new beforehand may have
 * failed; `complete` says whether none did. */
static enum status write_record(struct ndjson *n, json_t *record, bool complete,
                                struct fault *fault)
{
    struct text line;
    text_init(&line);
    char *json = complete ? json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    json_decref(record);
    if (json != NULL)
        text_printf(&line, "%s\n", json);
    free(json);
    enum status s = line.len != 0 && !line.failed
                        ? n->sink.out.put(n->sink.out.arg, line.data, line.len, fault)
                        : out_of_memory(fault);
    text_done(&line);
    return s;
}

/* Each `put_` adds a key and answers whether that worked; a NULL object never does. */

static bool put_number(json_t *o, const char *key, int64_t v)
{
    return json_object_set_new(o, key, json_integer(v)) == 0;
}

static bool put_flag(json_t *o, const char *key, bool v)
{
    return json_object_set_new(o, key, json_boolean(v)) == 0;
}

/* Text that may hold a peer's octets: what is no UTF-8 is spelt out. */
static bool put_text(json_t *o, const char *key, const char *v)
{
    json_t *plain = json_string(v);
    if (plain != NULL)
        return json_object_set_new(o, key, plain) == 0;
    struct text safe;
    text_init(&safe);
    prose_safe(&safe, v, strlen(v));
    bool ok = !safe.failed && json_object_set_new(o, key, json_stringn(safe.data, safe.len)) == 0;
    text_done(&safe);
    return ok;
}

static json_t *new_record(const char *type)
{
    json_t *o = json_object();
    if (put_number(o, "v", SCHEMA_VERSION) && put_text(o, "type", type))
        return o;
    json_decref(o);
    return NULL;
}

static json_t *sack_of(const struct options *opt)
{
    json_t *all = json_array();
    for (uint8_t i = 0; i < opt->sack_count; i++) {
        json_t *block =
            json_pack("[I,I]", (json_int_t)opt->sack[i].left.v, (json_int_t)opt->sack[i].right.v);
        if (json_array_append_new(all, block) != 0) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

static json_t *options_of(const struct options *opt)
{
    json_t *o = json_object();
    bool ok = o != NULL;
    if (opt->has_mss)
        ok = ok && put_number(o, "mss", opt->mss);
    if (opt->has_wscale)
        ok = ok && put_number(o, "wscale", opt->wscale);
    if (opt->sack_permitted)
        ok = ok && put_flag(o, "sack_permitted", true);
    if (opt->has_timestamps)
        ok = ok && put_number(o, "ts_val", opt->ts_val) && put_number(o, "ts_ecr", opt->ts_ecr);
    if (opt->sack_count != 0)
        ok = ok && json_object_set_new(o, "sack", sack_of(opt)) == 0;
    if (opt->has_fastopen)
        ok = ok && put_flag(o, "fastopen", true);
    if (opt->malformed)
        ok = ok && put_flag(o, "malformed", true);
    if (ok)
        return o;
    json_decref(o);
    return NULL;
}

static bool put_segment(json_t *o, const struct step *s)
{
    const struct segment *seg = &s->seg;
    char src[ENDPOINT_TEXT_MAX], dst[ENDPOINT_TEXT_MAX], flags[FLAGS_TEXT_MAX];
    bool ok = put_text(o, "dir", s->kind == STEP_SENT ? "out" : "in") &&
              put_text(o, "src", endpoint_format(&seg->src, src)) &&
              put_text(o, "dst", endpoint_format(&seg->dst, dst)) &&
              put_text(o, "flags", flags_format(seg->flags, flags)) &&
              put_number(o, "seq", seg->seq.v);
    if ((seg->flags & FLAG_ACK) != 0)
        ok = ok && put_number(o, "ack", seg->ack.v);
    return ok && put_number(o, "win", seg->win) && put_number(o, "ttl", seg->ttl) &&
           put_number(o, "len", seg->len) &&
           json_object_set_new(o, "options", options_of(&seg->opt)) == 0;
}

static bool put_states(json_t *o, const struct step *s)
{
    json_t *peer = json_array();
    char own[STATE_SET_TEXT_MAX];
    bool ok = put_text(o, "own_state", state_set_format(s->at[END_A], own)) && peer != NULL;
    for (enum state p = STATE_CLOSED; p < STATE_COUNT; p++) {
        if (state_set_has(s->at[END_B], p))
            ok = ok && json_array_append_new(peer, json_string(state_name(p))) == 0;
    }
    ok = json_object_set_new(o, "peer_states", peer) == 0 && ok;
    if (s->truth_seen)
        ok = ok && put_text(o, "truth", state_name(s->truth)) &&
             put_flag(o, "truth_in_set", s->truth_in_set);
    return ok;
}

static bool put_notes(json_t *o, const struct step *s)
{
    struct text notes;
    text_init(&notes);
    for (size_t i = 0; i < s->entry_count; i++) {
        if (s->entries[i].kind == EVENT_NOTE)
            text_printf(&notes, "%s%s", notes.len != 0 ? "; " : "", s->entries[i].text);
    }
    bool ok = !notes.failed && (notes.len == 0 || put_text(o, "note", notes.data));
    text_done(&notes);
    return ok;
}

static json_t *reason_of(const struct step_entry *e)
{
    json_t *o = json_object();
    bool ok = put_text(o, "who", e->end == END_A ? "own" : "peer") &&
              put_text(o, "text", e->text) && (e->rfc == NULL || put_text(o, "rfc", e->rfc));
    if (ok)
        return o;
    json_decref(o);
    return NULL;
}

static bool put_reasons(json_t *o, const struct step *s)
{
    json_t *why = json_array();
    bool ok = why != NULL;
    for (size_t i = 0; i < s->entry_count; i++) {
        const struct step_entry *e = &s->entries[i];
        if (e->kind == EVENT_STATE)
            ok = ok && json_array_append_new(why, reason_of(e)) == 0;
    }
    if (json_array_size(why) != 0)
        return json_object_set_new(o, "why", why) == 0 && ok;
    json_decref(why);
    return ok;
}

static enum status write_segment(struct ndjson *n, const struct step *s, struct fault *fault)
{
    json_t *o = new_record("segment");
    bool ok = put_number(o, "session", s->session) && put_number(o, "t_ns", s->t_ns) &&
              put_segment(o, s) && put_states(o, s) && put_notes(o, s);
    if (s->retransmission)
        ok = ok && put_flag(o, "retransmission", true);
    if (s->held)
        ok = ok && put_flag(o, "held", true);
    if (s->seg.checksum == SEGMENT_CHECKSUM_BAD)
        ok = ok && put_text(o, "checksum", "bad");
    ok = ok && put_reasons(o, s);
    return write_record(n, o, ok, fault);
}

/* A timer, a local call or a remark that belongs to no segment. */
static enum status write_note(struct ndjson *n, const struct step *s, const char *what,
                              const char *text, struct fault *fault)
{
    json_t *o = new_record("note");
    bool ok = put_number(o, "session", s->session) && put_number(o, "t_ns", s->t_ns) &&
              put_text(o, "what", what) && put_text(o, "text", text) && put_states(o, s);
    if (s->text != NULL)
        ok = ok && put_notes(o, s) && put_reasons(o, s);
    return write_record(n, o, ok, fault);
}

static const char *kind_name(enum step_kind kind)
{
    return kind == STEP_TIMER ? "timer" : kind == STEP_ACTION ? "action" : "note";
}

static enum status write_fault(struct ndjson *n, const struct step *s, const struct step_entry *e,
                               struct fault *fault)
{
    json_t *o = new_record("fault");
    bool ok = put_number(o, "session", s->session) && put_number(o, "t_ns", e->t_ns) &&
              put_text(o, "fault", event_fault_name(e->fault)) && put_text(o, "text", e->text);
    return write_record(n, o, ok, fault);
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

/* A result that is text already: only its head is missing, and its end. */
static enum status write_direct(struct ndjson *n, const struct event *e, struct fault *fault)
{
    const struct text *json = &e->result->json;
    char head[64];
    int len = snprintf(head, sizeof(head), "{\"v\":%d,\"type\":\"result\",\"session\":%" PRIu32,
                       SCHEMA_VERSION, e->session);
    text_clear(&n->line);
    text_put(&n->line, head, (size_t)len);
    text_put(&n->line, json->data, json->len);
    text_put(&n->line, "}\n", 2);
    if (n->line.failed || json->failed)
        return out_of_memory(fault);
    return n->sink.out.put(n->sink.out.arg, n->line.data, n->line.len, fault);
}

static enum status write_result(struct ndjson *n, const struct event *e, struct fault *fault)
{
    if (e->result->direct)
        return write_direct(n, e, fault);
    bool verdict = e->kind == EVENT_VERDICT;
    json_t *o = new_record(verdict ? "result" : "summary");
    bool ok = o != NULL && (!verdict || put_number(o, "session", e->session));
    if (e->result->fields != NULL)
        ok = ok && json_object_update(o, e->result->fields) == 0;
    return write_record(n, o, ok, fault);
}

/* The first record is written before anything is sent: an output that takes nothing fails in time.
 */
static enum status open_ndjson(struct sink *s, const struct run_info *run, struct fault *fault)
{
    json_t *o = new_record("run");
    bool ok = put_text(o, "command", run->command) && put_text(o, "target", run->target) &&
              put_text(o, "interface", run->interface) && put_text(o, "clock", run->clock) &&
              put_text(o, "version", run->version) && put_number(o, "seed", (int64_t)run->seed);
    if (run->targets > 1)
        ok = ok && put_number(o, "targets", (int64_t)run->targets);
    return write_record((struct ndjson *)s, o, ok, fault);
}

static bool put_if(json_t *o, const char *key, const char *v)
{
    return v == NULL || v[0] == '\0' || put_text(o, key, v);
}

/* A line of a figure; the segments that it is about come before it. */
static enum status write_line(struct ndjson *n, const struct event *e, struct fault *fault)
{
    const struct event_line *l = e->line;
    enum status s = step_builder_flush(&n->steps, fault);
    json_t *o = new_record("line");
    bool ok = put_number(o, "session", e->session) &&
              (l->number == 0 || put_number(o, "line", l->number)) &&
              put_number(o, "source_line", l->source_line) &&
              put_text(o, "status", event_line_status_name(l->status)) &&
              (!l->stamped || put_number(o, "t_ns", e->t_ns)) && put_if(o, "a", l->a) &&
              put_if(o, "b", l->b) && put_if(o, "segment", l->segment) &&
              put_if(o, "wire", l->wire) && put_if(o, "time", l->behind) &&
              put_if(o, "alternative", l->alternative) && put_if(o, "text", l->text);
    if (s == STATUS_OK)
        return write_record(n, o, ok, fault);
    json_decref(o);
    return s;
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
    text_done(&n->line);
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
