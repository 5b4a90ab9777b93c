/* What the columns of a row make happen: our calls, what applications are told to do, and the
 * segment that is ours to send. */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_ACT_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_ACT_H

#include "measure/play/play.h"

/* Between two kernels: whether somebody listens at either end when the figure begins; and the
 * handshake that the figure does not show, in which A connects. */
void play_act_begin(struct play *p);
void play_act_open(struct play *p);
/* The events in both columns. */
void play_act_columns(struct play *p);
/* The call behind a segment that is not ours, where the figure shows only that. */
void play_act_implied(struct play *p);
/* Our segment goes to the wire. False when too much waits to be sent already. */
bool play_act_send(struct play *p);
/* It stays in the network: our end has sent it, the wire has not seen it. */
void play_act_hold_back(struct play *p);
/* Goes on with the connection from our other port, and the next time with the first again. */
void play_act_change_port(struct play *p);

#endif
