/* TCP options, octet by octet: see options.h. Kinds and lengths: RFC 9293 3.2 (end, no-operation,
 * MSS), RFC 7323 2.2 and 3.2 (window scale, timestamps), RFC 2018 2 and 3 (SACK), RFC 7413 4.1.1
 * (Fast Open). An option of another kind is stepped over (RFC 9293 MUST-6); a length that cannot
 * be ends the reading (MUST-7). */
#include "wire/options.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

enum kind {
    KIND_END = 0,
    KIND_NOP = 1,
    KIND_MSS = 2,
    KIND_WSCALE = 3,
    KIND_SACK_PERMITTED = 4,
    KIND_SACK = 5,
    KIND_TIMESTAMPS = 8,
    KIND_FASTOPEN = 34,
};

/* Kind and length included, as they stand in the length octet. */
enum {
    LENGTH_MSS = 4,
    LENGTH_WSCALE = 3,
    LENGTH_SACK_PERMITTED = 2,
    LENGTH_TIMESTAMPS = 10,
    LENGTH_SACK_BLOCK = 8,
    LENGTH_MIN = 2,
};

static bool length_fits(uint8_t kind, size_t len)
{
    switch (kind) {
    case KIND_MSS:
        return len == LENGTH_MSS;
    case KIND_WSCALE:
        return len == LENGTH_WSCALE;
    case KIND_SACK_PERMITTED:
        return len == LENGTH_SACK_PERMITTED;
    case KIND_SACK:
        return len > LENGTH_MIN && (len - LENGTH_MIN) % LENGTH_SACK_BLOCK == 0;
    case KIND_TIMESTAMPS:
        return len == LENGTH_TIMESTAMPS;
    default:
        return len >= LENGTH_MIN;
    }
}

static void take_sack(struct options *o, const uint8_t *blocks, size_t n)
{
    o->sack_count = 0;
    for (; n >= LENGTH_SACK_BLOCK; n -= LENGTH_SACK_BLOCK, blocks += LENGTH_SACK_BLOCK) {
        o->sack[o->sack_count].left = seq_of(bytes_be32(blocks));
        o->sack[o->sack_count].right = seq_of(bytes_be32(blocks + 4));
        o->sack_count++;
    }
}

/* `p` starts at the kind; all of `len`, known to suit the kind, are there. */
static void take(struct options *o, const uint8_t *p, size_t len)
{
    switch (p[0]) {
    case KIND_MSS:
        o->has_mss = true;
        o->mss = bytes_be16(p + 2);
        break;
    case KIND_WSCALE:
        o->has_wscale = true;
        o->wscale = p[2];
        break;
    case KIND_SACK_PERMITTED:
        o->sack_permitted = true;
        break;
    case KIND_SACK:
        take_sack(o, p + LENGTH_MIN, len - LENGTH_MIN);
        break;
    case KIND_TIMESTAMPS:
        o->has_timestamps = true;
        o->ts_val = bytes_be32(p + 2);
        o->ts_ecr = bytes_be32(p + 6);
        break;
    case KIND_FASTOPEN:
        o->has_fastopen = true;
        break;
    default:
        break;
    }
}

/* How far the next option is from that at `at`; 0: its length cannot be. */
static size_t length_at(const struct options *o, size_t at)
{
    const uint8_t *p = o->raw + at;
    size_t left = o->raw_len - at;
    if (p[0] == KIND_NOP)
        return 1;
    return left < LENGTH_MIN || p[1] > left || !length_fits(p[0], p[1]) ? 0 : p[1];
}

void options_parse(struct options *o, const uint8_t *data, size_t n)
{
    *o = (struct options){.raw_len = (uint8_t)(n < OPTIONS_MAX ? n : OPTIONS_MAX)};
    if (n == 0)
        return;
    memcpy(o->raw, data, o->raw_len);
    size_t len;
    for (size_t at = 0; at < o->raw_len && o->raw[at] != KIND_END; at += len) {
        len = length_at(o, at);
        if (len == 0) {
            o->malformed = true;
            return;
        }
        take(o, o->raw + at, len);
    }
}

bool options_ts_val(const struct options *o, size_t *at)
{
    bool found = false;
    size_t len;
    for (size_t i = 0; i < o->raw_len && o->raw[i] != KIND_END; i += len) {
        len = length_at(o, i);
        if (len == 0)
            break;
        if (o->raw[i] == KIND_TIMESTAMPS) {
            *at = i + LENGTH_MIN;
            found = true;
        }
    }
    return found;
}

/* The octets of the option that `letter` stands for, none if it is absent; `known` tells. */
static size_t encode(const struct options *o, char letter, uint8_t out[LENGTH_TIMESTAMPS],
                     bool *known)
{
    *known = true;
    switch (letter) {
    case 'E':
        out[0] = KIND_END;
        return 1;
    case 'N':
        out[0] = KIND_NOP;
        return 1;
    case 'M':
        out[0] = KIND_MSS;
        out[1] = LENGTH_MSS;
        bytes_put16(out + 2, o->mss);
        return o->has_mss ? LENGTH_MSS : 0;
    case 'W':
        out[0] = KIND_WSCALE;
        out[1] = LENGTH_WSCALE;
        out[2] = o->wscale;
        return o->has_wscale ? LENGTH_WSCALE : 0;
    case 'S':
        out[0] = KIND_SACK_PERMITTED;
        out[1] = LENGTH_SACK_PERMITTED;
        return o->sack_permitted ? LENGTH_SACK_PERMITTED : 0;
    case 'T':
        out[0] = KIND_TIMESTAMPS;
        out[1] = LENGTH_TIMESTAMPS;
        bytes_put32(out + 2, o->ts_val);
        bytes_put32(out + 6, o->ts_ecr);
        return o->has_timestamps ? LENGTH_TIMESTAMPS : 0;
    default:
        *known = false;
        return 0;
    }
}

enum status options_build(struct options *o, const char *layout, struct fault *fault)
{
    uint8_t raw[OPTIONS_MAX] = {KIND_END};
    size_t len = 0;
    for (const char *letter = layout; *letter != '\0'; letter++) {
        uint8_t option[LENGTH_TIMESTAMPS];
        bool known;
        size_t n = encode(o, *letter, option, &known);
        if (!known)
            return fault_set(fault, STATUS_MALFORMED,
                             "'%c' in option layout '%s' is none of M W S T N E", *letter, layout);
        if (n > sizeof(raw) - len)
            return fault_set(fault, STATUS_MALFORMED,
                             "option layout '%s' needs more than %d octets", layout, OPTIONS_MAX);
        memcpy(raw + len, option, n);
        len += n;
    }
    /* The rest of `raw` is end-of-list octets already, and OPTIONS_MAX is a multiple of four. */
    o->raw_len = (uint8_t)((len + 3) / 4 * 4);
    memcpy(o->raw, raw, sizeof(raw));
    return STATUS_OK;
}

struct line {
    char *out;
    size_t cap, len;
};

__attribute__((format(printf, 2, 3))) static void append(struct line *l, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(l->out + l->len, l->cap - l->len, fmt, ap);
    va_end(ap);
    size_t left = l->cap - l->len - 1;
    if (n > 0)
        l->len += (size_t)n < left ? (size_t)n : left;
}

char *options_format(const struct options *o, char *out, size_t cap)
{
    struct line l = {out, cap, 0};
    if (o->has_mss)
        append(&l, ", mss %u", (unsigned)o->mss);
    if (o->sack_permitted)
        append(&l, ", sackOK");
    if (o->has_timestamps)
        append(&l, ", ts %" PRIu32 " %" PRIu32, o->ts_val, o->ts_ecr);
    if (o->has_wscale)
        append(&l, ", ws %u", (unsigned)o->wscale);
    for (size_t i = 0; i < o->sack_count; i++)
        append(&l, "%s %" PRIu32 "-%" PRIu32, i == 0 ? ", sack" : "", o->sack[i].left.v,
               o->sack[i].right.v);
    if (o->has_fastopen)
        append(&l, ", fastopen");
    if (o->malformed)
        append(&l, ", malformed");
    if (l.len == 0)
        append(&l, ", none");
    /* Every item brought its separator; the first needs none. */
    size_t separator = l.len < 2 ? l.len : 2;
    memmove(out, out + separator, l.len - separator + 1);
    return out;
}
