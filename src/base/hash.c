/* SipHash-2-4 as its authors describe it (Aumasson, Bernstein: SipHash: a fast short-input PRF). */
#include "base/hash.h"

struct sip {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void round_of(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static void absorb(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    round_of(s);
    round_of(s);
    s->v0 ^= word;
}

static uint64_t little_endian(const uint8_t *p, size_t n)
{
    uint64_t word = 0;
    for (size_t i = n; i > 0; i--)
        word = word << 8 | p[i - 1];
    return word;
}

uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t n)
{
    const uint8_t *p = data;
    struct sip s = {
        .v0 = key->k0 ^ UINT64_C(0x736f6d6570736575),
        .v1 = key->k1 ^ UINT64_C(0x646f72616e646f6d),
        .v2 = key->k0 ^ UINT64_C(0x6c7967656e657261),
        .v3 = key->k1 ^ UINT64_C(0x7465646279746573),
    };
    size_t left = n;
    for (; left >= 8; left -= 8, p += 8)
        absorb(&s, little_endian(p, 8));
    absorb(&s, (uint64_t)n << 56 | little_endian(p, left));
    s.v2 ^= 0xff;
    for (int i = 0; i < 4; i++)
        round_of(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static uint64_t hash_word(uint64_t word)
{
    const struct hash_key zero = {0, 0};
    uint8_t octets[8];
    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)(word >> (8 * i));
    return hash_bytes(&zero, octets, sizeof(octets));
}

struct hash_key hash_key_of_seed(uint64_t seed)
{
    return (struct hash_key){.k0 = hash_word(seed), .k1 = hash_word(~seed)};
}
