/* Reading and writing durations: see clock.h. */
#include "base/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status clock_parse(const char *text, int64_t *ns, struct fault *fault)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {
        {"us", CLOCK_US}, {"ms", CLOCK_MS}, {"s", CLOCK_S}, {"m", CLOCK_MIN}, {"", CLOCK_S}};
    static const int64_t most = INT64_C(7) * 24 * 60 * CLOCK_MIN;

    /* Digits and one point only: strtod alone would take signs, "inf" and hexadecimal. */
    size_t digits = strspn(text, "0123456789.");
    char *end;
    double number = strtod(text, &end);
    if (digits != 0 && end == text + digits) {
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
            if (strcmp(end, units[i].name) != 0)
                continue;
            double v = number * (double)units[i].ns;
            if (v > (double)most)
                return fault_set(fault, STATUS_MALFORMED, "'%s' is longer than a week", text);
            *ns = llround(v);
            return STATUS_OK;
        }
    }
    return fault_set(fault, STATUS_MALFORMED,
                     "'%s' is not a duration; write a number with us, ms, s or m, such as 250ms",
                     text);
}

char *clock_format(int64_t ns, char *out, size_t cap)
{
    double v = (double)ns;
    double size = fabs(v);
    if (size < 1000 * (double)CLOCK_US)
        (void)snprintf(out, cap, "%.1f us", v / (double)CLOCK_US);
    else if (size < (double)CLOCK_S)
        (void)snprintf(out, cap, "%.2f ms", v / (double)CLOCK_MS);
    else if (size < 2 * (double)CLOCK_MIN)
        (void)snprintf(out, cap, "%.3f s", v / (double)CLOCK_S);
    else
        (void)snprintf(out, cap, "%" PRId64 " min %" PRId64 " s", ns / CLOCK_MIN,
                       ns % CLOCK_MIN / CLOCK_S);
    return out;
}
