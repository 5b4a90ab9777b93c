/* See recorder.h. */
#include "event/recorder.h"

#include <stdlib.h>
#include <string.h>

static const char *const *text_of(const struct event *e)
{
    switch (e->kind) {
    case EVENT_TIMER:
    case EVENT_ACTION:
    case EVENT_NOTE:
        return &e->text;
    case EVENT_FAULT:
        return &e->fault.text;
    case EVENT_SENT:
    case EVENT_RECEIVED:
    case EVENT_STATE:
    case EVENT_TRUTH:
    case EVENT_LINE:
    case EVENT_VERDICT:
    case EVENT_SUMMARY:
        break;
    }
    return NULL;
}

static bool is_segment(const struct event *e)
{
    return e->kind == EVENT_SENT || e->kind == EVENT_RECEIVED;
}

/* Replaces what is borrowed by copies. */
static bool own(struct event *e)
{
    if (is_segment(e) && e->segment.seg.raw_len != 0) {
        uint8_t *raw = malloc(e->segment.seg.raw_len);
        if (raw == NULL)
            return false;
        memcpy(raw, e->segment.seg.raw, e->segment.seg.raw_len);
        e->segment.seg.raw = raw;
    }
    if (text_of(e) == NULL || *text_of(e) == NULL)
        return true;
    char *text = strdup(*text_of(e));
    if (e->kind == EVENT_FAULT)
        e->fault.text = text;
    else
        e->text = text;
    return text != NULL;
}

static enum status take(struct sink *s, const struct event *e, struct fault *fault)
{
    struct recorder *k = (struct recorder *)s;
    if (e->kind == EVENT_VERDICT || e->kind == EVENT_SUMMARY || e->kind == EVENT_LINE)
        return STATUS_OK;
    if (k->count == k->cap) {
        size_t cap = k->cap != 0 ? 2 * k->cap : 16;
        struct event *grown = realloc(k->events, cap * sizeof(*grown));
        if (grown == NULL)
            return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        k->events = grown;
        k->cap = cap;
    }
    struct event copy = *e;
    if (!own(&copy))
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    k->events[k->count++] = copy;
    return STATUS_OK;
}

static void free_nothing(struct sink *s)
{
    (void)s;
}

void recorder_init(struct recorder *k)
{
    static const struct sink_ops ops = {
        .name = "recorder", .streams = true, .event = take, .free = free_nothing};
    *k = (struct recorder){.sink = {.ops = &ops}};
}

void recorder_done(struct recorder *k)
{
    for (size_t i = 0; i < k->count; i++) {
        struct event *e = &k->events[i];
        if (is_segment(e) && e->segment.seg.raw_len != 0)
            free((void *)(uintptr_t)e->segment.seg.raw);
        if (text_of(e) != NULL)
            free((void *)(uintptr_t)*text_of(e));
    }
    free(k->events);
    recorder_init(k);
}

/* Ids count from one in both timelines, so they keep their distance. */
void recorder_replay(const struct recorder *k, struct timeline *to, bool crowd)
{
    uint32_t before = to->last_id;
    for (size_t i = 0; i < k->count; i++) {
        struct event e = k->events[i];
        e.cause = e.cause != 0 ? before + e.cause : 0;
        e.crowd = crowd;
        (void)timeline_append(to, e);
    }
}
