/* Addresses to keep away from: the union of blocks. */
#ifndef TCPSHAKE_WIRE_BLOCK_SET_H
#define TCPSHAKE_WIRE_BLOCK_SET_H

#include "wire/block.h"

struct block_set {
    struct block_bounds *runs; /* after block_set_seal sorted, apart from each other */
    size_t len, cap;
};

void block_set_init(struct block_set *set);
void block_set_done(struct block_set *set);

/* STATUS_NO_MEMORY with a line, or done. */
enum status block_set_add(struct block_set *set, const struct block_bounds *b, struct fault *fault);

/* Adds what a line of a file says: a block as block_parse_bounds reads it, or nothing; blanks
 * around it and what follows a '#' do not count. A name is refused: what it stands for may change.
 */
enum status block_set_add_line(struct block_set *set, const char *line, size_t n,
                               struct fault *fault);

/* Sorts and merges; to be called after the last addition and before the first question. */
void block_set_seal(struct block_set *set);

/* A binary search. */
bool block_set_has(const struct block_set *set, const struct in6_addr *ip);

#endif
