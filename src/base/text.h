/* A growing string for output that is laid out before it is written, and the strict reading of
 * numbers. */
#ifndef TCPSHAKE_BASE_TEXT_H
#define TCPSHAKE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

struct text {
    char *data; /* always terminated once something was added; NULL before */
    size_t len, cap;
    bool failed; /* memory ran out: what follows is dropped, check once at the end */
};

void text_init(struct text *t);
void text_done(struct text *t);
void text_clear(struct text *t);
void text_put(struct text *t, const char *s, size_t n);
void text_printf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Spaces up to `column` of the current line, counted in characters, none if already there. */
void text_pad(struct text *t, size_t column);

/* A whole decimal number within [min, max], nothing before or after it. */
bool text_to_number(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/* A stretch of a text, which need not end where it ends. */
struct text_span {
    const char *s;
    size_t n;
};

/* What a line of a list says, without the comment ('#' and what follows) and the blanks, tabs and
 * carriage returns around it; may be empty. */
struct text_span text_word(struct text_span line);

enum {
    TEXT_SHOWN_MAX = 80
};

/* Whether a code point does something to a terminal, or to the order of what is read there: control
 * characters, those of ISO 6429's C1 too, and those that direct or separate lines (Unicode's
 * Bidi_Control, U+2028, U+2029, U+FEFF). TEXT_NO_UTF8 is one. */
bool text_is_control(uint32_t c);

/* What was given, fit for a complaint on one line of a terminal: control characters are question
 * marks, and what is too long ends in dots. Returns `out`. */
const char *text_shown(const char *s, size_t n, char out[TEXT_SHOWN_MAX]);

/* STATUS_MALFORMED with the line "BEFORE'WHAT'AFTER", where what was given is shown as above. */
enum status text_refuse(struct fault *fault, const char *before, struct text_span what,
                        const char *after);

/* A host as it was typed, terminated: of less than `cap` octets, no blank, no control character,
 * and none of `banned` among them. STATUS_MALFORMED with the reason otherwise. */
enum status text_host(char *out, size_t cap, struct text_span host, const char *banned,
                      struct fault *fault);

/* How many character cells a UTF-8 string takes (each code point one cell). */
size_t text_cells(const char *s, size_t n);

bool text_is_utf8(const char *s);

#define TEXT_NO_UTF8 UINT32_MAX

/* The character at `s` (n > 0 octets are there) and how many octets it takes. TEXT_NO_UTF8 and 1 if
 * it is not well-formed UTF-8 (RFC 3629). */
uint32_t text_decode(const char *s, size_t n, size_t *used);

/* --- Lines --- */

/* Octets that come in pieces of any size, cut into lines. A line is held whole but never more than
 * TEXT_LINE_MAX octets of it; one that is longer is known to be. */
enum {
    TEXT_LINE_MAX = 4096
};

struct text_lines {
    uint64_t number; /* of the line, from 1 */
    size_t len;
    bool too_long; /* `text` is its beginning */
    bool begun, whole;
    char text[TEXT_LINE_MAX]; /* without the newline; not terminated, may hold NUL octets */
};

void text_lines_init(struct text_lines *l);

/* Takes octets up to and with the next newline and says in `*used` how many. True when the line is
 * whole: `number`, `len`, `text` and `too_long` are its until the next call. */
bool text_lines_take(struct text_lines *l, const char *data, size_t n, size_t *used);

/* After the last octet: true when there is a last line that no newline ends. */
bool text_lines_end(struct text_lines *l);

#endif
