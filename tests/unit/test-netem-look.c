/* What the lab's wire sees in a frame, and what it does to one that it corrupts. */
#include "wire.h"

#include "wire/segment.h"

UNIT_TEST(segments)
{
    for (int v6 = 0; v6 < 2; v6++) {
        struct wire_frame f = wire_segment(v6, FLAG_SYN | FLAG_ACK, 5);
        f.n += v6 ? 0 : 1; /* padding, as an Ethernet has it */
        struct netem_look look = wire_looked(&f);
        assert_true(look.packet && look.segment);
        assert_int_equal(look.flags, FLAG_SYN | FLAG_ACK);
        assert_int_equal(look.len, 5);
        assert_int_equal(look.tcp_at, WIRE_HEADER + (v6 ? 40 : 20));
        assert_int_equal(look.tcp_len, 25);
    }
}

UNIT_TEST(what_is_no_segment)
{
    struct wire_frame f = wire_arp();
    assert_false(wire_looked(&f).packet);
    for (uint8_t type = 127; type < 146; type++) {
        bool upkeep = (type >= 130 && type <= 137) || type == 143;
        f = wire_other(type);
        assert_int_equal(wire_looked(&f).packet, !upkeep);
        assert_false(wire_looked(&f).segment);
    }
    f = wire_other(0);
    assert_true(wire_looked(&f).packet && !wire_looked(&f).segment);
    f = wire_segment(false, FLAG_ACK, 8);
    f.octets[WIRE_HEADER + 6] = 0x20; /* the first fragment of more */
    assert_true(wire_looked(&f).packet && !wire_looked(&f).segment);
    f = wire_segment(false, FLAG_ACK, 8);
    f.octets[WIRE_HEADER + 20 + 12] = 0x10; /* a data offset of 4 octets */
    assert_true(wire_looked(&f).packet && !wire_looked(&f).segment);
    f.octets[WIRE_HEADER] = 0x41; /* an IPv4 header of 4 octets */
    assert_true(wire_looked(&f).packet && !wire_looked(&f).segment);
}

/* Cut anywhere, it is read no further, and is no segment until the last octet is there. */
UNIT_TEST(cut_short)
{
    for (int v6 = 0; v6 < 2; v6++) {
        struct wire_frame whole = wire_segment(v6, FLAG_ACK, 9);
        for (size_t n = 0; n <= whole.n; n++) {
            struct wire_frame f = whole;
            f.n = n;
            struct netem_look look = wire_looked(&f);
            assert_int_equal(look.segment, n == whole.n);
            assert_int_equal(look.packet, n > WIRE_HEADER);
        }
    }
}

static unsigned bits_that_differ(const struct wire_frame *a, const struct wire_frame *b)
{
    unsigned n = 0;
    for (size_t i = 0; i < a->n; i++)
        n += (unsigned)__builtin_popcount(a->octets[i] ^ b->octets[i]);
    return n;
}

/* Wherever the bit falls: one bit, the checksum is wrong, it is still a segment between the same
 * two ends, and the headers before it are untouched. */
UNIT_TEST(corruption)
{
    for (int v6 = 0; v6 < 2; v6++) {
        struct wire_frame sound = wire_segment(v6, FLAG_ACK, 11);
        struct netem_look look = wire_looked(&sound);
        for (uint64_t dice = 0; dice < 8 * look.tcp_len * 3; dice++) {
            struct wire_frame f = sound;
            struct segment s;
            assert_true(netem_look_corrupt(&look, f.octets, dice));
            assert_int_equal(bits_that_differ(&sound, &f), 1);
            assert_memory_equal(f.octets, sound.octets, look.tcp_at + 4);
            assert_int_equal(segment_decode(&s, f.octets + WIRE_HEADER, f.n - WIRE_HEADER, NULL),
                             STATUS_OK);
            assert_int_equal(s.checksum, SEGMENT_CHECKSUM_BAD);
            assert_int_equal(s.len, 11);
        }
    }
    struct wire_frame f = wire_other(0);
    struct wire_frame before = f;
    struct netem_look look = wire_looked(&f);
    assert_false(netem_look_corrupt(&look, f.octets, 4711));
    assert_int_equal(bits_that_differ(&before, &f), 0);
}
