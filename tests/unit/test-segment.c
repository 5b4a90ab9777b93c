/* Decoding of segments: octets captured from Linux 6.18 on loopback and on a veth pair, variations
 * of them, and everything cut short. */
#include "unit.h"

#include "base/bytes.h"
#include "wire/checksum.h"
#include "wire/segment.h"

enum {
    V4 = 20,
    V6 = 40,
    TCP = 20
};

/* Loopback, 127.0.0.1: the handshake's SYN, whose checksum the kernel left to an interface that
 * never computes it; a segment with data; a RST from a closed port, which the kernel sums up. */
#define SYN_V4                                                                                     \
    "4500003c7e8e40004006be2b7f0000017f000001a99a1f905ae861c000000000a002ffd7fe300000"             \
    "0204ffd70402080a4470c1b8000000000103030a"
#define DATA_V4                                                                                    \
    "450000397e9040004006be2c7f0000017f000001a99a1f905ae861c174109fdf80180040fe2d0000"             \
    "0101080a4470c1b8282e4d6a68656c6c6f"
#define RST_V4 "450000280000400040063cce7f0000017f0000011f91e2d600000000601caf4450140000a0050000"

/* Loopback, ::1. */
#define SYN_ACK_V6                                                                                 \
    "600964aa0028064000000000000000000000000000000001000000000000000000000000000000011f90e4ee"     \
    "af1207c35d5b4c71a012ffb8003000000204ffc40402080ac7e28b61be6ff96e0103030a"
#define FIN_V6                                                                                     \
    "6005ccd60020064000000000000000000000000000000001000000000000000000000000000000"               \
    "01e4ee1f905d5b4c76af1207c480110040002800000101080abe6ff96ec7e28b61"

/* The start of a segment of 223264 octets before segmentation offload (a jumbogram). */
#define JUMBO_V6                                                                                   \
    "6004190600000040000000000000000000000000000000010000000000000000000000000000000106"           \
    "00c20400036828b9ca1f90b81a699da0f24cc780180040682b00000101080a364395d6786c9919"

static enum status decode(struct segment *s, const uint8_t *ip, size_t n)
{
    struct fault fault = {""};
    enum status status = segment_decode(s, ip, n, &fault);
    assert_int_equal(fault.text[0] != '\0', status != STATUS_OK);
    return status;
}

/* Sums the segment up as a sender without offload does. */
static void set_checksum(uint8_t *ip, const struct segment *s)
{
    uint8_t *tcp = ip + s->tcp_off;
    size_t len = s->raw_len - s->tcp_off;
    bytes_put16(tcp + 16, 0);
    uint16_t pseudo = checksum_tcp_pseudo(&s->src.ip, &s->dst.ip, len);
    bytes_put16(tcp + 16, (uint16_t)~checksum_sum(pseudo, tcp, len));
}

UNIT_TEST(a_syn)
{
    size_t n;
    uint8_t *ip = unit_octets(SYN_V4, &n);
    struct segment s;
    char text[ENDPOINT_TEXT_MAX];
    assert_int_equal(decode(&s, ip, n), STATUS_OK);
    assert_string_equal(endpoint_format(&s.src, text), "127.0.0.1:43418");
    assert_string_equal(endpoint_format(&s.dst, text), "127.0.0.1:8080");
    assert_int_equal(s.ip_version, 4);
    assert_int_equal(s.ttl, 64);
    assert_int_equal(s.tos, 0);
    assert_true(s.df);
    assert_int_equal(s.ip_id, 0x7e8e);
    assert_int_equal(s.seq.v, 0x5ae861c0);
    assert_int_equal(s.ack.v, 0);
    assert_int_equal(s.flags, FLAG_SYN);
    assert_int_equal(s.win, 0xffd7);
    assert_int_equal(s.urg, 0);
    assert_int_equal(s.checksum, SEGMENT_CHECKSUM_OFFLOADED);
    assert_int_equal(s.opt.mss, 65495);
    assert_int_equal(s.opt.wscale, 10);
    assert_int_equal(s.opt.ts_val, 0x4470c1b8);
    assert_int_equal(s.len, 0);
    assert_ptr_equal(s.raw, ip);
    assert_int_equal(s.raw_len, n);
    assert_int_equal(s.tcp_off, V4);
    assert_int_equal(s.data_off, n);
    free(ip);
}

UNIT_TEST(a_syn_ack_over_v6)
{
    size_t n;
    uint8_t *ip = unit_octets(SYN_ACK_V6, &n);
    struct segment s;
    char text[ENDPOINT_TEXT_MAX];
    assert_int_equal(decode(&s, ip, n), STATUS_OK);
    assert_string_equal(endpoint_format(&s.src, text), "[::1]:8080");
    assert_int_equal(s.dst.port, 58606);
    assert_int_equal(s.ip_version, 6);
    assert_int_equal(s.ttl, 64);
    assert_true(s.df);
    assert_int_equal(s.ip_id, 0);
    assert_int_equal(s.seq.v, 0xaf1207c3);
    assert_int_equal(s.ack.v, 0x5d5b4c71);
    assert_int_equal(s.flags, FLAG_SYN | FLAG_ACK);
    assert_int_equal(s.checksum, SEGMENT_CHECKSUM_OFFLOADED);
    assert_int_equal(s.tcp_off, V6);
    free(ip);
}

UNIT_TEST(data_and_its_length)
{
    size_t n;
    uint8_t *ip = unit_octets(DATA_V4, &n);
    struct segment s;
    assert_int_equal(decode(&s, ip, n), STATUS_OK);
    assert_int_equal(s.len, 5);
    assert_memory_equal(s.raw + s.data_off, "hello", 5);
    assert_int_equal(segment_seq_len(&s), 5);
    assert_int_equal(segment_end(&s).v, 0x5ae861c6);
    free(ip);
}

UNIT_TEST(syn_and_fin_take_a_number_each)
{
    struct segment s = {.seq = {0xffffffff}, .flags = FLAG_ACK | FLAG_RST};
    assert_int_equal(segment_seq_len(&s), 0);
    s.flags = FLAG_FIN | FLAG_ACK;
    assert_int_equal(segment_seq_len(&s), 1);
    assert_int_equal(segment_end(&s).v, 0);
    s.flags = FLAG_SYN | FLAG_FIN;
    s.len = 10;
    assert_int_equal(segment_seq_len(&s), 12);
    assert_int_equal(segment_end(&s).v, 11);
}

/* The checksum word of one packet through all four verdicts. */
UNIT_TEST(checksum_verdicts)
{
    static const char *const captures[] = {SYN_V4, DATA_V4, SYN_ACK_V6, FIN_V6};
    for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
        size_t n;
        uint8_t *ip = unit_octets(captures[i], &n);
        struct segment s;
        assert_int_equal(decode(&s, ip, n), STATUS_OK);
        assert_int_equal(s.checksum, SEGMENT_CHECKSUM_OFFLOADED);
        set_checksum(ip, &s);
        assert_int_equal(decode(&s, ip, n), STATUS_OK);
        assert_int_equal(s.checksum, SEGMENT_CHECKSUM_OK);
        ip[s.tcp_off + 5] ^= 0x10;
        assert_int_equal(decode(&s, ip, n), STATUS_OK);
        assert_int_equal(s.checksum, SEGMENT_CHECKSUM_BAD);
        free(ip);
    }
    size_t n;
    uint8_t *ip = unit_octets(DATA_V4, &n);
    struct segment s;
    assert_int_equal(decode(&s, ip, n - 1), STATUS_OK);
    assert_int_equal(s.checksum, SEGMENT_CHECKSUM_UNKNOWN);
    assert_int_equal(s.len, 5); /* the IP header still tells */
    assert_int_equal(s.raw_len - s.data_off, 4);
    free(ip);
    ip = unit_octets(RST_V4, &n); /* summed up by the kernel, not by this code */
    assert_int_equal(decode(&s, ip, n), STATUS_OK);
    assert_int_equal(s.checksum, SEGMENT_CHECKSUM_OK);
    free(ip);
}

UNIT_TEST(padding_is_not_data)
{
    size_t n;
    uint8_t *rst = unit_octets(RST_V4, &n);
    uint8_t *padded = calloc(1, n + 6);
    struct segment s;
    assert_non_null(padded);
    memcpy(padded, rst, n);
    memset(padded + n, 0xa5, 6);
    assert_int_equal(decode(&s, padded, n + 6), STATUS_OK);
    assert_int_equal(s.raw_len, n);
    assert_int_equal(s.len, 0);
    assert_int_equal(s.checksum, SEGMENT_CHECKSUM_OK);
    free(padded);
    free(rst);
}

UNIT_TEST(no_length_means_to_the_end)
{
    size_t n;
    uint8_t *ip = unit_octets(DATA_V4, &n);
    struct segment s;
    bytes_put16(ip + 2, 0);
    assert_int_equal(decode(&s, ip, n), STATUS_OK);
    assert_int_equal(s.len, 5);
    assert_int_equal(s.checksum, SEGMENT_CHECKSUM_OFFLOADED);
    assert_int_equal(decode(&s, ip, n - 2), STATUS_OK);
    assert_int_equal(s.len, 3);
    assert_int_equal(s.checksum, SEGMENT_CHECKSUM_UNKNOWN); /* may have been cut, who knows */
    free(ip);
}

UNIT_TEST(a_jumbogram)
{
    enum {
        ON_WIRE = V6 + 223272
    };
    size_t n;
    uint8_t *start = unit_octets(JUMBO_V6, &n);
    uint8_t *ip = malloc(ON_WIRE);
    struct segment s;
    assert_non_null(ip);
    memset(ip, 'x', ON_WIRE);
    memcpy(ip, start, n);
    assert_int_equal(decode(&s, ip, ON_WIRE), STATUS_OK);
    assert_int_equal(s.tcp_off, V6 + 8);
    assert_int_equal(s.len, ON_WIRE - n);
    assert_int_equal(s.checksum, SEGMENT_CHECKSUM_OFFLOADED);
    free(ip);
    free(start);
}

/* Puts `n` octets between the IP header and what follows it. The caller frees. */
static uint8_t *with_inserted(const uint8_t *ip, size_t *len, size_t at, const char *hex)
{
    size_t n;
    uint8_t *more = unit_octets(hex, &n);
    uint8_t *out = malloc(*len + n);
    assert_non_null(out);
    memcpy(out, ip, at);
    memcpy(out + at, more, n);
    memcpy(out + at + n, ip + at, *len - at);
    *len += n;
    free(more);
    return out;
}

UNIT_TEST(v4_options_are_stepped_over)
{
    size_t n;
    uint8_t *plain = unit_octets(RST_V4, &n);
    uint8_t *ip = with_inserted(plain, &n, V4, "94040000 01010101"); /* router alert */
    struct segment s;
    ip[0] = 0x47;
    bytes_put16(ip + 2, (uint16_t)n);
    assert_int_equal(decode(&s, ip, n), STATUS_OK);
    assert_int_equal(s.tcp_off, 28);
    assert_int_equal(s.flags, FLAG_RST | FLAG_ACK);
    assert_int_equal(s.checksum, SEGMENT_CHECKSUM_OK);
    free(ip);
    free(plain);
}

/* FIN_V6 summed up, with extension headers before the segment; `first` is their first kind. */
static enum status decode_extended(struct segment *s, uint8_t first, const char *extensions)
{
    size_t n;
    uint8_t *plain = unit_octets(FIN_V6, &n);
    assert_int_equal(decode(s, plain, n), STATUS_OK);
    set_checksum(plain, s);
    uint8_t *ip = with_inserted(plain, &n, V6, extensions);
    ip[6] = first;
    bytes_put16(ip + 4, (uint16_t)(n - V6));
    enum status status = decode(s, ip, n);
    for (size_t cut = 0; cut < n; cut++) {
        struct segment part;
        uint8_t *copy = unit_copy(ip, cut);
        enum status cut_status = decode(&part, copy, cut);
        assert_true(cut_status != STATUS_OK || cut >= s->data_off);
        free(copy);
    }
    s->raw = NULL; /* gone with the packet */
    free(ip);
    free(plain);
    return status;
}

UNIT_TEST(v6_extension_headers)
{
    struct segment s;
    /* hop-by-hop with padding, destination options of 16 octets, an atomic fragment */
    assert_int_equal(decode_extended(&s, 0,
                                     "3c00010400000000"
                                     "2c01010c000000000000000000000000"
                                     "06000000deadbeef"),
                     STATUS_OK);
    assert_int_equal(s.tcp_off, V6 + 32);
    assert_int_equal(s.flags, FLAG_FIN | FLAG_ACK);
    assert_int_equal(s.len, 0);
    assert_int_equal(s.checksum, SEGMENT_CHECKSUM_OK);
    /* a routing header that has arrived, and one with a hop to go: its checksum is over another
     * destination */
    assert_int_equal(decode_extended(&s, 43, "0600040000000000"), STATUS_OK);
    assert_int_equal(s.checksum, SEGMENT_CHECKSUM_OK);
    assert_int_equal(decode_extended(&s, 43, "0600040100000000"), STATUS_OK);
    assert_int_equal(s.checksum, SEGMENT_CHECKSUM_UNKNOWN);
}

UNIT_TEST(v6_fragments_are_not_put_together)
{
    struct segment s;
    assert_int_equal(decode_extended(&s, 44, "06000001deadbeef"), STATUS_MALFORMED);
    assert_int_equal(decode_extended(&s, 44, "06000008deadbeef"), STATUS_MALFORMED);
    /* what follows a later fragment's header is data, whatever it looks like */
    assert_int_equal(decode_extended(&s, 44, "00000008deadbeef06ff000000000000"), STATUS_NOT_OURS);
    assert_int_equal(decode_extended(&s, 44, "2c000001deadbeef0600000000000000"), STATUS_MALFORMED);
}

UNIT_TEST(v4_fragments_are_not_put_together)
{
    static const uint16_t words[] = {0x2000, 0x0001, 0x3fff, 0x6000};
    size_t n;
    uint8_t *ip = unit_octets(SYN_V4, &n);
    struct segment s;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        bytes_put16(ip + 6, words[i]);
        assert_int_equal(decode(&s, ip, n), STATUS_MALFORMED);
    }
    bytes_put16(ip + 6, 0x8000); /* the reserved bit is nobody's business */
    assert_int_equal(decode(&s, ip, n), STATUS_OK);
    assert_false(s.df);
    free(ip);
}

UNIT_TEST(other_protocols_are_not_ours)
{
    size_t n;
    struct segment s;
    uint8_t *ip = unit_octets(SYN_V4, &n);
    ip[9] = 17;
    assert_int_equal(decode(&s, ip, n), STATUS_NOT_OURS);
    ip[0] = 0x55;
    assert_int_equal(decode(&s, ip, n), STATUS_NOT_OURS);
    free(ip);
    ip = unit_octets(FIN_V6, &n);
    ip[6] = 58;
    assert_int_equal(decode(&s, ip, n), STATUS_NOT_OURS);
    ip[6] = 59; /* no next header */
    assert_int_equal(decode(&s, ip, n), STATUS_NOT_OURS);
    free(ip);
}

/* Changes one octet of a capture and expects it to be refused. */
static void expect_malformed(const char *hex, size_t at, uint8_t octet)
{
    size_t n;
    uint8_t *ip = unit_octets(hex, &n);
    struct segment s;
    ip[at] = octet;
    assert_int_equal(decode(&s, ip, n), STATUS_MALFORMED);
    free(ip);
}

UNIT_TEST(impossible_headers)
{
    expect_malformed(RST_V4, 0, 0x44);       /* IPv4 header of 16 octets */
    expect_malformed(RST_V4, 0, 0x4f);       /* leaves too little for TCP */
    expect_malformed(RST_V4, 3, 39);         /* total length */
    expect_malformed(RST_V4, 3, 19);         /* shorter than its own header */
    expect_malformed(RST_V4, V4 + 12, 0x40); /* data offset 4 */
    expect_malformed(RST_V4, V4 + 12, 0x00); /* 0 */
    expect_malformed(RST_V4, V4 + 12, 0x60); /* beyond the end of the segment */
    expect_malformed(FIN_V6, 5, 31);         /* payload length less than the TCP header's */
    expect_malformed(FIN_V6, V6 + 12, 0xf0);
}

UNIT_TEST(malformed_options_are_no_failure)
{
    size_t n;
    uint8_t *ip = unit_octets(SYN_V4, &n);
    struct segment s;
    ip[V4 + TCP + 5] = 0; /* the length of SACK permitted */
    assert_int_equal(decode(&s, ip, n), STATUS_OK);
    assert_true(s.opt.malformed);
    assert_true(s.opt.has_mss);
    assert_false(s.opt.has_timestamps);
    free(ip);
}

UNIT_TEST(all_flag_bits)
{
    size_t n;
    uint8_t *ip = unit_octets(RST_V4, &n);
    struct segment s;
    for (unsigned flags = 0; flags <= FLAG_ALL; flags++) {
        bytes_put16(ip + V4 + 12, (uint16_t)(0x5000 | flags));
        assert_int_equal(decode(&s, ip, n), STATUS_OK);
        assert_int_equal(s.flags, flags);
    }
    free(ip);
}

/* Every prefix either decodes, when all headers are there, or is refused as cut short. */
UNIT_TEST(every_prefix)
{
    static const struct {
        const char *hex;
        size_t headers;
    } captures[] = {{SYN_V4, 60}, {DATA_V4, 52}, {RST_V4, 40}, {SYN_ACK_V6, 80}, {FIN_V6, 72}};
    for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
        size_t n;
        uint8_t *whole = unit_octets(captures[i].hex, &n);
        for (size_t cut = 0; cut <= n; cut++) {
            uint8_t *part = unit_copy(whole, cut);
            struct segment s;
            enum status status = decode(&s, part, cut);
            assert_int_equal(status, cut < captures[i].headers ? STATUS_MALFORMED : STATUS_OK);
            if (status == STATUS_OK) {
                assert_int_equal(s.raw_len, cut);
                assert_int_equal(s.checksum == SEGMENT_CHECKSUM_UNKNOWN, cut < n);
            }
            free(part);
        }
        free(whole);
    }
}

UNIT_TEST(every_octet_changed)
{
    static const char *const captures[] = {SYN_V4, SYN_ACK_V6, JUMBO_V6};
    for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
        size_t n;
        uint8_t *ip = unit_octets(captures[i], &n);
        for (size_t at = 0; at < n; at++) {
            uint8_t was = ip[at];
            for (unsigned octet = 0; octet < 256; octet++) {
                struct segment s;
                ip[at] = (uint8_t)octet;
                if (decode(&s, ip, n) == STATUS_OK)
                    assert_true(s.tcp_off + TCP <= s.data_off && s.data_off <= s.raw_len &&
                                s.raw_len <= n);
            }
            ip[at] = was;
        }
        free(ip);
    }
}
