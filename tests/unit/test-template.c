/* Templates: whatever the numbers, what is written is to the octet what libnet builds. */
#include "unit.h"

#include "base/bytes.h"
#include "talk/syn_like.h"
#include "wire/template.h"

enum {
    ROUNDS = 5000,
    GUARD = 16,
    UNTOUCHED = 0xa5
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

static uint32_t any(uint64_t *random)
{
    return (uint32_t)(unit_random(random) >> 32);
}

/* Numbers at which a carry or a zero comes about are drawn often. */
static uint32_t any_number(uint64_t *random)
{
    static const uint32_t odd[] = {0, 1, 0xffff, 0x10000, 0xffff0000, 0xfffffffe, 0xffffffff};
    uint32_t pick = any(random);
    return pick % 4 == 0 ? odd[pick / 4 % (sizeof(odd) / sizeof(odd[0]))] : any(random);
}

static struct endpoint any_endpoint(uint64_t *random, bool v4)
{
    struct endpoint e = {.port = (uint16_t)any_number(random)};
    uint32_t words[4];
    for (size_t i = 0; i < 4; i++)
        words[i] = any_number(random);
    memcpy(e.ip.s6_addr, words, sizeof(words));
    if (v4)
        e.ip = address_from_v4((const uint8_t *)words);
    else
        e.ip.s6_addr[0] = 0x20; /* no mapped address */
    return e;
}

static struct segment like_syn(uint64_t *random, const struct syn_like *look, bool v4)
{
    struct segment s = {.src = any_endpoint(random, v4),
                        .dst = any_endpoint(random, v4),
                        .ttl = look->ttl,
                        .df = true,
                        .seq = seq_of(any(random)),
                        .flags = FLAG_SYN,
                        .win = look->win};
    s.opt = (struct options){.has_mss = true,
                             .mss = v4 ? 1460 : 1440,
                             .has_wscale = true,
                             .wscale = look->wscale,
                             .sack_permitted = true,
                             .has_timestamps = true,
                             .ts_val = any(random)};
    assert_int_equal(options_build(&s.opt, look->layout, NULL), STATUS_OK);
    return s;
}

/* As in `like` but for what template_write is given. */
static struct segment changed(uint64_t *random, const struct segment *like)
{
    bool v4 = address_is_v4(&like->src.ip);
    struct segment s = *like;
    size_t at;
    s.src = any_endpoint(random, v4);
    s.dst = any_endpoint(random, v4);
    s.seq = seq_of(any_number(random));
    if ((like->flags & FLAG_ACK) != 0)
        s.ack = seq_of(any_number(random));
    if (options_ts_val(&s.opt, &at)) {
        s.opt.ts_val = any_number(random);
        bytes_put32(s.opt.raw + at, s.opt.ts_val);
    }
    return s;
}

static void expect_same(struct craft *c, uint64_t *random, const struct segment *like)
{
    struct template t;
    assert_int_equal(template_init(&t, c, like, NULL), STATUS_OK);
    for (int round = 0; round < ROUNDS; round++) {
        struct segment want = changed(random, like);
        uint8_t built[TEMPLATE_MAX], out[TEMPLATE_MAX + GUARD];
        size_t len;
        memset(out, UNTOUCHED, sizeof(out));
        /* The acknowledgement and the timestamp are given even where there are none. */
        seq_t ack = (like->flags & FLAG_ACK) != 0 ? want.ack : seq_of(any(random));
        size_t n = template_write(&t, out, &want.src, &want.dst, want.seq, ack, want.opt.ts_val);
        if (t.own_id)
            want.ip_id = bytes_be16(out + 4);
        assert_int_equal(craft_segment(c, &want, NULL, 0, built, sizeof(built), &len, NULL),
                         STATUS_OK);
        assert_int_equal(n, len);
        assert_memory_equal(out, built, len);
        for (size_t i = len; i < sizeof(out); i++)
            assert_int_equal(out[i], UNTOUCHED);
    }
}

UNIT_TEST(every_syn)
{
    uint64_t random = 5;
    const struct syn_like *look;
    for (size_t i = 0; (look = syn_like_at(i)) != NULL; i++) {
        for (int v4 = 0; v4 < 2; v4++) {
            struct segment like = like_syn(&random, look, v4 != 0);
            expect_same(*state, &random, &like);
        }
    }
}

UNIT_TEST(resets)
{
    static const uint16_t flags[] = {FLAG_RST, FLAG_RST | FLAG_ACK};
    uint64_t random = 7;
    for (size_t i = 0; i < 4; i++) {
        bool v4 = i % 2 != 0;
        struct segment like = {.src = any_endpoint(&random, v4),
                               .dst = any_endpoint(&random, v4),
                               .ttl = 64,
                               .df = true,
                               .ack = seq_of(77), /* kept where ACK is not set */
                               .flags = flags[i / 2]};
        expect_same(*state, &random, &like);
    }
}

/* All that `like` may say, and timestamps at every place, odd ones too. */
UNIT_TEST(every_field)
{
    static const char *const layouts[] = {"T", "NT", "NNT", "WT", "MSTNW", "SWNT", "NTNT"};
    uint64_t random = 9;
    for (size_t i = 0; i < 2 * sizeof(layouts) / sizeof(layouts[0]); i++) {
        struct segment like = like_syn(&random, syn_like_at(0), i % 2 != 0);
        assert_int_equal(options_build(&like.opt, layouts[i / 2], NULL), STATUS_OK);
        like.opt.ts_ecr = any(&random);
        like.flags = any(&random) & FLAG_ALL;
        like.ack = seq_of(any(&random));
        like.urg = (uint16_t)any(&random);
        like.tos = (uint8_t)any(&random);
        like.df = i % 3 != 0;
        like.ip_id = i % 3 == 1 ? 0 : (uint16_t)(any(&random) | 1);
        expect_same(*state, &random, &like);
    }
}

/* Without DF each packet has an identification: none is 0, and few are the same. */
UNIT_TEST(identifications)
{
    uint64_t random = 11;
    struct template t;
    struct segment like = like_syn(&random, syn_like_at(0), true);
    like.df = false;
    expect_same(*state, &random, &like);
    assert_int_equal(template_init(&t, *state, &like, NULL), STATUS_OK);
    unsigned char seen[UINT16_MAX + 1] = {0};
    unsigned again = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct segment s = changed(&random, &like);
        uint8_t out[TEMPLATE_MAX];
        (void)template_write(&t, out, &s.src, &s.dst, s.seq, s.ack, 0);
        uint16_t id = bytes_be16(out + 4);
        assert_int_not_equal(id, 0);
        again += seen[id] != 0;
        seen[id] = 1;
    }
    assert_true(again < ROUNDS / 10);
    like.ip_id = 4711;
    expect_same(*state, &random, &like);
}

UNIT_TEST(refusals)
{
    uint64_t random = 13;
    struct template t;
    struct fault fault = {""};
    struct segment like = like_syn(&random, syn_like_at(0), true);
    like.dst = any_endpoint(&random, false);
    assert_int_equal(template_init(&t, *state, &like, &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "source is IPv4, destination is not");
    like = like_syn(&random, syn_like_at(0), true);
    like.checksum = SEGMENT_CHECKSUM_BAD;
    assert_int_equal(template_init(&t, *state, &like, &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "a template's checksums are right");
}

UNIT_GROUP(open_craft, close_craft)
