/* A figure as those see it who play it: a row by its ends, alternatives (either, or, end) in the
 * flat list of items, and what the figure as a whole asks of the player. */
#ifndef TCPSHAKE_FIGURE_VIEW_H
#define TCPSHAKE_FIGURE_VIEW_H

#include "figure/figure.h"

/* What stands in the end's column. */
const struct figure_cell *view_cell(const struct figure_row *row, enum end side);
/* The end that the row's segment comes from, seen to leave it or not. */
enum end view_sender(const struct figure_row *row);
/* Whether the segment leaves, or reaches, that end in this row. */
bool view_leaves(const struct figure_row *row, enum end side);
bool view_reaches(const struct figure_row *row, enum end side);
/* When the row's segment came with respect to what the figure says: before [after], behind [within]
 * or [after]. Of the time since the row before bounds are known. */
enum view_time {
    VIEW_IN_TIME,
    VIEW_EARLY,
    VIEW_LATE,
};
enum view_time view_time_of(const struct figure_row *row, int64_t least_ns, int64_t most_ns);

/* The END of the alternatives of which the EITHER or an OR is at `i`. */
size_t view_block_end(const struct figure *f, size_t i);
/* The first row of the alternative that begins with the EITHER or OR at `i`. */
const struct figure_row *view_first_row(const struct figure *f, size_t i);
/* Whether an alternative ends with the row at `i`. */
bool view_ends_alternative(const struct figure *f, size_t i);
/* Whether a step of the figure ends before the item at `i`. */
bool view_begins_step(const struct figure *f, size_t i);

/* It needs a connection before its first segment: a handshake that it does not show comes before.
 */
bool view_needs_connection(const struct figure *f);
/* Timestamps: <TS> stands in it. */
bool view_needs_timestamps(const struct figure *f);
/* A second port of ours: (other port); or a silence, which counts if a question from there is
 * answered. */
bool view_needs_second_port(const struct figure *f);
bool view_shows_other_port(const struct figure *f);
/* That the peer opens: the first segment on the wire is not that of `us`. */
bool view_needs_peer_opens(const struct figure *f, enum end us);

#endif
