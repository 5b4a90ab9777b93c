/* The walk through a figure between two kernels: from item to item, and what a row waits for. */
#ifndef TCPSHAKE_MEASURE_PLAY_STAGED_WALK_H
#define TCPSHAKE_MEASURE_PLAY_STAGED_WALK_H

#include "measure/play/staged.h"

/* Goes as far as it can now. */
void staged_walk(struct talk *p);
/* The time that the phase waited for has come. */
void staged_walk_time_up(struct talk *p);
/* No further: what is left of the figure is not reached. */
void staged_walk_end(struct talk *p);

#endif
