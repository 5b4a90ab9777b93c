/* Frames that wait on the lab's wire: their order, those that let one pass, the bound of memory. */
#include "unit.h"

#include "base/clock.h"
#include "lab/netem/netem.h"

enum {
    MANY = 2000
};

static void put(struct netem_queue *q, enum end way, uint8_t mark, int64_t due, bool late)
{
    assert_non_null(netem_queue_put(q, way, &mark, 1, due, late));
}

/* The marks of what is due, in the order in which it goes. */
static void expect(struct netem_queue *q, int64_t now, const char *marks)
{
    struct netem_packet *p;
    for (; (p = netem_queue_take(q, now)) != NULL; marks++) {
        assert_int_equal(p->n, 1);
        assert_int_equal(p->frame[0], (uint8_t)*marks);
        free(p);
    }
    assert_int_equal(*marks, '\0');
}

UNIT_TEST(in_order_of_time)
{
    struct netem_queue q;
    uint64_t random = 11;
    netem_queue_init(&q);
    assert_int_equal(netem_queue_due(&q), CLOCK_NEVER);
    assert_null(netem_queue_take(&q, INT64_MAX));
    for (int i = 0; i < MANY; i++)
        put(&q, END_A, (uint8_t)i, (int64_t)(unit_random(&random) % MANY), false);
    int64_t last = -1;
    for (int i = 0; i < MANY; i++) {
        int64_t due = netem_queue_due(&q);
        assert_true(due >= last);
        last = due;
        assert_null(netem_queue_take(&q, due - 1));
        struct netem_packet *p = netem_queue_take(&q, due);
        assert_non_null(p);
        free(p);
    }
    assert_int_equal(q.octets, 0);
    assert_int_equal(netem_queue_due(&q), CLOCK_NEVER);
    netem_queue_done(&q);
}

UNIT_TEST(the_octets_are_its_own)
{
    struct netem_queue q;
    uint8_t frame[] = {1, 2, 3};
    netem_queue_init(&q);
    struct netem_packet *p = netem_queue_put(&q, END_B, frame, sizeof(frame), 5, false);
    assert_non_null(p);
    frame[0] = 9;
    p->frame[1] = 8;
    p = netem_queue_take(&q, 5);
    assert_non_null(p);
    assert_memory_equal(p->frame, ((uint8_t[]){1, 8, 3}), 3);
    assert_int_equal(p->way, END_B);
    free(p);
    netem_queue_done(&q);
}

/* Late ones go behind the next of their way, and otherwise when their time has come. */
UNIT_TEST(late)
{
    struct netem_queue q;
    netem_queue_init(&q);
    put(&q, END_A, 'a', 1000, true);
    put(&q, END_A, 'b', 1001, true);
    put(&q, END_B, 'x', 1002, true);
    put(&q, END_A, 'c', 500, false);
    netem_queue_passes(&q, END_A, 500);
    assert_int_equal(netem_queue_due(&q), 500);
    expect(&q, 510, "cab");
    expect(&q, 1001, "");
    expect(&q, 1002, "x"); /* none passed it */
    put(&q, END_A, 'd', 2000, true);
    netem_queue_passes(&q, END_A, 3000); /* too late: it does not wait longer */
    expect(&q, 2000, "d");
    put(&q, END_A, 'e', 4000, true);
    netem_queue_passes(&q, END_B, 3500);
    expect(&q, 3999, "");
    netem_queue_done(&q); /* with one in it */
}

UNIT_TEST(memory_has_a_bound)
{
    struct netem_queue q;
    static const uint8_t frame[1500];
    size_t kept = 0;
    netem_queue_init(&q);
    while (netem_queue_put(&q, END_A, frame, sizeof(frame), (int64_t)kept, false) != NULL)
        kept++;
    assert_in_range(kept, NETEM_QUEUE_OCTETS / 1700, NETEM_QUEUE_OCTETS / 1500);
    assert_true(q.octets <= NETEM_QUEUE_OCTETS);
    struct netem_packet *p = netem_queue_take(&q, 0);
    free(p);
    assert_non_null(netem_queue_put(&q, END_A, frame, sizeof(frame), 0, false));
    assert_null(netem_queue_put(&q, END_A, frame, sizeof(frame), 0, false));
    netem_queue_done(&q);
    assert_int_equal(q.octets, 0);
}
