/* Whether a segment on the wire is the one that a figure shows. */
#ifndef TCPSHAKE_FIGURE_MATCH_H
#define TCPSHAKE_FIGURE_MATCH_H

#include "figure/bind.h"
#include "wire/segment.h"

enum {
    MATCH_WHY_MAX = 160
};

enum match {
    MATCH_OTHER,   /* something else: other control bits, or data where there should be some */
    MATCH_DIFFERS, /* the kind is right, and what it says is not: see `why` */
    MATCH_YES,
};

/* Compares the segment, sent by `from`, with what the figure shows. The fields that are given must
 * be equal; PSH never counts, ECE and CWR only if the figure shows them. On MATCH_YES the numbers
 * that were not known are tied to the wire; else `b` stays as it was. `why` (MATCH_WHY_MAX) is
 * filled in on MATCH_DIFFERS. */
enum match match_segment(struct bind *b, enum end from, const struct figure_segment *want,
                         const struct segment *seg, char *why);

/* Whether two rows may show the same segment. */
bool match_figured(const struct figure_segment *a, const struct figure_segment *b);

#endif
