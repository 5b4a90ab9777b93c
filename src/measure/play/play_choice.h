/* Alternatives (either, or): all of them are awaited, and what comes decides. Each begins with what
 * the peer sends or with silence (figure/check). An alternative is named by the item that opens
 * it. */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_CHOICE_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_CHOICE_H

#include "measure/play/play.h"

/* The walk is at the alternatives that begin at this item; what is behind them comes next. */
void play_choice_enter(struct play *p, size_t item);
/* By when, ns after the row before, the row's segment must have come; 0: not given. */
int64_t play_choice_row_latest(const struct figure_row *row);
/* By when the last of the segments awaited must have come, and how long a silence must be, ns after
 * the row before; 0: not given. */
int64_t play_choice_latest(const struct play *p);
int64_t play_choice_silence(const struct play *p);
/* The alternative that begins with silence; false: there is none. */
bool play_choice_silent(const struct play *p, size_t *i);
/* What happened is alternative `i`, unless something before it was missed: then it need not be. */
void play_choice_take(struct play *p, size_t i);

#endif
