/* Frames that wait on the lab's wire for their time, within a bound of memory. Pure: told the time.
 */
#ifndef TCPSHAKE_LAB_WIRE_QUEUE_H
#define TCPSHAKE_LAB_WIRE_QUEUE_H

#include "base/heap.h"
#include "lab/wire_rule.h"

enum {
    WIRE_QUEUE_OCTETS = 32 * 1024 * 1024
};

struct wire_parcel {
    struct heap_node node; /* its key is when it is due; first, so that a node is a parcel */
    enum wire_way way;
    bool late; /* waits for the next one of its way */
    size_t n;
    uint8_t frame[];
};

struct wire_queue {
    struct heap heap;
    size_t octets;
    size_t late[WIRE_WAYS]; /* how many of them are late */
};

void wire_queue_init(struct wire_queue *q);
void wire_queue_done(struct wire_queue *q);

/* Keeps a copy of the frame; NULL when there is no room or no memory. The caller may still change
 * the octets of what it gets, which stays the queue's. */
struct wire_parcel *wire_queue_put(struct wire_queue *q, enum wire_way way, const uint8_t *frame,
                                   size_t n, int64_t due_ns, bool late);

/* One that keeps its place goes on at `due_ns`: those that are late go right behind it. */
void wire_queue_passes(struct wire_queue *q, enum wire_way way, int64_t due_ns);

/* When the next one is due; CLOCK_NEVER: none waits. */
int64_t wire_queue_due(const struct wire_queue *q);

/* The next one that is due, taken out; NULL: none. The caller frees. */
struct wire_parcel *wire_queue_take(struct wire_queue *q, int64_t now_ns);

#endif
