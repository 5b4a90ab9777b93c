/* One line that says what went wrong and what to do, filled where the error is known and
 * given context on its way up to cli/, the only place that prints it. */
#ifndef TCPSHAKE_BASE_FAULT_H
#define TCPSHAKE_BASE_FAULT_H

#include <stddef.h>

#include "base/status.h"

enum {
    FAULT_TEXT_MAX = 320
};

struct fault {
    char text[FAULT_TEXT_MAX];
};

/* Writes the line (cut if too long) and returns `s`, so that a failure is one statement:
 * `return fault_set(fault, STATUS_SYSTEM, "no route to %s", name);`. `fault` may be NULL. */
enum status fault_set(struct fault *fault, enum status s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "CONTEXT: " before the line that is there already; returns `s`. */
enum status fault_wrap(struct fault *fault, enum status s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* `n` octets of zero, which the caller frees; NULL with a line. */
void *fault_alloc(size_t n, struct fault *fault);

#endif
