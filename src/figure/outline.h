/* What kind of line a line is, before it is taken apart: rows stand among headers, captions, the
 * text around a figure, and the page breaks of an RFC. */
#ifndef TCPSHAKE_FIGURE_OUTLINE_H
#define TCPSHAKE_FIGURE_OUTLINE_H

#include "figure/columns.h"
#include "figure/lex.h"

bool outline_is_empty(const struct lex *l);
/* A comment alone. */
bool outline_is_comment(const struct lex *l);
/* "[Page 32]", or the heading of a page behind it. */
bool outline_is_page_break(const struct lex *l);
/* "TCP Peer A   TCP Peer B": where the columns begin goes to `c`. */
bool outline_is_head(const struct lex *l, struct columns *c);
/* "Figure 8". */
bool outline_is_caption(const struct lex *l);
/* A line of text: it has no number, no punctuation of a row, and a word in small letters that means
 * nothing in a figure. */
bool outline_is_prose(const struct lex *l);
/* Surely a row, wherever it stands. */
bool outline_is_row(const struct lex *l);

/* A header "name: text". What is before the colon and where the text begins. */
bool outline_is_header(const struct lex *l, size_t *name_to, size_t *text_from);
/* Begins further in than the first column. */
bool outline_is_indented(const struct lex *l);

#endif
