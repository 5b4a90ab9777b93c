/* A segment made of the input's octets, crafted and decoded, must come back as it was. */
#include "fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "wire/craft.h"

/* Where each field is taken from; options and then data follow. */
enum {
    SHAPE = 0, /* bits: IPv6, DF, bad checksum, mixed families */
    OPTION_WORDS = 1,
    TTL = 2,
    TOS = 3,
    IP_ID = 4,
    FLAGS = 6,
    PORTS = 8,
    SEQ = 12,
    ACK = 16,
    WIN = 20,
    URG = 22,
    ADDRESSES = 24,
    REST = 56,
};

static struct in6_addr address(const uint8_t *octets, bool v6)
{
    struct in6_addr ip = address_from_v4(octets);
    if (v6)
        memcpy(ip.s6_addr, octets, sizeof(ip.s6_addr));
    return ip;
}

static struct segment from(const uint8_t *in)
{
    return (struct segment){
        .src = {address(in + ADDRESSES, (in[SHAPE] & 1) != 0), bytes_be16(in + PORTS)},
        .dst = {address(in + ADDRESSES + 16, ((in[SHAPE] ^ in[SHAPE] >> 3) & 1) != 0),
                bytes_be16(in + PORTS + 2)},
        .ttl = in[TTL],
        .tos = in[TOS],
        .df = (in[SHAPE] & 2) != 0,
        .ip_id = bytes_be16(in + IP_ID),
        .seq = {bytes_be32(in + SEQ)},
        .ack = {bytes_be32(in + ACK)},
        .flags = bytes_be16(in + FLAGS) & FLAG_ALL,
        .win = bytes_be16(in + WIN),
        .urg = bytes_be16(in + URG),
        .checksum = (in[SHAPE] & 4) != 0 ? SEGMENT_CHECKSUM_BAD : SEGMENT_CHECKSUM_OK,
    };
}

static void compare(const struct segment *want, const struct segment *got)
{
    bool v4 = got->ip_version == 4;
    fuzz_require(endpoint_equal(&got->src, &want->src) && endpoint_equal(&got->dst, &want->dst));
    fuzz_require(got->ttl == want->ttl && got->tos == want->tos);
    fuzz_require(got->df == (v4 ? want->df : true) && got->ip_id == (v4 ? want->ip_id : 0));
    fuzz_require(seq_eq(got->seq, want->seq) && seq_eq(got->ack, want->ack));
    fuzz_require(got->flags == want->flags && got->win == want->win && got->urg == want->urg);
    fuzz_require(got->checksum == want->checksum);
    fuzz_require(got->opt.raw_len == want->opt.raw_len &&
                 memcmp(got->opt.raw, want->opt.raw, want->opt.raw_len) == 0);
}

static void round_trip(struct craft *c, const struct segment *want, const uint8_t *data, size_t n)
{
    static const size_t cap = 512;
    size_t len;
    uint8_t *out = malloc(cap);
    if (out == NULL)
        return;
    enum status status = craft_segment(c, want, data, n, out, cap, &len, NULL);
    bool v4 = address_is_v4(&want->src.ip);
    size_t expected = (v4 ? 20U : 40U) + 20 + want->opt.raw_len + n;
    if (v4 != address_is_v4(&want->dst.ip) || expected > cap) {
        fuzz_require(status == STATUS_MALFORMED);
    } else {
        struct segment got;
        fuzz_require(status == STATUS_OK && len == expected);
        fuzz_require(segment_decode(&got, out, len, NULL) == STATUS_OK);
        compare(want, &got);
        fuzz_require(got.len == n && memcmp(out + got.data_off, data, n) == 0);
    }
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < REST)
        return 0;
    struct segment want = from(data);
    size_t options = (size_t)(data[OPTION_WORDS] % 11) * 4;
    if (n - REST < options)
        return 0;
    options_parse(&want.opt, data + REST, options);
    struct craft *c = craft_new(NULL);
    if (c == NULL)
        return 0;
    const uint8_t *payload = data + REST + options;
    size_t left = n - REST - options;
    round_trip(c, &want, payload, left);
    /* The same context again, for another segment: nothing of the first may linger. */
    want.opt.raw_len = 0;
    round_trip(c, &want, payload, left / 2);
    craft_free(c);
    return 0;
}
