/* What stands between < and >, the fields of a segment, and between [ and ], the times of a row;
 * read and printed. */
#ifndef TCPSHAKE_FIGURE_FIELDS_H
#define TCPSHAKE_FIGURE_FIELDS_H

#include "figure/figure.h"
#include "figure/lex.h"

/* A number or a symbol, with what is added to it: the characters [from, to) of the line. */
enum status fields_number(const struct lex *l, size_t from, size_t to, struct figure_number *n,
                          struct fault *fault);
/* The duration that the characters [from, to) are; "1.5 s" is one too. */
enum status fields_duration(const struct lex *l, size_t from, size_t to, int64_t *ns,
                            struct fault *fault);
/* Adds the field in token `t` to the segment, and what the bracket says to the row. */
enum status fields_take(const struct lex *l, const struct lex_token *t, struct figure_segment *s,
                        struct fault *fault);
enum status fields_take_time(const struct lex *l, const struct lex_token *t, struct figure_row *r,
                             struct fault *fault);

/* "100", "x+1"; "" if it is not given. */
void fields_print_number(struct text *out, const struct figure_number *n);
/* "3s", "200ms", exactly. */
void fields_print_duration(struct text *out, int64_t ns);
/* "<SEQ=100><ACK=301><CTL=SYN,ACK>" */
void fields_print(struct text *out, const struct figure_segment *s);
/* "[after 1s +- 200ms]", several with a blank between; "" if the row says nothing of the kind. */
void fields_print_times(struct text *out, const struct figure_row *r);

#endif
