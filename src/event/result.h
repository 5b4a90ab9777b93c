/* Building a result: keys for programs, lines for people. */
#ifndef TCPSHAKE_EVENT_RESULT_H
#define TCPSHAKE_EVENT_RESULT_H

#include "base/histogram.h"
#include "event/event.h"

/* False when memory ran out. */
bool result_init(struct result *r);
/* A result whose keys become text at once, and which has no lines for people: for very many of
 * them. The text that a finished one had is used again: `r` is zeroed before the first time, and
 * given to result_done after the last. */
void result_init_direct(struct result *r);
void result_done(struct result *r);

/* Adds a key; takes the reference to `value` (NULL, out of memory, becomes a JSON null). */
void result_set(struct result *r, const char *key, json_t *value);
/* The same without a value made for it. A text that is no UTF-8 becomes a JSON null. */
void result_set_integer(struct result *r, const char *key, int64_t value);
void result_set_flag(struct result *r, const char *key, bool value);
void result_set_text(struct result *r, const char *key, const char *value);
/* Microseconds, from ns. */
void result_set_us(struct result *r, const char *key, int64_t ns);
void result_set_null(struct result *r, const char *key);
/* What is set from here to result_end goes into an object under this key. Not within another. */
void result_begin(struct result *r, const char *key);
void result_end(struct result *r);
/* Adds a line for people: "rtt", "31.2 us". An empty label continues the one above. */
void result_line(struct result *r, const char *label, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Microseconds with three decimals, as every `_us` key has them. */
json_t *result_us(int64_t ns);
json_t *result_seconds(double s);
/* {"min","avg","max","mdev","p50","p95","p99"} in microseconds; a JSON null when there is none. */
json_t *result_distribution(const struct histogram *h);

#endif
