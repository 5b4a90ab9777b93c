/* What stands in one end's column of a row: states, and events in parentheses; read and printed. */
#ifndef TCPSHAKE_FIGURE_CELL_H
#define TCPSHAKE_FIGURE_CELL_H

#include "figure/figure.h"
#include "figure/lex.h"

/* The state that the token, a word, names, in the spelling of RFC 9293, RFC 793, Linux or its
 * tools. */
enum status cell_state(const struct lex *l, const struct lex_token *t, enum state *state,
                       struct fault *fault);

/* What the token, a parenthesis, says: an event or a remark, or `duplicate`. Its text goes to the
 * store of `f`. */
enum status cell_event(struct figure *f, const struct lex *l, const struct lex_token *t,
                       struct figure_cell *c, struct fault *fault);

/* "(Close)", "ESTABLISHED", "(Close) FIN-WAIT-1"; "" if it is empty. */
void cell_print(struct text *out, const struct figure_cell *c);

#endif
