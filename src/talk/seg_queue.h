/* Segments of the peer's that were seen and whose turn has not come. */
#ifndef TCPSHAKE_TALK_SEG_QUEUE_H
#define TCPSHAKE_TALK_SEG_QUEUE_H

#include "wire/segment.h"

enum {
    SEG_QUEUE_MAX = 64
};

struct seg_queue_entry {
    struct segment seg;
    uint8_t *raw; /* where seg.raw points; NULL: its octets are not kept */
    int64_t t_ns;
    uint64_t dropped; /* by the capture when it came */
};

struct seg_queue {
    struct seg_queue_entry segments[SEG_QUEUE_MAX];
    size_t count;
};

/* Copies the segment with its octets. False when there is no room or no memory. */
bool seg_queue_add(struct seg_queue *k, const struct segment *seg, int64_t t_ns, uint64_t dropped);
/* Without its octets: for one that the record has already. Does nothing when there is no room. */
void seg_queue_add_bare(struct seg_queue *k, const struct segment *seg);
void seg_queue_remove(struct seg_queue *k, size_t i);
void seg_queue_done(struct seg_queue *k);

#endif
