/* What kind of line a line is, before it is taken apart: rows stand among headers, captions, the
 * text around a figure, and the page breaks of an RFC.
 *
 * Headers come before the rows. A figure ends with its caption, "Figure 8: ..." or a line of text:
 * one that has no number, no punctuation of a row, and a word in small letters that is no state.
 * Text before the rows means nothing. Behind "[Page 32]", a form feed or a line that begins with
 * "RFC 9293", text is the heading of a page and ends nothing. */
#ifndef TCPSHAKE_FIGURE_OUTLINE_H
#define TCPSHAKE_FIGURE_OUTLINE_H

#include "figure/columns.h"
#include "figure/lex.h"

enum outline_kind {
    OUTLINE_NOTHING, /* empty, a comment, a page break, a caption, text */
    OUTLINE_HEADER,  /* "name: text" */
    OUTLINE_MORE,    /* goes on with the header above */
    OUTLINE_HEAD,    /* "TCP Peer A   TCP Peer B" */
    OUTLINE_ROW,     /* a row, or a line of a block */
    OUTLINE_BEHIND,  /* a row of a figure that has ended before */
    OUTLINE_SECOND,  /* the head row of a second figure */
};

/* What the lines so far were; zeroed at the beginning. */
struct outline {
    bool in_header;    /* indented lines go on with it */
    bool in_rows;      /* there was a row */
    bool in_page_head; /* behind a page break, up to the next row */
    unsigned ended;    /* the number of the line that ended the figure: a caption, or text */
};

enum outline_kind outline_next(struct outline *o, const struct lex *l);

/* Of a header: where its name ends, at the colon. */
size_t outline_colon(const struct lex *l);
/* Of the head row: where the columns begin. */
void outline_columns(const struct lex *l, struct columns *c);

#endif
