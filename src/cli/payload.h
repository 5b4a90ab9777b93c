/* What --data and --say give: text with escapes, or the contents of a file. */
#ifndef TCPSHAKE_CLI_PAYLOAD_H
#define TCPSHAKE_CLI_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum {
    PAYLOAD_MAX = 64 * 1024
};

struct payload {
    uint8_t *data;
    size_t len;
};

/* Appends what `text` stands for: "@FILE" the file's octets, otherwise the text with \r \n \t \0 \\
 * and \xHH resolved. At most PAYLOAD_MAX in all. */
enum status payload_append(struct payload *p, const char *text, struct fault *fault);
void payload_done(struct payload *p);

#endif
