/* The walk from item to item of the figure. Between two rows nothing of the peer's reaches our end:
 * what comes early is kept until a row asks for it, as if it had been a little longer under way, so
 * that both columns can be held against the figure in the figure's order. */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_WALK_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_WALK_H

#include "measure/play/play.h"

/* Goes on as far as it can without time passing or a segment crossing the wire. */
void play_walk(struct talk *x);
/* Nothing else happens before that instant, unless a segment comes. */
void play_walk_wait(struct talk *x, enum play_phase phase, int64_t until_ns);
/* The instant has come. */
void play_walk_time_up(struct talk *x);
/* While the row's segment is on its way: one of ours was seen leaving. */
void play_walk_left(struct talk *x, const struct segment *seg);

#endif
