/* What the fuzz targets share: libFuzzer's entry, and the end of a run whose promise was broken. */
#ifndef TCPSHAKE_FUZZ_H
#define TCPSHAKE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static inline void fuzz_require(bool kept)
{
    if (!kept)
        abort();
}

#endif
