/* ICMP errors about our segments: captured from a Linux 6.18 router, cut, changed, and named. */
#include "unit.h"

#include <stdbool.h>

#include "base/bytes.h"
#include "wire/icmp.h"

enum {
    V4 = 20,
    V6 = 40,
    ICMP = 8
};

/* A prohibited route; a TTL that ran out. Both quote the whole SYN. */
#define PROHIBITED_V4                                                                              \
    "45c000582fa00000400124310a0909020a090901030d6b1600000000"                                     \
    "4500003ce245400040061b300a090901c6336409e9680050c82e891000000000a002faf03d750000"             \
    "020405b40402080a06296081000000000103030a"
#define EXCEEDED_V4                                                                                \
    "45c000582fa10000400124300a0909020a0909010b00fc7600000000"                                     \
    "4500003c05794000010625300a090901cb007109bc48005066f6d2a800000000a002faf04f420000"             \
    "020405b40402080a0c73f3d6000000000103030a"
#define PROHIBITED_V6                                                                              \
    "6004a6b900583a4020010db800000000000000000000000220010db8000000000000000000000001"             \
    "01014d2000000000"                                                                             \
    "6009d4d60028064020010db800000000000000000000000120010db8000900000000000000000009"             \
    "a31a0050e35a6da800000000a002fd205bb30000020405a00402080a229a976d000000000103030a"

UNIT_TEST(prohibited_v4)
{
    size_t n;
    uint8_t *ip = unit_octets(PROHIBITED_V4, &n);
    struct icmp_error e;
    char text[ENDPOINT_TEXT_MAX];
    assert_int_equal(icmp_decode(&e, ip, n, NULL), STATUS_OK);
    assert_int_equal(e.ip_version, 4);
    assert_int_equal(e.type, 3);
    assert_int_equal(e.code, 13);
    assert_string_equal(address_format(&e.from, text), "10.9.9.2");
    assert_string_equal(endpoint_format(&e.src, text), "10.9.9.1:59752");
    assert_string_equal(endpoint_format(&e.dst, text), "198.51.100.9:80");
    assert_int_equal(e.seq.v, 0xc82e8910);
    assert_int_equal(e.mtu, 0);
    free(ip);
}

UNIT_TEST(exceeded_v4)
{
    size_t n;
    uint8_t *ip = unit_octets(EXCEEDED_V4, &n);
    struct icmp_error e;
    assert_int_equal(icmp_decode(&e, ip, n, NULL), STATUS_OK);
    assert_int_equal(e.type, 11);
    assert_int_equal(e.code, 0);
    assert_int_equal(e.seq.v, 0x66f6d2a8);
    free(ip);
}

UNIT_TEST(prohibited_v6)
{
    size_t n;
    uint8_t *ip = unit_octets(PROHIBITED_V6, &n);
    struct icmp_error e;
    char text[ENDPOINT_TEXT_MAX];
    assert_int_equal(icmp_decode(&e, ip, n, NULL), STATUS_OK);
    assert_int_equal(e.ip_version, 6);
    assert_int_equal(e.type, 1);
    assert_int_equal(e.code, 1);
    assert_string_equal(address_format(&e.from, text), "2001:db8::2");
    assert_string_equal(endpoint_format(&e.src, text), "[2001:db8::1]:41754");
    assert_string_equal(endpoint_format(&e.dst, text), "[2001:db8:9::9]:80");
    assert_int_equal(e.seq.v, 0xe35a6da8);
    free(ip);
}

UNIT_TEST(the_mtu)
{
    size_t n;
    struct icmp_error e;
    uint8_t *ip = unit_octets(PROHIBITED_V4, &n);
    bytes_put16(ip + V4 + 6, 1400);
    assert_int_equal(icmp_decode(&e, ip, n, NULL), STATUS_OK);
    assert_int_equal(e.mtu, 0); /* the field is unused in other codes */
    ip[V4 + 1] = 4;
    assert_int_equal(icmp_decode(&e, ip, n, NULL), STATUS_OK);
    assert_int_equal(e.mtu, 1400);
    free(ip);
    ip = unit_octets(PROHIBITED_V6, &n);
    ip[V6] = 2;
    bytes_put32(ip + V6 + 4, 70000);
    assert_int_equal(icmp_decode(&e, ip, n, NULL), STATUS_OK);
    assert_int_equal(e.mtu, 70000);
    free(ip);
}

/* All the header must quote is eight octets of TCP; the outer length says so too. */
UNIT_TEST(eight_octets_suffice)
{
    enum {
        SHORTEST = V4 + ICMP + V4 + 8
    };
    size_t n;
    uint8_t *whole = unit_octets(PROHIBITED_V4, &n);
    struct icmp_error e;
    bytes_put16(whole + 2, SHORTEST);
    uint8_t *ip = unit_copy(whole, SHORTEST);
    assert_int_equal(icmp_decode(&e, ip, SHORTEST, NULL), STATUS_OK);
    assert_int_equal(e.dst.port, 80);
    assert_int_equal(e.seq.v, 0xc82e8910);
    bytes_put16(ip + 2, SHORTEST - 1); /* the octet after it is padding, not the quote's */
    assert_int_equal(icmp_decode(&e, ip, SHORTEST, NULL), STATUS_MALFORMED);
    free(ip);
    free(whole);
}

UNIT_TEST(the_quote_as_routers_mangle_it)
{
    size_t n;
    uint8_t *ip = unit_octets(PROHIBITED_V4, &n);
    uint8_t *quote = ip + V4 + ICMP;
    struct icmp_error e;
    bytes_put16(quote + 2, 0x3c00); /* total length in the wrong byte order */
    assert_int_equal(icmp_decode(&e, ip, n, NULL), STATUS_OK);
    bytes_put16(quote + 2, 20); /* less the header */
    assert_int_equal(icmp_decode(&e, ip, n, NULL), STATUS_OK);
    bytes_put16(quote + 6, 0x2000); /* a first fragment has the ports */
    assert_int_equal(icmp_decode(&e, ip, n, NULL), STATUS_OK);
    bytes_put16(quote + 6, 0x2001); /* a later one has not */
    assert_int_equal(icmp_decode(&e, ip, n, NULL), STATUS_NOT_OURS);
    free(ip);
}

static void set_and_expect(const char *hex, size_t at, uint8_t octet, enum status expected)
{
    size_t n;
    uint8_t *ip = unit_octets(hex, &n);
    struct icmp_error e;
    ip[at] = octet;
    assert_int_equal(icmp_decode(&e, ip, n, NULL), expected);
    free(ip);
}

UNIT_TEST(what_is_not_ours)
{
    for (unsigned type = 0; type < 256; type++) {
        bool v4 = type == 3 || type == 11 || type == 12;
        bool v6 = type >= 1 && type <= 4;
        set_and_expect(PROHIBITED_V4, V4, (uint8_t)type, v4 ? STATUS_OK : STATUS_NOT_OURS);
        set_and_expect(PROHIBITED_V6, V6, (uint8_t)type, v6 ? STATUS_OK : STATUS_NOT_OURS);
    }
    set_and_expect(PROHIBITED_V4, 9, 6, STATUS_NOT_OURS);              /* TCP itself */
    set_and_expect(PROHIBITED_V4, 6, 0x20, STATUS_NOT_OURS);           /* a fragment */
    set_and_expect(PROHIBITED_V4, V4 + ICMP + 9, 17, STATUS_NOT_OURS); /* about UDP */
    set_and_expect(PROHIBITED_V6, V6 + ICMP + 6, 17, STATUS_NOT_OURS);
    set_and_expect(PROHIBITED_V4, V4 + ICMP, 0x65, STATUS_NOT_OURS); /* IPv6 within IPv4 */
    set_and_expect(PROHIBITED_V4, V4 + ICMP, 0x43, STATUS_MALFORMED);
    set_and_expect(PROHIBITED_V4, 3, 27, STATUS_MALFORMED); /* no room for ICMP */
}

/* A sound IPv6 packet, which no IPv4 router had in its hands. */
UNIT_TEST(a_quote_of_the_other_family)
{
    size_t outer_len, quote_len;
    uint8_t *outer = unit_octets(PROHIBITED_V4, &outer_len);
    uint8_t *quote = unit_octets(PROHIBITED_V6, &quote_len);
    uint8_t ip[V4 + ICMP + V6 + 8];
    struct icmp_error e;
    memcpy(ip, outer, V4 + ICMP);
    memcpy(ip + V4 + ICMP, quote + V6 + ICMP, V6 + 8);
    bytes_put16(ip + 2, sizeof(ip));
    assert_int_equal(icmp_decode(&e, ip, sizeof(ip), NULL), STATUS_NOT_OURS);
    free(quote);
    free(outer);
}

UNIT_TEST(extension_headers_in_the_quote)
{
    static const uint8_t atomic_fragment[8] = {6};
    size_t n;
    uint8_t *plain = unit_octets(PROHIBITED_V6, &n);
    enum {
        AT = V6 + ICMP + V6
    };
    uint8_t *ip = malloc(n + sizeof(atomic_fragment));
    struct icmp_error e;
    assert_non_null(ip);
    memcpy(ip, plain, AT);
    memcpy(ip + AT, atomic_fragment, sizeof(atomic_fragment));
    memcpy(ip + AT + sizeof(atomic_fragment), plain + AT, n - AT);
    ip[V6 + ICMP + 6] = 44;
    bytes_put16(ip + 4, (uint16_t)(n + sizeof(atomic_fragment) - V6));
    assert_int_equal(icmp_decode(&e, ip, n + sizeof(atomic_fragment), NULL), STATUS_OK);
    assert_int_equal(e.seq.v, 0xe35a6da8);
    free(ip);
    free(plain);
}

UNIT_TEST(every_prefix)
{
    static const struct {
        const char *hex;
        size_t enough;
    } captures[] = {{PROHIBITED_V4, V4 + ICMP + V4 + 8},
                    {EXCEEDED_V4, V4 + ICMP + V4 + 8},
                    {PROHIBITED_V6, V6 + ICMP + V6 + 8}};
    for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
        size_t n;
        uint8_t *whole = unit_octets(captures[i].hex, &n);
        for (size_t cut = 0; cut <= n; cut++) {
            uint8_t *part = unit_copy(whole, cut);
            struct icmp_error e;
            struct fault fault = {""};
            enum status status = icmp_decode(&e, part, cut, &fault);
            assert_int_equal(status, cut < captures[i].enough ? STATUS_MALFORMED : STATUS_OK);
            assert_int_equal(fault.text[0] != '\0', status != STATUS_OK);
            free(part);
        }
        free(whole);
    }
}

UNIT_TEST(names)
{
    assert_string_equal(icmp_describe(4, 3, 0), "network unreachable");
    assert_string_equal(icmp_describe(4, 3, 3), "port unreachable");
    assert_string_equal(icmp_describe(4, 3, 13), "administratively prohibited");
    assert_string_equal(icmp_describe(4, 11, 0), "time to live exceeded");
    assert_string_equal(icmp_describe(6, 1, 4), "port unreachable");
    assert_string_equal(icmp_describe(6, 3, 0), "hop limit exceeded");
    assert_string_equal(icmp_describe(6, 2, 0), "packet too big");
    assert_string_equal(icmp_describe(6, 2, 77), "packet too big");
    assert_string_equal(icmp_describe(4, 3, 16), "ICMP error");
    assert_string_equal(icmp_describe(6, 11, 0), "ICMP error");
    assert_string_equal(icmp_describe(5, 3, 0), "ICMP error");
}

UNIT_TEST(too_big)
{
    static const struct {
        struct icmp_error e;
        uint32_t mtu; /* 0: it does not say that */
    } cases[] = {
        {{.ip_version = 4, .type = 3, .code = 4, .mtu = 1300}, 1300},
        {{.ip_version = 4, .type = 3, .code = 4, .mtu = 68}, 68},
        {{.ip_version = 4, .type = 3, .code = 4, .mtu = 67}, 0},
        {{.ip_version = 4, .type = 3, .code = 4}, 576},
        {{.ip_version = 4, .type = 3, .code = 3, .mtu = 1300}, 0},
        {{.ip_version = 4, .type = 11, .code = 4, .mtu = 1300}, 0},
        {{.ip_version = 6, .type = 2, .code = 9, .mtu = 1280}, 1280},
        {{.ip_version = 6, .type = 2, .mtu = 1279}, 0},
        {{.ip_version = 6, .type = 2}, 0},
        {{.ip_version = 6, .type = 3, .code = 4, .mtu = 1300}, 0},
        {{.ip_version = 0}, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t mtu = 0;
        bool is = icmp_too_big(&cases[i].e, &mtu);
        assert_int_equal(is, cases[i].mtu != 0);
        if (is)
            assert_int_equal(mtu, cases[i].mtu);
    }
}

UNIT_TEST(in_words)
{
    char text[ICMP_TEXT_MAX];
    struct icmp_error e = {.ip_version = 4, .type = 3, .code = 13};
    e.from = address_from_v4((const uint8_t[]){192, 0, 2, 9});
    assert_string_equal(icmp_say(&e, text), "192.0.2.9 says: administratively prohibited");
    e = (struct icmp_error){0};
    assert_string_equal(icmp_say(&e, text), "the next hop does not answer");
}

/* Every code of RFC 792, 1122, 1812 and 4443 has a name of its own within its type. */
UNIT_TEST(every_code_has_its_name)
{
    static const struct {
        uint8_t ip_version, type, codes;
    } types[] = {{4, 3, 16}, {4, 11, 2}, {4, 12, 3}, {6, 1, 7}, {6, 3, 2}, {6, 4, 3}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        for (uint8_t code = 0; code < types[i].codes; code++) {
            const char *name = icmp_describe(types[i].ip_version, types[i].type, code);
            assert_string_not_equal(name, "ICMP error");
            for (uint8_t other = 0; other < code; other++)
                assert_string_not_equal(name,
                                        icmp_describe(types[i].ip_version, types[i].type, other));
        }
}
