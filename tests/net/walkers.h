/* Who walks: batches of walks, each in a process and a lab of its own, several at once. */
#ifndef TCPSHAKE_TEST_WALKERS_H
#define TCPSHAKE_TEST_WALKERS_H

#include "walk.h"

enum {
    WALKERS_BATCH_MAX = 50,
    WALKERS_FAILURES_MAX = 16,
    WALKERS_ROWS_MAX = 64 * 1024
};

/* Walks `first` to `first + count - 1`. */
struct walkers_order {
    uint64_t seed;
    size_t first, count, steps;
    bool v6;
    uint64_t skipped;
    state_set impossible;
    bool written; /* the walk is to be written as a figure */
};

struct walkers_failure {
    size_t walk, step;
    bool v6;
    char why[200];
};

struct walkers_found {
    struct walk_tally tally;
    uint64_t ahead; /* readings that a segment still under way explained */
    size_t failure_count;
    struct walkers_failure failures[WALKERS_FAILURES_MAX];
    char trouble[256]; /* why the batch broke off; "": it did not */
    char rows[WALKERS_ROWS_MAX];
};

/* Every other batch goes over IPv6. */
bool walkers_v6(size_t walk);
/* The peer's settings on the walk's batch, as options of `tcpshake lab`. */
const char *walkers_settings(size_t walk);
/* Does the walks of one order and waits for them. */
void walkers_walk(const struct walkers_order *order, struct walkers_found *found);
/* Does `walks` in batches, `jobs` at once, and adds up; `told` now and then, may be NULL. */
void walkers_walk_all(uint64_t seed, size_t walks, size_t steps, size_t jobs,
                      struct walkers_found *found, void (*told)(const struct walkers_found *));

#endif
