/* Where in its source something of a figure is wrong, as people and editors expect to read it. */
#ifndef TCPSHAKE_FIGURE_POSITION_H
#define TCPSHAKE_FIGURE_POSITION_H

#include "base/fault.h"

/* "FILE:LINE:COLUMN: ..." and STATUS_MALFORMED. Line and column count from 1, in characters. */
enum status position_fault(struct fault *fault, const char *file, unsigned line, unsigned column,
                           const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
