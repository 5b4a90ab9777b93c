/* How the row at which the walk is turned out. And alternatives (either, or): all of them are
 * awaited, and what comes decides. Each begins with what the peer sends or with silence
 * (figure/check). An alternative is named by the item that opens it. */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_ROW_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_ROW_H

#include "measure/play/play.h"

/* The walk is at this item, a row of which nothing is known yet; the item behind it comes next. */
void play_row_enter(struct play *p, size_t item);
/* Its segment was seen on the wire; what is inferred from it is up to date. */
void play_row_crossed(struct play *p, const struct segment *seg, int64_t t_ns);
/* The row is not as figured, or not known to be. A deviation stands whatever else is found; of
 * what is not known the first stands. */
void play_row_find(struct play *p, enum event_line_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Something is not as figured. It is a deviation unless what we did not see may explain it. */
void play_row_find_deviation(struct play *p, const char *what);
/* Puts the row into the record and into the tally. */
void play_row_tell(struct play *p, const struct play_row *row);

/* --- Alternatives --- */

/* The walk is at the alternatives that begin at this item; what is behind them comes next. */
void play_row_enter_choice(struct play *p, size_t item);
/* By when, ns after the row before, the row's segment must have come; 0: not given. */
int64_t play_row_latest(const struct figure_row *row);
/* By when the last of the segments awaited must have come, and how long a silence must be, ns after
 * the row before; 0: not given. */
int64_t play_row_choice_latest(const struct play *p);
int64_t play_row_choice_silence(const struct play *p);
/* The alternative that begins with silence; false: there is none. */
bool play_row_choice_silent(const struct play *p, size_t *i);
/* What happened is alternative `i`, unless something before it was missed: then it need not be. */
void play_row_choose(struct play *p, size_t i);

/* --- The verdict --- */

/* The figure could not even begin. */
void play_row_trouble(struct play *p, const char *what, const char *why);
/* "figure", "title", "verdict", "alternative", "first_deviation", "first_unknown", "lines", and the
 * exit code: 0 as figured, 1 deviates, 3 unknown. */
void play_row_report(const struct play *p, struct result *r);

#endif
