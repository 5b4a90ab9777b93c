/* Schedules that are the same, counted together: those that fit the same known stack, and
 * otherwise those whose model, rounded to about the tolerance of a gap, and whose count and end are
 * equal. The table has a fixed number of rows. */
#ifndef TCPSHAKE_CLI_SIGNATURE_H
#define TCPSHAKE_CLI_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/observation.h"

enum {
    SIGNATURE_ROWS = 256,
    SIGNATURE_TEXT_MAX = 96
};

struct signature {
    uint64_t targets;
    uint64_t incomplete; /* of them: the series may have lost something */
    uint64_t retransmissions;
    enum observation_end end;
    /* Of those that a geometric series fits: how many, and sums over them. */
    uint64_t modelled, factored, capped;
    double first_s, factor, cap_s;
    char gaps[48];  /* of the first target, rounded: "0.8 0.4 0.4 ..." */
    char stack[80]; /* the nearest, of the target that was the least distant; "" for none */
    double distance;
    bool fits;                    /* the stack does: gaps, count and end */
    char key[SIGNATURE_TEXT_MAX]; /* equal for what is the same */
};

struct signatures {
    struct signature rows[SIGNATURE_ROWS]; /* about 80 kB */
    size_t count;
    uint64_t left_out; /* targets whose schedule found no row any more */
};

void signature_init(struct signatures *t);
/* Counts an observation that has `listened`. */
void signature_count(struct signatures *t, const struct observation *o);
/* The most frequent first. */
void signature_sort(struct signatures *t);

/* "1.0 s x 2.0, 5 times, silence": first gap and factor are rounded means. Returns `out`. */
char *signature_format(const struct signature *s, char out[SIGNATURE_TEXT_MAX]);

/* A number of seconds as a signature has it: "1.0", "0.25", "16". Returns `out`. */
char *signature_number(double v, char *out, size_t cap);

#endif
