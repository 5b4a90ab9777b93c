/* A figure in the notation it was read from: what is printed parses to the same figure. */
#ifndef TCPSHAKE_FIGURE_PRINT_H
#define TCPSHAKE_FIGURE_PRINT_H

#include "base/text.h"
#include "figure/figure.h"

/* "needs: closes" as a line of its own; nothing for the default. */
void figure_print_needs(struct text *out, unsigned needs);
/* The arrow as three characters. */
const char *figure_print_arrow(enum figure_arrow arrow);

/* The whole figure, headers included. */
void figure_print(struct text *out, const struct figure *f);

#endif
