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

bool text_is_control(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } controls[] = {
        {0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},   {0x200e, 0x200f},
        {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}, {TEXT_NO_UTF8, TEXT_NO_UTF8}};
    for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
        if (controls[i].first <= c && c <= controls[i].last)
            return true;
    }
    return false;
}

const char *text_shown(const char *s, size_t n, char out[TEXT_SHOWN_MAX])
{
    static const char dots[] = "...";
    size_t used = 0, cut = 0; /* where dots have room */
    for (size_t i = 0, len; i < n; i += len) {
        bool control = text_is_control(text_decode(s + i, n - i, &len));
        size_t takes = control ? 1 : len;
        if (used + takes >= TEXT_SHOWN_MAX) {
            memcpy(out + cut, dots, sizeof(dots));
            return out;
        }
        memcpy(out + used, control ? "?" : s + i, takes);
        used += takes;
        cut = used + sizeof(dots) <= TEXT_SHOWN_MAX ? used : cut;
    }
    out[used] = '\0';
    return out;
}

enum status text_refuse(struct fault *fault, const char *before, struct text_span what,
                        const char *after)
{
    char shown[TEXT_SHOWN_MAX];
    return fault_set(fault, STATUS_MALFORMED, "%s'%s'%s", before, text_shown(what.s, what.n, shown),
                     after);
}

enum status text_host(char *out, size_t cap, struct text_span host, const char *banned,
                      struct fault *fault)
{
    if (host.n >= cap)
        return fault_set(fault, STATUS_MALFORMED, "host name of %zu characters: at most %zu",
                         host.n, cap - 1);
    for (size_t i = 0, len; i < host.n; i += len) {
        uint32_t c = text_decode(host.s + i, host.n - i, &len);
        if (c == ' ' || text_is_control(c) || (c < 0x80 && strchr(banned, (int)c) != NULL))
            return text_refuse(fault, "", host, " is no host name or address");
    }
    memcpy(out, host.s, host.n);
    out[host.n] = '\0';
    return STATUS_OK;
}

bool text_is_utf8(const char *s)
{
    size_t n = strlen(s);
    while (n > 0) {
        size_t len;
        if (text_decode(s, n, &len) == TEXT_NO_UTF8)
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

uint32_t text_decode(const char *s, size_t n, size_t *used)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)s;
    size_t len = p[0] < 0x80             ? 1
                 : (p[0] & 0xe0) == 0xc0 ? 2
                 : (p[0] & 0xf0) == 0xe0 ? 3
                 : (p[0] & 0xf8) == 0xf0 ? 4
                                         : 0;
    *used = 1;
    if (len == 0 || len > n)
        return TEXT_NO_UTF8;
    uint32_t c = len == 1 ? p[0] : p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return TEXT_NO_UTF8;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return TEXT_NO_UTF8;
    *used = len;
    return c;
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

void text_lines_init(struct text_lines *l)
{
    l->number = 0;
    l->len = 0;
    l->too_long = l->begun = l->whole = false;
}

static void begin(struct text_lines *l)
{
    l->number++;
    l->len = 0;
    l->too_long = l->whole = false;
    l->begun = true;
}

bool text_lines_take(struct text_lines *l, const char *data, size_t n, size_t *used)
{
    *used = 0;
    if (n == 0)
        return false;
    if (!l->begun || l->whole)
        begin(l);
    const char *newline = memchr(data, '\n', n);
    size_t more = newline != NULL ? (size_t)(newline - data) : n;
    size_t room = TEXT_LINE_MAX - l->len;
    size_t kept = more < room ? more : room;
    memcpy(l->text + l->len, data, kept);
    l->len += kept;
    l->too_long = l->too_long || kept < more;
    l->whole = newline != NULL;
    *used = more + (newline != NULL);
    return l->whole;
}

bool text_lines_end(struct text_lines *l)
{
    bool last = l->begun && !l->whole;
    l->whole = true;
    return last;
}
