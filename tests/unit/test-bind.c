/* The figure's numbers and the wire's: spaces, symbols, SYNs that bind anew, octets that a figure
 * does not count; all of it wherever 2^32 comes round. */
#include <stdio.h>

#include "unit.h"

#include "figure/bind.h"
#include "wire/flags.h"

/* Where a figure's 100 may stand on the wire: far from the wrap, and with it before, in and behind
 * the numbers that are used. */
static const uint32_t places[] = {100,
                                  5000,
                                  0,
                                  99,
                                  UINT32_MAX - 1,
                                  UINT32_MAX,
                                  0x7fffffff,
                                  0x80000000,
                                  0x80000063,
                                  UINT32_MAX - 99,
                                  UINT32_MAX - 9,
                                  UINT32_MAX - 300};

enum {
    PLACES = sizeof(places) / sizeof(places[0])
};

static struct figure_number plain(uint32_t value)
{
    return (struct figure_number){.given = true, .value = value};
}

static struct figure_number symbol(const char *name, uint32_t added)
{
    struct figure_number n = {.given = true, .value = added};
    (void)snprintf(n.symbol, sizeof(n.symbol), "%s", name);
    return n;
}

static void set(struct bind *b, enum end side, struct figure_number n, uint32_t wire)
{
    assert_true(bind_set(b, side, &n, seq_of(wire)));
}

static void expect(const struct bind *b, enum end side, struct figure_number n, uint32_t wire)
{
    seq_t found;
    assert_true(bind_lookup(b, side, &n, &found));
    assert_int_equal(found.v, wire);
}

static void expect_unknown(const struct bind *b, enum end side, struct figure_number n)
{
    seq_t found = {4711};
    assert_false(bind_lookup(b, side, &n, &found));
}

static void syn(struct bind *b, enum end side, struct figure_number n)
{
    bind_syn(b, side, &n);
}

/* --- Plain numbers --- */

UNIT_TEST(nothing_is_known_at_first)
{
    struct bind b;
    seq_t zero;
    bind_init(&b);
    for (enum end side = END_A; side <= END_B; side++) {
        expect_unknown(&b, side, plain(0));
        expect_unknown(&b, side, plain(100));
        expect_unknown(&b, side, symbol("x", 0));
        assert_false(bind_zero(&b, side, &zero));
    }
}

UNIT_TEST(one_number_ties_its_space)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct bind b;
        seq_t zero;
        bind_init(&b);
        set(&b, END_A, plain(100), places[i]);
        expect(&b, END_A, plain(100), places[i]);
        expect(&b, END_A, plain(101), places[i] + 1);
        expect(&b, END_A, plain(90), places[i] - 10);
        expect(&b, END_A, plain(0), places[i] - 100);
        expect(&b, END_A, plain(UINT32_MAX), places[i] - 101);
        expect(&b, END_A, plain(900000000), places[i] + 899999900);
        assert_true(bind_zero(&b, END_A, &zero));
        assert_int_equal(zero.v, places[i] - 100);
        expect_unknown(&b, END_B, plain(100));
        assert_false(bind_zero(&b, END_B, &zero));
    }
}

/* The figure's own numbers may come round as well. */
UNIT_TEST(figures_may_wrap)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct bind b;
        bind_init(&b);
        set(&b, END_B, plain(UINT32_MAX), places[i]);
        expect(&b, END_B, plain(UINT32_MAX), places[i]);
        expect(&b, END_B, plain(0), places[i] + 1);
        expect(&b, END_B, plain(5), places[i] + 6);
        expect(&b, END_B, plain(UINT32_MAX - 5), places[i] - 5);
    }
}

UNIT_TEST(the_spaces_are_apart)
{
    for (size_t i = 0; i < PLACES; i++) {
        for (size_t k = 0; k < PLACES; k++) {
            struct bind b;
            bind_init(&b);
            set(&b, END_A, plain(100), places[i]);
            set(&b, END_B, plain(100), places[k]);
            expect(&b, END_A, plain(101), places[i] + 1);
            expect(&b, END_B, plain(101), places[k] + 1);
        }
    }
}

/* --- Symbols --- */

UNIT_TEST(symbols)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct bind b;
        bind_init(&b);
        set(&b, END_A, symbol("x", 0), places[i]);
        expect(&b, END_A, symbol("x", 0), places[i]);
        expect(&b, END_A, symbol("x", 1), places[i] + 1);
        expect(&b, END_A, symbol("x", UINT32_MAX), places[i] - 1);
        expect_unknown(&b, END_A, symbol("X", 0));
        expect_unknown(&b, END_A, symbol("xx", 0));
        expect_unknown(&b, END_A, plain(0));
    }
}

/* A symbol that is first used with something added: x+1 before x. */
UNIT_TEST(a_symbol_is_tied_from_afar)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct bind b;
        bind_init(&b);
        set(&b, END_B, symbol("y", 1), places[i]);
        expect(&b, END_B, symbol("y", 0), places[i] - 1);
        expect(&b, END_B, symbol("y", 1), places[i]);
        set(&b, END_B, symbol("z", UINT32_MAX), places[i]);
        expect(&b, END_B, symbol("z", 0), places[i] + 1);
    }
}

UNIT_TEST(symbols_leave_the_space_alone)
{
    struct bind b;
    seq_t zero;
    bind_init(&b);
    set(&b, END_A, symbol("x", 0), 7);
    assert_false(bind_zero(&b, END_A, &zero));
    set(&b, END_A, plain(100), 1000);
    expect(&b, END_A, symbol("x", 0), 7);
    expect(&b, END_A, plain(100), 1000);
}

UNIT_TEST(as_many_symbols_as_there_is_room_for)
{
    struct bind b;
    char name[FIGURE_SYMBOL_MAX];
    bind_init(&b);
    for (uint32_t i = 0; i < BIND_SYMBOLS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "s%u", (unsigned)i);
        set(&b, i % 2 != 0 ? END_A : END_B, symbol(name, 0), UINT32_MAX - i);
    }
    const struct figure_number more = symbol("fifteenletters_", 0);
    assert_false(bind_set(&b, END_A, &more, seq_of(1)));
    expect_unknown(&b, END_A, more);
    for (uint32_t i = 0; i < BIND_SYMBOLS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "s%u", (unsigned)i);
        expect(&b, i % 2 != 0 ? END_A : END_B, symbol(name, 0), UINT32_MAX - i);
    }
    set(&b, END_A, plain(100), 5); /* numbers take no room */
}

/* --- SYNs --- */

/* Figure 8: B answers the old SYN with 300, the real one with 400; A's counting goes on. */
UNIT_TEST(another_syn_of_the_peer_binds_anew)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct bind b;
        bind_init(&b);
        set(&b, END_A, plain(100), places[i]);
        syn(&b, END_B, plain(300));
        expect_unknown(&b, END_B, plain(300));
        set(&b, END_B, plain(300), places[i] + 77);
        expect(&b, END_B, plain(301), places[i] + 78);
        syn(&b, END_B, plain(400));
        expect_unknown(&b, END_B, plain(400));
        expect_unknown(&b, END_B, plain(301));
        set(&b, END_B, plain(400), places[i] - 1234);
        expect(&b, END_B, plain(401), places[i] - 1233);
        expect(&b, END_A, plain(101), places[i] + 1);
    }
}

UNIT_TEST(the_same_syn_again_is_the_same_connection)
{
    struct bind b;
    bind_init(&b);
    syn(&b, END_B, plain(300));
    set(&b, END_B, plain(300), UINT32_MAX);
    syn(&b, END_B, plain(300));
    expect(&b, END_B, plain(300), UINT32_MAX);
    expect(&b, END_B, plain(301), 0);
    syn(&b, END_B, plain(400));
    set(&b, END_B, plain(400), 4);
    syn(&b, END_B, plain(300)); /* not the last one any more: a third connection */
    expect_unknown(&b, END_B, plain(300));
}

/* A space that was tied by something else than a SYN: (send 300,receive 100), then SEQ=700. */
UNIT_TEST(the_first_syn_binds_anew_what_was_tied_before)
{
    struct bind b;
    bind_init(&b);
    set(&b, END_B, plain(300), 10);
    syn(&b, END_B, plain(700));
    expect_unknown(&b, END_B, plain(700));
    set(&b, END_B, plain(700), 99);
    expect(&b, END_B, plain(701), 100);
}

UNIT_TEST(a_syn_with_a_symbol)
{
    struct bind b;
    bind_init(&b);
    set(&b, END_B, plain(300), 10);
    set(&b, END_B, symbol("y", 0), 20);
    syn(&b, END_B, symbol("y", 0));
    expect(&b, END_B, symbol("y", 0), 20);
    expect(&b, END_B, plain(300), 10);
    syn(&b, END_B, plain(300)); /* after another SYN: anew */
    expect_unknown(&b, END_B, plain(300));
    expect(&b, END_B, symbol("y", 0), 20);
}

/* --- Octets that the figure does not count --- */

UNIT_TEST(a_shift)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct bind b;
        bind_init(&b);
        set(&b, END_A, plain(100), places[i]);
        set(&b, END_A, symbol("x", 0), places[i]);
        set(&b, END_B, plain(300), places[i]);
        set(&b, END_B, symbol("y", 0), places[i]);
        bind_shift(&b, END_B, 12);
        expect(&b, END_B, plain(300), places[i] + 12);
        expect(&b, END_B, symbol("y", 1), places[i] + 13);
        expect(&b, END_A, plain(100), places[i]);
        expect(&b, END_A, symbol("x", 0), places[i]);
        bind_shift(&b, END_B, UINT32_MAX - 11); /* all the way round */
        expect(&b, END_B, plain(300), places[i]);
        expect(&b, END_B, symbol("y", 0), places[i]);
    }
}

UNIT_TEST(a_shift_ties_nothing)
{
    struct bind b;
    bind_init(&b);
    bind_shift(&b, END_A, 1000);
    expect_unknown(&b, END_A, plain(100));
    set(&b, END_A, plain(100), 5);
    expect(&b, END_A, plain(100), 5);
}

/* --- Zero --- */

UNIT_TEST(the_zero_of_a_reset_is_absolute)
{
    struct figure_segment s = {.seq = plain(0), .has_flags = true, .flags = FLAG_RST | FLAG_ACK};
    assert_true(bind_is_absolute(&s));
    s.flags = FLAG_RST;
    assert_true(bind_is_absolute(&s));
    s.flags = FLAG_ACK;
    assert_false(bind_is_absolute(&s));
    s.flags = FLAG_RST | FLAG_ACK;
    s.has_flags = false;
    assert_false(bind_is_absolute(&s));
    s.has_flags = true;
    s.seq = plain(1);
    assert_false(bind_is_absolute(&s));
    s.seq = symbol("x", 0);
    assert_false(bind_is_absolute(&s));
    s.seq = (struct figure_number){0};
    assert_false(bind_is_absolute(&s));
}

static bool matches(const struct bind *b, enum end side, struct figure_number n, uint32_t wire)
{
    return bind_matches(b, side, &n, seq_of(wire));
}

UNIT_TEST(what_a_number_stands_for)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct bind b;
        bind_init(&b);
        assert_false(matches(&b, END_A, plain(100), places[i]));
        assert_false(matches(&b, END_A, symbol("x", 0), places[i]));
        set(&b, END_A, plain(100), places[i]);
        set(&b, END_A, symbol("x", 1), places[i]);
        assert_true(matches(&b, END_A, plain(100), places[i]));
        assert_true(matches(&b, END_A, plain(150), places[i] + 50));
        assert_true(matches(&b, END_A, symbol("x", 3), places[i] + 2));
        assert_false(matches(&b, END_A, plain(100), places[i] + 1));
        assert_false(matches(&b, END_A, symbol("x", 3), places[i]));
        assert_false(matches(&b, END_B, plain(100), places[i]));
    }
}

/* RFC 9293 3.5.1 Figure 9: A begins anew at 400, and B answers for the connection of 100. */
UNIT_TEST(the_counting_before_the_last_syn)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct bind b;
        bind_init(&b);
        set(&b, END_A, plain(100), places[i]);
        syn(&b, END_A, plain(400));
        assert_true(matches(&b, END_A, plain(100), places[i])); /* though 400 is not known */
        assert_false(matches(&b, END_A, plain(400), places[i] + 7000));
        set(&b, END_A, plain(400), places[i] + 7000);
        assert_true(matches(&b, END_A, plain(400), places[i] + 7000));
        assert_true(matches(&b, END_A, plain(100), places[i]));
        assert_true(matches(&b, END_A, plain(100), places[i] + 6700));
        assert_false(matches(&b, END_A, plain(100), places[i] + 1));
        /* The one before the last is forgotten. */
        syn(&b, END_A, plain(900));
        assert_false(matches(&b, END_A, plain(100), places[i]));
        assert_true(matches(&b, END_A, plain(400), places[i] + 7000));
    }
}

UNIT_TEST(symbols_have_no_counting_before)
{
    struct bind b;
    bind_init(&b);
    set(&b, END_A, symbol("x", 0), 5000);
    syn(&b, END_A, symbol("y", 0));
    assert_false(matches(&b, END_A, symbol("y", 0), 5000));
    assert_true(matches(&b, END_A, symbol("x", 0), 5000));
}
