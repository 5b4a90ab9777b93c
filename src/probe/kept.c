/* See kept.h. */
#include "probe/kept.h"

#include <stdlib.h>
#include <string.h>

bool kept_add(struct kept *k, const struct segment *seg, int64_t t_ns, uint64_t dropped)
{
    if (k->count == KEPT_MAX)
        return false;
    uint8_t *raw = malloc(seg->raw_len + 1);
    if (raw == NULL)
        return false;
    if (seg->raw_len > 0)
        memcpy(raw, seg->raw, seg->raw_len);
    struct kept_segment *to = &k->segments[k->count++];
    *to = (struct kept_segment){.seg = *seg, .raw = raw, .t_ns = t_ns, .dropped = dropped};
    to->seg.raw = raw;
    return true;
}

void kept_add_bare(struct kept *k, const struct segment *seg)
{
    if (k->count == KEPT_MAX)
        return;
    struct kept_segment *to = &k->segments[k->count++];
    *to = (struct kept_segment){.seg = *seg};
    to->seg.raw = NULL;
    to->seg.raw_len = 0;
}

void kept_remove(struct kept *k, size_t i)
{
    free(k->segments[i].raw);
    k->count--;
    memmove(&k->segments[i], &k->segments[i + 1], (k->count - i) * sizeof(k->segments[0]));
}

void kept_done(struct kept *k)
{
    while (k->count > 0)
        kept_remove(k, k->count - 1);
}
