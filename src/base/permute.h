/* A keyed order of the numbers below n: each comes once, none is stored, and any place of it can be
 * asked for. It is there so that neighbours are not visited one after the other, not for secrecy:
 * the round function is a multiplication. */
#ifndef TCPSHAKE_BASE_PERMUTE_H
#define TCPSHAKE_BASE_PERMUTE_H

#include <stdint.h>

#include "base/hash.h"

enum {
    PERMUTE_ROUNDS = 4
};

struct permute {
    uint64_t n;
    uint64_t keys[PERMUTE_ROUNDS];
    uint64_t low_mask, high_mask;
    unsigned low_bits;
};

/* The order of [0, n) that belongs to `key`: the same for the same key and n. n: 1 to 2^63. */
void permute_init(struct permute *p, uint64_t n, const struct hash_key *key);

/* The number at place i, i < n. Some ns: two walks of the network at most, on average. */
uint64_t permute_at(const struct permute *p, uint64_t i);

/* Spreads a number over all 64 bits (the finalizer of splitmix64, Steele et al. 2014); one to one.
 * For picking by key and counter where hash_bytes would cost too much. */
uint64_t permute_mix(uint64_t x);

#endif
