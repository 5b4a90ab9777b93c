/* See header.h. */
#include "figure/header.h"

#include <string.h>

static const char *const names[HEADER_COUNT] = {
    [HEADER_TITLE] = "title",
    [HEADER_CITE] = "cite",
    [HEADER_ABOUT] = "about",
    [HEADER_NEEDS] = "needs",
};

static const struct {
    const char *word;
    unsigned bit;
} needs[] = {
    {"listens", FIGURE_NEEDS_LISTENS}, {"connects", FIGURE_NEEDS_CONNECTS},
    {"closes", FIGURE_NEEDS_CLOSES},   {"talks", FIGURE_NEEDS_TALKS},
    {"nobody", FIGURE_NEEDS_NOTHING},
};

const char *header_need(unsigned bit)
{
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if (needs[i].bit == bit)
            return needs[i].word;
    }
    return NULL;
}

void header_init(struct headers *h, struct figure *f)
{
    *h = (struct headers){.figure = f};
    text_init(&h->text);
    f->title = f->cite = f->about = "";
    f->needs = FIGURE_NEEDS_LISTENS;
}

void header_done(struct headers *h)
{
    text_done(&h->text);
}

static unsigned need_of(const struct lex *l, size_t from, size_t to)
{
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if (lex_is(l, from, to, needs[i].word))
            return needs[i].bit;
    }
    return 0;
}

static enum status take_needs(struct headers *h, const struct lex *l, size_t at,
                              struct fault *fault)
{
    for (;;) {
        at += strspn(l->line + at, " ,\f");
        size_t end = at + strcspn(l->line + at, " ,\f");
        if (end == at)
            return STATUS_OK;
        unsigned bit = need_of(l, at, end);
        if (bit == 0)
            return lex_fault(l, at, fault, "expected listens, connects, closes, talks or nobody");
        h->figure->needs |= bit;
        at = end;
    }
}

static enum status take_text(struct headers *h, const struct lex *l, size_t from,
                             struct fault *fault)
{
    size_t to = l->len;
    if (h->name == HEADER_NEEDS)
        return take_needs(h, l, from, fault);
    lex_trim(l, &from, &to);
    if (from < to && h->text.len != 0)
        text_put(&h->text, h->name == HEADER_ABOUT ? "\n" : " ", 1);
    lex_source(l, from, to, &h->text);
    return STATUS_OK;
}

enum status header_begin(struct headers *h, const struct lex *l, size_t colon, struct fault *fault)
{
    size_t from = 0, to = colon;
    lex_trim(l, &from, &to);
    for (h->name = HEADER_TITLE; h->name < HEADER_COUNT; h->name++) {
        if (!lex_is(l, from, to, names[h->name]))
            continue;
        if ((h->seen & 1u << h->name) != 0)
            return lex_fault(l, from, fault, "a second '%s:', expected one", names[h->name]);
        h->seen |= 1u << h->name;
        h->open = true;
        if (h->name == HEADER_NEEDS)
            h->figure->needs = 0;
        return take_text(h, l, colon + 1, fault);
    }
    return lex_fault(l, from, fault, "no such header, expected title: cite: about: or needs:");
}

enum status header_go_on(struct headers *h, const struct lex *l, struct fault *fault)
{
    return take_text(h, l, 0, fault);
}

enum status header_end(struct headers *h, struct fault *fault)
{
    struct figure *f = h->figure;
    if (!h->open)
        return STATUS_OK;
    h->open = false;
    if (h->name == HEADER_NEEDS) {
        if ((f->needs & (FIGURE_NEEDS_CONNECTS | FIGURE_NEEDS_NOTHING)) == 0)
            f->needs |= FIGURE_NEEDS_LISTENS;
        return STATUS_OK;
    }
    if (h->text.failed)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    const char *text = figure_store(f, h->text.data, h->text.len);
    if (h->name == HEADER_TITLE)
        f->title = text;
    else if (h->name == HEADER_CITE)
        f->cite = text;
    else
        f->about = text;
    text_clear(&h->text);
    return STATUS_OK;
}
