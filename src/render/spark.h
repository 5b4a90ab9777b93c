/* A sparkline: the last durations of a series as a row of small bars, each a cell wide, with a mark
 * where there was none. */
#ifndef TCPSHAKE_RENDER_SPARK_H
#define TCPSHAKE_RENDER_SPARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum {
    SPARK_MAX = 256 /* as many as are remembered: no terminal's line has room for more */
};

struct spark {
    int64_t ns[SPARK_MAX]; /* in a ring; below 0: none */
    size_t count;          /* of all that were put in */
};

void spark_init(struct spark *s);
/* A negative duration is one that is missing. */
void spark_put(struct spark *s, int64_t ns);

/* The last ones, at most `cells`, oldest first. The bars reach from the shortest to the longest of
 * those shown. `plain`: in ASCII. */
void spark_draw(const struct spark *s, size_t cells, bool plain, struct text *t);

/* What stands beside the bars of a live line. */
struct spark_facts {
    const char *title;               /* "192.0.2.2:7" */
    int64_t last_ns, p50_ns, p99_ns; /* below 0: not known */
    uint64_t answered, transmitted;
};

/* One line of at most `columns` cells: title, bars, times, counts. Where there is no room for all,
 * the bars are the first to shrink, then the title goes, then what is left is cut. */
void spark_line(const struct spark *s, const struct spark_facts *f, size_t columns, bool plain,
                struct text *t);

#endif
