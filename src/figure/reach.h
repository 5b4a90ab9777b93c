/* Which states the ends of a figure can be in after each of its rows, as far as what is shown
 * decides. Nothing here is stricter than RFC 9293: what an application does, time-outs and resets
 * need not be shown; segments that open or close must be. */
#ifndef TCPSHAKE_FIGURE_REACH_H
#define TCPSHAKE_FIGURE_REACH_H

#include "figure/figure.h"

/* One end, between two rows. */
struct reach {
    state_set states; /* it may be in one of these */
    state_set shown;  /* what its column said last */
    /* What has happened to it since its column said something new: the control bits of all
     * segments, and calls. The RFC's own figures show a state late now and then. */
    uint16_t sent, received;
    bool opened, closed;
};

void reach_init(struct reach *e);

/* The end goes through a row; `cell` is its column, `sends` and `receives` whether the segment
 * leaves and reaches it there. False if what the column shows cannot be. */
bool reach_row(struct reach *e, const struct figure_cell *cell, const struct figure_segment *s,
               bool sends, bool receives);

/* What is possible where two ways meet. */
struct reach reach_either(const struct reach *a, const struct reach *b);

#endif
