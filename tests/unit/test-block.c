/* Blocks of addresses as people write them. */
#include "unit.h"

#include "wire/address.h"
#include "wire/block.h"
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
