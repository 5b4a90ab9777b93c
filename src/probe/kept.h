/* Segments of the peer's that were seen and whose turn has not come. */
#ifndef TCPSHAKE_PROBE_KEPT_H
#define TCPSHAKE_PROBE_KEPT_H

#include "wire/segment.h"

enum {
    KEPT_MAX = 64
};

struct kept_segment {
    struct segment seg;
    uint8_t *raw; /* where seg.raw points; NULL: its octets are not kept */
    int64_t t_ns;
    uint64_t dropped; /* by the capture when it came */
};

struct kept {
    struct kept_segment segments[KEPT_MAX];
    size_t count;
};

/* Copies the segment with its octets. False when there is no room or no memory. */
bool kept_add(struct kept *k, const struct segment *seg, int64_t t_ns, uint64_t dropped);
/* Without its octets: for one that the record has already. Does nothing when there is no room. */
void kept_add_bare(struct kept *k, const struct segment *seg);
void kept_remove(struct kept *k, size_t i);
void kept_done(struct kept *k);

#endif
