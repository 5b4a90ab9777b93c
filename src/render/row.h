/* The lines of a ladder, in the notation of the figures of RFC 9293: number, time, A's state,
 * arrow, segment, arrow, B's states. All rows of a ladder share one shape, computed from what they
 * hold and from the width there is. */
#ifndef TCPSHAKE_RENDER_ROW_H
#define TCPSHAKE_RENDER_ROW_H

#include "base/text.h"
#include "event/timeline.h"
#include "tcp/state.h"

enum {
    ROW_SEGMENT_MAX = 256,
    ROW_TIME_MAX = 32
};

struct row {
    unsigned line;         /* its number */
    bool continued;        /* belongs to the line above and has no number of its own */
    bool remark_only;      /* states and segment are not shown: a "(Close)" of its own */
    const char *arrow;     /* "-->", "<--", "" */
    const char *far_arrow; /* beside B's; NULL: the same */
    struct text own, peer; /* A's state, B's states */
    const char *truth;     /* what the kernel says B's is; NULL unknown */
    bool truth_wrong;      /* it is none of B's states */
    bool alarm;            /* the segment is a reset */
    bool timed;
    int64_t t_ns;
    char time[ROW_TIME_MAX];       /* see row_list_times */
    char seg[ROW_SEGMENT_MAX];     /* "<SEQ=0><CTL=SYN>", may be "" */
    struct text remarks, comments; /* one a line; harmless already */
    struct text mark;              /* behind the row, where there is room for it */
    size_t mark_kept;              /* octets of it that stand there in any case */
    struct text before, after;     /* whole lines around it */
};

/* The rows of one ladder. Zeroed before its first use. */
struct row_list {
    struct row *rows;
    size_t count, cap;
    bool timed;               /* the next two are known */
    int64_t zero_ns, last_ns; /* of the first segment and the latest */
};

void row_list_done(struct row_list *l);
/* Takes the rows out; the memory stays. */
void row_list_clear(struct row_list *l);
/* A row at the end, empty; NULL: out of memory. */
struct row *row_list_add(struct row_list *l);
/* The row's segment crossed the wire then. */
void row_list_stamp(struct row_list *l, struct row *r, int64_t t_ns);
/* Fills in the times of the rows that have one, counted from the first segment: milliseconds, or
 * seconds when it took long, both to the microsecond. Returns the unit. */
const char *row_list_times(struct row_list *l);
/* Whether memory ran out for a text of a row. */
bool row_list_failed(const struct row_list *l);

struct row_shape {
    size_t number, time, own, seg, peer, truth; /* widths; time and truth may be 0: no column */
    size_t mark_at;                             /* where the marks begin, behind shorter rows */
    size_t gap;                                 /* between columns: 1 or 2 */
    bool stacked; /* too narrow for columns: state, segment, states one below the other */
};

/* The shape in which the rows fit into `columns`. What is too wide is broken, and so that few lines
 * are needed and few segments suffer. */
struct row_shape row_shape_of(const struct row_list *l, size_t columns);

/* Where A's and B's states begin. */
size_t row_shape_own_at(const struct row_shape *s);
size_t row_shape_peer_at(const struct row_shape *s);

/* Appends the heads of the columns. */
void row_draw_heads(const struct row_shape *s, const char *unit, struct text *out);
/* Appends the row's lines. */
void row_draw(const struct row *r, const struct row_shape *s, const struct style *style,
              struct text *out);

#endif
