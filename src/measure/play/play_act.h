/* What the columns of a row make happen: our calls, what the peer's application is told to do, and
 * the segment that is ours to send. */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_ACT_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_ACT_H

#include "measure/play/play.h"

/* The events in both columns. */
void play_act_columns(struct talk *x);
/* The call behind a segment of the peer's that the figure shows without it. */
void play_act_implied(struct talk *x);
/* Our segment goes to the wire. False when too much waits to be sent already. */
bool play_act_send(struct talk *x);
/* It stays in the network: our end has sent it, the wire has not seen it. */
void play_act_hold_back(struct talk *x);
/* Goes on with the connection from our other port, and the next time with the first again. */
void play_act_change_port(struct talk *x);

#endif
