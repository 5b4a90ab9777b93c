/* Any frame can be looked at, whatever it claims to be, and what the wire calls a segment lies
 * within it: one flipped bit makes its checksum wrong and changes nothing before it. */
#include "fuzz.h"

#include <string.h>

#include "lab/netem/netem.h"
#include "wire/segment.h"

enum {
    HEADERS = 14
};

static void corrupt(const struct netem_look *look, const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n);
    if (copy == NULL)
        return;
    for (uint64_t dice = 0; dice < 64; dice++) {
        memcpy(copy, data, n);
        fuzz_require(netem_look_corrupt(look, copy, dice * UINT64_C(0x9e3779b97f4a7c15)));
        fuzz_require(memcmp(copy, data, look->tcp_at + 4) == 0 && memcmp(copy, data, n) != 0);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct netem_look look;
    netem_look(&look, data, n);
    if (!look.segment)
        return 0;
    fuzz_require(look.packet && look.tcp_at > HEADERS && look.tcp_len >= 20);
    fuzz_require(look.tcp_at + look.tcp_len <= n);
    corrupt(&look, data, n);
    return 0;
}
