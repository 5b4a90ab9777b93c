/* Building a result: keys for programs, written out as JSON at once, and lines for people. The keys
 * alone serve for any other record. One begins as zeroes; where memory ran out, `failed` of its
 * texts says so. */
#ifndef TCPSHAKE_EVENT_RESULT_H
#define TCPSHAKE_EVENT_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/histogram.h"
#include "base/text.h"
#include "wire/options.h"

struct result {
    struct text json; /* "key":value,"key":value */
    struct text text; /* lines "LABEL\tTEXT\n": label may be empty */
    bool bare;        /* nobody reads the lines: there are none */
    bool keyless;     /* nobody reads the keys: there need not be any */
    int exit_code;    /* 0 as expected, 1 answered otherwise, 2 error, 3 no answer */
};

/* Releases the texts. */
void result_done(struct result *r);
/* Makes it one without keys and lines, in the memory it has. */
void result_clear(struct result *r);

/* Each adds a key and its value; in a list the key is NULL. Keys are the program's own: nothing in
 * them needs an escape, and none may come twice. */
void result_set_integer(struct result *r, const char *key, int64_t value);
/* Of what is counted; beyond what int64_t holds it stays at that. */
void result_set_count(struct result *r, const char *key, uint64_t n);
/* With 15 digits; null where it is no number. */
void result_set_real(struct result *r, const char *key, double value);
/* Rounded to six decimals; null where it is no number. */
void result_set_seconds(struct result *r, const char *key, double s);
/* Microseconds with three decimals, from ns; CLOCK_NEVER becomes null. */
void result_set_us(struct result *r, const char *key, int64_t ns);
/* {"min","avg","max","mdev","p50","p95","p99"} in microseconds; null when there is none. */
void result_set_distribution(struct result *r, const char *key, const struct histogram *h);
void result_set_flag(struct result *r, const char *key, bool value);
/* NULL, and a text that is no UTF-8, become null. */
void result_set_text(struct result *r, const char *key, const char *value);
void result_set_null(struct result *r, const char *key);
/* What is set from here to result_end goes into an object under this key. */
void result_begin(struct result *r, const char *key);
void result_end(struct result *r);
/* The same for a list. */
void result_begin_list(struct result *r, const char *key);
void result_end_list(struct result *r);
/* TCP options as an object: "mss", "wscale" and so on, of each only if it is there. */
void result_set_options(struct result *r, const char *key, const struct options *opt);

/* Adds a line for people: "rtt", "31.2 us". An empty label continues the one above. */
void result_line(struct result *r, const char *label, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
