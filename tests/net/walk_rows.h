/* A walk written down as a figure, a row for each thing that happens, in the figure's own numbers.
 * All do nothing for a walk that is not to be written. */
#ifndef TCPSHAKE_TEST_WALK_ROWS_H
#define TCPSHAKE_TEST_WALK_ROWS_H

#include "walk.h"

/* The header, with what the steps need. */
void walk_rows_begin(struct walk *w);
/* In our column or in the peer's; what the language has no word for begins with '#'. */
void walk_rows_event(struct walk *w, bool ours, const char *event);
void walk_rows_wait(struct walk *w, int64_t ns);
void walk_rows_left(struct walk *w, const struct segment *seg, bool ours, enum state own);
void walk_rows_received(struct walk *w, const struct segment *seg, enum state own);
void walk_rows_remark(struct walk *w, const char *text);

#endif
