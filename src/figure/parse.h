/* Reads the figure language: what RFC 793 and RFC 9293 print, what we print ourselves, and the
 * additions that tcpshake-figure(5) documents. */
#ifndef TCPSHAKE_FIGURE_PARSE_H
#define TCPSHAKE_FIGURE_PARSE_H

#include "base/fault.h"
#include "figure/figure.h"

/* Makes a figure of the `len` octets at `text`. STATUS_MALFORMED with
 * "NAME:LINE:COLUMN: what is wrong, what was expected" otherwise; then `f` is empty.
 * figure_done() it. */
enum status figure_parse(struct figure *f, const char *name, const char *text, size_t len,
                         struct fault *fault);

#endif
