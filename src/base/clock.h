/* Durations and instants: nanoseconds in an int64_t, everywhere. An instant counts from the Unix
 * epoch, as the kernel's packet stamps do. Reading a clock is not done here but in net/. */
#ifndef TCPSHAKE_BASE_CLOCK_H
#define TCPSHAKE_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

#define CLOCK_US    INT64_C(1000)
#define CLOCK_MS    (1000 * CLOCK_US)
#define CLOCK_S     (1000 * CLOCK_MS)
#define CLOCK_MIN   (60 * CLOCK_S)
#define CLOCK_NEVER INT64_MAX

/* "250ms", "1.5s", "80us", "2m", or a bare number of seconds as ping takes it; not negative, at
 * most a week. STATUS_MALFORMED with the reason otherwise. */
enum status clock_parse(const char *text, int64_t *ns, struct fault *fault);

/* A duration for people: "31.2 us", "4.07 ms", "1.018 s", "2 min 3 s". Returns `out`. */
char *clock_format(int64_t ns, char *out, size_t cap);

#endif
