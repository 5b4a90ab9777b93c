/* The states of RFC 9293 3.3.2, and sets of them. */
#ifndef TCPSHAKE_TCP_STATE_H
#define TCPSHAKE_TCP_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum state {
#define STATE(name, text, synchronized) STATE_##name,
#include "tcp/states.def"
    STATE_COUNT
};

/* A set of states: bit (1 << state). */
typedef uint16_t state_set;

#define STATE_SET(s)   ((state_set)(1u << (s)))
#define STATE_SET_NONE ((state_set)0)
#define STATE_SET_ALL  ((state_set)((1u << STATE_COUNT) - 1))

enum {
    STATE_SET_TEXT_MAX = 128
};

/* "SYN-RECEIVED", as the RFC writes it; static. */
const char *state_name(enum state s);
/* Synchronized: ESTABLISHED and what follows it (RFC 9293 3.3.2). */
bool state_synchronized(enum state s);

bool state_set_has(state_set set, enum state s);
/* Whether a member is synchronized. */
bool state_set_synchronized(state_set set);
int state_set_count(state_set set);
/* The only member; STATE_COUNT when there is none or more than one. */
enum state state_set_only(state_set set);
/* "SYN-RECEIVED|ESTABLISHED", "none". Returns `out`. */
char *state_set_format(state_set set, char out[STATE_SET_TEXT_MAX]);

/* The states that Figure 5 makes one pass through on every way from `from` to `to`, both left
 * out. Empty when `to` cannot follow or follows directly. */
state_set state_between(enum state from, enum state to);
/* Whether Figure 5 has a way from `from` to `to`, of any length. */
bool state_reachable(enum state from, enum state to);

#endif
