/* Holds a row against what was found: the columns against what is true of their ends, or may be,
 * (new ISN) against the ISNs before, [after] and [within] against the clock. */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_JUDGE_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_JUDGE_H

#include "measure/play/play.h"

/* The columns. False: a kernel may not have got everything yet, or say something else soon; then
 * play_judge_again is called every play_judge_interval (ns), until it is true. */
bool play_judge_columns(struct play *p);
bool play_judge_again(struct play *p);
int64_t play_judge_interval(const struct play *p);
/* When the row's segment came. */
void play_judge_time(struct play *p);

#endif
