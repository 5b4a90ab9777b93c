/* Octets that come in pieces of any size, cut into lines. A line is held whole but never more than
 * LINES_MAX octets of it; one that is longer is known to be. */
#ifndef TCPSHAKE_BASE_LINES_H
#define TCPSHAKE_BASE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINES_MAX = 4096
};

struct lines {
    uint64_t number; /* of the line, from 1 */
    size_t len;
    bool too_long; /* `text` is its beginning */
    bool begun, whole;
    char text[LINES_MAX]; /* without the newline; not terminated, may hold NUL octets */
};

void lines_init(struct lines *l);

/* Takes octets up to and with the next newline and says in `*used` how many. True when the line is
 * whole: `number`, `len`, `text` and `too_long` are its until the next call. */
bool lines_take(struct lines *l, const char *data, size_t n, size_t *used);

/* After the last octet: true when there is a last line that no newline ends. */
bool lines_end(struct lines *l);

#endif
