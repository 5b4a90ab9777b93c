/* Who walks: batches of walks, each in a process and a lab of its own, several at once. */
#ifndef TCPSHAKE_TEST_WALKERS_H
#define TCPSHAKE_TEST_WALKERS_H

#include "walk.h"

enum {
    WALKERS_BATCH_MAX = 25,
    WALKERS_FAILURES_MAX = 16,
    WALKERS_OPTIONS_MAX = 200,
    WALKERS_ROWS_MAX = 64 * 1024
};

/* Walks `first` to `first + count - 1`. */
struct walkers_order {
    size_t kind; /* of walk_kind_at */
    uint64_t seed;
    size_t first, count, steps; /* all in one batch */
    uint64_t skipped;
    state_set impossible;
    bool written; /* also when nothing fails */
    bool asks;    /* after each step for the state, where the set has more than one */
};

struct walkers_failure {
    size_t walk, step;
    bool v6;
    char why[200];
    char rows[WALKERS_ROWS_MAX]; /* how it was, as a figure */
};

struct walkers_found {
    struct walk_tally tally;
    uint64_t ahead; /* readings that a segment still under way explained */
    size_t failure_count;
    struct walkers_failure failures[WALKERS_FAILURES_MAX];
    char trouble[256];           /* why the batch broke off; "": it did not */
    char rows[WALKERS_ROWS_MAX]; /* the walk that was to be written */
};

/* Under what a walk goes, by its batch: every other goes over IPv6; of the pairs every other has a
 * wire that loses, doubles and delays, and now and then one has a peer that answers as seldom as
 * Linux does unless told otherwise, or an end of ours without timestamps or with a narrow window.
 */
struct walkers_conditions {
    bool v6, wired, limited, unstamped, narrow;
};

struct walkers_conditions walkers_conditions(size_t walk);
/* The same as options of `tcpshake lab`, each with a blank behind it. Returns `out`. */
char *walkers_options(const struct walk_kind *kind, size_t walk, char out[WALKERS_OPTIONS_MAX]);
/* Does the walks of one order and waits for them. */
void walkers_walk(const struct walkers_order *order, struct walkers_found *found);
/* Does the walks of an order of any size in batches, `jobs` at once, and adds up; `told` now and
 * then, may be NULL. */
void walkers_walk_all(const struct walkers_order *order, size_t jobs, struct walkers_found *found,
                      void (*told)(const struct walkers_found *));

#endif
