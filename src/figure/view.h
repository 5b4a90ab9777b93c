/* A row of a figure: which end sends its segment, whether it leaves and arrives; and the row as one
 * end sees it, what it does itself and what the other end does. */
#ifndef TCPSHAKE_FIGURE_VIEW_H
#define TCPSHAKE_FIGURE_VIEW_H

#include "figure/figure.h"

/* What becomes of a row's segment. */
enum view_leg {
    VIEW_NONE,      /* there is no segment */
    VIEW_SEND,      /* we send it and it arrives */
    VIEW_HOLD_BACK, /* we send it; it stays in the network: X --> seg ... */
    VIEW_RELEASE,   /* one of ours that is in the network arrives: ... seg --> Y */
    VIEW_AWAIT,     /* the other end sends it and it reaches us */
    VIEW_WITHHOLD,  /* the other end sends it; it does not reach us yet */
    VIEW_DELIVER,   /* one of the other end's that is in the network reaches us */
};

struct view {
    const struct figure_row *row;
    const struct figure_cell *own, *peer;
    enum view_leg leg;
};

struct view view_of(const struct figure_row *row, enum end us);
/* Whether the row's segment comes out of the other end now. */
bool view_comes(const struct view *v);

const struct figure_cell *view_cell(const struct figure_row *row, enum end side);
/* The end that the row's segment comes from, seen to leave it or not. */
enum end view_sender(const struct figure_row *row);
/* Whether the segment leaves, or reaches, that end in this row. */
bool view_leaves(const struct figure_row *row, enum end side);
bool view_reaches(const struct figure_row *row, enum end side);

#endif
