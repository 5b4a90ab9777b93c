/* See timeline.h. */
#include "event/timeline.h"

void timeline_init(struct timeline *t)
{
    *t = (struct timeline){0};
}

static void keep_first_failure(struct timeline *t, enum status s, const struct fault *fault)
{
    if (s != STATUS_OK && t->status == STATUS_OK) {
        t->status = s;
        t->fault = *fault;
    }
}

enum status timeline_add_sink(struct timeline *t, struct sink *s, struct fault *fault)
{
    if (s == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    if (t->sink_count == TIMELINE_SINKS_MAX) {
        s->ops->free(s);
        return fault_set(fault, STATUS_MALFORMED, "more than %d outputs at once",
                         TIMELINE_SINKS_MAX);
    }
    t->sinks[t->sink_count++] = s;
    return STATUS_OK;
}

enum status timeline_open(struct timeline *t, const struct run_info *run, struct fault *fault)
{
    for (size_t i = 0; i < t->sink_count; i++) {
        struct sink *sink = t->sinks[i];
        sink->run = run;
        if (sink->ops->open == NULL)
            continue;
        enum status s = sink->ops->open(sink, run, fault);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

bool timeline_keyless(const struct timeline *t)
{
    for (size_t i = 0; i < t->sink_count; i++)
        if (!t->sinks[i]->keyless)
            return false;
    return true;
}

uint32_t timeline_append(struct timeline *t, struct event e)
{
    e.id = ++t->last_id;
    for (size_t i = 0; i < t->sink_count; i++) {
        struct fault fault = {0};
        keep_first_failure(t, t->sinks[i]->ops->event(t->sinks[i], &e, &fault), &fault);
    }
    return e.id;
}

enum status timeline_close(struct timeline *t, struct fault *fault)
{
    for (size_t i = 0; i < t->sink_count; i++) {
        struct fault mine = {0};
        if (t->sinks[i]->ops->close != NULL)
            keep_first_failure(t, t->sinks[i]->ops->close(t->sinks[i], &mine), &mine);
        t->sinks[i]->ops->free(t->sinks[i]);
    }
    t->sink_count = 0;
    if (t->status != STATUS_OK)
        *fault = t->fault;
    return t->status;
}
