/* The heap of deadlines, against a search through all of them. */
#include "unit.h"

#include <stdbool.h>

#include "base/heap.h"

enum {
    NODES = 200
};

UNIT_TEST(in_order)
{
    struct heap h;
    struct heap_node nodes[NODES] = {{0, 0}};
    uint64_t random = 4;
    heap_init(&h);
    assert_null(heap_first(&h));
    for (size_t i = 0; i < NODES; i++)
        assert_true(heap_set(&h, &nodes[i], (int64_t)(unit_random(&random) % 50) - 25));
    assert_int_equal(h.len, NODES);
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < NODES; i++) {
        struct heap_node *first = heap_first(&h);
        assert_non_null(first);
        assert_true(first->key >= last);
        last = first->key;
        heap_remove(&h, first);
        assert_int_equal(first->slot, 0);
    }
    assert_null(heap_first(&h));
    heap_done(&h);
}

static const struct heap_node *smallest(const struct heap_node *nodes)
{
    const struct heap_node *best = NULL;
    for (size_t i = 0; i < NODES; i++)
        if (nodes[i].slot != 0 && (best == NULL || nodes[i].key < best->key))
            best = &nodes[i];
    return best;
}

static void expect_sound(const struct heap *h, const struct heap_node *nodes)
{
    size_t in = 0;
    for (size_t i = 0; i < NODES; i++) {
        if (nodes[i].slot == 0)
            continue;
        in++;
        assert_in_range(nodes[i].slot, 1, h->len);
        assert_ptr_equal(h->nodes[nodes[i].slot - 1], &nodes[i]);
    }
    assert_int_equal(in, h->len);
    const struct heap_node *first = heap_first(h), *best = smallest(nodes);
    assert_int_equal(first == NULL, best == NULL);
    if (first != NULL && best != NULL)
        assert_int_equal(first->key, best->key);
}

UNIT_TEST(any_mix_of_set_move_and_remove)
{
    struct heap h;
    struct heap_node nodes[NODES] = {{0, 0}};
    uint64_t random = 5;
    heap_init(&h);
    for (int round = 0; round < 20000; round++) {
        struct heap_node *node = &nodes[unit_random(&random) % NODES];
        if (unit_random(&random) % 3 == 0)
            heap_remove(&h, node);
        else
            assert_true(heap_set(&h, node, (int64_t)(unit_random(&random) % 1000)));
        expect_sound(&h, nodes);
    }
    heap_done(&h);
    for (size_t i = 0; i < NODES; i++)
        assert_int_equal(nodes[i].slot, 0);
}

UNIT_TEST(removing_what_is_not_in)
{
    struct heap h;
    struct heap_node a = {0, 0}, b = {0, 0};
    heap_init(&h);
    assert_true(heap_set(&h, &a, 1));
    heap_remove(&h, &b);
    heap_remove(&h, &a);
    heap_remove(&h, &a);
    assert_null(heap_first(&h));
    assert_true(heap_set(&h, &b, INT64_MAX));
    assert_ptr_equal(heap_first(&h), &b);
    heap_done(&h);
}
