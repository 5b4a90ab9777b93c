/* The walk through a figure between two kernels: from item to item, and what a row waits for. */
#ifndef TCPSHAKE_MEASURE_PLAY_STAGED_WALK_H
#define TCPSHAKE_MEASURE_PLAY_STAGED_WALK_H

#include "measure/play/staged.h"

/* Goes as far as it can now. */
void staged_walk(struct pair *p);
/* The time that the phase waited for has come. */
void staged_walk_time_up(struct pair *p);
/* No further: what is left of the figure is not reached. */
void staged_walk_end(struct pair *p);

#endif
