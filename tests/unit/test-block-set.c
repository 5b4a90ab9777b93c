/* Sets of blocks: what is in, what is not, whatever the order they came in. */
#include "unit.h"

#include "wire/block_set.h"

static void add(struct block_set *set, const char *line)
{
    assert_int_equal(block_set_add_line(set, line, strlen(line), NULL), STATUS_OK);
}

static bool has(const struct block_set *set, const char *text)
{
    struct block b;
    assert_int_equal(block_parse(&b, text, strlen(text), NULL), STATUS_OK);
    return block_set_has(set, &b.first);
}

UNIT_TEST(lines_of_a_file)
{
    struct block_set set;
    block_set_init(&set);
    block_set_seal(&set);
    assert_false(has(&set, "192.0.2.1"));
    add(&set, "2001:db8::/64 # ours");
    add(&set, "  192.0.2.128/25\t\r");
    add(&set, "# all of it");
    add(&set, "");
    add(&set, "198.51.100.7");
    add(&set, "192.0.2.100-192.0.2.127");
    add(&set, "192.0.2.110-120");
    block_set_seal(&set);
    assert_false(has(&set, "192.0.2.99"));
    assert_true(has(&set, "192.0.2.100"));
    assert_true(has(&set, "192.0.2.125"));
    assert_true(has(&set, "192.0.2.255"));
    assert_false(has(&set, "192.0.3.0"));
    assert_true(has(&set, "198.51.100.7"));
    assert_false(has(&set, "198.51.100.8"));
    assert_false(has(&set, "::1"));
    assert_true(has(&set, "2001:db8::ffff:ffff:ffff:ffff"));
    assert_false(has(&set, "2001:db8:0:1::"));
    block_set_done(&set);
}

UNIT_TEST(refused_lines)
{
    struct block_set set;
    struct fault fault = {""};
    block_set_init(&set);
    assert_int_equal(block_set_add_line(&set, "example.org", 11, &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text,
                        "'example.org' is no address, network (ADDRESS/LENGTH) or range "
                        "(FIRST-LAST)");
    assert_int_equal(block_set_add_line(&set, "10.0.0.1/8", 10, &fault), STATUS_MALFORMED);
    assert_int_equal(block_set_add_line(&set, "10.0.0.0/8 10.0.0.0/8", 21, &fault),
                     STATUS_MALFORMED);
    assert_int_equal(set.len, 0);
    block_set_done(&set);
}

/* Against a plain map of the 65536 addresses of 10.1.0.0/16. */
UNIT_TEST(as_a_map_has_it)
{
    uint64_t random = 5;
    static bool map[65536];
    for (int round = 0; round < 20; round++) {
        struct block_set set;
        block_set_init(&set);
        memset(map, 0, sizeof(map));
        for (int i = 0; i < 60; i++) {
            uint64_t first = unit_random(&random) % 65536, count = 1 + unit_random(&random) % 700;
            struct block all;
            assert_int_equal(block_parse(&all, "10.1.0.0/16", 11, NULL), STATUS_OK);
            count = count < 65536 - first ? count : 65536 - first;
            struct in6_addr low = block_at(&all, first), high = block_at(&all, first + count - 1);
            struct block_bounds b = {wide_of(&low), wide_of(&high)};
            assert_int_equal(block_set_add(&set, &b, NULL), STATUS_OK);
            memset(map + first, 1, count);
        }
        block_set_seal(&set);
        struct block all;
        assert_int_equal(block_parse(&all, "10.1.0.0/16", 11, NULL), STATUS_OK);
        for (uint64_t i = 0; i < 65536; i++) {
            struct in6_addr ip = block_at(&all, i);
            assert_int_equal(block_set_has(&set, &ip), map[i]);
        }
        for (size_t i = 1; i < set.len; i++)
            assert_true(wide_less(set.runs[i - 1].last, set.runs[i].first));
        block_set_done(&set);
    }
}
