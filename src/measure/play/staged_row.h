/* How a row of a figure between two kernels turned out: what it shows against what was found. */
#ifndef TCPSHAKE_MEASURE_PLAY_STAGED_ROW_H
#define TCPSHAKE_MEASURE_PLAY_STAGED_ROW_H

#include "measure/play/staged.h"

/* The walk is at the row of this item; what is behind it comes next. */
void staged_row_enter(struct staged *s, size_t item);
/* What happened is the alternative that item `i` opens: the walk is at its first row. */
void staged_row_choose(struct talk *p, size_t i);
/* Nothing was seen, and that is as figured: unknown if the capture may have missed something. */
void staged_row_silent(struct talk *p);
/* The row's segment, as it was on the wire. */
void staged_row_crossed(struct staged *s, const struct segment *seg, int64_t t_ns);
/* Something is wrong with the row, or not known; the worst and first counts. */
void staged_row_find(struct staged *s, enum event_line_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* It is not as figured: unknown if the capture has lost packets, or an earlier line is unknown. */
void staged_row_deviates(struct talk *p, const char *what);
/* Into the record. */
void staged_row_tell(struct talk *p, const struct staged_row *row);

/* When the segment came, against [after] and [within]. */
void staged_row_judge_time(struct talk *p);
/* The columns against the kernels. True when that is done; else ask again after
 * staged_row_interval. */
bool staged_row_judge(struct talk *p);
bool staged_row_judge_again(struct talk *p);
int64_t staged_row_interval(const struct staged *s);

#endif
