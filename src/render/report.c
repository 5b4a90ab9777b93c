/* See report.h. */
#include "render/report.h"

#include <string.h>

#include "event/result.h"
#include "render/prose.h"

enum {
    GUTTER = 2
}; /* blanks between a label and its text */

void report_warning(struct text *out, const struct style *style, const char *place,
                    const char *text)
{
    struct text words;
    text_init(&words);
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

void report_result(struct text *out, const struct style *style, const struct result *result)
{
    const char *at = result->text.data != NULL ? result->text.data : "";
    size_t width = widest_label(at) + GUTTER;
    struct line line;
    struct text first, rest, words;
    text_init(&first);
    text_init(&rest);
    text_init(&words);
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
    out->failed = out->failed || first.failed || rest.failed || words.failed;
    text_done(&first);
    text_done(&rest);
    text_done(&words);
}
