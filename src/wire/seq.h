/* Sequence numbers: arithmetic modulo 2^32 (RFC 9293 3.4). The number is wrapped in a struct so
 * that a plain `a < b`, wrong half of the time, does not compile. */
#ifndef TCPSHAKE_WIRE_SEQ_H
#define TCPSHAKE_WIRE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t v;
} seq_t;

static inline seq_t seq_of(uint32_t v)
{
    return (seq_t){v};
}

static inline seq_t seq_add(seq_t a, uint32_t n)
{
    return (seq_t){a.v + n};
}

/* a - b, positive when a comes after b; right while they are less than 2^31 apart. */
static inline int32_t seq_diff(seq_t a, seq_t b)
{
    return (int32_t)(a.v - b.v);
}

static inline bool seq_eq(seq_t a, seq_t b)
{
    return a.v == b.v;
}

static inline bool seq_lt(seq_t a, seq_t b)
{
    return seq_diff(a, b) < 0;
}

static inline bool seq_le(seq_t a, seq_t b)
{
    return seq_diff(a, b) <= 0;
}

static inline seq_t seq_max(seq_t a, seq_t b)
{
    return seq_lt(a, b) ? b : a;
}

/* first <= a < first + n */
static inline bool seq_within(seq_t a, seq_t first, uint32_t n)
{
    return a.v - first.v < n;
}

#endif
