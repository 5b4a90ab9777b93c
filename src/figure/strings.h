/* The texts of a figure, all in one block that goes with it. */
#ifndef TCPSHAKE_FIGURE_STRINGS_H
#define TCPSHAKE_FIGURE_STRINGS_H

#include "base/fault.h"
#include "figure/figure.h"

/* Room for `cap` octets, ends of strings included. */
enum status strings_init(struct figure *f, size_t cap, struct fault *fault);

/* A terminated copy of the n octets that lives as long as `f`. The block never moves, so there
 * must be room. */
const char *strings_put(struct figure *f, const char *s, size_t n);

#endif
