/* The verdict on a figure, from how its lines turned out. */
#ifndef TCPSHAKE_MEASURE_PLAY_VERDICT_H
#define TCPSHAKE_MEASURE_PLAY_VERDICT_H

#include "event/event.h"
#include "figure/figure.h"

enum {
    VERDICT_TEXT_MAX = 240,
    VERDICT_ALTERNATIVES_MAX = 128
};

struct verdict {
    unsigned counts[4];                          /* of lines, by enum event_line_status */
    char alternatives[VERDICT_ALTERNATIVES_MAX]; /* the names of those found */
    struct verdict_line {
        bool known;
        unsigned number, source_line;
        char text[VERDICT_TEXT_MAX];
    } first_deviation, first_unknown;
};

/* A line has been told. */
void verdict_line(struct verdict *t, const struct event_line *line);
/* An alternative has been found, for certain or only as far as was seen; `first` is its first row.
 */
void verdict_alternative(struct verdict *t, const struct figure_item *choice,
                         const struct figure_row *first, bool certain);
/* The figure could not even begin. */
void verdict_trouble(struct verdict *t, const char *what, const char *why);

/* "figure", "title", "verdict", "alternative", "first_deviation", "first_unknown", "lines", and the
 * exit code: 0 as figured, 1 deviates, 3 unknown. */
void verdict_report(const struct verdict *t, const struct figure *f, struct result *r);

#endif
