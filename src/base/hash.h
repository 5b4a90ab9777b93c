/* A keyed hash (SipHash-2-4, Aumasson and Bernstein 2012) for tables that strangers can fill and
 * for numbers strangers must not predict: initial sequence numbers, source ports. */
#ifndef TCPSHAKE_BASE_HASH_H
#define TCPSHAKE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint64_t k0, k1;
};

/* The key that stands for a run's seed: the same seed gives the same key. */
struct hash_key hash_key_of_seed(uint64_t seed);

uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t n);

#endif
