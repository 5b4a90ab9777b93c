/* A mermaid sequenceDiagram: messages with numbers counted from each ISS, a note where a state
 * changes (ours left of A, the peer's right of B). Solid arrows are first transmissions, dotted
 * ones retransmissions, a cross is a reset. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "render/prose.h"
#include "render/render.h"
#include "render/step.h"

struct mermaid {
    struct sink sink;
    struct step_builder steps;
    struct step_numbers numbers;
    struct text held;   /* notes from before the first segment, which names the participants */
    bool named;         /* the participants are written */
    state_set at[ENDS]; /* as last noted */
    uint32_t session;
};

enum {
    NOTE_CELLS = 40
}; /* beyond these a note is broken */

/* Harmless text in a diagram: what mermaid reads as syntax, HTML or mathematics becomes a number
 * code. */
static void put_escaped(struct text *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strchr("#;<>&%$\"`{}", s[i]) != NULL)
            text_printf(out, "#%d;", s[i]);
        else
            text_put(out, &s[i], 1);
    }
}

static void put_note(struct text *out, const char *where, const char *s)
{
    struct text safe = {0};
    prose_safe(&safe, s, strlen(s));
    text_printf(out, "    note %s: ", where);
    for (size_t at = 0, n; at < safe.len; at += n) {
        if (at != 0) {
            text_printf(out, "<br/>");
            at += safe.data[at] == ' ';
        }
        n = prose_line(safe.data + at, safe.len - at, NOTE_CELLS);
        put_escaped(out, safe.data + at, n);
    }
    text_put(out, "\n", 1);
    out->failed = out->failed || safe.failed;
    text_done(&safe);
}

/* A remark of ours: in parentheses, so that it is told from a state. */
static void put_remark(struct text *out, const char *where, const char *s)
{
    struct text remark = {0};
    text_printf(&remark, "(%s)", s);
    if (!remark.failed)
        put_note(out, where, remark.data);
    out->failed = out->failed || remark.failed;
    text_done(&remark);
}

static void put_peer(struct text *out, state_set peer)
{
    char set[STATE_SET_TEXT_MAX];
    const char *at = state_set_format(peer, set);
    text_printf(out, "    note right of B: ");
    for (size_t n; (n = prose_piece(at, '|', NOTE_CELLS)) != 0; at += n)
        text_printf(out, "%s%.*s", at != set ? "<br/>" : "", (int)n, at);
    text_put(out, "\n", 1);
}

static void put_head(struct text *out, const struct step *s)
{
    char a[ENDPOINT_TEXT_MAX], b[ENDPOINT_TEXT_MAX];
    text_printf(out, "sequenceDiagram\n    autonumber\n");
    if (s == NULL)
        return;
    const struct segment *seg = &s->seg;
    bool sent = s->kind == STEP_SENT;
    text_printf(out, "    participant A as TCP Peer A<br/>%s\n",
                endpoint_format(sent ? &seg->src : &seg->dst, a));
    text_printf(out, "    participant B as TCP Peer B<br/>%s\n",
                endpoint_format(sent ? &seg->dst : &seg->src, b));
}

static void put_message(struct text *out, const struct step_numbers *numbers, const struct step *s)
{
    char flags[FLAGS_TEXT_MAX];
    bool sent = s->kind == STEP_SENT;
    const struct segment *seg = &s->seg;
    const char *line = s->retransmission ? "--" : "-";
    const char *arrow = (seg->flags & FLAG_RST) != 0 ? "x" : ">>";
    text_printf(out, "    %s%s%s%s: ", sent ? "A" : "B", line, arrow, sent ? "B" : "A");
    text_printf(out, "%s SEQ=%" PRIu32,
                seg->flags != 0 ? flags_format(seg->flags, flags) : "no flags",
                step_seq(numbers, s));
    if ((seg->flags & FLAG_ACK) != 0)
        text_printf(out, " ACK=%" PRIu32, step_ack(numbers, s));
    if (seg->len != 0)
        text_printf(out, " DATA=%" PRIu32, seg->len);
    if (seg->checksum == SEGMENT_CHECKSUM_BAD)
        text_printf(out, " BADSUM");
    if (s->held)
        text_printf(out, " (does not arrive)");
    text_put(out, "\n", 1);
}

static void put_states(struct mermaid *m, struct text *out, const struct step *s)
{
    char own[STATE_SET_TEXT_MAX];
    if (s->at[END_A] != m->at[END_A] || s->kind == STEP_START)
        put_note(out, "left of A", state_set_format(s->at[END_A], own));
    if (s->at[END_B] != m->at[END_B])
        put_peer(out, s->at[END_B]);
    m->at[END_A] = s->at[END_A];
    m->at[END_B] = s->at[END_B];
}

static void put_remarks(struct text *out, const struct step *s)
{
    if (s->text != NULL)
        put_remark(out, s->kind == STEP_NOTE ? "over A,B" : "left of A", s->text);
    for (size_t i = 0; i < s->entry_count; i++) {
        const struct step_entry *e = &s->entries[i];
        if (e->kind == EVENT_NOTE)
            put_remark(out, "over A,B", e->text);
        else if (e->kind == EVENT_FAULT)
            put_note(out, "over A,B", e->text);
    }
}

static void begin_session(struct mermaid *m, struct text *out, const struct step *s)
{
    if (m->session != 0) {
        text_printf(out, "    note over A,B: session %" PRIu32 "\n", s->session);
        m->numbers = (struct step_numbers){0};
    }
    m->session = s->session;
    m->at[END_A] = STATE_SET(STATE_CLOSED);
    m->at[END_B] = STATE_SET_NONE;
}

static void draw_step(struct mermaid *m, struct text *out, const struct step *s)
{
    if (s->session != m->session && s->session != 0)
        begin_session(m, out, s);
    if (step_is_segment(s)) {
        (void)step_see(&m->numbers, s);
        put_message(out, &m->numbers, s);
    }
    put_remarks(out, s);
    if (s->session != 0)
        put_states(m, out, s);
}

/* Writes what there is, below the head; `first` names the participants, NULL: nobody does. */
static enum status write_out(struct mermaid *m, const struct step *first, struct fault *fault)
{
    enum status s = STATUS_OK;
    if (!m->named) {
        struct text head = {0};
        put_head(&head, first);
        s = prose_write(&m->sink, &head, fault);
        text_done(&head);
        m->named = true;
    }
    return s == STATUS_OK ? prose_write(&m->sink, &m->held, fault) : s;
}

static enum status take_step(void *arg, const struct step *step, struct fault *fault)
{
    struct mermaid *m = arg;
    draw_step(m, &m->held, step);
    return m->named || step_is_segment(step) ? write_out(m, step, fault) : STATUS_OK;
}

/* The sink. */

static enum status take_event(struct sink *sink, const struct event *e, struct fault *fault)
{
    return e->crowd ? STATUS_OK : step_builder_event(&((struct mermaid *)sink)->steps, e, fault);
}

/* Without any segment the diagram still is one. */
static enum status close_mermaid(struct sink *sink, struct fault *fault)
{
    struct mermaid *m = (struct mermaid *)sink;
    enum status s = step_builder_flush(&m->steps, fault);
    return s == STATUS_OK && !m->named ? write_out(m, NULL, fault) : s;
}

static void free_mermaid(struct sink *sink)
{
    struct mermaid *m = (struct mermaid *)sink;
    step_builder_done(&m->steps);
    text_done(&m->held);
    free(m);
}

struct sink *mermaid_new(struct writer out)
{
    static const struct sink_ops ops = {.name = "mermaid",
                                        .streams = true,
                                        .event = take_event,
                                        .close = close_mermaid,
                                        .free = free_mermaid};
    struct mermaid *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return NULL;
    m->sink = (struct sink){.ops = &ops, .out = out, .keyless = true};
    step_builder_init(&m->steps, (struct step_taker){.take = take_step, .arg = m});
    return &m->sink;
}
