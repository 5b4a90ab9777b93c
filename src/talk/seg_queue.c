/* See seg_queue.h. */
#include "talk/seg_queue.h"

#include <stdlib.h>
#include <string.h>

bool seg_queue_add(struct seg_queue *k, const struct segment *seg, int64_t t_ns, uint64_t dropped)
{
    if (k->count == SEG_QUEUE_MAX)
        return false;
    uint8_t *raw = malloc(seg->raw_len + 1);
    if (raw == NULL)
        return false;
    if (seg->raw_len > 0)
        memcpy(raw, seg->raw, seg->raw_len);
    struct seg_queue_entry *to = &k->segments[k->count++];
    *to = (struct seg_queue_entry){.seg = *seg, .raw = raw, .t_ns = t_ns, .dropped = dropped};
    to->seg.raw = raw;
    return true;
}

void seg_queue_add_bare(struct seg_queue *k, const struct segment *seg)
{
    if (k->count == SEG_QUEUE_MAX)
        return;
    struct seg_queue_entry *to = &k->segments[k->count++];
    *to = (struct seg_queue_entry){.seg = *seg};
    to->seg.raw = NULL;
    to->seg.raw_len = 0;
}

void seg_queue_remove(struct seg_queue *k, size_t i)
{
    free(k->segments[i].raw);
    k->count--;
    memmove(&k->segments[i], &k->segments[i + 1], (k->count - i) * sizeof(k->segments[0]));
}

void seg_queue_done(struct seg_queue *k)
{
    while (k->count > 0)
        seg_queue_remove(k, k->count - 1);
}
