/* The steps of a random walk: what our end sends next, what the peer's application does, how long
 * nothing is done. Each is drawn from the kind of walk, seed, number of the walk and number of
 * the step alone, so that a walk can be had again, with or without some of its steps. */
#ifndef TCPSHAKE_TEST_STEPS_H
#define TCPSHAKE_TEST_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include "walk_kinds.h"

/* Where a number lies, from the one that would be right. */
enum step_place {
    STEP_EXACT,
    STEP_ONE_BEFORE,
    STEP_ONE_AFTER,
    STEP_A_BIT_BEFORE,
    STEP_A_BIT_AFTER,
    STEP_LAST_IN_WINDOW,
    STEP_FIRST_BEHIND_WINDOW,
    STEP_SECOND_BEHIND_WINDOW,
    STEP_ANYWHERE,
    STEP_PLACES
};

struct step {
    enum step_kind kind;
    uint16_t flags;           /* ODD */
    enum step_place seq, ack; /* ODD */
    uint32_t len;             /* of data */
    uint32_t random;          /* what is left to chance when the step is taken */
    struct act act;           /* PEER */
    enum others_act others;   /* OTHERS */
    int64_t wait_ns;          /* WAIT */
};

struct step step_of(const struct walk_kind *kind, uint64_t seed, size_t walk, size_t number);

#endif
