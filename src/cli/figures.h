/* Figures by name: of the library, or of a file. */
#ifndef TCPSHAKE_CLI_FIGURES_H
#define TCPSHAKE_CLI_FIGURES_H

#include "base/fault.h"
#include "figure/figure.h"

/* The figure in a file, or on standard input for "-". Call figure_done afterwards. */
enum status figures_read(struct figure *f, const char *name, struct fault *fault);
/* The figure of that name in the library, else that of a file, whose name has a '/' or a '.'. */
enum status figures_load(struct figure *f, const char *name, struct fault *fault);

#endif
