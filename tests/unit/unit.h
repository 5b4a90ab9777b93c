/* What the tests share: cmocka with the headers it wants before it, tests that stand in no list,
 * octets in blocks that end where they end (so that the address sanitizer sees a read beyond), and
 * numbers that look random and are the same in every run. */
#ifndef TCPSHAKE_UNIT_H
#define TCPSHAKE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A test: UNIT_TEST(its_name) { ... }. They run in the order in which they stand in their file, by
 * the main() of tests/main.c. What the group's set-up left is `state`. */
#define UNIT_TEST(name)                                                                            \
    static void name(void **state);                                                                \
    __attribute__((constructor)) static void name##_stands(void)                                   \
    {                                                                                              \
        unit_add(__LINE__, name, NULL, #name);                                                     \
    }                                                                                              \
    static void name(__attribute__((unused)) void **state)

/* A test of `x`, which `begin` makes and end() releases. */
#define UNIT_TEST_OF(type, x, begin, end, name)                                                    \
    static void name(type *x);                                                                     \
    static void name##_of(__attribute__((unused)) void **state)                                    \
    {                                                                                              \
        type *x = begin;                                                                           \
        name(x);                                                                                   \
        end(x);                                                                                    \
    }                                                                                              \
    __attribute__((constructor)) static void name##_stands(void)                                   \
    {                                                                                              \
        unit_add(__LINE__, name##_of, NULL, #name);                                                \
    }                                                                                              \
    static void name(type *x)

/* What goes before the first of them and after the last; NULL: nothing. */
#define UNIT_GROUP(set_up, tear_down)                                                              \
    __attribute__((constructor)) static void unit_has_group(void)                                  \
    {                                                                                              \
        unit_group(set_up, tear_down);                                                             \
    }

/* One more test of that name, for tables; `line` decides its place. */
__attribute__((format(printf, 4, 5))) void unit_add(int line, CMUnitTestFunction test, void *state,
                                                    const char *name, ...);
void unit_group(CMFixtureFunction set_up, CMFixtureFunction tear_down);
/* All of them, as TAP. How many failed; that there are none is a failure. */
int unit_run(void);

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
