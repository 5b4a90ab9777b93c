/* Prefix tables against the plain way: look at every prefix. */
#include "unit.h"

#include "wire/prefixes.h"

enum {
    TABLES = 60,
    PREFIXES = 120,
    ASKED = 400
};

static bool covers(const struct prefix *p, const struct in6_addr *ip)
{
    for (unsigned i = 0; i < p->bits; i++) {
        unsigned mask = 0x80U >> i % 8;
        if (((p->ip.s6_addr[i / 8] ^ ip->s6_addr[i / 8]) & mask) != 0)
            return false;
    }
    return true;
}

static uint32_t plain_find(const struct prefix *all, size_t n, const struct in6_addr *ip)
{
    const struct prefix *best = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct prefix *p = &all[i];
        if (covers(p, ip) && (best == NULL || p->bits > best->bits ||
                              (p->bits == best->bits && p->metric < best->metric)))
            best = p;
    }
    return best != NULL ? best->value : PREFIXES_NONE;
}

/* Few octets differ, so that prefixes nest, meet and repeat; edges of the space are among them. */
static struct in6_addr any_address(uint64_t *random)
{
    static const uint8_t octets[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
    struct in6_addr ip;
    uint8_t fill = unit_random(random) % 2 != 0 ? 0xff : 0;
    memset(&ip, fill, sizeof(ip));
    for (size_t i = 0; i < 4; i++)
        ip.s6_addr[unit_random(random) % 2 * 8 + i % 2] = octets[unit_random(random) % 6];
    ip.s6_addr[15] ^= octets[unit_random(random) % 6];
    return ip;
}

static unsigned any_bits(uint64_t *random)
{
    static const uint8_t often[] = {0, 1, 8, 9, 63, 64, 65, 96, 127, 128};
    return unit_random(random) % 2 != 0 ? often[unit_random(random) % sizeof(often)]
                                        : (unsigned)(unit_random(random) % 129);
}

static struct in6_addr next_to(const struct prefix *p, uint64_t *random)
{
    struct in6_addr ip = p->ip;
    unsigned bit = p->bits != 0 ? p->bits - 1 : 0;
    switch (unit_random(random) % 3) {
    case 0: /* its last address */
        for (unsigned i = p->bits; i < 128; i++)
            ip.s6_addr[i / 8] |= (uint8_t)(0x80U >> i % 8);
        break;
    case 1: /* another one at its side */
        ip.s6_addr[bit / 8] ^= (uint8_t)(0x80U >> bit % 8);
        break;
    default:
        break;
    }
    return ip;
}

UNIT_TEST(as_the_plain_way)
{
    uint64_t random = 17;
    for (size_t round = 0; round < TABLES; round++) {
        struct prefixes p = {0};
        struct prefix all[PREFIXES];
        size_t n = round < 3 ? round : unit_random(&random) % PREFIXES;
        for (size_t i = 0; i < n; i++) {
            all[i] = (struct prefix){.ip = any_address(&random),
                                     .bits = any_bits(&random),
                                     .metric = (uint32_t)(unit_random(&random) % 3),
                                     .value = (uint32_t)i / 2};
            assert_int_equal(prefixes_add(&p, &all[i], NULL), STATUS_OK);
        }
        assert_int_equal(prefixes_flatten(&p, NULL), STATUS_OK);
        for (size_t i = 0; i < ASKED; i++) {
            struct in6_addr ip =
                n != 0 && i % 2 == 0 ? next_to(&all[i % n], &random) : any_address(&random);
            assert_int_equal(prefixes_find(&p, &ip), plain_find(all, n, &ip));
        }
        prefixes_done(&p);
    }
}

UNIT_TEST(too_long)
{
    struct prefixes p = {0};
    struct fault fault = {""};
    assert_int_equal(prefixes_add(&p, &(struct prefix){.bits = 129}, &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "a prefix of 129 bits");
    prefixes_done(&p);
}
