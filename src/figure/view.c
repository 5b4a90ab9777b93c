/* See view.h. */
#include "figure/view.h"

/* An arrow that is missing on the far side, as at the end of Figure 9, is the same as the near one.
 */
static enum view_leg leg_of(enum figure_arrow own, enum figure_arrow peer, enum figure_arrow away)
{
    if (own == FIGURE_ARROW_NONE)
        own = peer;
    if (peer == FIGURE_ARROW_NONE)
        peer = own;
    if (own == FIGURE_ARROW_HELD)
        return peer == away ? VIEW_RELEASE : VIEW_WITHHOLD;
    if (own == away)
        return peer == FIGURE_ARROW_HELD ? VIEW_HOLD_BACK : VIEW_SEND;
    return peer == FIGURE_ARROW_HELD ? VIEW_DELIVER : VIEW_AWAIT;
}

struct view view_of(const struct figure_row *row, enum end us)
{
    bool a = us == END_A;
    struct view v = {.row = row, .own = a ? &row->a : &row->b, .peer = a ? &row->b : &row->a};
    if (row->has_segment)
        v.leg = leg_of(a ? row->a_arrow : row->b_arrow, a ? row->b_arrow : row->a_arrow,
                       a ? FIGURE_ARROW_RIGHT : FIGURE_ARROW_LEFT);
    return v;
}

bool view_comes(const struct view *v)
{
    return v->leg == VIEW_AWAIT || v->leg == VIEW_WITHHOLD;
}

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
