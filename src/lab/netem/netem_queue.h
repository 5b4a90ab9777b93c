/* Frames that wait on the lab's wire for their time, within a bound of memory. Pure: told the time.
 */
#ifndef TCPSHAKE_LAB_NETEM_NETEM_QUEUE_H
#define TCPSHAKE_LAB_NETEM_NETEM_QUEUE_H

#include "base/heap.h"
#include "lab/netem/netem_rule.h"

enum {
    NETEM_QUEUE_OCTETS = 32 * 1024 * 1024
};

struct netem_packet {
    struct heap_node node; /* its key is when it is due; first, so that a node is a packet */
    enum end way;
    bool late; /* waits for the next one of its way */
    size_t n;
    uint8_t frame[];
};

struct netem_queue {
    struct heap heap;
    size_t octets;
    size_t late[ENDS]; /* how many of them are late */
};

void netem_queue_init(struct netem_queue *q);
void netem_queue_done(struct netem_queue *q);

/* Keeps a copy of the frame; NULL when there is no room or no memory. The caller may still change
 * the octets of what it gets, which stays the queue's. */
struct netem_packet *netem_queue_put(struct netem_queue *q, enum end way, const uint8_t *frame,
                                     size_t n, int64_t due_ns, bool late);

/* One that keeps its place goes on at `due_ns`: those that are late go right behind it. */
void netem_queue_passes(struct netem_queue *q, enum end way, int64_t due_ns);

/* When the next one is due; CLOCK_NEVER: none waits. */
int64_t netem_queue_due(const struct netem_queue *q);

/* The next one that is due, taken out; NULL: none. The caller frees. */
struct netem_packet *netem_queue_take(struct netem_queue *q, int64_t now_ns);

#endif
