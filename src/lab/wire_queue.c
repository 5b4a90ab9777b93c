/* See wire_queue.h. */
#include "lab/wire_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void wire_queue_init(struct wire_queue *q)
{
    *q = (struct wire_queue){.octets = 0};
    heap_init(&q->heap);
}

static struct wire_parcel *parcel_of(struct heap_node *node)
{
    return (struct wire_parcel *)node;
}

static size_t weight(const struct wire_parcel *p)
{
    return sizeof(*p) + p->n;
}

static void take_out(struct wire_queue *q, struct wire_parcel *p)
{
    heap_remove(&q->heap, &p->node);
    q->octets -= weight(p);
    q->late[p->way] -= p->late;
}

void wire_queue_done(struct wire_queue *q)
{
    for (struct heap_node *node; (node = heap_first(&q->heap)) != NULL;) {
        take_out(q, parcel_of(node));
        free(parcel_of(node));
    }
    heap_done(&q->heap);
}

struct wire_parcel *wire_queue_put(struct wire_queue *q, enum wire_way way, const uint8_t *frame,
                                   size_t n, int64_t due_ns, bool late)
{
    if (q->octets + sizeof(struct wire_parcel) + n > WIRE_QUEUE_OCTETS)
        return NULL;
    struct wire_parcel *p = malloc(sizeof(*p) + n);
    if (p == NULL)
        return NULL;
    *p = (struct wire_parcel){.way = way, .late = late, .n = n};
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
static struct wire_parcel *waits_longest(const struct wire_queue *q, enum wire_way way)
{
    struct wire_parcel *first = NULL;
    for (size_t i = 0; i < q->heap.len; i++) {
        struct wire_parcel *p = parcel_of(q->heap.nodes[i]);
        if (p->late && p->way == way && (first == NULL || p->node.key < first->node.key))
            first = p;
    }
    return first;
}

void wire_queue_passes(struct wire_queue *q, enum wire_way way, int64_t due_ns)
{
    while (q->late[way] > 0) {
        struct wire_parcel *p = waits_longest(q, way);
        p->late = false;
        q->late[way]--;
        /* There is room in the heap: it is in already. */
        if (++due_ns < p->node.key)
            (void)heap_set(&q->heap, &p->node, due_ns);
    }
}

int64_t wire_queue_due(const struct wire_queue *q)
{
    const struct heap_node *first = heap_first(&q->heap);
    return first != NULL ? first->key : CLOCK_NEVER;
}

struct wire_parcel *wire_queue_take(struct wire_queue *q, int64_t now_ns)
{
    struct heap_node *first = heap_first(&q->heap);
    if (first == NULL || first->key > now_ns)
        return NULL;
    struct wire_parcel *p = parcel_of(first);
    take_out(q, p);
    return p;
}
