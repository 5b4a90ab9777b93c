/* Blocks of addresses as people write them; sets of them: what is in, what is not, whatever the
 * order they came in; and the special ones: the table is in order, and each ends where it ends. */
#include "../ip.h"

#include "targets/block.h"
#include "wire/wide.h"

UNIT_TEST(good_blocks)
{
    static const struct {
        const char *text, *first, *last;
        uint64_t count;
    } good[] = {
        {"192.0.2.1", "192.0.2.1", "192.0.2.1", 1},
        {"192.0.2.0/24", "192.0.2.0", "192.0.2.255", 256},
        {"192.0.2.7/32", "192.0.2.7", "192.0.2.7", 1},
        {"0.0.0.0/0", "0.0.0.0", "255.255.255.255", UINT64_C(1) << 32},
        {"192.0.2.1-192.0.2.9", "192.0.2.1", "192.0.2.9", 9},
        {"192.0.2.1-9", "192.0.2.1", "192.0.2.9", 9},
        {"192.0.2.9-9", "192.0.2.9", "192.0.2.9", 1},
        {"192.0.2.250-192.0.3.5", "192.0.2.250", "192.0.3.5", 12},
        {"::1", "::1", "::1", 1},
        {"::", "::", "::", 1},
        {"2001:db8::/120", "2001:db8::", "2001:db8::ff", 256},
        {"2001:db8::/88", "2001:db8::", "2001:db8::ff:ffff:ffff", UINT64_C(1) << 40},
        {"2001:db8::1/128", "2001:db8::1", "2001:db8::1", 1},
        {"2001:db8::1-2001:db8::9", "2001:db8::1", "2001:db8::9", 9},
        {"2001:db8::1-fF", "2001:db8::1", "2001:db8::ff", 255},
        {"2001:db8::ffff:ffff:ffff:ffff-2001:db8:0:1::", "2001:db8::ffff:ffff:ffff:ffff",
         "2001:db8:0:1::", 2},
        {"::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1", 1},
        {"::ffff:192.0.2.0/120", "192.0.2.0", "192.0.2.255", 256},
        {"::ffff:192.0.2.1-192.0.2.3", "192.0.2.1", "192.0.2.3", 3},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct block b;
        char text[ADDRESS_TEXT_MAX];
        size_t n = strlen(good[i].text);
        char *exact = (char *)unit_copy(good[i].text, n);
        assert_int_equal(block_parse(&b, exact, n, NULL), STATUS_OK);
        free(exact);
        assert_true(b.count == good[i].count);
        struct in6_addr first = block_at(&b, 0), last = block_at(&b, b.count - 1);
        assert_string_equal(address_format(&first, text), good[i].first);
        assert_string_equal(address_format(&last, text), good[i].last);
        assert_int_equal(block_family(&b), strchr(good[i].first, '.') ? AF_INET : AF_INET6);
    }
}

UNIT_TEST(bad_blocks)
{
    static const struct {
        const char *text, *line;
    } bad[] = {
        {"", "'' is no address, network (ADDRESS/LENGTH) or range (FIRST-LAST)"},
        {"192.0.2", "'192.0.2' is no address, network (ADDRESS/LENGTH) or range (FIRST-LAST)"},
        {"192.0.2.01",
         "'192.0.2.01' is no address, network (ADDRESS/LENGTH) or range (FIRST-LAST)"},
        {"192.0.2.1/24",
         "'192.0.2.1/24' has bits set after its prefix: the network is 192.0.2.0/24"},
        {"255.255.255.255/1",
         "'255.255.255.255/1' has bits set after its prefix: the network is 128.0.0.0/1"},
        {"2001:db8::1/64",
         "'2001:db8::1/64' has bits set after its prefix: the network is 2001:db8::/64"},
        {"192.0.2.0/33", "'192.0.2.0/33': the length of the prefix is not between 0 and 32"},
        {"192.0.2.0/", "'192.0.2.0/': the length of the prefix is not between 0 and 32"},
        {"192.0.2.0/-1", "'192.0.2.0/-1': the length of the prefix is not between 0 and 32"},
        {"::/129", "'::/129': the length of the prefix is not between 0 and 128"},
        {"2001:db8::/87", "'2001:db8::/87' has more than 2^40 addresses (a /88 of IPv6)"},
        {"::/0", "'::/0' has more than 2^40 addresses (a /88 of IPv6)"},
        {"/24", "'/24' is no address, network (ADDRESS/LENGTH) or range (FIRST-LAST)"},
        {"192.0.2.0/24/24", "'192.0.2.0/24/24': the length of the prefix is not between 0 and 32"},
        {"192.0.2.9-1", "'192.0.2.9-1' ends before it begins"},
        {"192.0.2.9-192.0.2.8", "'192.0.2.9-192.0.2.8' ends before it begins"},
        {"192.0.2.1-256",
         "'192.0.2.1-256' is no address, network (ADDRESS/LENGTH) or range (FIRST-LAST)"},
        {"192.0.2.1-",
         "'192.0.2.1-' is no address, network (ADDRESS/LENGTH) or range (FIRST-LAST)"},
        {"192.0.2.1-2.9",
         "'192.0.2.1-2.9' is no address, network (ADDRESS/LENGTH) or range (FIRST-LAST)"},
        {"2001:db8::1-g",
         "'2001:db8::1-g' is no address, network (ADDRESS/LENGTH) or range (FIRST-LAST)"},
        {"2001:db8::1-fffff",
         "'2001:db8::1-fffff' is no address, network (ADDRESS/LENGTH) or range (FIRST-LAST)"},
        {"2001:db8::-2001:db9::",
         "'2001:db8::-2001:db9::' has more than 2^40 addresses (a /88 of IPv6)"},
        {"::-192.0.2.1", "'::-192.0.2.1' has addresses of both families"},
        {"::fffe:ffff:ffff-::1:0:0:0",
         "'::fffe:ffff:ffff-::1:0:0:0' has addresses of both families"},
        {"fe80::1%lo", "'fe80::1%lo': a list takes no address with a scope"},
        {"192.0.2.1\033[2J",
         "'192.0.2.1?[2J' is no address, network (ADDRESS/LENGTH) or range (FIRST-LAST)"},
        {"name", "'name' is no address, network (ADDRESS/LENGTH) or range (FIRST-LAST)"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct block b = {.count = 77};
        struct fault fault = {""};
        assert_int_equal(block_parse(&b, bad[i].text, strlen(bad[i].text), &fault),
                         STATUS_MALFORMED);
        assert_string_equal(fault.text, bad[i].line);
        assert_int_equal(b.count, 77);
    }
}

UNIT_TEST(bounds_of_any_size)
{
    struct block_bounds b;
    assert_int_equal(block_parse_bounds(&b, "::/0", 4, NULL), STATUS_OK);
    assert_true(b.first.high == 0 && b.first.low == 0);
    assert_true(b.last.high == UINT64_MAX && b.last.low == UINT64_MAX);
    assert_int_equal(block_parse_bounds(&b, "2001:db8::/32", 13, NULL), STATUS_OK);
    assert_true(b.last.high == UINT64_C(0x20010db8ffffffff) && b.last.low == UINT64_MAX);
    assert_int_equal(block_parse_bounds(&b, "2001:db8::-2001:db9::", 21, NULL), STATUS_OK);
    assert_true(b.last.high == UINT64_C(0x20010db900000000) && b.last.low == 0);
    assert_int_equal(block_parse_bounds(&b, "0.0.0.0/0", 9, NULL), STATUS_OK);
    assert_true(b.last.high == 0 && b.last.low == UINT64_C(0xffffffffffff));
}

UNIT_TEST(odd_octets)
{
    struct block b;
    char text[300];
    assert_int_equal(block_parse(&b, "192.0.2.1\0", 10, NULL), STATUS_MALFORMED);
    memset(text, '1', sizeof(text));
    for (size_t n = 0; n <= sizeof(text); n++)
        assert_int_equal(block_parse(&b, text, n, NULL), STATUS_MALFORMED);
}

UNIT_TEST(places)
{
    struct block b;
    char text[ADDRESS_TEXT_MAX];
    assert_int_equal(block_parse(&b, "2001:db8::ffff:ffff:ffff:fff0-2001:db8:0:1::f", 45, NULL),
                     STATUS_OK);
    assert_int_equal(b.count, 32);
    for (uint64_t i = 0; i + 1 < b.count; i++) {
        struct in6_addr one = block_at(&b, i), next = block_at(&b, i + 1);
        assert_true(wide_less(wide_of(&one), wide_of(&next)));
        struct wide apart = wide_minus(wide_of(&next), wide_of(&one));
        assert_true(apart.high == 0 && apart.low == 1);
    }
    struct in6_addr carried = block_at(&b, 16);
    assert_string_equal(address_format(&carried, text), "2001:db8:0:1::");
}

/* --- Sets --- */

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
    struct block_set set = {0};
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
    struct block_set set = {0};
    struct fault fault = {""};
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
        struct block_set set = {0};
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

/* --- Special addresses --- */

static struct wide last_of(const struct special *row)
{
    bool v4 = row->first.high == 0 && row->first.low >> 32 == 0xffff;
    struct wide host = wide_host_bits(row->prefix + (v4 ? 96 : 0));
    assert_true((row->first.high & host.high) == 0 && (row->first.low & host.low) == 0);
    return (struct wide){row->first.high | host.high, row->first.low | host.low};
}

UNIT_TEST(rows_are_in_order)
{
    for (int within = 0; within <= 1; within++) {
        size_t n;
        const struct special *rows = block_special_rows(within, &n);
        assert_true(n > 10);
        for (size_t i = 1; i < n; i++)
            assert_true(wide_less(last_of(&rows[i - 1]), rows[i].first));
    }
}

/* Each of the inner ones is in one block, and is not that block. */
UNIT_TEST(what_is_within_is_within)
{
    size_t n, m;
    const struct special *blocks = block_special_rows(false, &n),
                         *withins = block_special_rows(true, &m);
    for (size_t i = 0; i < m; i++) {
        size_t around = 0;
        for (size_t k = 0; k < n; k++)
            around += !wide_less(withins[i].first, blocks[k].first) &&
                      !wide_less(last_of(&blocks[k]), last_of(&withins[i])) &&
                      blocks[k].prefix < withins[i].prefix;
        assert_int_equal(around, 1);
    }
}

/* The first and the last address of each row are its own or of a row within it, the ones before and
 * after are not. */
UNIT_TEST(the_edges_of_each_row)
{
    for (int within = 0; within <= 1; within++) {
        size_t n;
        const struct special *rows = block_special_rows(within, &n);
        for (size_t i = 0; i < n; i++) {
            struct in6_addr first = wide_address(rows[i].first);
            struct in6_addr last = wide_address(last_of(&rows[i]));
            const struct special *at_first = block_special(&first), *at_last = block_special(&last);
            assert_non_null(at_first);
            assert_non_null(at_last);
            assert_true(at_first == &rows[i] || at_first->prefix > rows[i].prefix);
            assert_true(at_last == &rows[i] || at_last->prefix > rows[i].prefix);
            struct in6_addr before = wide_address(wide_minus(rows[i].first, (struct wide){0, 1}));
            struct in6_addr after = wide_address(wide_plus(last_of(&rows[i]), 1));
            assert_ptr_not_equal(block_special(&before), &rows[i]);
            assert_ptr_not_equal(block_special(&after), &rows[i]);
        }
    }
}

UNIT_TEST(known_addresses)
{
    static const struct {
        const char *ip, *rfc;
        bool never;
    } known[] = {
        {"0.0.0.0", "RFC 1122", true},
        {"0.0.0.1", "RFC 791", false},
        {"9.255.255.255", NULL, false},
        {"10.0.0.0", "RFC 1918", false},
        {"10.255.255.255", "RFC 1918", false},
        {"11.0.0.0", NULL, false},
        {"8.8.8.8", NULL, false},
        {"100.63.255.255", NULL, false},
        {"100.64.0.0", "RFC 6598", false},
        {"100.127.255.255", "RFC 6598", false},
        {"100.128.0.0", NULL, false},
        {"127.0.0.1", "RFC 1122", false},
        {"169.254.1.1", "RFC 3927", false},
        {"172.15.255.255", NULL, false},
        {"172.31.255.255", "RFC 1918", false},
        {"172.32.0.0", NULL, false},
        {"192.0.0.9", "RFC 7723", false},
        {"192.0.0.11", "RFC 6890", false},
        {"192.0.2.1", "RFC 5737", false},
        {"192.88.99.1", "RFC 7526", false},
        {"192.88.99.2", "RFC 6751", false},
        {"192.168.1.1", "RFC 1918", false},
        {"198.19.255.255", "RFC 2544", false},
        {"198.20.0.0", NULL, false},
        {"203.0.113.9", "RFC 5737", false},
        {"223.255.255.255", NULL, false},
        {"224.0.0.1", "RFC 5771", true},
        {"239.255.255.255", "RFC 5771", true},
        {"240.0.0.1", "RFC 1112", false},
        {"255.255.255.255", "RFC 919", true},
        {"::", "RFC 4291", true},
        {"::1", "RFC 4291", false},
        {"::2", NULL, false},
        {"64:ff9b::1", "RFC 6052", false},
        {"64:ff9b:1::1", "RFC 8215", false},
        {"100::1", "RFC 6666", false},
        {"100:0:0:1::1", "RFC 9780", false},
        {"2001::1", "RFC 4380", false},
        {"2001:1::1", "RFC 7723", false},
        {"2001:1::3", "RFC 9665", false},
        {"2001:2f::1", "RFC 7343", false},
        {"2001:1ff::1", "RFC 2928", false},
        {"2001:200::1", NULL, false},
        {"2001:db8::1", "RFC 3849", false},
        {"2002::1", "RFC 3056", false},
        {"2600::1", NULL, false},
        {"3fff:fff::1", "RFC 9637", false},
        {"3fff:1000::", NULL, false},
        {"5f00::1", "RFC 9602", false},
        {"fd00::1", "RFC 4193", false},
        {"fe80::1", "RFC 4291", false},
        {"fec0::1", "RFC 3879", false},
        {"ff02::1", "RFC 4291", true},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct in6_addr ip = ip_of(known[i].ip);
        const struct special *row = block_special(&ip);
        if (known[i].rfc == NULL) {
            assert_null(row);
            continue;
        }
        assert_non_null(row);
        assert_string_equal(row->rfc, known[i].rfc);
        assert_int_equal(row->never, known[i].never);
        assert_true(row->name[0] != '\0');
    }
}
