/* See view.h. */
#include "figure/view.h"

const struct figure_cell *view_cell(const struct figure_row *row, enum end side)
{
    return side == END_A ? &row->a : &row->b;
}

static enum figure_arrow arrow_at(const struct figure_row *row, enum end side)
{
    return side == END_A ? row->a_arrow : row->b_arrow;
}

enum end view_sender(const struct figure_row *row)
{
    return row->a_arrow == FIGURE_ARROW_RIGHT || row->b_arrow == FIGURE_ARROW_RIGHT ? END_A : END_B;
}

bool view_leaves(const struct figure_row *row, enum end side)
{
    return row->has_segment && view_sender(row) == side && arrow_at(row, side) != FIGURE_ARROW_HELD;
}

bool view_reaches(const struct figure_row *row, enum end side)
{
    return row->has_segment && view_sender(row) != side && arrow_at(row, side) != FIGURE_ARROW_HELD;
}
