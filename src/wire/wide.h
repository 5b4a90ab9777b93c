/* An address as a number, so that runs of addresses can be counted, compared and walked. */
#ifndef TCPSHAKE_WIRE_WIDE_H
#define TCPSHAKE_WIRE_WIDE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct wide {
    uint64_t high, low;
};

static inline struct wide wide_of(const struct in6_addr *ip)
{
    const uint8_t *p = ip->s6_addr;
    return (struct wide){(uint64_t)bytes_be32(p) << 32 | bytes_be32(p + 4),
                         (uint64_t)bytes_be32(p + 8) << 32 | bytes_be32(p + 12)};
}

static inline struct in6_addr wide_address(struct wide w)
{
    struct in6_addr ip = IN6ADDR_ANY_INIT;
    bytes_put32(ip.s6_addr, (uint32_t)(w.high >> 32));
    bytes_put32(ip.s6_addr + 4, (uint32_t)w.high);
    bytes_put32(ip.s6_addr + 8, (uint32_t)(w.low >> 32));
    bytes_put32(ip.s6_addr + 12, (uint32_t)w.low);
    return ip;
}

/* Whether a comes before b. */
static inline bool wide_less(struct wide a, struct wide b)
{
    return a.high != b.high ? a.high < b.high : a.low < b.low;
}

/* Modulo 2^128. */
static inline struct wide wide_plus(struct wide a, uint64_t n)
{
    uint64_t low = a.low + n;
    return (struct wide){a.high + (low < n), low};
}

/* Modulo 2^128. */
static inline struct wide wide_minus(struct wide a, struct wide b)
{
    return (struct wide){a.high - b.high - (a.low < b.low), a.low - b.low};
}

/* The bits after the first `prefix` (0 to 128), all set. */
static inline struct wide wide_host_bits(unsigned prefix)
{
    return (struct wide){prefix >= 64 ? 0 : UINT64_MAX >> prefix,
                         prefix >= 128  ? 0
                         : prefix <= 64 ? UINT64_MAX
                                        : UINT64_MAX >> (prefix - 64)};
}

/* The first and the last of the addresses that have the first `prefix` bits in common with it. */
static inline struct wide wide_first(struct wide w, unsigned prefix)
{
    struct wide host = wide_host_bits(prefix);
    return (struct wide){w.high & ~host.high, w.low & ~host.low};
}

static inline struct wide wide_last(struct wide w, unsigned prefix)
{
    struct wide host = wide_host_bits(prefix);
    return (struct wide){w.high | host.high, w.low | host.low};
}

#endif
