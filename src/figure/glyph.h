/* What the characters of a pasted figure mean. */
#ifndef TCPSHAKE_FIGURE_GLYPH_H
#define TCPSHAKE_FIGURE_GLYPH_H

#include <stddef.h>
#include <stdint.h>

enum {
    GLYPH_BAD = 0xffffffff /* no UTF-8 */
};

/* The character at `s` (n > 0 octets are there) and how many octets it takes. GLYPH_BAD and 1 if
 * it is not well-formed UTF-8 (RFC 3629). */
uint32_t glyph_decode(const char *s, size_t n, size_t *used);

/* The ASCII that a character stands for, "" if it is invisible, NULL if it stands for nothing but
 * itself. Not for ASCII, which is what it is. */
const char *glyph_meaning(uint32_t c);

#endif
