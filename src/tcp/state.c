/* Names of the states, sets of them, and the ways through RFC 9293 Figure 5: see state.h. */
#include "tcp/state.h"

#include <stdio.h>

static const char *const names[STATE_COUNT] = {
#define STATE(name, text, synchronized) [STATE_##name] = (text),
#include "tcp/states.def"
};

static const bool synchronized_states[STATE_COUNT] = {
#define STATE(name, text, synchronized) [STATE_##name] = (synchronized),
#include "tcp/states.def"
};

/* Figure 5: next[s] is the set of states that follow s by one event. */
static state_set next_of(enum state s)
{
    state_set set = STATE_SET_NONE;
#define EDGE(from, to)                                                                             \
    if (s == STATE_##from)                                                                         \
        set |= STATE_SET(STATE_##to);
#include "tcp/states.def"
    return set;
}

const char *state_name(enum state s)
{
    return (unsigned)s < STATE_COUNT ? names[s] : "?";
}

bool state_synchronized(enum state s)
{
    return (unsigned)s < STATE_COUNT && synchronized_states[s];
}

bool state_set_synchronized(state_set set)
{
    enum state s = STATE_CLOSED;
    while (s < STATE_COUNT && !(state_set_has(set, s) && state_synchronized(s)))
        s++;
    return s < STATE_COUNT;
}

bool state_set_has(state_set set, enum state s)
{
    return (set & STATE_SET(s)) != 0;
}

int state_set_count(state_set set)
{
    return __builtin_popcount(set & STATE_SET_ALL);
}

enum state state_set_only(state_set set)
{
    if (state_set_count(set) != 1)
        return STATE_COUNT;
    return (enum state)__builtin_ctz(set);
}

char *state_set_format(state_set set, char out[STATE_SET_TEXT_MAX])
{
    size_t used = 0;
    out[0] = '\0';
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        if (!state_set_has(set, s))
            continue;
        int n =
            snprintf(out + used, STATE_SET_TEXT_MAX - used, "%s%s", used != 0 ? "|" : "", names[s]);
        used += (size_t)n;
    }
    if (used == 0)
        (void)snprintf(out, STATE_SET_TEXT_MAX, "none");
    return out;
}

/* What can be reached from `from` without ever entering a state of `closed_off`. */
static state_set reachable(enum state from, state_set closed_off)
{
    state_set seen = STATE_SET_NONE, edge = STATE_SET(from);
    while (edge != STATE_SET_NONE) {
        state_set found = STATE_SET_NONE;
        for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
            if (state_set_has(edge, s))
                found |= next_of(s);
        }
        edge = (state_set)(found & ~seen & ~closed_off);
        seen |= edge;
    }
    return seen;
}

bool state_reachable(enum state from, enum state to)
{
    return state_set_has(reachable(from, STATE_SET_NONE), to);
}

state_set state_between(enum state from, enum state to)
{
    state_set between = STATE_SET_NONE;
    if (!state_reachable(from, to))
        return between;
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        if (s != from && s != to && !state_set_has(reachable(from, STATE_SET(s)), to))
            between |= STATE_SET(s);
    }
    return between;
}
