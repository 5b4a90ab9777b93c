/* Where bytes of output go. The renderers know only this; cli/ decides that it is a file, a
 * terminal or a pipe, and notices when that is full or closed. */
#ifndef TCPSHAKE_BASE_WRITER_H
#define TCPSHAKE_BASE_WRITER_H

#include <stddef.h>

#include "base/fault.h"

struct writer {
    /* Takes all `n` octets or fails with a line in `fault`. */
    enum status (*put)(void *arg, const void *data, size_t n, struct fault *fault);
    void *arg;
};

#endif
