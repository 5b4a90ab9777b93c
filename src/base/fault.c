/* The carrier of error texts: see fault.h. */
#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status fault_set(struct fault *fault, enum status s, const char *fmt, ...)
{
    if (fault != NULL) {
        va_list ap;
        va_start(ap, fmt);
        (void)vsnprintf(fault->text, sizeof(fault->text), fmt, ap);
        va_end(ap);
    }
    return s;
}

enum status fault_wrap(struct fault *fault, enum status s, const char *fmt, ...)
{
    if (fault != NULL) {
        struct fault old = *fault;
        va_list ap;
        va_start(ap, fmt);
        (void)vsnprintf(fault->text, sizeof(fault->text), fmt, ap);
        va_end(ap);
        size_t used = strlen(fault->text);
        (void)snprintf(fault->text + used, sizeof(fault->text) - used, ": %s", old.text);
    }
    return s;
}

void *fault_alloc(size_t n, struct fault *fault)
{
    void *p = calloc(1, n);
    if (p == NULL)
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    return p;
}
