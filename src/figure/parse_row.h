/* One row of a figure, read from the tokens of a line, and the lines that go on with it: the states
 * and events of its two cells, its segment, its remarks and times. A part of parse. */
#ifndef TCPSHAKE_FIGURE_PARSE_ROW_H
#define TCPSHAKE_FIGURE_PARSE_ROW_H

#include "figure/figure.h"
#include "figure/lex.h"
#include "figure/outline.h"

/* The lines before the rows. */
enum header_name {
    HEADER_TITLE,
    HEADER_CITE,
    HEADER_ABOUT,
    HEADER_NEEDS,
    HEADER_COUNT
};

struct headers {
    struct figure *figure;
    unsigned seen; /* as bits (1 << name) */
    bool open;     /* the lines that follow may belong to `name` */
    enum header_name name;
    struct text text; /* of the header that is open */
};

/* A figure that is being read. */
struct parser {
    struct lex lex;
    struct outline outline;
    struct columns columns;
    struct headers headers;
    struct figure *f;
    size_t cap;
    struct text remark; /* of the row that is open */
    bool row_open;      /* the last item is a row, which the next line may go on with */
    bool a_unfinished, b_unfinished; /* its set of states ended with | */
    unsigned number;
    bool number_waits;     /* no row has begun this step */
    size_t repeat, branch; /* items that are not ended: REPEAT; EITHER or its latest OR */
};

/* An item behind the last one, which is closed if it is a row; STATUS_MALFORMED with a line when
 * there are too many. */
enum status parse_row_item(struct parser *p, enum figure_item_kind kind, unsigned line,
                           unsigned column, struct fault *fault);
/* The row that is open gets no more lines. */
enum status parse_row_close(struct parser *p, struct fault *fault);
/* The line is a row, or goes on with the row above. */
enum status parse_row_line(struct parser *p, struct fault *fault);

#endif
