/* A first look at a figure: where its columns are. A lone thing in a row can stand above all that
 * would tell its column, so this is found out before the rows are read. */
#ifndef TCPSHAKE_FIGURE_FIRST_PASS_H
#define TCPSHAKE_FIGURE_FIRST_PASS_H

#include "figure/columns.h"

/* What is wrong with the source is not said: reading the rows will. */
void first_pass_columns(struct columns *c, const char *name, const char *text, size_t len);

#endif
