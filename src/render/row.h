/* The lines of a ladder, in the notation of the figures of RFC 9293: number, time, A's state,
 * arrow, segment, arrow, B's states. All rows of a ladder share one shape, computed from what they
 * hold and from the width there is. */
#ifndef TCPSHAKE_RENDER_ROW_H
#define TCPSHAKE_RENDER_ROW_H

#include "base/text.h"
#include "event/sink.h"
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
    const char *own;       /* A's state */
    const char *truth;     /* what the kernel says B's is; NULL unknown */
    bool truth_wrong;      /* it is none of B's states */
    bool alarm;            /* the segment is a reset */
    int64_t t_ns;
    char time[ROW_TIME_MAX];       /* may be "" */
    char seg[ROW_SEGMENT_MAX];     /* "<SEQ=0><CTL=SYN>", may be "" */
    char peer[STATE_SET_TEXT_MAX]; /* B's states, may be "" */
    struct text remarks, comments; /* one a line; harmless already */
};

void row_init(struct row *r);
void row_done(struct row *r);

struct row_shape {
    size_t number, time, own, seg, peer, truth; /* widths; time and truth may be 0: no column */
    size_t gap;                                 /* between columns: 1 or 2 */
    bool stacked; /* too narrow for columns: state, segment, states one below the other */
};

/* The shape in which the rows fit into `columns`. What is too wide is broken, and so that few lines
 * are needed and few segments suffer. */
struct row_shape row_shape_of(const struct row *rows, size_t count, size_t columns);

/* Where A's and B's states begin, and the kernel's. */
size_t row_shape_own_at(const struct row_shape *s);
size_t row_shape_peer_at(const struct row_shape *s);
size_t row_shape_truth_at(const struct row_shape *s);

/* Appends the row's lines. */
void row_draw(const struct row *r, const struct row_shape *s, const struct style *style,
              struct text *out);

#endif
