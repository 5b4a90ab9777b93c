/* The special-purpose addresses: the table is in order, and each block ends where it ends. */
#include "unit.h"

#include <arpa/inet.h>

#include "wire/address.h"
#include "wire/special.h"

static struct in6_addr address(const char *text)
{
    struct in6_addr ip;
    uint8_t v4[4];
    if (inet_pton(AF_INET, text, v4) == 1)
        return address_from_v4(v4);
    assert_int_equal(inet_pton(AF_INET6, text, &ip), 1);
    return ip;
}

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
        const struct special *rows = special_rows(within, &n);
        assert_true(n > 10);
        for (size_t i = 1; i < n; i++)
            assert_true(wide_less(last_of(&rows[i - 1]), rows[i].first));
    }
}

/* Each of the inner ones is in one block, and is not that block. */
UNIT_TEST(what_is_within_is_within)
{
    size_t n, m;
    const struct special *blocks = special_rows(false, &n), *withins = special_rows(true, &m);
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
        const struct special *rows = special_rows(within, &n);
        for (size_t i = 0; i < n; i++) {
            struct in6_addr first = wide_address(rows[i].first);
            struct in6_addr last = wide_address(last_of(&rows[i]));
            const struct special *at_first = special_find(&first), *at_last = special_find(&last);
            assert_non_null(at_first);
            assert_non_null(at_last);
            assert_true(at_first == &rows[i] || at_first->prefix > rows[i].prefix);
            assert_true(at_last == &rows[i] || at_last->prefix > rows[i].prefix);
            struct in6_addr before = wide_address(wide_minus(rows[i].first, (struct wide){0, 1}));
            struct in6_addr after = wide_address(wide_plus(last_of(&rows[i]), 1));
            assert_ptr_not_equal(special_find(&before), &rows[i]);
            assert_ptr_not_equal(special_find(&after), &rows[i]);
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
        struct in6_addr ip = address(known[i].ip);
        const struct special *row = special_find(&ip);
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
