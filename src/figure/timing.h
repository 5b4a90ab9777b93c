/* What stands between [ and ] at the end of a row: when. */
#ifndef TCPSHAKE_FIGURE_TIMING_H
#define TCPSHAKE_FIGURE_TIMING_H

#include "figure/figure.h"
#include "figure/lex.h"

/* The tolerance of [after] that gives none, ns. */
int64_t timing_tolerance(int64_t after_ns);

/* Adds what the token says to the row. */
enum status timing_take(const struct lex *l, const struct lex_token *t, struct figure_row *r,
                        struct fault *fault);

#endif
