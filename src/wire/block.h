/* A run of addresses of one family: one, a network, or a range. */
#ifndef TCPSHAKE_WIRE_BLOCK_H
#define TCPSHAKE_WIRE_BLOCK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "wire/wide.h"

#define BLOCK_COUNT_MAX (UINT64_C(1) << 40)

struct block {
    struct in6_addr first; /* IPv4 mapped */
    uint64_t count;        /* 1 to BLOCK_COUNT_MAX */
};

/* The `n` octets at `text` are "A", "A/LENGTH" (RFC 4632, RFC 4291 2.3; no bit set after the
 * prefix), "A-B", or "A-N" where N takes the place of A's last octet (IPv4, decimal) or last group
 * (IPv6, hexadecimal). STATUS_MALFORMED with the reason, and `b` as it was, otherwise. */
enum status block_parse(struct block *b, const char *text, size_t n, struct fault *fault);

/* However large. */
struct block_bounds {
    struct wide first, last;
};

/* The same text without the bound on its size; "::/0" is every address of both families. */
enum status block_parse_bounds(struct block_bounds *b, const char *text, size_t n,
                               struct fault *fault);

/* The address at place i, i < count. */
struct in6_addr block_at(const struct block *b, uint64_t i);

/* AF_INET or AF_INET6. */
int block_family(const struct block *b);

#endif
