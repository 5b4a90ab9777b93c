/* See steps.h. */
#include "steps.h"

#include "base/clock.h"
#include "base/hash.h"
#include "wire/flags.h"

struct dice {
    struct hash_key key;
    uint64_t at[3]; /* walk, step, throw */
};

static uint32_t throw(struct dice * d, uint32_t sides)
{
    d->at[2]++;
    return (uint32_t)(hash_bytes(&d->key, d->at, sizeof(d->at)) % sides);
}

/* Mostly what means something, and now and then any flags at all. */
static uint16_t any_flags(struct dice *d)
{
    static const uint16_t some[] = {
        FLAG_SYN,
        FLAG_SYN | FLAG_ACK,
        FLAG_RST,
        FLAG_RST | FLAG_ACK,
        FLAG_FIN | FLAG_ACK,
        FLAG_FIN | FLAG_ACK,
        FLAG_FIN | FLAG_PSH | FLAG_ACK,
        FLAG_ACK,
        FLAG_ACK,
        FLAG_ACK,
        FLAG_PSH | FLAG_ACK,
        FLAG_PSH | FLAG_ACK,
        FLAG_URG | FLAG_ACK,
        0,
        FLAG_FIN,
        FLAG_SYN | FLAG_FIN,
    };
    enum {
        SOME = sizeof(some) / sizeof(some[0]),
        ANY_FLAGS = 0x40
    };
    uint32_t n = throw(d, SOME + SOME / 4);
    return n < SOME ? some[n] : (uint16_t) throw(d, ANY_FLAGS);
}

static enum step_place any_place(struct dice *d)
{
    uint32_t n = throw(d, STEP_PLACES + 2);
    return n < STEP_PLACES ? (enum step_place)n : STEP_EXACT;
}

static uint32_t any_len(struct dice *d)
{
    static const uint32_t lens[] = {0, 0, 0, 1, 2, 100, 1000};
    return lens[throw(d, sizeof(lens) / sizeof(lens[0]))];
}

static int64_t any_wait(struct dice *d)
{
    static const int64_t waits[] = {10, 20, 20, 40, 40, 60, 120, 250};
    return waits[throw(d, sizeof(waits) / sizeof(waits[0]))] * CLOCK_MS;
}

static enum step_kind any_kind(struct dice *d, const struct walk_kind *kind)
{
    uint32_t n = throw(d, 100);
    size_t i = 0;
    while (n >= kind->shares[i])
        n -= kind->shares[i++];
    return (enum step_kind)i;
}

struct step step_of(const struct walk_kind *kind, uint64_t seed, size_t walk, size_t number)
{
    struct dice d = {.key = hash_key_of_seed(seed), .at = {walk, number, 0}};
    struct step s = {.kind = any_kind(&d, kind)};
    s.flags = any_flags(&d);
    s.seq = any_place(&d);
    s.ack = any_place(&d);
    s.len = any_len(&d);
    s.random = throw(&d, UINT32_MAX);
    s.act = kind->acts[throw(&d, (uint32_t)kind->act_count)];
    s.wait_ns = any_wait(&d);
    if (kind->others_count > 0)
        s.others = kind->others[throw(&d, (uint32_t)kind->others_count)];
    return s;
}
