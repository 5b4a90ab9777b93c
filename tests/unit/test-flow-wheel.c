/* The wheel of flows, against a model that looks at everyone. */
#include "unit.h"

#include <stdbool.h>

#include "base/clock.h"
#include "measure/survey/flow_store.h"

enum {
    FLOWS = 2000,
    ROUNDS = 20000
};

#define START (1700000000 * CLOCK_S)
#define TURN  (FLOW_STORE_TICKS * FLOW_STORE_TICK) /* some 33 s */

struct bench {
    struct flow_store store;
    uint64_t dice;
    uint32_t cells[FLOWS];
    bool in[FLOWS];
    int64_t from[FLOWS]; /* when its time has come: when it is due, or was put in overdue */
    uint32_t count;
    int64_t now, looked; /* when it was turned last */
    int64_t put_off;     /* whoever is due is put in again, so much later; 0: not */
    unsigned came;
};

static void begin(struct bench *b, int64_t now)
{
    memset(b, 0, sizeof(*b));
    b->dice = 8;
    b->now = b->looked = now;
    assert_true(flow_store_init(&b->store, &(struct hash_key){0}, now));
    for (uint32_t i = 0; i < FLOWS; i++) {
        b->cells[i] = flow_store_take(&b->store);
        assert_int_not_equal(b->cells[i], 0);
        flow_store_at(&b->store, b->cells[i])->number = i;
    }
}

static void add(struct bench *b, uint32_t i, int64_t due)
{
    flow_store_at(&b->store, b->cells[i])->due_ns = due;
    b->from[i] = due > b->now ? due : b->now;
    flow_store_arm(&b->store, b->cells[i]);
    assert_false(b->in[i]);
    b->in[i] = true;
    b->count++;
}

static void out(struct bench *b, uint32_t i)
{
    assert_true(b->in[i]);
    b->in[i] = false;
    b->count--;
}

static void comes(void *arg, uint32_t cell, int64_t now_ns)
{
    struct bench *b = arg;
    const struct flow *f = flow_store_at(&b->store, cell);
    uint32_t i = f->number;
    assert_int_equal(b->cells[i], cell);
    assert_true(f->due_ns <= now_ns);
    assert_int_equal(now_ns, b->now);
    out(b, i);
    b->came++;
    if (b->put_off != 0)
        add(b, i, f->due_ns + b->put_off);
}

/* To a tick: whoever was due a tick ago is out. */
static void turn(struct bench *b)
{
    int64_t next = flow_store_next(&b->store);
    bool somebody = false;
    unsigned before = b->came;
    for (uint32_t i = 0; i < FLOWS; i++) {
        somebody = somebody || b->in[i];
        /* it asks to be turned in time for each */
        assert_true(!b->in[i] || next <= b->from[i] + FLOW_STORE_TICK);
    }
    assert_int_equal(next == CLOCK_NEVER, !somebody);
    flow_store_turn(&b->store, b->now, comes, b);
    if (b->now < next)
        assert_int_equal(b->came, before);
    b->looked = b->now;
    if (b->put_off != 0)
        return;
    for (uint32_t i = 0; i < FLOWS; i++)
        assert_true(!b->in[i] || b->from[i] >= b->now - FLOW_STORE_TICK);
    assert_int_equal(b->store.armed, b->count);
}

/* Waits of all lengths, some of many turns, some long past. */
static int64_t some_wait(struct bench *b)
{
    static const int64_t spans[] = {20 * CLOCK_MS, CLOCK_S,  15 * CLOCK_S,
                                    TURN,          2 * TURN, 400 * CLOCK_S};
    int64_t span = spans[unit_random(&b->dice) % 6];
    int64_t wait = (int64_t)(unit_random(&b->dice) % (uint64_t)span);
    return unit_random(&b->dice) % 10 == 0 ? -wait : wait;
}

UNIT_TEST(any_mix)
{
    static struct bench b;
    begin(&b, START);
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t i = (uint32_t)(unit_random(&b.dice) % FLOWS);
        if (!b.in[i]) {
            add(&b, i, b.now + some_wait(&b));
        } else if (unit_random(&b.dice) % 3 == 0) {
            flow_store_disarm(&b.store, b.cells[i]);
            out(&b, i);
        }
        assert_int_equal(b.store.armed, b.count);
        if (unit_random(&b.dice) % 4 != 0)
            continue;
        int64_t step = some_wait(&b) / 40;
        b.now += step > 0 ? step : 0;
        if (unit_random(&b.dice) % 500 == 0)
            b.now += 3 * TURN; /* nobody looked for long */
        turn(&b);
    }
    assert_true(b.came > ROUNDS / 8);
    b.now += 500 * CLOCK_S;
    turn(&b);
    assert_int_equal(b.count, 0);
    flow_store_done(&b.store);
}

/* In the order of their time, to a tick, when it is turned as it asks to be. */
UNIT_TEST(in_order)
{
    static struct bench b;
    begin(&b, START + 7);
    for (uint32_t i = 0; i < FLOWS; i++)
        add(&b, i, b.now + (int64_t)i * (3 * TURN / FLOWS));
    unsigned turns = 0;
    while (flow_store_next(&b.store) != CLOCK_NEVER) {
        b.now = flow_store_next(&b.store);
        assert_true(b.now > b.looked);
        turn(&b);
        turns++;
        for (uint32_t i = 0; i < FLOWS; i++)
            assert_int_equal(b.in[i], flow_store_at(&b.store, b.cells[i])->due_ns >=
                                          b.now / FLOW_STORE_TICK * FLOW_STORE_TICK);
    }
    assert_int_equal(b.came, FLOWS);
    assert_true(turns < 4 * FLOWS);
    flow_store_done(&b.store);
}

UNIT_TEST(put_in_again_while_it_turns)
{
    static struct bench b;
    static const int64_t later[] = {FLOW_STORE_TICK, TURN, 100 * CLOCK_MS, 3 * TURN};
    for (size_t k = 0; k < 4; k++) {
        begin(&b, START);
        b.put_off = later[k];
        for (uint32_t i = 0; i < 100; i++)
            add(&b, i, b.now + (int64_t)(unit_random(&b.dice) % (uint64_t)CLOCK_S));
        for (int64_t limit = b.now + 2 * TURN; b.now < limit; b.now += 50 * CLOCK_MS)
            turn(&b);
        assert_int_equal(b.store.armed, 100);
        int64_t least = (2 * TURN - CLOCK_S) / later[k], most = 2 * TURN / later[k] + 1;
        assert_in_range(b.came, 100 * (least > 0 ? least : 1), 100 * most);
        flow_store_done(&b.store);
    }
}

UNIT_TEST(emptied)
{
    static struct bench b;
    begin(&b, START);
    for (uint32_t i = 0; i < FLOWS; i++)
        add(&b, i, b.now); /* so that all may come out at any time */
    flow_store_empty(&b.store, b.now, comes, &b);
    assert_int_equal(b.came, FLOWS);
    assert_int_equal(b.store.armed, 0);
    assert_true(flow_store_next(&b.store) == CLOCK_NEVER);
    add(&b, 3, b.now + CLOCK_S);
    b.now += 2 * CLOCK_S;
    turn(&b);
    assert_int_equal(b.came, FLOWS + 1);
    flow_store_done(&b.store);
}
