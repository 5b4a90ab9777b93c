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

/* What was given, fit for a complaint on one line of a terminal: control characters are question
 * marks, and what is too long ends in dots. Returns `out`. */
const char *text_shown(const char *s, size_t n, char out[TEXT_SHOWN_MAX]);

/* STATUS_MALFORMED with the line "BEFORE'WHAT'AFTER", where what was given is shown as above. */
enum status text_refuse(struct fault *fault, const char *before, struct text_span what,
                        const char *after);

/* The octets of the UTF-8 sequence at `s`, 0 when it is not well formed (RFC 3629 4). */
size_t text_utf8(const char *s, size_t n);
bool text_is_utf8(const char *s);

/* How many character cells a UTF-8 string takes (each code point one cell). */
size_t text_cells(const char *s, size_t n);

#endif
