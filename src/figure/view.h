/* A row of a figure by its ends: what stands in an end's column, which of them sends the row's
 * segment, and whether it leaves that one and reaches the other. */
#ifndef TCPSHAKE_FIGURE_VIEW_H
#define TCPSHAKE_FIGURE_VIEW_H

#include "figure/figure.h"

const struct figure_cell *view_cell(const struct figure_row *row, enum end side);
/* The end that the row's segment comes from, seen to leave it or not. */
enum end view_sender(const struct figure_row *row);
/* Whether the segment leaves, or reaches, that end in this row. */
bool view_leaves(const struct figure_row *row, enum end side);
bool view_reaches(const struct figure_row *row, enum end side);

#endif
