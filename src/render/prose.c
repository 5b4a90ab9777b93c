/* See prose.h. */
#include "render/prose.h"

#include <string.h>

#include "event/result.h"

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
        if (!text_is_control(c)) {
            text_put(out, s + i, len);
            i += len;
            continue;
        }
        for (size_t end = i + (c == TEXT_NO_UTF8 ? 1 : len); i < end; i++)
            text_printf(out, "\\x%02x", (unsigned)(unsigned char)s[i]);
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

size_t prose_room(const struct style *style, size_t column)
{
    const size_t least = 10;
    return style->columns >= column + least ? style->columns - column : least;
}

void prose_fill(struct text *out, const struct style *style, enum prose_tint tint,
                const char *first, const char *rest, const char *s)
{
    struct text line = {0};
    const char *lead = first;
    do {
        size_t room = prose_room(style, text_cells(lead, strlen(lead)));
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

/* --- What ends a text --- */

enum {
    GUTTER = 2
}; /* blanks between a label and its text */

void prose_warning(struct text *out, const struct style *style, const char *place, const char *text)
{
    struct text words = {0};
    if (place != NULL)
        text_printf(&words, "%s: ", place);
    prose_safe(&words, text, strlen(text));
    prose_fill(out, style, PROSE_ALARM, "warning: ", "         ",
               words.data != NULL ? words.data : "");
    out->failed = out->failed || words.failed;
    text_done(&words);
}

/* One line "LABEL\tTEXT" of a result; the text may hold more tabs, the label none. */
struct line {
    const char *label, *text;
    size_t label_len, text_len;
};

/* Takes the next line off `*at`; false at the end. */
static bool next_line(const char **at, struct line *line)
{
    if (**at == '\0')
        return false;
    size_t n = strcspn(*at, "\n");
    const char *tab = memchr(*at, '\t', n);
    line->label = *at;
    line->label_len = tab != NULL ? (size_t)(tab - *at) : 0;
    line->text = tab != NULL ? tab + 1 : *at;
    line->text_len = n - (size_t)(line->text - *at);
    *at += n + ((*at)[n] == '\n');
    return true;
}

static size_t widest_label(const char *at)
{
    struct line line;
    size_t width = 0;
    while (next_line(&at, &line)) {
        size_t cells = text_cells(line.label, line.label_len);
        if (cells > width)
            width = cells;
    }
    return width;
}

void prose_result(struct text *out, const struct style *style, const struct result *result)
{
    const char *at = result->text.data != NULL ? result->text.data : "";
    size_t width = widest_label(at) + GUTTER;
    struct line line;
    struct text first = {0}, rest = {0}, words = {0};
    text_pad(&rest, width);
    while (next_line(&at, &line)) {
        text_clear(&first);
        text_clear(&words);
        prose_safe(&first, line.label, line.label_len);
        text_pad(&first, width);
        prose_safe(&words, line.text, line.text_len);
        if (!first.failed && !rest.failed)
            prose_fill(out, style, PROSE_PLAIN, first.data, rest.data,
                       words.data != NULL ? words.data : "");
    }
    out->failed = out->failed || result->text.failed || first.failed || rest.failed || words.failed;
    text_done(&first);
    text_done(&rest);
    text_done(&words);
}

enum status prose_write(struct sink *to, struct text *t, struct fault *fault)
{
    enum status s = STATUS_OK;
    if (t->failed)
        s = fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    else if (t->len != 0)
        s = to->out.put(to->out.arg, t->data, t->len, fault);
    text_clear(t);
    return s;
}
