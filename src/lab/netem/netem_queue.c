/* See netem_queue.h. */
#include "lab/netem/netem_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void netem_queue_init(struct netem_queue *q)
{
    *q = (struct netem_queue){.octets = 0};
    heap_init(&q->heap);
}

static struct netem_packet *packet_of(struct heap_node *node)
{
    return (struct netem_packet *)node;
}

static size_t weight(const struct netem_packet *p)
{
    return sizeof(*p) + p->n;
}

static void take_out(struct netem_queue *q, struct netem_packet *p)
{
    heap_remove(&q->heap, &p->node);
    q->octets -= weight(p);
    q->late[p->way] -= p->late;
}

void netem_queue_done(struct netem_queue *q)
{
    for (struct heap_node *node; (node = heap_first(&q->heap)) != NULL;) {
        take_out(q, packet_of(node));
        free(packet_of(node));
    }
    heap_done(&q->heap);
}

struct netem_packet *netem_queue_put(struct netem_queue *q, enum end way, const uint8_t *frame,
                                     size_t n, int64_t due_ns, bool late)
{
    if (q->octets + sizeof(struct netem_packet) + n > NETEM_QUEUE_OCTETS)
        return NULL;
    struct netem_packet *p = malloc(sizeof(*p) + n);
    if (p == NULL)
        return NULL;
    *p = (struct netem_packet){.way = way, .late = late, .n = n};
    memcpy(p->frame, frame, n);
    if (!heap_set(&q->heap, &p->node, due_ns)) {
        free(p);
        return NULL;
    }
    q->octets += weight(p);
    q->late[way] += late;
    return p;
}

/* Which of them waits longest for the next one to pass. */
static struct netem_packet *waits_longest(const struct netem_queue *q, enum end way)
{
    struct netem_packet *first = NULL;
    for (size_t i = 0; i < q->heap.len; i++) {
        struct netem_packet *p = packet_of(q->heap.nodes[i]);
        if (p->late && p->way == way && (first == NULL || p->node.key < first->node.key))
            first = p;
    }
    return first;
}

void netem_queue_passes(struct netem_queue *q, enum end way, int64_t due_ns)
{
    while (q->late[way] > 0) {
        struct netem_packet *p = waits_longest(q, way);
        p->late = false;
        q->late[way]--;
        /* There is room in the heap: it is in already. */
        if (++due_ns < p->node.key)
            (void)heap_set(&q->heap, &p->node, due_ns);
    }
}

int64_t netem_queue_due(const struct netem_queue *q)
{
    const struct heap_node *first = heap_first(&q->heap);
    return first != NULL ? first->key : CLOCK_NEVER;
}

struct netem_packet *netem_queue_take(struct netem_queue *q, int64_t now_ns)
{
    struct heap_node *first = heap_first(&q->heap);
    if (first == NULL || first->key > now_ns)
        return NULL;
    struct netem_packet *p = packet_of(first);
    take_out(q, p);
    return p;
}
