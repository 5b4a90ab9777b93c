/* Building a result: keys for programs, lines for people. */
#ifndef TCPSHAKE_EVENT_RESULT_H
#define TCPSHAKE_EVENT_RESULT_H

#include "event/event.h"

/* False when memory ran out. */
bool result_init(struct result *r);
void result_done(struct result *r);

/* Adds a key; takes the reference to `value` (NULL, out of memory, becomes a JSON null). */
void result_set(struct result *r, const char *key, json_t *value);
/* Adds a line for people: "rtt", "31.2 us". An empty label continues the one above. */
void result_line(struct result *r, const char *label, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Microseconds with three decimals, as every `_us` key has them. */
json_t *result_us(int64_t ns);
json_t *result_seconds(double s);

#endif
