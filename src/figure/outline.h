/* What kind of line a line is, before it is taken apart: rows stand among headers, captions, the
 * text around a figure, and the page breaks of an RFC.
 *
 * Headers come before the rows. A figure ends with its caption, "Figure 8: ..." or a line of text:
 * one that has no number, no punctuation of a row, and a word in small letters that is no state.
 * Text before the rows means nothing. Behind "[Page 32]", a form feed or a line that begins with
 * "RFC 9293", text is the heading of a page and ends nothing. */
#ifndef TCPSHAKE_FIGURE_OUTLINE_H
#define TCPSHAKE_FIGURE_OUTLINE_H

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

/* Which column of a figure something stands in that has no arrow beside it to tell.
 *
 * The head row says where the columns begin; without one they are where the other rows have them,
 * on average. Things in a row without a segment go by these rules:
 * - Two states are A's and B's, wherever they stand; a third is the kernel's in our own output.
 * - A lone state is that of the end whose column it begins nearer to.
 * - A parenthesis at most two blanks from a state is in that state's column.
 * - Any other goes to the column that it begins nearest to, of those that the order in the row
 *   leaves it: A's, the segments', B's. The segments' column is for remarks; an event is only found
 *   there behind A's state, which it then explains.
 * So "(send 300,receive 100)" is B's in Figures 9 and 10 although it begins far left of B's states.
 */
enum column {
    COLUMN_A,
    COLUMN_SEGMENT,
    COLUMN_B,
    COLUMN_BEHIND /* behind B's: the end of the line */
};

/* Where something was seen in a column, to be averaged. */
struct column_seen {
    unsigned long sum, count;
};

struct columns {
    bool head; /* a head row has said where A's and B's begin */
    unsigned head_a, head_b;
    bool kernel; /* there is a column with what the kernel says */
    unsigned head_kernel;
    struct column_seen seen[COLUMN_BEHIND];
};

/* One thing in a row: a state or set of states, or a parenthesis. */
struct piece {
    size_t token, tokens; /* which tokens of the line */
    unsigned cell, end;   /* the cells from `cell` up to `end` */
    enum column column;
    bool state;
    bool event, numbers; /* a parenthesis that does something; that gives the end's numbers */
};

/* A first look at a figure: where its columns are. A lone thing in a row can stand above all that
 * would tell its column, so this is found out before the rows are read. What is wrong with the
 * source is not said: reading the rows will. */
void outline_find(struct columns *c, const char *name, const char *text, size_t len);
/* Gives the pieces of a row without a segment their columns. */
void outline_assign(const struct columns *c, struct piece *p, size_t n);

#endif
