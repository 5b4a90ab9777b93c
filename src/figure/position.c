/* See position.h. */
#include "figure/position.h"

#include <stdarg.h>
#include <stdio.h>

enum status position_fault(struct fault *fault, const char *file, unsigned line, unsigned column,
                           const char *fmt, ...)
{
    char text[FAULT_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return fault_set(fault, STATUS_MALFORMED, "%s:%u:%u: %s", file, line, column, text);
}
