/* Runs of addresses: one, a network, or a range; sets of them, to keep away from; and those that
 * are set aside for a purpose, the rows of special.def. */
#ifndef TCPSHAKE_TARGETS_BLOCK_H
#define TCPSHAKE_TARGETS_BLOCK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "wire/wide.h"

#define BLOCK_COUNT_MAX (UINT64_C(1) << 40)

/* Of one family. */
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

/* The union of blocks. Starts from zero: `struct block_set set = {0}`. */
struct block_set {
    struct block_bounds *runs; /* after block_set_seal sorted, apart from each other */
    size_t len, cap;
};

void block_set_done(struct block_set *set);

/* STATUS_NO_MEMORY with a line, or done. */
enum status block_set_add(struct block_set *set, const struct block_bounds *b, struct fault *fault);

/* Adds what a line of a file says: a block as block_parse_bounds reads it, or nothing; blanks
 * around it and what follows a '#' do not count. A name is refused: what it stands for may change.
 */
enum status block_set_add_line(struct block_set *set, const char *line, size_t n,
                               struct fault *fault);

/* Sorts and merges; after the last addition and before the first question. */
void block_set_seal(struct block_set *set);
bool block_set_has(const struct block_set *set, const struct in6_addr *ip);

struct special {
    struct wide first; /* IPv4 mapped */
    unsigned prefix;   /* as the row has it: of IPv4 0 to 32 */
    bool never;        /* no destination of a TCP segment: multicast, broadcast, unspecified */
    const char *name;  /* "private use" */
    const char *rfc;   /* "RFC 1918" */
};

/* The narrowest block that holds the address; NULL: it is an ordinary one. Static. */
const struct special *block_special(const struct in6_addr *ip);

/* The rows in order, the blocks (within = false) or those within them, for who lists them. */
const struct special *block_special_rows(bool within, size_t *n);

#endif
