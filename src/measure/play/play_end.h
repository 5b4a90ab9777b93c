/* The end of a figure: the record is made complete, and nothing stays half open at the peer. */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_END_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_END_H

#include "measure/play/play.h"

/* The walk is over, at the end of the figure or before. */
void play_end(struct talk *x);
/* Afterwards, if the figure went over to our other port: whenever a segment has left or the timer
 * has fired. What is open there is reset once the first connection's has left. */
void play_end_other_port(struct talk *x);

#endif
