/* The table of flows, against a model that is searched from end to end. */
#include "unit.h"

#include <stdbool.h>

#include "measure/survey/flow_store.h"

enum {
    FLOWS = 3000,
    ROUNDS = 100000,
    TWINS = 4 /* flows of one four-tuple at once */
};

struct bench {
    struct flow_store store;
    uint64_t dice;
    uint32_t cells[FLOWS]; /* 0: not in */
};

static void begin(struct bench *b, uint64_t seed)
{
    const struct hash_key key = {seed, 9};
    memset(b, 0, sizeof(*b));
    b->dice = seed;
    assert_true(flow_store_init(&b->store, &key, 0));
}

static void end(struct bench *b)
{
    flow_store_done(&b->store);
}

/* The `i`-th flow's four-tuple: TWINS neighbours share one, and differ in the ISN. Some are alike
 * but for the port, ours or theirs, or the family. */
static struct endpoint remote_of(uint32_t i)
{
    uint32_t n = i / TWINS;
    struct in6_addr v6 = {.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)(n >> 3)}};
    struct in6_addr v4 = address_from_v4((const uint8_t[4]){10, 0, 0, (uint8_t)(n >> 3)});
    return (struct endpoint){n & 1 ? v6 : v4, (uint16_t)(n & 2 ? 443 : 80)};
}

static uint16_t local_of(uint32_t i)
{
    return (uint16_t)(40000 + (i / TWINS >> 2 & 1) + (i / TWINS >> 11));
}

static uint32_t iss_of(uint32_t i)
{
    return 0xfffffffe + i;
}

static void add(struct bench *b, uint32_t i)
{
    uint32_t cell = flow_store_take(&b->store);
    assert_int_not_equal(cell, 0);
    struct flow *f = flow_store_at(&b->store, cell);
    const struct endpoint remote = remote_of(i);
    f->ip = remote.ip;
    f->port = remote.port;
    f->local = local_of(i);
    f->iss = iss_of(i);
    assert_true(flow_store_enter(&b->store, cell, flow_store_hash(&b->store, &remote, f->local)));
    b->cells[i] = cell;
}

static void drop(struct bench *b, uint32_t i)
{
    flow_store_drop(&b->store, b->cells[i]);
    b->cells[i] = 0;
}

static void expect_found(const struct bench *b, uint32_t i)
{
    const struct endpoint remote = remote_of(i);
    uint32_t first = i / TWINS * TWINS;
    bool any = false;
    assert_int_equal(flow_store_find(&b->store, &remote, local_of(i), false, seq_of(iss_of(i))),
                     b->cells[i]);
    uint32_t found = flow_store_find(&b->store, &remote, local_of(i), true, seq_of(1));
    for (uint32_t k = first; k < first + TWINS; k++)
        any = any || (b->cells[k] != 0 && b->cells[k] == found);
    if (found == 0)
        for (uint32_t k = first; k < first + TWINS; k++)
            assert_int_equal(b->cells[k], 0);
    assert_true(found == 0 || any);
    assert_int_equal(
        flow_store_find(&b->store, &remote, local_of(i), false, seq_of(iss_of(i) + FLOWS)), 0);
}

UNIT_TEST(any_mix_of_add_remove_and_find)
{
    static struct bench b;
    uint32_t in = 0;
    begin(&b, 1);
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t i = (uint32_t)(unit_random(&b.dice) % FLOWS);
        /* now it fills, now it empties */
        bool fill = unit_random(&b.dice) % 8 < (round / 10000 % 2 == 0 ? 6U : 2U);
        if (fill && b.cells[i] == 0) {
            add(&b, i);
            in++;
        } else if (!fill && b.cells[i] != 0) {
            drop(&b, i);
            in--;
        }
        assert_int_equal(b.store.entered, in);
        expect_found(&b, i);
        expect_found(&b, (uint32_t)(unit_random(&b.dice) % FLOWS));
        if (round % 5000 == 0)
            for (uint32_t k = 0; k < FLOWS; k++)
                expect_found(&b, k);
    }
    for (uint32_t k = 0; k < FLOWS; k++)
        if (b.cells[k] != 0)
            drop(&b, k);
    assert_int_equal(b.store.entered, 0);
    assert_int_equal(b.store.taken, 0);
    for (uint32_t k = 0; k <= b.store.mask; k++)
        assert_int_equal(b.store.buckets[k], 0);
    end(&b);
}

/* It grows, and is never so full that a search is long. */
UNIT_TEST(it_grows)
{
    static struct bench b;
    begin(&b, 2);
    uint32_t least = b.store.mask + 1;
    for (uint32_t i = 0; i < FLOWS; i++) {
        add(&b, i);
        assert_true(b.store.entered <= b.store.mask + 2);
    }
    assert_true(b.store.mask + 1 > least);
    for (uint32_t i = 0; i < FLOWS; i++)
        expect_found(&b, i);
    end(&b);
}

/* Who does not know the key cannot choose what lies where. */
UNIT_TEST(keyed)
{
    static struct bench a, b;
    unsigned same = 0, lower[16] = {0};
    begin(&a, 3);
    begin(&b, 4);
    for (uint32_t i = 0; i < FLOWS; i += TWINS) {
        const struct endpoint e = remote_of(i);
        uint64_t one = flow_store_hash(&a.store, &e, local_of(i));
        uint64_t other = flow_store_hash(&b.store, &e, local_of(i));
        assert_true(one == flow_store_hash(&a.store, &e, local_of(i)));
        same += (one >> 32) % 1024 == (other >> 32) % 1024;
        lower[one % 16]++;
    }
    assert_in_range(same, 0, 8); /* of 750, by chance */
    for (size_t i = 0; i < 16; i++)
        assert_in_range(lower[i], 20, 80);
    end(&a);
    end(&b);
}

UNIT_TEST(what_is_not_in_is_not_found)
{
    static struct bench b;
    begin(&b, 5);
    struct endpoint e = remote_of(8);
    assert_int_equal(flow_store_find(&b.store, &e, local_of(8), true, seq_of(0)), 0);
    add(&b, 8);
    assert_int_equal(flow_store_find(&b.store, &e, local_of(8), true, seq_of(0)), b.cells[8]);
    assert_int_equal(flow_store_find(&b.store, &e, local_of(8) + 1, true, seq_of(0)), 0);
    e.port++;
    assert_int_equal(flow_store_find(&b.store, &e, local_of(8), true, seq_of(0)), 0);
    e = remote_of(8 + TWINS);
    assert_int_equal(flow_store_find(&b.store, &e, local_of(8), true, seq_of(0)), 0);
    uint32_t never = flow_store_take(&b.store);
    flow_store_drop(&b.store, never); /* it was not in */
    assert_int_equal(b.store.entered, 1);
    flow_store_drop(&b.store, b.cells[8]);
    assert_int_equal(b.store.entered, 0);
    end(&b);
}
