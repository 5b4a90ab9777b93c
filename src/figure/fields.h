/* What stands between < and >: the fields of a segment. */
#ifndef TCPSHAKE_FIGURE_FIELDS_H
#define TCPSHAKE_FIGURE_FIELDS_H

#include "figure/figure.h"
#include "figure/lex.h"

/* A number or a symbol, with what is added to it: the characters [from, to) of the line. */
enum status fields_number(const struct lex *l, size_t from, size_t to, struct figure_number *n,
                          struct fault *fault);

/* Adds the field in token `t` to the segment. */
enum status fields_take(const struct lex *l, const struct lex_token *t, struct figure_segment *s,
                        struct fault *fault);

#endif
