/* Alternatives (either, or, end) in the flat list of a figure's items. */
#ifndef TCPSHAKE_FIGURE_BLOCKS_H
#define TCPSHAKE_FIGURE_BLOCKS_H

#include "figure/figure.h"

/* The END of the alternatives of which the EITHER or an OR is at `i`. */
size_t blocks_end(const struct figure *f, size_t i);
/* The first row of the alternative that begins with the EITHER or OR at `i`. */
const struct figure_row *blocks_first_row(const struct figure *f, size_t i);
/* Whether an alternative ends with the row at `i`. */
bool blocks_ends_alternative(const struct figure *f, size_t i);
/* Whether a step of the figure ends before the item at `i`. */
bool blocks_begins_step(const struct figure *f, size_t i);

#endif
