/* Puts the peer into a state. A way is a figure of the library, figures/ways/, whose last line
 * shows the peer in that state; what it takes of the peer its `needs:` says. Here a way is chosen,
 * and it is judged whether it has led there. The walk itself is the player's (measure/play): a
 * measurement gives it the figure and itself as the heir of the conversation, and begins as soon as
 * the last line is over, with the connection as that line has left it:
 *
 *   bring_choose(&b, STATE_CLOSE_WAIT, caps, 0, fault)
 *   play = {.figure = &b.figure, .heir = script, .heir_state = state, ...}   and play_script()
 *   script->start: bring_judge(&b, &x->peer, kernel)
 *
 * Reached is what the kernel says, where there is one to ask, else what the inferred set says. A
 * set that has more members leaves it open: talk/ask is there to close it. */
#ifndef TCPSHAKE_TALK_BRING_H
#define TCPSHAKE_TALK_BRING_H

#include "figure/figure.h"
#include "tcp/peer.h"

struct bring {
    enum state state;
    struct figure figure; /* the way; its name is static */
};

/* The `nth` way, from 0, into the state that a peer with these capabilities (bits of enum
 * figure_needs) can go; those that take less come first. STATUS_NOT_OURS: there is none, or no
 * further one; the fault says what it would take. Call bring_done after STATUS_OK. */
enum status bring_choose(struct bring *b, enum state state, unsigned caps, size_t nth,
                         struct fault *fault);
void bring_done(struct bring *b);

enum bring_verdict {
    BRING_REACHED,
    BRING_OPEN, /* it may be there, as far as is known */
    BRING_MISSED,
};

/* Whether the peer is there, by its kernel's word, or by the set if `kernel` is NULL. */
enum bring_verdict bring_judge(const struct bring *b, const struct peer *p,
                               const enum state *kernel);

#endif
