/* See text.h. */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_init(struct text *t)
{
    *t = (struct text){0};
}

void text_done(struct text *t)
{
    free(t->data);
    text_init(t);
}

void text_clear(struct text *t)
{
    t->len = 0;
    if (t->data != NULL)
        t->data[0] = '\0';
}

static bool reserve(struct text *t, size_t more)
{
    if (t->failed)
        return false;
    if (t->len + more + 1 <= t->cap)
        return true;
    size_t cap = t->cap != 0 ? t->cap : 256;
    while (cap < t->len + more + 1)
        cap *= 2;
    char *grown = realloc(t->data, cap);
    if (grown == NULL) {
        t->failed = true;
        return false;
    }
    t->data = grown;
    t->cap = cap;
    return true;
}

void text_put(struct text *t, const char *s, size_t n)
{
    if (!reserve(t, n))
        return;
    memcpy(t->data + t->len, s, n);
    t->len += n;
    t->data[t->len] = '\0';
}

/* Into the room that is there, and once more if that was too little. */
void text_printf(struct text *t, const char *fmt, ...)
{
    va_list ap;
    size_t room = t->failed ? 0 : t->cap - t->len;
    va_start(ap, fmt);
    int n = vsnprintf(room != 0 ? t->data + t->len : NULL, room, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n >= room && reserve(t, (size_t)n)) {
        va_start(ap, fmt);
        (void)vsnprintf(t->data + t->len, (size_t)n + 1, fmt, ap);
        va_end(ap);
        room = (size_t)n + 1;
    }
    if (n >= 0 && (size_t)n < room)
        t->len += (size_t)n;
    else if (room != 0)
        t->data[t->len] = '\0'; /* nothing of it: no half a line */
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

struct text_span text_word(struct text_span line)
{
    const char *comment = line.n != 0 ? memchr(line.s, '#', line.n) : NULL;
    if (comment != NULL)
        line.n = (size_t)(comment - line.s);
    while (line.n != 0 && is_blank(line.s[line.n - 1]))
        line.n--;
    for (; line.n != 0 && is_blank(line.s[0]); line.n--)
        line.s++;
    return line;
}

const char *text_shown(const char *s, size_t n, char out[TEXT_SHOWN_MAX])
{
    size_t shown = n < TEXT_SHOWN_MAX ? n : TEXT_SHOWN_MAX - 1;
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)s[i];
        out[i] = c >= 0x20 && c != 0x7f ? s[i] : '?';
    }
    if (shown < n)
        memcpy(out + shown - 3, "...", 3);
    out[shown] = '\0';
    return out;
}

enum status text_refuse(struct fault *fault, const char *before, struct text_span what,
                        const char *after)
{
    char shown[TEXT_SHOWN_MAX];
    return fault_set(fault, STATUS_MALFORMED, "%s'%s'%s", before, text_shown(what.s, what.n, shown),
                     after);
}

size_t text_utf8(const char *s, size_t n)
{
    const unsigned char *c = (const unsigned char *)s;
    if (c[0] < 0x80)
        return 1;
    size_t len = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool beyond = (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf4 && c[1] > 0x8f);
    return overlong || beyond ? 0 : len;
}

bool text_is_utf8(const char *s)
{
    size_t n = strlen(s);
    while (n > 0) {
        size_t len = text_utf8(s, n);
        if (len == 0)
            return false;
        s += len;
        n -= len;
    }
    return true;
}

size_t text_cells(const char *s, size_t n)
{
    size_t cells = 0;
    for (size_t i = 0; i < n; i++)
        cells += ((unsigned char)s[i] & 0xc0) != 0x80; /* a UTF-8 continuation octet adds none */
    return cells;
}

void text_pad(struct text *t, size_t column)
{
    size_t start = t->len;
    while (start > 0 && t->data[start - 1] != '\n')
        start--;
    size_t at = t->len != 0 ? text_cells(t->data + start, t->len - start) : 0;
    for (; at < column; at++)
        text_put(t, " ", 1);
}

bool text_to_number(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
    if (s[0] < '0' || s[0] > '9') /* strtoull would take a sign or a blank */
        return false;
    char *end;
    errno = 0;
    unsigned long long v = strtoull(s, &end, 10);
    if (errno != 0 || *end != '\0' || v < min || v > max)
        return false;
    *out = v;
    return true;
}
