/* Any text is a duration within its limits or is refused with a reason; a number of nanoseconds
 * survives being written and read. */
#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static void read_back(int64_t ns)
{
    char text[48];
    int64_t again;
    (void)snprintf(text, sizeof(text), "%" PRId64 ".%03" PRId64 "us", ns / 1000, ns % 1000);
    fuzz_require(clock_parse(text, &again, NULL) == STATUS_OK && again == ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n + 1);
    if (text == NULL)
        return 0;
    if (n != 0)
        memcpy(text, data, n);
    text[n] = '\0';
    int64_t ns = -1;
    struct fault fault = {""};
    if (clock_parse(text, &ns, &fault) == STATUS_OK) {
        char out[32];
        fuzz_require(ns >= 0 && ns <= INT64_C(7) * 24 * 60 * CLOCK_MIN);
        read_back(ns);
        fuzz_require(strlen(clock_format(ns, out, sizeof(out))) > 0);
    } else {
        fuzz_require(ns == -1 && fault.text[0] != '\0');
    }
    free(text);
    return 0;
}
