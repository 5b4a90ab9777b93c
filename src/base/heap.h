/* A binary heap of deadlines. Nodes live inside their owners, so nothing is allocated per timer;
 * the array of pointers grows with the number of armed timers. */
#ifndef TCPSHAKE_BASE_HEAP_H
#define TCPSHAKE_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
    int64_t key; /* the deadline, ns */
    size_t slot; /* 1-based place in the heap, 0 when not in it */
};

struct heap {
    struct heap_node **nodes;
    size_t len, cap;
};

void heap_init(struct heap *h);
void heap_done(struct heap *h); /* the nodes stay their owners' */

/* Puts the node in, or moves it when it is in already. False when memory ran out. */
bool heap_set(struct heap *h, struct heap_node *node, int64_t key);
void heap_remove(struct heap *h, struct heap_node *node);
/* The node with the smallest key, NULL when empty. It stays in. */
struct heap_node *heap_first(const struct heap *h);

#endif
