/* How the row at which the walk is turned out. */
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

#endif
