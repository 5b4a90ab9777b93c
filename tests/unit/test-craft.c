/* Encoding: what is crafted must decode to what was wanted, with a checksum that another
 * implementation (segment_decode's) finds right, or wrong when it shall be. */
#include "unit.h"

#include "base/bytes.h"
#include "wire/checksum.h"
#include "wire/craft.h"

enum {
    V4 = 20,
    V6 = 40,
    TCP = 20
};

static int open_craft(void **state)
{
    *state = craft_new(NULL);
    return *state != NULL ? 0 : -1;
}

static int close_craft(void **state)
{
    craft_free(*state);
    return 0;
}

static struct segment plain(bool v4)
{
    struct segment s = {
        .src.port = 40000,
        .dst.port = 80,
        .ttl = 64,
        .df = true,
        .seq = {0xfffffffe},
        .ack = {1},
        .flags = FLAG_ACK,
        .win = 65535,
    };
    memset(s.src.ip.s6_addr, 0x20, sizeof(s.src.ip.s6_addr));
    memset(s.dst.ip.s6_addr, 0x21, sizeof(s.dst.ip.s6_addr));
    if (v4) {
        s.src.ip = address_from_v4((const uint8_t[4]){192, 0, 2, 1});
        s.dst.ip = address_from_v4((const uint8_t[4]){192, 0, 2, 2});
    }
    return s;
}

/* Every field drawn at random, options included; they need not make sense. */
static struct segment any_segment(uint64_t *random)
{
    struct segment s = plain(unit_random(random) % 2 != 0);
    uint8_t noise[OPTIONS_MAX];
    for (size_t i = 12; i < 16; i++) {
        s.src.ip.s6_addr[i] = (uint8_t)unit_random(random);
        s.dst.ip.s6_addr[i] = (uint8_t)unit_random(random);
    }
    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (uint8_t)unit_random(random);
    options_parse(&s.opt, noise, unit_random(random) % 11 * 4);
    s.src.port = (uint16_t)unit_random(random);
    s.dst.port = (uint16_t)unit_random(random);
    s.ttl = (uint8_t)unit_random(random);
    s.tos = (uint8_t)unit_random(random);
    s.df = unit_random(random) % 2 != 0;
    s.ip_id = (uint16_t)unit_random(random);
    s.seq = seq_of((uint32_t)unit_random(random));
    s.ack = seq_of((uint32_t)unit_random(random));
    s.flags = unit_random(random) & FLAG_ALL;
    s.win = (uint16_t)unit_random(random);
    s.urg = (uint16_t)unit_random(random);
    if (unit_random(random) % 8 == 0)
        s.checksum = SEGMENT_CHECKSUM_BAD;
    return s;
}

static void expect_same(const struct segment *want, const struct segment *got)
{
    bool v4 = address_is_v4(&want->src.ip);
    assert_true(endpoint_equal(&want->src, &got->src));
    assert_true(endpoint_equal(&want->dst, &got->dst));
    assert_int_equal(got->ip_version, v4 ? 4 : 6);
    assert_int_equal(got->ttl, want->ttl);
    assert_int_equal(got->tos, want->tos);
    assert_int_equal(got->df, v4 ? want->df : true);
    assert_int_equal(got->ip_id, v4 ? want->ip_id : 0);
    assert_int_equal(got->seq.v, want->seq.v);
    assert_int_equal(got->ack.v, want->ack.v);
    assert_int_equal(got->flags, want->flags);
    assert_int_equal(got->win, want->win);
    assert_int_equal(got->urg, want->urg);
    assert_int_equal(got->checksum, want->checksum);
    assert_int_equal(got->opt.raw_len, want->opt.raw_len);
    assert_memory_equal(got->opt.raw, want->opt.raw, want->opt.raw_len);
}

UNIT_TEST(round_trips)
{
    uint64_t random = 3;
    for (int round = 0; round < 20000; round++) {
        struct segment want = any_segment(&random), got;
        uint8_t data[64], out[256];
        size_t n = unit_random(&random) % (sizeof(data) + 1), len = 0;
        for (size_t i = 0; i < n; i++)
            data[i] = (uint8_t)unit_random(&random);
        assert_int_equal(craft_segment(*state, &want, data, n, out, sizeof(out), &len, NULL),
                         STATUS_OK);
        assert_int_equal(segment_decode(&got, out, len, NULL), STATUS_OK);
        expect_same(&want, &got);
        assert_int_equal(got.raw_len, len);
        assert_int_equal(got.len, n);
        assert_memory_equal(got.raw + got.data_off, data, n);
        if (got.ip_version == 4)
            assert_int_equal(checksum_sum(0, out, V4), 0xffff);
    }
}

UNIT_TEST(every_flag_set_both_families)
{
    for (unsigned flags = 0; flags <= FLAG_ALL; flags++) {
        struct segment want = plain(flags % 3 != 0), got;
        uint8_t out[V6 + TCP];
        size_t len;
        want.flags = (uint16_t)flags;
        assert_int_equal(craft_segment(*state, &want, NULL, 0, out, sizeof(out), &len, NULL),
                         STATUS_OK);
        assert_int_equal(segment_decode(&got, out, len, NULL), STATUS_OK);
        assert_int_equal(got.flags, flags);
        assert_int_equal(got.checksum, SEGMENT_CHECKSUM_OK);
    }
}

/* The SYN that Linux sent on a veth pair, octet for octet but for what the kernel left undone. */
UNIT_TEST(a_linux_syn)
{
    static const char hex[] = "4500003ce245400040061b300a090901c6336409e9680050c82e8910"
                              "00000000a002faf000000000020405b40402080a0629608100000000"
                              "0103030a";
    size_t n, len;
    uint8_t *octets = unit_octets(hex, &n);
    struct segment linux_syn, got;
    uint8_t out[128];
    assert_int_equal(segment_decode(&linux_syn, octets, n, NULL), STATUS_OK);
    linux_syn.checksum = SEGMENT_CHECKSUM_OK;
    assert_int_equal(options_build(&linux_syn.opt, "MSTNW", NULL), STATUS_OK);
    assert_int_equal(craft_segment(*state, &linux_syn, NULL, 0, out, sizeof(out), &len, NULL),
                     STATUS_OK);
    assert_int_equal(segment_decode(&got, out, len, NULL), STATUS_OK);
    assert_int_equal(got.checksum, SEGMENT_CHECKSUM_OK);
    bytes_put16(out + V4 + 16, 0);
    assert_int_equal(len, n);
    assert_memory_equal(out, octets, n);
    free(octets);
}

/* Whatever the right checksum is: the urgent pointer takes it through all values. */
UNIT_TEST(a_bad_checksum_is_always_bad)
{
    for (unsigned i = 0; i < 2 * (UINT16_MAX + 1); i++) {
        struct segment want = plain(i % 2 != 0), got;
        uint8_t out[V6 + TCP];
        size_t len;
        want.urg = (uint16_t)(i / 2);
        want.checksum = SEGMENT_CHECKSUM_BAD;
        assert_int_equal(craft_segment(*state, &want, NULL, 0, out, sizeof(out), &len, NULL),
                         STATUS_OK);
        assert_int_equal(segment_decode(&got, out, len, NULL), STATUS_OK);
        assert_int_equal(got.checksum, SEGMENT_CHECKSUM_BAD);
    }
}

UNIT_TEST(the_largest)
{
    uint8_t *data = calloc(1, CRAFT_MAX), *out = malloc(CRAFT_MAX);
    assert_non_null(data);
    assert_non_null(out);
    for (int family = 0; family < 2; family++) {
        struct segment want = plain(family == 0), got;
        size_t n = CRAFT_MAX - TCP - (family == 0 ? V4 : V6), len;
        memset(data, 0xa5, n);
        assert_int_equal(craft_segment(*state, &want, data, n, out, CRAFT_MAX, &len, NULL),
                         STATUS_OK);
        assert_int_equal(len, CRAFT_MAX);
        assert_int_equal(segment_decode(&got, out, len, NULL), STATUS_OK);
        assert_int_equal(got.len, n);
        assert_int_equal(got.checksum, SEGMENT_CHECKSUM_OK);
        assert_memory_equal(got.raw + got.data_off, data, n);
        assert_int_equal(craft_segment(*state, &want, data, n + 1, out, SIZE_MAX, &len, NULL),
                         STATUS_MALFORMED);
    }
    free(out);
    free(data);
}

UNIT_TEST(refusals)
{
    struct segment want = plain(true), v6 = plain(false);
    struct fault fault;
    uint8_t out[64] = {0};
    size_t len = 7;
    want.dst = v6.dst;
    assert_int_equal(craft_segment(*state, &want, NULL, 0, out, sizeof(out), &len, &fault),
                     STATUS_MALFORMED);
    assert_string_equal(fault.text, "source is IPv4, destination is not");
    want = plain(true);
    want.opt.raw_len = 3;
    assert_int_equal(craft_segment(*state, &want, NULL, 0, out, sizeof(out), &len, NULL),
                     STATUS_MALFORMED);
    want.opt.raw_len = OPTIONS_MAX + 4;
    assert_int_equal(craft_segment(*state, &want, NULL, 0, out, sizeof(out), &len, NULL),
                     STATUS_MALFORMED);
    want.opt.raw_len = 0;
    assert_int_equal(craft_segment(*state, &want, "x", 1, out, V4 + TCP, &len, NULL),
                     STATUS_MALFORMED);
    assert_int_equal(craft_segment(*state, &want, "x", SIZE_MAX, out, sizeof(out), &len, NULL),
                     STATUS_MALFORMED);
    assert_int_equal(craft_segment(*state, &want, NULL, 0, out, V4 + TCP - 1, &len, NULL),
                     STATUS_MALFORMED);
    assert_int_equal(len, 7); /* a refusal writes nothing */
    assert_int_equal(out[0], 0);
    assert_int_equal(craft_segment(*state, &want, NULL, 0, out, V4 + TCP, &len, NULL), STATUS_OK);
}

/* RFC 1624's own example, which the first formula published for this got wrong. */
UNIT_TEST(checksum_update_at_the_corner)
{
    assert_int_equal(checksum_update(0xdd2f, 0x5555, 0x3285), 0x0000);
}

UNIT_TEST(checksum_of_odd_octets)
{
    static const uint8_t octets[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    assert_int_equal(checksum_sum(0, octets, 8), 0xddf2); /* the example of RFC 1071 3 */
    assert_int_equal(checksum_sum(0, octets, 7), 0xdcfb);
    assert_int_equal(checksum_sum(0x1234, octets, 0), 0x1234);
}

UNIT_GROUP(open_craft, close_craft)
