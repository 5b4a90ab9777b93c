/* Groups events into steps: see step.h. A segment, a timer, an action, and a note or fault that no
 * event caused open a step; everything else of that session belongs to the step that is open. */
#include "render/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REASON_MAX = 256
};

static enum status out_of_memory(struct fault *fault)
{
    return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
}

bool step_is_segment(const struct step *s)
{
    return s->kind == STEP_SENT || s->kind == STEP_RECEIVED;
}

bool step_is_only_faults(const struct step *s)
{
    for (size_t i = 0; i < s->entry_count; i++) {
        if (s->entries[i].kind != EVENT_FAULT)
            return false;
    }
    return s->kind == STEP_START || s->kind == STEP_FAULT;
}

bool step_is_bare_retransmission(const struct step *s)
{
    for (size_t i = 0; i < s->entry_count; i++) {
        if (s->entries[i].kind == EVENT_NOTE)
            return false;
    }
    return s->retransmission;
}

static void empty(struct step *s)
{
    for (size_t i = 0; i < s->entry_count; i++)
        free(s->entries[i].text);
    free(s->entries);
    free(s->text);
    free(s->raw);
    *s = (struct step){0};
}

void step_builder_init(struct step_builder *b, struct step_taker taker)
{
    *b = (struct step_builder){.taker = taker, .at = {STATE_SET(STATE_CLOSED)}};
}

void step_builder_done(struct step_builder *b)
{
    empty(&b->current);
}

enum status step_builder_flush(struct step_builder *b, struct fault *fault)
{
    if (!b->open)
        return STATUS_OK;
    b->open = false;
    enum status s = b->taker.take(b->taker.arg, &b->current, fault);
    empty(&b->current);
    return s;
}

static enum status open_step(struct step_builder *b, enum step_kind kind, const struct event *e,
                             struct fault *fault)
{
    enum status s = step_builder_flush(b, fault);
    if (s != STATUS_OK)
        return s;
    b->current = (struct step){.kind = kind,
                               .id = e->id,
                               .cause = e->cause,
                               .session = e->session,
                               .t_ns = e->t_ns,
                               .at = {b->at[END_A], b->at[END_B]}};
    b->open = true;
    return STATUS_OK;
}

static enum status open_segment(struct step_builder *b, enum step_kind kind, const struct event *e,
                                struct fault *fault)
{
    enum status s = open_step(b, kind, e, fault);
    if (s != STATUS_OK)
        return s;
    struct step *step = &b->current;
    step->seg = e->segment.seg;
    step->seg.raw = NULL;
    step->retransmission = e->segment.retransmission;
    step->held = e->segment.held;
    if (e->segment.seg.raw_len == 0)
        return STATUS_OK;
    step->raw = malloc(e->segment.seg.raw_len);
    if (step->raw == NULL)
        return out_of_memory(fault);
    memcpy(step->raw, e->segment.seg.raw, e->segment.seg.raw_len);
    step->seg.raw = step->raw;
    return STATUS_OK;
}

static enum status open_remark(struct step_builder *b, enum step_kind kind, const struct event *e,
                               const char *text, struct fault *fault)
{
    enum status s = open_step(b, kind, e, fault);
    if (s != STATUS_OK)
        return s;
    b->current.text = strdup(text != NULL ? text : "");
    return b->current.text != NULL ? STATUS_OK : out_of_memory(fault);
}

static enum status add_entry(struct step *s, struct step_entry entry, const char *text,
                             struct fault *fault)
{
    if (s->entry_count == s->entry_cap) {
        size_t cap = s->entry_cap != 0 ? 2 * s->entry_cap : 4;
        struct step_entry *grown = realloc(s->entries, cap * sizeof(*grown));
        if (grown == NULL)
            return out_of_memory(fault);
        s->entries = grown;
        s->entry_cap = cap;
    }
    entry.text = strdup(text != NULL ? text : "");
    if (entry.text == NULL)
        return out_of_memory(fault);
    s->entries[s->entry_count++] = entry;
    return STATUS_OK;
}

/* A change that nothing caused but time: a step of its own, unless the session is just starting. */
static enum status own_step_if_causeless(struct step_builder *b, const struct event *e,
                                         const char *why, struct fault *fault)
{
    if (e->cause != 0 || b->current.kind == STEP_START)
        return STATUS_OK;
    return open_remark(b, STEP_NOTE, e, why, fault);
}

static enum status add_change(struct step_builder *b, const struct event *e, struct fault *fault)
{
    const enum end end = e->change.end;
    char why[REASON_MAX];
    (void)snprintf(why, sizeof(why), "%s%s%s", e->change.why != NULL ? e->change.why : "",
                   e->change.by_rfc_alone ? "; by the RFCs alone" : "",
                   e->change.by_time ? "; what left long before is held for lost" : "");
    enum status s = own_step_if_causeless(b, e, why, fault);
    if (s != STATUS_OK)
        return s;
    b->current.changed = b->current.changed || e->change.to != b->at[end];
    b->at[end] = b->current.at[end] = e->change.to;
    struct step_entry entry = {.kind = e->kind,
                               .t_ns = e->t_ns,
                               .end = end,
                               .from = e->change.from,
                               .to = e->change.to,
                               .rfc = e->change.rfc};
    return add_entry(&b->current, entry, why, fault);
}

static enum status add_fault(struct step_builder *b, const struct event *e, struct fault *fault)
{
    struct step_entry entry = {.kind = e->kind, .t_ns = e->t_ns, .fault = e->fault.fault};
    enum status s = e->cause == 0 ? open_step(b, STEP_FAULT, e, fault) : STATUS_OK;
    return s == STATUS_OK ? add_entry(&b->current, entry, e->fault.text, fault) : s;
}

static enum status add_truth(struct step_builder *b, const struct event *e)
{
    b->current.truth_seen = true;
    b->current.truth = e->truth.state;
    b->current.truth_in_set = e->truth.in_set;
    return STATUS_OK;
}

/* Makes sure that a step of the event's session is open. */
static enum status follow_session(struct step_builder *b, const struct event *e,
                                  struct fault *fault)
{
    if (b->open && b->session == e->session)
        return STATUS_OK;
    if (b->session != e->session) {
        enum status s = step_builder_flush(b, fault);
        if (s != STATUS_OK)
            return s;
        b->session = e->session;
        b->at[END_A] = STATE_SET(STATE_CLOSED);
        b->at[END_B] = STATE_SET_NONE;
    }
    return open_step(b, STEP_START, e, fault);
}

enum status step_builder_event(struct step_builder *b, const struct event *e, struct fault *fault)
{
    if (e->kind == EVENT_VERDICT || e->kind == EVENT_SUMMARY)
        return step_builder_flush(b, fault);
    enum status s = follow_session(b, e, fault);
    if (s != STATUS_OK)
        return s;
    struct step_entry note = {.kind = e->kind, .t_ns = e->t_ns};
    switch (e->kind) {
    case EVENT_SENT:
        return open_segment(b, STEP_SENT, e, fault);
    case EVENT_RECEIVED:
        return open_segment(b, STEP_RECEIVED, e, fault);
    case EVENT_TIMER:
        return open_remark(b, STEP_TIMER, e, e->text, fault);
    case EVENT_ACTION:
        return open_remark(b, STEP_ACTION, e, e->text, fault);
    case EVENT_NOTE:
        if (e->cause == 0)
            return open_remark(b, STEP_NOTE, e, e->text, fault);
        return add_entry(&b->current, note, e->text, fault);
    case EVENT_FAULT:
        return add_fault(b, e, fault);
    case EVENT_STATE:
        return add_change(b, e, fault);
    case EVENT_TRUTH:
        return add_truth(b, e);
    case EVENT_LINE:
    case EVENT_VERDICT:
    case EVENT_SUMMARY:
        break;
    }
    return STATUS_OK;
}

/* --- Numbers --- */

bool step_see(struct step_numbers *m, const struct step *s)
{
    const struct segment *seg = &s->seg;
    const struct step_space space = {.bound = true, .zero = seg->seq};
    if (s->kind == STEP_SENT) {
        if (!m->a.bound)
            m->a = space;
        if (endpoint_equal(&seg->src, &seg->dst)) /* the two ends are one */
            m->b = m->a;
        return false;
    }
    if ((seg->flags & FLAG_SYN) == 0)
        return false;
    bool anew = m->b.bound && !seq_eq(m->b.zero, seg->seq);
    m->b = space;
    return anew;
}

static uint32_t shown(const struct step_numbers *m, bool ours, seq_t n)
{
    const struct step_space *space = ours ? &m->a : &m->b;
    return m->absolute || !space->bound ? n.v : n.v - space->zero.v;
}

uint32_t step_seq(const struct step_numbers *m, const struct step *s)
{
    return shown(m, s->kind == STEP_SENT, s->seg.seq);
}

uint32_t step_ack(const struct step_numbers *m, const struct step *s)
{
    return shown(m, s->kind != STEP_SENT, s->seg.ack);
}
