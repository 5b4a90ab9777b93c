/* See remarks.h. */
#include "net/remarks.h"

void remarks_fetch(struct remarks *a)
{
    if (a->source == NULL)
        return;
    while (
        a->count < REMARKS_WAITING_MAX &&
        a->source->next(a->source->arg, &a->waiting[(a->first + a->count) % REMARKS_WAITING_MAX]))
        a->count++;
}

const struct remarks_line *remarks_next(struct remarks *a, int64_t t_ns)
{
    const struct remarks_line *line = &a->waiting[a->first];
    if (a->count == 0 || line->t_ns >= t_ns)
        return NULL;
    a->first = (a->first + 1) % REMARKS_WAITING_MAX;
    a->count--;
    return line;
}
