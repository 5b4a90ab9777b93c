/* A figure in the notation it was read from: what is printed parses to the same figure. */
#ifndef TCPSHAKE_FIGURE_PRINT_H
#define TCPSHAKE_FIGURE_PRINT_H

#include "base/text.h"
#include "figure/figure.h"

/* "<SEQ=100><ACK=301><CTL=SYN,ACK>" */
void figure_print_segment(struct text *out, const struct figure_segment *s);
/* "(Close)", "ESTABLISHED", "(Close) FIN-WAIT-1"; "" if it is empty. */
void figure_print_cell(struct text *out, const struct figure_cell *c);
/* "[after 1s +- 200ms]", several with a blank between; "" if the row says nothing of the kind. */
void figure_print_times(struct text *out, const struct figure_row *r);
/* "needs: closes" as a line of its own; nothing for the default. */
void figure_print_needs(struct text *out, unsigned needs);
/* The arrow as three characters. */
const char *figure_print_arrow(enum figure_arrow arrow);

/* The whole figure, headers included. */
void figure_print(struct text *out, const struct figure *f);

#endif
