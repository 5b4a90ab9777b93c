/* What the columns of a figure between two kernels make happen. */
#ifndef TCPSHAKE_MEASURE_PLAY_STAGED_ACT_H
#define TCPSHAKE_MEASURE_PLAY_STAGED_ACT_H

#include "measure/play/staged.h"

/* Whether somebody listens at either end when the figure begins. */
void staged_act_begin(struct talk *p);
/* The handshake that the figure does not show: A connects. */
void staged_act_open(struct talk *p);
/* The events of the row. */
void staged_act_columns(struct talk *p);
/* The call behind the row's segment, where the figure shows only that. */
void staged_act_implied(struct talk *p);

#endif
