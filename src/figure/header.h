/* The header lines of a figure: title, cite, about, needs. */
#ifndef TCPSHAKE_FIGURE_HEADER_H
#define TCPSHAKE_FIGURE_HEADER_H

#include "figure/figure.h"
#include "figure/lex.h"

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

void header_init(struct headers *h, struct figure *f);
void header_done(struct headers *h);

/* A line "name: text". */
enum status header_begin(struct headers *h, const struct lex *l, size_t colon, struct fault *fault);
/* An indented line that goes on with the header that is open. */
enum status header_go_on(struct headers *h, const struct lex *l, struct fault *fault);
/* No more lines for the header that is open. */
enum status header_end(struct headers *h, struct fault *fault);

/* The word for one bit of figure_needs, NULL if there is none. */
const char *header_need(unsigned bit);

#endif
