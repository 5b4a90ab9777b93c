/* The keyed order of numbers: each comes once, another key gives another order, and neighbours do
 * not stay together. */
#include "unit.h"

#include "base/permute.h"

static void each_once(uint64_t n, const struct hash_key *key)
{
    struct permute p;
    uint8_t *seen = calloc(n, 1);
    assert_non_null(seen);
    permute_init(&p, n, key);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t at = permute_at(&p, i);
        assert_true(at < n);
        assert_int_equal(seen[at]++, 0);
    }
    free(seen);
}

UNIT_TEST(each_number_comes_once)
{
    static const uint64_t ns[] = {127,   128,   129,   255,     256,     257,  1000,
                                  1023,  1024,  1025,  4095,    4096,    4097, 9999,
                                  65535, 65536, 65537, 1000000, 1u << 20};
    for (uint64_t seed = 0; seed < 4; seed++) {
        const struct hash_key key = hash_key_of_seed(seed);
        for (uint64_t n = 1; n <= 70; n++)
            each_once(n, &key);
        for (size_t i = 0; i < sizeof(ns) / sizeof(ns[0]); i++)
            each_once(ns[i], &key);
    }
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Too many to hold: those of a stretch are different, within bounds, and all over the place. */
UNIT_TEST(large_sets)
{
    enum {
        LOOKED_AT = 100000
    };
    static const uint64_t ns[] = {UINT64_C(1) << 32,       (UINT64_C(1) << 40) - 1,
                                  UINT64_C(1) << 40,       (UINT64_C(1) << 40) + 1,
                                  (UINT64_C(1) << 56) + 7, UINT64_C(1) << 63};
    const struct hash_key key = hash_key_of_seed(7);
    uint64_t *seen = calloc(LOOKED_AT, sizeof(*seen));
    assert_non_null(seen);
    for (size_t i = 0; i < sizeof(ns) / sizeof(ns[0]); i++) {
        struct permute p;
        size_t tenths[10] = {0};
        permute_init(&p, ns[i], &key);
        for (size_t k = 0; k < LOOKED_AT; k++) {
            seen[k] = permute_at(&p, ns[i] - 1 - k);
            assert_true(seen[k] < ns[i]);
            tenths[seen[k] / (ns[i] / 10 + 1)]++;
        }
        for (size_t k = 0; k < 10; k++)
            assert_in_range(tenths[k], LOOKED_AT / 10 * 9 / 10, LOOKED_AT / 10 * 11 / 10);
        qsort(seen, LOOKED_AT, sizeof(*seen), by_number);
        for (size_t k = 1; k < LOOKED_AT; k++)
            assert_true(seen[k - 1] != seen[k]);
    }
    free(seen);
}

UNIT_TEST(the_key_is_the_order)
{
    struct permute a, b, again;
    const struct hash_key one = hash_key_of_seed(1), two = hash_key_of_seed(2);
    size_t equal = 0;
    permute_init(&a, 65536, &one);
    permute_init(&again, 65536, &one);
    permute_init(&b, 65536, &two);
    for (uint64_t i = 0; i < 65536; i++) {
        assert_true(permute_at(&a, i) == permute_at(&again, i));
        equal += permute_at(&a, i) == permute_at(&b, i);
    }
    assert_in_range(equal, 0, 20); /* one is to be expected */
}

UNIT_TEST(each_half_of_the_key_counts)
{
    struct permute p[3];
    static const struct hash_key keys[3] = {{1, 1}, {1, 2}, {2, 1}};
    size_t equal = 0;
    for (size_t i = 0; i < 3; i++)
        permute_init(&p[i], 65536, &keys[i]);
    for (uint64_t i = 0; i < 65536; i++) {
        for (size_t k = 1; k < 3; k++)
            equal += permute_at(&p[0], i) == permute_at(&p[k], i);
    }
    assert_in_range(equal, 0, 40);
}

/* Of a /16 two in a row are of the same /24 once in 256 times if the order is any good. */
UNIT_TEST(neighbours_part)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct permute p;
        const struct hash_key key = hash_key_of_seed(seed);
        size_t together = 0, follow = 0;
        permute_init(&p, 65536, &key);
        for (uint64_t i = 1; i < 65536; i++) {
            uint64_t a = permute_at(&p, i - 1), b = permute_at(&p, i);
            together += a / 256 == b / 256;
            follow += a + 1 == b;
        }
        assert_in_range(together, 100, 512);
        assert_in_range(follow, 0, 20);
    }
}

UNIT_TEST(mixing_is_one_to_one)
{
    assert_true(permute_mix(0) == 0);
    uint64_t flipped = 0;
    for (unsigned bit = 0; bit < 64; bit++)
        flipped += (uint64_t)__builtin_popcountll(permute_mix(12345) ^
                                                  permute_mix(12345 ^ UINT64_C(1) << bit));
    assert_in_range(flipped, 64 * 28, 64 * 36);
}
