/* See parse.h. Two passes over the source: the first finds out where the columns are, since a lone
 * thing in a row can stand above all that would tell; the second makes the items. */
#include "figure/parse.h"

#include <string.h>

#include "figure/parse_row.h"

enum {
    NO_ITEM = FIGURE_ITEMS_MAX
};

/* Headers. */

static const char *const header_names[HEADER_COUNT] = {
    [HEADER_TITLE] = "title",
    [HEADER_CITE] = "cite",
    [HEADER_ABOUT] = "about",
    [HEADER_NEEDS] = "needs",
};

static unsigned need_of(const struct lex *l, size_t from, size_t to)
{
    unsigned bit = 1;
    while (figure_need(bit) != NULL && !lex_is(l, from, to, figure_need(bit)))
        bit <<= 1;
    return figure_need(bit) != NULL ? bit : 0;
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

static enum status take_header(struct headers *h, const struct lex *l, size_t from,
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

/* A line "name: text". */
static enum status begin_header(struct headers *h, const struct lex *l, size_t colon,
                                struct fault *fault)
{
    size_t from = 0, to = colon;
    lex_trim(l, &from, &to);
    for (h->name = HEADER_TITLE; h->name < HEADER_COUNT; h->name++) {
        if (!lex_is(l, from, to, header_names[h->name]))
            continue;
        if ((h->seen & 1u << h->name) != 0)
            return lex_fault(l, from, fault, "a second '%s:', expected one", header_names[h->name]);
        h->seen |= 1u << h->name;
        h->open = true;
        if (h->name == HEADER_NEEDS)
            h->figure->needs = 0;
        return take_header(h, l, colon + 1, fault);
    }
    return lex_fault(l, from, fault, "no such header, expected title: cite: about: or needs:");
}

/* No more lines for the header that is open. */
static enum status end_header(struct headers *h, struct fault *fault)
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

/* Blocks. */

static struct figure_item *last_item(struct parser *p)
{
    return &p->f->items[p->f->count - 1];
}

static bool first_word_is(const struct lex *l, const char *word)
{
    return l->tokens > 0 && l->token[0].kind == LEX_WORD &&
           lex_is(l, l->token[0].from, l->token[0].to, word);
}

static enum status expect_end(const struct lex *l, size_t at, struct fault *fault)
{
    if (at < l->tokens)
        return lex_fault(l, l->token[at].from, fault, "expected the end of the line");
    return STATUS_OK;
}

/* The name behind `either` or `or`, and whether it deviates. */
static enum status take_alternative(struct parser *p, struct figure_item *item, struct fault *fault)
{
    const struct lex *l = &p->lex;
    size_t at = 1;
    if (at < l->tokens && l->token[at].kind == LEX_STRING) {
        enum status s = lex_store(l, l->token[at].from, l->token[at].to, p->f, &item->name, fault);
        if (s != STATUS_OK)
            return s;
        at++;
    }
    if (at < l->tokens && (l->token[at].kind == LEX_WORD || l->token[at].kind == LEX_BRACKET)) {
        if (!lex_is(l, l->token[at].from, l->token[at].to, "deviates"))
            return lex_fault(l, l->token[at].from, fault, "expected a name in quotes or deviates");
        item->deviates = true;
        at++;
    }
    return expect_end(l, at, fault);
}

static bool is_empty_block(const struct parser *p)
{
    enum figure_item_kind last = p->f->items[p->f->count - 1].kind;
    return last != FIGURE_ROW && last != FIGURE_END;
}

static enum status take_either(struct parser *p, struct fault *fault)
{
    const struct lex_token *t = &p->lex.token[0];
    if (p->branch != NO_ITEM)
        return lex_fault(&p->lex, t->from, fault, "'either' within 'either', expected rows");
    enum status s = parse_row_item(p, FIGURE_EITHER, t->line, t->column, fault);
    if (s != STATUS_OK)
        return s;
    p->branch = p->f->count - 1;
    return take_alternative(p, last_item(p), fault);
}

static enum status take_or(struct parser *p, struct fault *fault)
{
    const struct lex_token *t = &p->lex.token[0];
    if (p->branch == NO_ITEM)
        return lex_fault(&p->lex, t->from, fault, "'or' without 'either'");
    if (is_empty_block(p))
        return lex_fault(&p->lex, t->from, fault, "expected rows before the next alternative");
    enum status s = parse_row_item(p, FIGURE_OR, t->line, t->column, fault);
    if (s != STATUS_OK)
        return s;
    p->f->items[p->branch].to = p->f->count - 1;
    p->branch = p->f->count - 1;
    return take_alternative(p, last_item(p), fault);
}

static enum status take_repeat(struct parser *p, struct fault *fault)
{
    const struct lex *l = &p->lex;
    const struct lex_token *t = &l->token[0];
    uint64_t n = 0;
    if (p->repeat != NO_ITEM || p->branch != NO_ITEM)
        return lex_fault(l, t->from, fault, "'repeat' within a block, expected rows");
    enum status s = parse_row_item(p, FIGURE_REPEAT, t->line, t->column, fault);
    if (s != STATUS_OK)
        return s;
    p->repeat = p->f->count - 1;
    if (l->tokens < 2 || !lex_number(l, l->token[1].from, l->token[1].to, 1, FIGURE_REPEAT_MAX, &n))
        return lex_fault(l, l->tokens > 1 ? l->token[1].from : t->to, fault,
                         "expected how many times, from 1 to %d", FIGURE_REPEAT_MAX);
    last_item(p)->count = (unsigned)n;
    return expect_end(l, 2, fault);
}

/* The first of the alternatives that `last` belongs to. */
static size_t either_of(const struct figure *f, size_t last)
{
    while (f->items[last].kind != FIGURE_EITHER)
        last--;
    return last;
}

static enum status take_end(struct parser *p, struct fault *fault)
{
    const struct lex_token *t = &p->lex.token[0];
    size_t opener = p->branch != NO_ITEM ? p->branch : p->repeat;
    if (opener == NO_ITEM)
        return lex_fault(&p->lex, t->from, fault, "'end' without 'either' or 'repeat'");
    if (is_empty_block(p))
        return lex_fault(&p->lex, t->from, fault, "expected rows before the end of the block");
    enum status s = parse_row_item(p, FIGURE_END, t->line, t->column, fault);
    if (s != STATUS_OK)
        return s;
    p->f->items[opener].to = p->f->count - 1;
    if (p->branch != NO_ITEM) {
        last_item(p)->to = either_of(p->f, opener);
        p->branch = NO_ITEM;
    } else {
        last_item(p)->to = opener;
        p->repeat = NO_ITEM;
    }
    return expect_end(&p->lex, 1, fault);
}

/* Lines. */

static enum status take_tokens(struct parser *p, struct fault *fault)
{
    enum status s = lex_tokens(&p->lex, fault);
    if (s != STATUS_OK || p->lex.tokens == 0)
        return s;
    if (first_word_is(&p->lex, "either"))
        return take_either(p, fault);
    if (first_word_is(&p->lex, "or"))
        return take_or(p, fault);
    if (first_word_is(&p->lex, "repeat"))
        return take_repeat(p, fault);
    if (first_word_is(&p->lex, "end"))
        return take_end(p, fault);
    return parse_row_line(p, fault);
}

static enum status take_line(struct parser *p, struct fault *fault)
{
    enum outline_kind kind = outline_next(&p->outline, &p->lex);
    size_t first = strspn(p->lex.line, " \f");
    if (kind == OUTLINE_MORE)
        return take_header(&p->headers, &p->lex, 0, fault);
    enum status s = end_header(&p->headers, fault);
    if (s != STATUS_OK)
        return s;
    switch (kind) {
    case OUTLINE_HEADER:
        return begin_header(&p->headers, &p->lex, outline_colon(&p->lex), fault);
    case OUTLINE_ROW:
        return take_tokens(p, fault);
    case OUTLINE_BEHIND:
        return lex_fault(&p->lex, first, fault,
                         "a row behind the end of the figure, which line %u was taken for",
                         p->outline.ended);
    case OUTLINE_SECOND:
        return lex_fault(&p->lex, first, fault,
                         "a second figure begins here, expected one figure a file");
    case OUTLINE_NOTHING:
    case OUTLINE_MORE:
    case OUTLINE_HEAD:
        break;
    }
    return STATUS_OK;
}

/* The end of the source. */
static enum status finish(struct parser *p, struct fault *fault)
{
    const struct figure_item *open = NULL;
    enum status s = end_header(&p->headers, fault);
    if (s == STATUS_OK)
        s = parse_row_close(p, fault);
    if (s != STATUS_OK)
        return s;
    if (p->branch != NO_ITEM)
        open = &p->f->items[either_of(p->f, p->branch)];
    else if (p->repeat != NO_ITEM)
        open = &p->f->items[p->repeat];
    if (open != NULL)
        return figure_fault(fault, p->lex.name, open->line, open->column,
                            "this '%s' is never closed, expected 'end'",
                            open->kind == FIGURE_EITHER ? "either" : "repeat");
    if (p->f->count == 0)
        return figure_fault(fault, p->lex.name, p->lex.line_number + 1, 1,
                            "no rows, expected one such as \"1.  CLOSED   LISTEN\"");
    return STATUS_OK;
}

static enum status parse(struct parser *p, const char *name, const char *text, size_t len,
                         struct fault *fault)
{
    bool more = true;
    if (len > FIGURE_SOURCE_MAX)
        return figure_fault(fault, name, 1, 1, "more than %d octets, expected a figure",
                            FIGURE_SOURCE_MAX);
    /* Every text is shorter than what stands for it in the source, parentheses, quotes and ends of
     * lines included, but for the name. */
    enum status s = figure_store_init(p->f, strlen(name) + len + 16, fault);
    if (s != STATUS_OK)
        return s;
    p->f->name = figure_store(p->f, name, strlen(name));
    outline_find(&p->columns, name, text, len);
    lex_init(&p->lex, name, text, len);
    while (s == STATUS_OK) {
        s = lex_line(&p->lex, &more, fault);
        if (s != STATUS_OK || !more)
            break;
        s = take_line(p, fault);
    }
    if (s == STATUS_OK)
        s = finish(p, fault);
    lex_done(&p->lex);
    return s;
}

enum status figure_parse(struct figure *f, const char *name, const char *text, size_t len,
                         struct fault *fault)
{
    struct parser p = {.f = f, .headers = {.figure = f}, .repeat = NO_ITEM, .branch = NO_ITEM};
    *f = (struct figure){.title = "", .cite = "", .about = "", .needs = FIGURE_NEEDS_LISTENS};
    text_init(&p.headers.text);
    text_init(&p.remark);
    enum status s = parse(&p, name, text, len, fault);
    text_done(&p.headers.text);
    text_done(&p.remark);
    if (s != STATUS_OK)
        figure_done(f);
    return s;
}
