/* What the unit tests share: cmocka with the headers it wants before it, octets in blocks that
 * end where they end (so that the address sanitizer sees a read beyond), and numbers that look
 * random and are the same in every run. */
#ifndef TCPSHAKE_UNIT_H
#define TCPSHAKE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The caller frees. Never NULL, not even for no octets. */
static inline uint8_t *unit_copy(const void *data, size_t n)
{
    uint8_t *copy = malloc(n != 0 ? n : 1);
    assert_non_null(copy);
    if (n != 0)
        memcpy(copy, data, n);
    return copy;
}

/* The octets that `text` spells in hexadecimal, blanks ignored. The caller frees. */
static inline uint8_t *unit_octets(const char *text, size_t *n)
{
    uint8_t *roomy = malloc(strlen(text) / 2 + 1);
    char digits[3] = "";
    size_t have = 0;
    assert_non_null(roomy);
    *n = 0;
    for (; *text != '\0'; text++) {
        if (*text == ' ')
            continue;
        digits[have++] = *text;
        if (have == 2) {
            roomy[(*n)++] = (uint8_t)strtoul(digits, NULL, 16);
            have = 0;
        }
    }
    assert_int_equal(have, 0);
    uint8_t *exact = unit_copy(roomy, *n);
    free(roomy);
    return exact;
}

/* xorshift64* (Vigna 2016); `*state` is any number but zero. */
static inline uint64_t unit_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

#endif
