/* A row of a figure, as it turned out, put into words for the record. */
#ifndef TCPSHAKE_TALK_LINE_H
#define TCPSHAKE_TALK_LINE_H

#include "base/text.h"
#include "event/event.h"
#include "figure/bind.h"

enum {
    LINE_CAME_MAX = 240
};

/* What was in the place of what the figure shows. */
struct line_facts {
    const struct figure_row *row;
    enum event_line_status status;
    state_set a, b;            /* NONE: not judged; then the figure's stand */
    const struct segment *seg; /* NULL: none crossed the wire */
    unsigned round;            /* of a repeat: its symbols are this round's alone */
    const char *text;
    const struct figure_item *alternative; /* that the row begins; NULL: none */
    bool alternative_ends;
};

/* The texts of an event_line; release with line_done. */
struct line {
    struct event_line event;
    struct text a, b, segment, wire, behind;
};

/* False when memory ran out. */
bool line_init(struct line *l, const struct line_facts *f);
void line_done(struct line *l);

/* "<SEQ=300><CTL=RST> came: why", in the figure's numbers as far as they are tied to the wire's;
 * `why` may be "". */
void line_came(const struct bind *b, enum end from, const struct segment *seg, const char *why,
               char *out, size_t cap);

#endif
