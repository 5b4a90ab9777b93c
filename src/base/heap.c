/* See heap.h. */
#include "base/heap.h"

#include <stdlib.h>

void heap_init(struct heap *h)
{
    *h = (struct heap){0};
}

void heap_done(struct heap *h)
{
    for (size_t i = 0; i < h->len; i++)
        h->nodes[i]->slot = 0;
    free(h->nodes);
    heap_init(h);
}

static void place(struct heap *h, struct heap_node *node, size_t slot)
{
    h->nodes[slot - 1] = node;
    node->slot = slot;
}

static void rise(struct heap *h, struct heap_node *node)
{
    size_t slot = node->slot;
    while (slot > 1 && h->nodes[slot / 2 - 1]->key > node->key) {
        place(h, h->nodes[slot / 2 - 1], slot);
        slot /= 2;
    }
    place(h, node, slot);
}

static void sift_down(struct heap *h, struct heap_node *node)
{
    size_t slot = node->slot;
    for (;;) {
        size_t child = 2 * slot;
        if (child > h->len)
            break;
        if (child < h->len && h->nodes[child]->key < h->nodes[child - 1]->key)
            child++;
        if (h->nodes[child - 1]->key >= node->key)
            break;
        place(h, h->nodes[child - 1], slot);
        slot = child;
    }
    place(h, node, slot);
}

bool heap_set(struct heap *h, struct heap_node *node, int64_t key)
{
    if (node->slot == 0) {
        if (h->len == h->cap) {
            size_t cap = h->cap != 0 ? 2 * h->cap : 16;
            struct heap_node **grown = realloc(h->nodes, cap * sizeof(struct heap_node *));
            if (grown == NULL)
                return false;
            h->nodes = grown;
            h->cap = cap;
        }
        place(h, node, ++h->len);
    }
    node->key = key;
    rise(h, node);
    sift_down(h, node);
    return true;
}

void heap_remove(struct heap *h, struct heap_node *node)
{
    if (node->slot == 0)
        return;
    struct heap_node *last = h->nodes[h->len - 1];
    size_t slot = node->slot;
    h->len--;
    node->slot = 0;
    if (last == node)
        return;
    place(h, last, slot);
    rise(h, last);
    sift_down(h, last);
}

struct heap_node *heap_first(const struct heap *h)
{
    return h->len != 0 ? h->nodes[0] : NULL;
}
