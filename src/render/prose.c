/* See prose.h. */
#include "render/prose.h"

#include <string.h>

void prose_safe(struct text *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t plain = 0;
        while (i + plain < n && s[i + plain] >= ' ' && s[i + plain] <= '~')
            plain++;
        text_put(out, s + i, plain);
        i += plain;
        if (i == n)
            return;
        size_t len;
        uint32_t c = text_decode(s + i, n - i, &len);
        bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
        if (c == TEXT_NO_UTF8 || control) {
            len = 1;
            text_printf(out, "\\x%02x", (unsigned)(unsigned char)s[i]);
        } else {
            text_put(out, s + i, len);
        }
        i += len;
    }
}

void prose_put(struct text *out, const struct style *style, enum prose_tint tint, const char *s,
               size_t n)
{
    static const char *const codes[] = {
        [PROSE_PLAIN] = "", [PROSE_STATE] = "1", [PROSE_ALARM] = "31", [PROSE_ASIDE] = "2"};
    bool tinted = style->colour && tint != PROSE_PLAIN && n != 0;
    if (tinted)
        text_printf(out, "\033[%sm", codes[tint]);
    text_put(out, s, n);
    if (tinted)
        text_put(out, "\033[0m", 4);
}

void prose_blank(struct text *out, size_t count)
{
    for (; count > 0; count--)
        text_put(out, " ", 1);
}

size_t prose_piece(const char *s, char stop, size_t width)
{
    size_t fits = 0;
    for (size_t i = 0; s[i] != '\0'; i++) {
        if (s[i] != stop && s[i + 1] != '\0')
            continue;
        if (fits != 0 && i + 1 > width)
            return fits;
        fits = i + 1;
    }
    return fits;
}

/* The octets that the first `cells` characters of `s` take. */
static size_t octets_of(const char *s, size_t n, size_t cells)
{
    size_t i = 0;
    while (i < n && text_cells(s, i + 1) <= cells)
        i++;
    return i;
}

size_t prose_line(const char *s, size_t n, size_t cells)
{
    size_t end = 0;
    for (;;) {
        size_t next = end;
        while (next < n && s[next] == ' ')
            next++;
        while (next < n && s[next] != ' ')
            next++;
        if (text_cells(s, next) > cells)
            return end != 0 ? end : octets_of(s, next, cells);
        if (next == end)
            return end;
        end = next;
    }
}

void prose_fill(struct text *out, const struct style *style, enum prose_tint tint,
                const char *first, const char *rest, const char *s)
{
    enum {
        LEAST = 10
    }; /* cells for text, however far in it starts */
    struct text line;
    const char *lead = first;
    text_init(&line);
    do {
        size_t used = text_cells(lead, strlen(lead));
        size_t room = style->columns >= used + LEAST ? style->columns - used : LEAST;
        size_t n = prose_line(s, strlen(s), room);
        text_clear(&line);
        text_printf(&line, "%s%.*s", lead, (int)n, s);
        while (line.len > 0 && line.data[line.len - 1] == ' ')
            line.len--;
        prose_put(out, style, tint, line.data, line.len);
        text_put(out, "\n", 1);
        s += n;
        s += strspn(s, " ");
        lead = rest;
    } while (*s != '\0');
    out->failed = out->failed || line.failed;
    text_done(&line);
}
