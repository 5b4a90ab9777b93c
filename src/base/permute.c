/* A Feistel network over the least power of two that holds n, walked again while it leads out of
 * [0, n) (cycle walking: Black and Rogaway, Ciphers with Arbitrary Finite Domains, 2002). The
 * halves may differ by a bit, so that less than half of the numbers are walked over. */
#include "base/permute.h"

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15) /* 2^64 divided by the golden ratio */

uint64_t permute_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static uint64_t mask_of(unsigned bits)
{
    return (UINT64_C(1) << bits) - 1;
}

void permute_init(struct permute *p, uint64_t n, const struct hash_key *key)
{
    unsigned bits = n > 1 ? 64 - (unsigned)__builtin_clzll(n - 1) : 0;
    p->n = n;
    p->low_bits = bits / 2;
    p->low_mask = mask_of(p->low_bits);
    p->high_mask = mask_of(bits - p->low_bits);
    for (unsigned i = 0; i < PERMUTE_ROUNDS; i++)
        p->keys[i] = permute_mix((key->k0 ^ permute_mix(key->k1)) + (i + 1) * GOLDEN);
}

/* The high word of the product is folded in: its low bits hang on all bits of x. */
static uint64_t round_of(uint64_t x, uint64_t key)
{
    x = (x ^ key) * GOLDEN;
    return x ^ x >> 32;
}

uint64_t permute_at(const struct permute *p, uint64_t i)
{
    do {
        uint64_t low = i & p->low_mask, high = i >> p->low_bits;
        for (unsigned r = 0; r < PERMUTE_ROUNDS; r += 2) {
            high ^= round_of(low, p->keys[r]) & p->high_mask;
            low ^= round_of(high, p->keys[r + 1]) & p->low_mask;
        }
        i = high << p->low_bits | low;
    } while (i >= p->n);
    return i;
}
