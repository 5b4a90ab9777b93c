/* The texts of a figure, all in one block that goes with it. */
#ifndef TCPSHAKE_FIGURE_STORE_H
#define TCPSHAKE_FIGURE_STORE_H

#include "base/fault.h"
#include "figure/figure.h"

/* Room for `cap` octets, ends of strings included. */
enum status store_init(struct figure *f, size_t cap, struct fault *fault);

/* A terminated copy of the n octets that lives as long as `f`. The block never moves, so there
 * must be room. */
const char *store_put(struct figure *f, const char *s, size_t n);

#endif
