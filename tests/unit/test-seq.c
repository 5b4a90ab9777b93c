/* Sequence number arithmetic on both sides of the wrap (RFC 9293 3.4). */
#include "unit.h"

#include "wire/seq.h"

/* Pairs are tried from these: around zero and around half the space. */
static const uint32_t starts[] = {0,          1,          1000,       0x7fffffff,
                                  0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};
enum {
    STARTS = sizeof(starts) / sizeof(starts[0])
};

UNIT_TEST(order_survives_the_wrap)
{
    static const uint32_t steps[] = {1, 2, 1460, 0x7ffffffe, 0x7fffffff};
    for (size_t i = 0; i < STARTS; i++)
        for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
            seq_t a = seq_of(starts[i]), b = seq_add(a, steps[k]);
            assert_true(seq_lt(a, b));
            assert_true(seq_le(a, b));
            assert_false(seq_lt(b, a));
            assert_false(seq_le(b, a));
            assert_false(seq_eq(a, b));
            assert_true(seq_eq(seq_max(a, b), b));
            assert_true(seq_eq(seq_max(b, a), b));
            assert_int_equal(seq_diff(b, a), (int32_t)steps[k]);
            assert_int_equal(seq_diff(a, b), -(int32_t)steps[k]);
        }
}

UNIT_TEST(equal_is_not_less)
{
    for (size_t i = 0; i < STARTS; i++) {
        seq_t a = seq_of(starts[i]);
        assert_true(seq_eq(a, a));
        assert_true(seq_le(a, a));
        assert_false(seq_lt(a, a));
        assert_int_equal(seq_diff(a, a), 0);
    }
}

UNIT_TEST(addition_wraps)
{
    assert_int_equal(seq_add(seq_of(0xffffffff), 1).v, 0);
    assert_int_equal(seq_add(seq_of(0xfffffff0), 0x20).v, 0x10);
    assert_int_equal(seq_add(seq_of(5), 0xffffffff).v, 4); /* one back */
}

UNIT_TEST(window_edges)
{
    for (size_t i = 0; i < STARTS; i++) {
        seq_t first = seq_of(starts[i]);
        assert_true(seq_within(first, first, 1));
        assert_true(seq_within(seq_add(first, 65534), first, 65535));
        assert_false(seq_within(seq_add(first, 65535), first, 65535));
        assert_false(seq_within(seq_add(first, 0xffffffff), first, 65535));
        assert_false(seq_within(first, first, 0));
    }
}
