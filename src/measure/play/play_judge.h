/* Holds a row against what was found: our column against our TCB, the peer's against what its
 * kernel says and the set of states it may be in, (new ISN) against the ISNs before, [after] and
 * [within] against the clock. */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_JUDGE_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_JUDGE_H

#include "measure/play/play.h"

/* The columns. False: the peer's kernel may say something else yet; then play_judge_again is
 * called every play_judge_interval (ns), until it is true. */
bool play_judge_columns(struct talk *x);
bool play_judge_again(struct talk *x);
int64_t play_judge_interval(const struct play *p);
/* When the row's segment came. */
void play_judge_time(struct talk *x);

#endif
