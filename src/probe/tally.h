/* The verdict on a figure, from how its lines turned out. */
#ifndef TCPSHAKE_PROBE_TALLY_H
#define TCPSHAKE_PROBE_TALLY_H

#include "event/event.h"
#include "figure/figure.h"

enum {
    TALLY_TEXT_MAX = 240,
    TALLY_ALTERNATIVES_MAX = 128
};

struct tally {
    unsigned counts[4];                        /* of lines, by enum event_line_status */
    char alternatives[TALLY_ALTERNATIVES_MAX]; /* the names of those found */
    struct tally_line {
        bool known;
        unsigned number, source_line;
        char text[TALLY_TEXT_MAX];
    } first_deviation, first_unknown;
};

/* A line has been told. */
void tally_line(struct tally *t, const struct event_line *line);
/* An alternative has been found, for certain or only as far as was seen; `first` is its first row.
 */
void tally_alternative(struct tally *t, const struct figure_item *choice,
                       const struct figure_row *first, bool certain);
/* The figure could not even begin. */
void tally_trouble(struct tally *t, const char *what, const char *why);

/* "figure", "title", "verdict", "alternative", "first_deviation", "first_unknown", "lines", and the
 * exit code: 0 as figured, 1 deviates, 3 unknown. */
void tally_report(const struct tally *t, const struct figure *f, struct result *r);

#endif
