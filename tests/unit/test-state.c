/* The names of the states, sets of them, and what Figure 5 makes unavoidable. */
#include "unit.h"

#include "tcp/state.h"

#define S(name) STATE_SET(STATE_##name)

UNIT_TEST(names_as_the_rfc_spells_them)
{
    static const char *const rfc[STATE_COUNT] = {
        "CLOSED",     "LISTEN",     "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
        "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",  "LAST-ACK",     "TIME-WAIT"};
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++)
        assert_string_equal(state_name(s), rfc[s]);
    assert_string_equal(state_name(STATE_COUNT), "?");
}

UNIT_TEST(synchronized_from_established_on)
{
    const state_set not = S(CLOSED) | S(LISTEN) | S(SYN_SENT) | S(SYN_RECEIVED);
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++)
        assert_int_equal(state_synchronized(s), !state_set_has(not, s));
    assert_false(state_synchronized(STATE_COUNT));
    assert_false(state_set_synchronized(STATE_SET_NONE) || state_set_synchronized(not ));
    assert_true(state_set_synchronized((state_set)(not | S(TIME_WAIT))));
}

UNIT_TEST(sets)
{
    char text[STATE_SET_TEXT_MAX];
    assert_int_equal(state_set_count(STATE_SET_NONE), 0);
    assert_int_equal(state_set_count(STATE_SET_ALL), STATE_COUNT);
    assert_int_equal(state_set_only(STATE_SET_NONE), STATE_COUNT);
    assert_int_equal(state_set_only(S(CLOSING) | S(LISTEN)), STATE_COUNT);
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        assert_int_equal(state_set_only(STATE_SET(s)), s);
        assert_true(state_set_has(STATE_SET_ALL, s));
        assert_false(state_set_has((state_set)~STATE_SET(s), s));
        assert_string_equal(state_set_format(STATE_SET(s), text), state_name(s));
    }
    assert_string_equal(state_set_format(STATE_SET_NONE, text), "none");
    assert_string_equal(state_set_format(S(ESTABLISHED) | S(SYN_RECEIVED), text),
                        "SYN-RECEIVED|ESTABLISHED");
    assert_string_equal(state_set_format(STATE_SET_ALL, text),
                        "CLOSED|LISTEN|SYN-SENT|SYN-RECEIVED|ESTABLISHED|FIN-WAIT-1|FIN-WAIT-2|"
                        "CLOSE-WAIT|CLOSING|LAST-ACK|TIME-WAIT");
}

UNIT_TEST(what_lies_between)
{
    static const struct {
        enum state from, to;
        state_set between;
    } ways[] = {
        {STATE_SYN_RECEIVED, STATE_CLOSE_WAIT, S(ESTABLISHED)},
        {STATE_SYN_RECEIVED, STATE_LAST_ACK, S(ESTABLISHED) | S(CLOSE_WAIT)},
        {STATE_SYN_RECEIVED, STATE_FIN_WAIT_1, STATE_SET_NONE}, /* by an early CLOSE */
        {STATE_SYN_RECEIVED, STATE_CLOSING, S(FIN_WAIT_1)},
        {STATE_SYN_RECEIVED, STATE_TIME_WAIT, S(FIN_WAIT_1)},
        {STATE_ESTABLISHED, STATE_TIME_WAIT, S(FIN_WAIT_1)},
        {STATE_ESTABLISHED, STATE_FIN_WAIT_2, S(FIN_WAIT_1)},
        {STATE_ESTABLISHED, STATE_CLOSED, STATE_SET_NONE},
        {STATE_LISTEN, STATE_ESTABLISHED, STATE_SET_NONE}, /* through SYN-SENT or SYN-RECEIVED */
        {STATE_LISTEN, STATE_CLOSE_WAIT, S(ESTABLISHED)},
        {STATE_LAST_ACK, STATE_ESTABLISHED, S(CLOSED)},
        {STATE_TIME_WAIT, STATE_LISTEN, S(CLOSED)},
        {STATE_CLOSED, STATE_CLOSED, STATE_SET_NONE},
    };
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        assert_int_equal(state_between(ways[i].from, ways[i].to), ways[i].between);
}

/* Every state can die and be born again, so every one follows from every one. */
UNIT_TEST(all_is_reachable)
{
    for (enum state from = STATE_CLOSED; from < STATE_COUNT; from++) {
        for (enum state to = STATE_CLOSED; to < STATE_COUNT; to++) {
            state_set between = state_between(from, to);
            assert_true(state_reachable(from, to));
            assert_false(state_set_has(between, from));
            assert_false(state_set_has(between, to));
            assert_int_equal(between & ~STATE_SET_ALL, 0);
        }
    }
}
