/* See print.h. */
#include "figure/print.h"

#include <string.h>

#include "figure/cell.h"
#include "figure/fields.h"

static void put(struct text *out, const char *s)
{
    text_put(out, s, strlen(s));
}

const char *figure_print_arrow(enum figure_arrow arrow)
{
    static const char *const arrows[] = {
        [FIGURE_ARROW_NONE] = "   ",
        [FIGURE_ARROW_RIGHT] = "-->",
        [FIGURE_ARROW_LEFT] = "<--",
        [FIGURE_ARROW_HELD] = "...",
    };
    return arrows[arrow];
}

enum {
    ARROW = 3,
    HEAD = 10,  /* "TCP Peer A" */
    MARGIN = 4, /* the number and its blank; more for numbers of more than two digits */
};

/* Where the columns begin, in cells. */
struct layout {
    size_t a, segment, b;
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t cells(struct text *scratch)
{
    size_t n = scratch->data != NULL ? text_cells(scratch->data, scratch->len) : 0;
    text_clear(scratch);
    return n;
}

static bool is_empty(const struct figure_cell *c)
{
    return c->event == FIGURE_NOTHING && !c->duplicate && c->states == STATE_SET_NONE;
}

static struct layout layout_of(const struct figure *f)
{
    size_t number = MARGIN, a = HEAD, segment = 0;
    struct text scratch;
    text_init(&scratch);
    for (size_t i = 0; i < f->count; i++) {
        const struct figure_row *r = &f->items[i].row;
        if (f->items[i].kind != FIGURE_ROW)
            continue;
        text_printf(&scratch, "%u. ", r->number);
        number = larger(number, cells(&scratch));
        if (r->has_segment || !is_empty(&r->b)) /* else it may be as wide as it is */
            cell_print(&scratch, &r->a);
        a = larger(a, cells(&scratch));
        if (r->has_segment)
            fields_print(&scratch, &r->segment);
        segment = larger(segment, cells(&scratch));
    }
    text_done(&scratch);
    struct layout l = {.a = number};
    l.segment = l.a + a + 1 + ARROW + 1;
    l.b = l.segment + segment + 2 + ARROW + 1;
    return l;
}

static void print_row(struct text *out, const struct figure_row *r, const struct layout *l)
{
    size_t begin = out->len;
    if (r->begins_step)
        text_printf(out, "%u.", r->number);
    if (!is_empty(&r->a)) {
        text_pad(out, l->a);
        cell_print(out, &r->a);
    }
    if (r->has_segment) {
        text_pad(out, l->segment - ARROW - 1);
        text_printf(out, "%s ", figure_print_arrow(r->a_arrow));
        fields_print(out, &r->segment);
        text_pad(out, l->b - ARROW - 1);
        put(out, figure_print_arrow(r->b_arrow));
    }
    if (!is_empty(&r->b)) {
        text_pad(out, l->b);
        cell_print(out, &r->b);
    }
    if (r->within_ns != 0 || r->after_ns != 0 || r->silence_ns != 0) {
        text_pad(out, l->a);
        if (out->len != begin)
            put(out, " ");
        fields_print_times(out, r);
    }
    put(out, "\n");
    if (r->remark != NULL) {
        text_pad(out, l->segment);
        text_printf(out, "(%s)\n", r->remark);
    }
}

static void print_alternative(struct text *out, const struct figure_item *item)
{
    put(out, item->kind == FIGURE_EITHER ? "either" : "or");
    if (item->name[0] != '\0')
        text_printf(out, " \"%s\"", item->name);
    put(out, item->deviates ? " deviates\n" : "\n");
}

static void print_item(struct text *out, const struct figure_item *item, const struct layout *l)
{
    switch (item->kind) {
    case FIGURE_ROW:
        print_row(out, &item->row, l);
        return;
    case FIGURE_EITHER:
    case FIGURE_OR:
        print_alternative(out, item);
        return;
    case FIGURE_REPEAT:
        text_printf(out, "repeat %u\n", item->count);
        return;
    case FIGURE_END:
        put(out, "end\n");
        return;
    }
}

/* A text of several lines goes on indented. */
static void print_header(struct text *out, const char *name, const char *text)
{
    if (*text == '\0')
        return;
    text_printf(out, "%s:", name);
    for (size_t n; *text != '\0'; text += n + (text[n] == '\n')) {
        n = strcspn(text, "\n");
        text_pad(out, 7);
        text_put(out, text, n);
        put(out, "\n");
    }
}

void figure_print_needs(struct text *out, unsigned needs)
{
    if (needs == FIGURE_NEEDS_LISTENS)
        return;
    put(out, "needs:");
    for (unsigned bit = 1; bit <= needs; bit <<= 1) {
        const char *word = figure_need(bit);
        if ((needs & bit) != 0 && word != NULL)
            text_printf(out, " %s", word);
    }
    put(out, "\n");
}

void figure_print(struct text *out, const struct figure *f)
{
    struct layout l = layout_of(f);
    size_t begin = out->len;
    print_header(out, "title", f->title);
    print_header(out, "cite", f->cite);
    print_header(out, "about", f->about);
    figure_print_needs(out, f->needs);
    if (out->len != begin)
        put(out, "\n");
    text_pad(out, l.a);
    put(out, "TCP Peer A");
    text_pad(out, l.b);
    put(out, "TCP Peer B\n");
    for (size_t i = 0; i < f->count; i++)
        print_item(out, &f->items[i], &l);
}
