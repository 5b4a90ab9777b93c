/* TCP options: what stacks send, what nobody should send, and the layouts we send. */
#include "unit.h"

#include <stdio.h>

#include "wire/options.h"

static struct options parsed(const char *hex)
{
    struct options o;
    size_t n;
    uint8_t *data = unit_octets(hex, &n);
    options_parse(&o, data, n);
    assert_int_equal(o.raw_len, n);
    assert_memory_equal(o.raw, data, n);
    free(data);
    return o;
}

UNIT_TEST(a_linux_syn)
{
    struct options o = parsed("0204ffd7 0402 080a 4470c1b8 00000000 01 03030a");
    assert_true(o.has_mss && o.has_wscale && o.sack_permitted && o.has_timestamps);
    assert_false(o.has_fastopen || o.malformed);
    assert_int_equal(o.mss, 65495);
    assert_int_equal(o.wscale, 10);
    assert_int_equal(o.ts_val, 0x4470c1b8);
    assert_int_equal(o.ts_ecr, 0);
    assert_int_equal(o.sack_count, 0);
}

UNIT_TEST(sack_blocks)
{
    struct options o = parsed("0101 0522 00000001 00000002 00000003 00000004 fffffff0 00000010"
                              "80000000 80000001 0101");
    assert_int_equal(o.sack_count, 4);
    assert_int_equal(o.sack[0].left.v, 1);
    assert_int_equal(o.sack[2].left.v, 0xfffffff0);
    assert_int_equal(o.sack[2].right.v, 0x10);
    assert_int_equal(o.sack[3].right.v, 0x80000001);
    assert_false(o.malformed);
}

UNIT_TEST(fast_open_and_strangers)
{
    struct options o = parsed("2202 fd06aabbccdd 13040000 020405b4");
    assert_true(o.has_fastopen && o.has_mss);
    assert_false(o.malformed);
}

UNIT_TEST(end_of_list_ends)
{
    struct options o = parsed("00 020405b4 0303ff");
    assert_false(o.has_mss || o.has_wscale || o.malformed);
}

UNIT_TEST(impossible_lengths)
{
    static const char *const bad[] = {
        "0300",                /* zero */
        "0301",                /* not even its own two octets */
        "03",                  /* nothing after the kind */
        "0303",                /* beyond the end */
        "030405 00",           /* not a window scale's */
        "0205000000 000000",   /* not an MSS's */
        "0403ff",              /* SACK permitted carries nothing */
        "0502",                /* SACK without a block */
        "0507 0000000000",     /* part of a block */
        "0809 00000000000000", /* a timestamp too few */
        "fe00",
        "ffff00",
        "feff",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char hex[64];
        (void)snprintf(hex, sizeof(hex), "020405b4%s", bad[i]);
        struct options o = parsed(hex);
        assert_true(o.malformed);
        assert_true(o.has_mss);
        assert_int_equal(o.mss, 1460);
        assert_false(o.has_wscale || o.sack_permitted || o.has_timestamps || o.sack_count != 0);
    }
}

UNIT_TEST(garbage_of_every_length)
{
    uint64_t random = 1;
    for (int round = 0; round < 20000; round++) {
        uint8_t octets[OPTIONS_MAX];
        size_t n = unit_random(&random) % (OPTIONS_MAX + 1);
        for (size_t i = 0; i < n; i++)
            octets[i] = (uint8_t)(unit_random(&random) % (round % 2 != 0 ? 256 : 12));
        uint8_t *data = unit_copy(octets, n);
        struct options o;
        options_parse(&o, data, n);
        assert_int_equal(o.raw_len, n);
        assert_in_range(o.sack_count, 0, OPTIONS_SACK_MAX);
        free(data);
    }
}

static const struct options everything = {
    .has_mss = true,
    .has_wscale = true,
    .sack_permitted = true,
    .has_timestamps = true,
    .mss = 1460,
    .wscale = 7,
    .ts_val = 0x01020304,
    .ts_ecr = 0xa0b0c0d0,
};

static void expect_layout(const struct options *from, const char *layout, const char *hex)
{
    struct options o = *from;
    size_t n;
    uint8_t *octets = unit_octets(hex, &n);
    assert_int_equal(options_build(&o, layout, NULL), STATUS_OK);
    assert_int_equal(o.raw_len, n);
    assert_memory_equal(o.raw, octets, n);
    free(octets);
}

UNIT_TEST(layouts_of_stacks)
{
    expect_layout(&everything, "MSTNW", "020405b4 0402 080a01020304a0b0c0d0 01 030307");
    expect_layout(&everything, "MNWNNS", "020405b4 01 030307 01 01 0402");
    expect_layout(&everything, "MNWST", "020405b4 01 030307 0402 080a01020304a0b0c0d0");
    expect_layout(&everything, "M", "020405b4");
    expect_layout(&everything, "NNT", "01 01 080a01020304a0b0c0d0");
    expect_layout(&everything, "", "");
}

UNIT_TEST(absent_options_leave_only_themselves_out)
{
    struct options o = everything;
    o.has_timestamps = false;
    expect_layout(&o, "MSTNW", "020405b4 0402 01 030307 0000");
    expect_layout(&o, "NNT", "0101 0000");
    o = (struct options){.has_mss = true, .mss = 536};
    expect_layout(&o, "MSTNW", "02040218 01 000000");
    expect_layout(&o, "MNWNNS", "02040218 010101 00");
    o = (struct options){0};
    expect_layout(&o, "M", "");
    expect_layout(&o, "E", "00000000");
}

UNIT_TEST(layouts_refused)
{
    struct options o = everything;
    struct fault fault;
    assert_int_equal(options_build(&o, "MX", &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "'X' in option layout 'MX' is none of M W S T N E");
    assert_int_equal(options_build(&o, "TTTT", NULL), STATUS_OK); /* exactly 40 */
    assert_int_equal(o.raw_len, OPTIONS_MAX);
    assert_int_equal(options_build(&o, "TTTTN", &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "option layout 'TTTTN' needs more than 40 octets");
    assert_int_equal(options_build(&o, "TTTMMMM", NULL), STATUS_MALFORMED);
    assert_int_equal(o.raw_len, OPTIONS_MAX); /* a refusal leaves what was there */
}

UNIT_TEST(what_is_built_parses_back)
{
    static const char *const layouts[] = {"MSTNW", "MNWNNS", "MNWST", "M", "NNT"};
    uint64_t random = 2;
    for (int round = 0; round < 5000; round++) {
        uint64_t r = unit_random(&random);
        const char *layout = layouts[r % 5];
        struct options o = {
            .has_mss = (r & 8) != 0 && strchr(layout, 'M') != NULL,
            .has_wscale = (r & 16) != 0 && strchr(layout, 'W') != NULL,
            .sack_permitted = (r & 32) != 0 && strchr(layout, 'S') != NULL,
            .has_timestamps = (r & 64) != 0 && strchr(layout, 'T') != NULL,
        };
        o.mss = o.has_mss ? (uint16_t)(r >> 16) : 0;
        o.wscale = o.has_wscale ? (uint8_t)(r >> 8) : 0;
        o.ts_val = o.has_timestamps ? (uint32_t)unit_random(&random) : 0;
        o.ts_ecr = o.has_timestamps ? (uint32_t)unit_random(&random) : 0;
        assert_int_equal(options_build(&o, layout, NULL), STATUS_OK);
        assert_int_equal(o.raw_len % 4, 0);
        struct options back;
        options_parse(&back, o.raw, o.raw_len);
        assert_false(back.malformed);
        assert_int_equal(back.has_mss, o.has_mss);
        assert_int_equal(back.has_wscale, o.has_wscale);
        assert_int_equal(back.sack_permitted, o.sack_permitted);
        assert_int_equal(back.has_timestamps, o.has_timestamps);
        assert_int_equal(back.mss, o.mss);
        assert_int_equal(back.wscale, o.wscale);
        assert_int_equal(back.ts_val, o.ts_val);
        assert_int_equal(back.ts_ecr, o.ts_ecr);
    }
}

UNIT_TEST(texts)
{
    char text[160];
    struct options o = {0};
    assert_string_equal(options_format(&o, text, sizeof(text)), "none");
    o = parsed("020405b4 0402 080a 0000000c 00000000 01 030307");
    assert_string_equal(options_format(&o, text, sizeof(text)), "mss 1460, sackOK, ts 12 0, ws 7");
    o = parsed("0512 00000001 00000002 fffffff0 00000003 2202 00ff");
    assert_string_equal(options_format(&o, text, sizeof(text)), "sack 1-2 4294967280-3, fastopen");
    o = parsed("0200");
    assert_string_equal(options_format(&o, text, sizeof(text)), "malformed");
}

UNIT_TEST(texts_are_cut_to_the_room)
{
    struct options o = everything;
    char whole[160];
    (void)options_format(&o, whole, sizeof(whole));
    for (size_t cap = 1; cap <= strlen(whole) + 3; cap++) {
        char *text = malloc(cap);
        assert_non_null(text);
        (void)options_format(&o, text, cap);
        assert_memory_equal(text, whole, strlen(text));
        free(text);
    }
}
