/* Where the flows live: cells that come and go, names, gaps beyond what a cell holds; nothing
 * leaks.
 */
#include "unit.h"

#include <stdbool.h>

#include "base/clock.h"
#include "measure/survey/flow_store.h"

enum {
    CELLS = 3000,
    ISS = 1000,
    IRS = 7000
};

#define START (1700000000 * CLOCK_S)

/* A million in flight are to fit into 256 MB, with the table and the wheel. */
UNIT_TEST(small)
{
    assert_int_equal(sizeof(union flow_cell), sizeof(struct flow));
    assert_in_range(sizeof(union flow_cell), 1, 200);
}

UNIT_TEST(cells_come_and_go)
{
    static struct flow_store s;
    static uint32_t cells[CELLS];
    uint64_t dice = 4;
    uint32_t in = 0;
    assert_true(flow_store_init(&s, &(struct hash_key){0}, START));
    memset(cells, 0, sizeof(cells));
    for (int round = 0; round < 100000; round++) {
        uint32_t i = (uint32_t)(unit_random(&dice) % CELLS);
        if (cells[i] == 0) {
            static const union flow_cell zeros;
            cells[i] = flow_store_take(&s);
            assert_int_not_equal(cells[i], 0);
            assert_memory_equal(flow_store_cell(&s, cells[i]), &zeros, sizeof(zeros));
            flow_store_at(&s, cells[i])->number = i;
            in++;
        } else {
            assert_int_equal(flow_store_at(&s, cells[i])->number, i);
            memset(flow_store_cell(&s, cells[i]), 0xee, sizeof(union flow_cell));
            flow_store_at(&s, cells[i])->more = flow_store_at(&s, cells[i])->name = 0;
            flow_store_drop(&s, cells[i]);
            cells[i] = 0;
            in--;
        }
        assert_int_equal(s.taken, in);
    }
    assert_in_range(s.chunk_count, 1,
                    CELLS / FLOW_STORE_CHUNK + 1); /* what is free is used again */
    flow_store_done(&s);
    assert_int_equal(s.taken, 0);
}

UNIT_TEST(pointers_stay)
{
    static struct flow_store s;
    assert_true(flow_store_init(&s, &(struct hash_key){0}, START));
    uint32_t first = flow_store_take(&s);
    const struct flow *f = flow_store_at(&s, first);
    for (uint32_t i = 0; i < 50 * FLOW_STORE_CHUNK; i++)
        assert_int_not_equal(flow_store_take(&s), 0);
    assert_ptr_equal(flow_store_at(&s, first), f);
    assert_int_equal(s.taken, 50 * FLOW_STORE_CHUNK + 1);
    flow_store_done(&s);
}

/* --- Names --- */

UNIT_TEST(names_of_any_length)
{
    static struct flow_store s;
    char name[FLOW_STORE_NAME_MAX + 2], out[FLOW_STORE_NAME_MAX];
    assert_true(flow_store_init(&s, &(struct hash_key){0}, START));
    for (size_t n = 0; n <= FLOW_STORE_NAME_MAX; n++) {
        uint32_t cell = flow_store_take(&s);
        struct flow *f = flow_store_at(&s, cell);
        for (size_t i = 0; i < n; i++)
            name[i] = (char)('a' + (i * 7 + n) % 26);
        name[n] = '\0';
        assert_null(flow_store_name(&s, f, out));
        bool fits = n < FLOW_STORE_NAME_MAX;
        assert_int_equal(flow_store_set_name(&s, f, name), fits);
        if (fits)
            assert_string_equal(flow_store_name(&s, f, out), name);
        else
            assert_null(flow_store_name(&s, f, out));
        flow_store_drop(&s, cell);
        assert_int_equal(s.taken, 0);
    }
    flow_store_done(&s);
}

/* --- Gaps --- */

static struct segment syn_ack(void)
{
    return (struct segment){.flags = FLAG_SYN | FLAG_ACK,
                            .seq = seq_of(IRS),
                            .ack = seq_of(ISS + 1),
                            .checksum = SEGMENT_CHECKSUM_OK};
}

/* Each of its own length, in the flow's unit. */
static int64_t gap(size_t i)
{
    return (int64_t)(i * 37 % 301 + 200) * 100 * CLOCK_US + (int64_t)i * 100;
}

static void expect_gaps(size_t n, const char *name)
{
    static const struct flow_rules rules = {
        .listens = true, .wait_ns = CLOCK_S, .listen_ns = FLOW_LISTEN_MAX};
    static struct series series;
    static struct flow_store s;
    const struct endpoint local = {.port = 5};
    const struct segment seg = syn_ack();
    assert_true(flow_store_init(&s, &(struct hash_key){0}, START));
    uint32_t other = flow_store_take(&s), cell = flow_store_take(&s);
    struct flow *f = flow_store_at(&s, cell);
    char out[FLOW_STORE_NAME_MAX];
    int64_t t = START + CLOCK_MS;
    f->iss = ISS;
    assert_true(flow_store_set_name(&s, f, name));
    flow_begin(f, &rules, START);
    assert_int_equal(flow_received(f, &s, &rules, &seg, 40, t), FLOW_GOES_ON);
    for (size_t i = 0; i < n; i++) {
        t += gap(i);
        assert_int_equal(flow_received(f, &s, &rules, &seg, 40, t), FLOW_GOES_ON);
    }
    assert_int_equal(flow_stop(f, t), FLOW_ENDS_RESET);
    flow_as_series(f, &s, &local, &series);
    size_t kept = n < SCHEDULE_GAPS_MAX ? n : SCHEDULE_GAPS_MAX;
    assert_int_equal(series.schedule.count, kept);
    assert_int_equal(series.schedule.overflown, n - kept);
    assert_int_equal(series.schedule.last_ns, t);
    for (size_t i = 0; i < kept; i++)
        assert_int_equal(series.schedule.gaps[i], gap(i));
    assert_string_equal(flow_store_name(&s, f, out), name);
    flow_store_drop(&s, cell);
    assert_int_equal(s.taken, 1);
    flow_store_drop(&s, other);
    assert_int_equal(s.taken, 0);
    flow_store_done(&s);
}

UNIT_TEST(gaps_of_any_number)
{
    for (size_t n = 0; n <= SCHEDULE_GAPS_MAX + 10; n++)
        expect_gaps(n, "a-name.example");
}

/* A million in flight take 200 MB with all else: see bench/survey. */
UNIT_TEST(no_larger)
{
    assert_in_range(sizeof(union flow_cell), 1, 160);
}
