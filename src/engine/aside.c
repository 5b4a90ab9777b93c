/* See aside.h. */
#include "engine/aside.h"

void aside_fetch(struct aside *a)
{
    if (a->source == NULL)
        return;
    while (a->count < ASIDE_WAITING_MAX &&
           a->source->next(a->source->arg, &a->waiting[(a->first + a->count) % ASIDE_WAITING_MAX]))
        a->count++;
}

const struct aside_line *aside_next(struct aside *a, int64_t t_ns)
{
    const struct aside_line *line = &a->waiting[a->first];
    if (a->count == 0 || line->t_ns >= t_ns)
        return NULL;
    a->first = (a->first + 1) % ASIDE_WAITING_MAX;
    a->count--;
    return line;
}
