/* A sparkline: the last durations of a series as a row of small bars, each a cell wide, with a mark
 * where there was none. */
#ifndef TCPSHAKE_RENDER_SPARKLINE_H
#define TCPSHAKE_RENDER_SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum {
    SPARKLINE_MAX = 256 /* as many as are remembered: no terminal's line has room for more */
};

struct sparkline {
    int64_t ns[SPARKLINE_MAX]; /* in a ring; below 0: none */
    size_t count;              /* of all that were put in */
};

void sparkline_init(struct sparkline *s);
/* A negative duration is one that is missing. */
void sparkline_put(struct sparkline *s, int64_t ns);

/* The last ones, at most `cells`, oldest first. The bars reach from the shortest to the longest of
 * those shown. `plain`: in ASCII. */
void sparkline_draw(const struct sparkline *s, size_t cells, bool plain, struct text *t);

/* What stands beside the bars of a live line. */
struct sparkline_facts {
    const char *title;               /* "192.0.2.2:7" */
    int64_t last_ns, p50_ns, p99_ns; /* below 0: not known */
    uint64_t answered, transmitted;
};

/* One line of at most `columns` cells: title, bars, times, counts. Where there is no room for all,
 * the bars are the first to shrink, then the title goes, then what is left is cut. */
void sparkline_line(const struct sparkline *s, const struct sparkline_facts *f, size_t columns,
                    bool plain, struct text *t);

#endif
