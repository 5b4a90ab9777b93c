/* A random walk as a probe: our end, the peer's application and time take the steps of steps.h, and
 * after each, when things are quiet, the state that the peer's kernel is in must be in the set
 * that was inferred. */
#ifndef TCPSHAKE_TEST_WALK_H
#define TCPSHAKE_TEST_WALK_H

#include "base/text.h"
#include "talk/ask.h"
#include "talk/talk.h"
#include "others.h"
#include "steps.h"

enum {
    WALK_STEPS_MAX = 64,
    WALK_SETS = STATE_SET_ALL + 1
};

/* What is counted over many walks. */
struct walk_tally {
    uint64_t walks, steps, precise;
    uint64_t wide[WALK_SETS]; /* how often each set of more than one was found */
    uint64_t by_truth[STATE_COUNT];
    uint64_t wired_steps, wired_precise; /* of those over a wire that loses */
    uint64_t misled_steps, misled_held;  /* somebody else had spoken for the peer: not judged */
    uint64_t questions;                  /* that were asked, and how often each */
    uint64_t by_question[STIMULI_COUNT];
};

struct walk {
    /* What the caller sets. */
    struct lab *lab;
    struct walk_tally *tally;
    const struct walk_kind *kind;
    const struct others *others;
    uint64_t seed;
    size_t number, steps;
    uint64_t skipped;     /* steps that are left out, bits */
    state_set impossible; /* to see a judgement fail: never right */
    bool wired;
    int64_t quiet_ns;  /* nothing for so long: nothing more comes */
    bool asks;         /* for the state, after each step */
    bool limited;      /* the peer answers seldom */
    struct text *rows; /* where the walk is written as a figure; NULL: nowhere */

    /* The walk. */
    size_t at; /* the next step */
    int64_t limit_ns;
    int64_t spoke_ns; /* when something last left that is to be acknowledged: */
    seq_t spoken_end;
    bool over;
    struct {
        enum state state;
        int64_t until_ns; /* 0: none */
    } pending;            /* a reading that a segment under way has to explain */
    struct ask ask;
    bool greeted; /* our end has acknowledged the SYN with this number */
    seq_t greeted_irs;
    struct segment sent[WALK_STEPS_MAX];
    size_t sent_count;
    struct walk_heard { /* the latest, of any connection */
        struct segment seg;
        int64_t t_ns;
        size_t renewals;
    } heard[WALK_STEPS_MAX];
    size_t heard_count;
    size_t renewals;               /* connections of our end so far */
    bool rejected;                 /* a box answers in the peer's place, */
    bool spoke_for;                /* a segment of somebody else's came after the peer's SYN,ACK */
    bool misled;                   /* and has said what only the peer should */
    size_t row;                    /* rows written */
    seq_t own_origin, peer_origin; /* of the numbers in them */
    bool own_origin_known;

    /* What was found. */
    bool failed;
    size_t failed_step;
    char why[200];
};

const struct script *walk_script(void);

#endif
