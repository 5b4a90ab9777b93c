/* How long and when: what stands between [ and ] at the end of a row, and durations elsewhere. */
#ifndef TCPSHAKE_FIGURE_TIMING_H
#define TCPSHAKE_FIGURE_TIMING_H

#include "figure/figure.h"
#include "figure/lex.h"

/* The tolerance of [after] that gives none, ns. */
int64_t timing_tolerance(int64_t after_ns);

/* The duration that the characters [from, to) are; "1.5 s" is one too. */
enum status timing_duration(const struct lex *l, size_t from, size_t to, int64_t *ns,
                            struct fault *fault);

/* Adds what the token says to the row. */
enum status timing_take(const struct lex *l, const struct lex_token *t, struct figure_row *r,
                        struct fault *fault);

/* Whether the row's segment, `gap_ns` after the row before, came when the figure says. */
bool timing_kept(const struct figure_row *row, int64_t gap_ns);

#endif
