/* See outline.h. */
#include "figure/outline.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "figure/cell.h"

/* The words of a line, as far as they are parted by blanks. */
struct word {
    size_t from, to;
};

static bool next_word(const struct lex *l, struct word *w)
{
    w->from = w->to + strspn(l->line + w->to, " \f");
    w->to = w->from + strcspn(l->line + w->from, " \f");
    return w->from < w->to;
}

static bool word_is(const struct lex *l, const struct word *w, const char *text)
{
    return lex_is(l, w->from, w->to, text);
}

static size_t first_of(const struct lex *l)
{
    return strspn(l->line, " \f");
}

static bool is_empty(const struct lex *l)
{
    return first_of(l) == l->len;
}

/* "[Page 32]" at either end of the line, "RFC 9293" at its beginning. */
static bool is_page_break(const struct lex *l)
{
    const char *first = l->line + first_of(l);
    const char *page = strcasestr(first, "[page ");
    if (page != NULL) {
        const char *end = page + strlen("[page ");
        end += strspn(end, "0123456789ivxlc");
        if (*end == ']' && (page == first || end[1 + strspn(end + 1, " ")] == '\0'))
            return true;
    }
    return strncmp(first, "RFC ", 4) == 0;
}

/* "TCP Peer A", "TCP A" or "Peer A", of which `w` is the first word. */
static bool is_end_name(const struct lex *l, struct word *w, const char *letter)
{
    bool named = false;
    if (word_is(l, w, "TCP")) {
        named = next_word(l, w);
        if (!named)
            return false;
    }
    if (word_is(l, w, "Peer")) {
        named = next_word(l, w);
        if (!named)
            return false;
    }
    return named && word_is(l, w, letter);
}

/* "TCP Peer A   TCP Peer B", perhaps with the unit of the times before and "kernel" behind. */
static bool find_head(const struct lex *l, struct columns *c)
{
    struct word w = {0, 0}, a, b;
    if (!next_word(l, &w))
        return false;
    if ((word_is(l, &w, "ms") || word_is(l, &w, "s")) && !next_word(l, &w))
        return false;
    a = w;
    if (!is_end_name(l, &w, "A") || !next_word(l, &w))
        return false;
    b = w;
    if (!is_end_name(l, &w, "B"))
        return false;
    bool kernel = next_word(l, &w);
    struct word last = w;
    if (kernel && (!word_is(l, &w, "kernel") || next_word(l, &last)))
        return false;
    c->head = true;
    c->head_a = l->place[a.from].cell;
    c->head_b = l->place[b.from].cell;
    c->kernel = kernel;
    c->head_kernel = kernel ? l->place[w.from].cell : 0;
    return true;
}

/* "Figure 8" */
static bool is_caption(const struct lex *l)
{
    struct word w = {0, 0};
    return next_word(l, &w) && word_is(l, &w, "Figure") && next_word(l, &w) &&
           isdigit((unsigned char)l->line[w.from]);
}

static bool is_keyword(const struct lex *l, const struct word *w)
{
    return word_is(l, w, "either") || word_is(l, w, "or") || word_is(l, w, "end") ||
           word_is(l, w, "repeat");
}

static bool is_state(const struct lex *l, const struct word *w)
{
    enum state s;
    const struct lex_token t = {.from = w->from, .to = w->to};
    return cell_state(l, &t, &s, NULL) == STATUS_OK;
}

static bool has_small_letter(const struct lex *l, const struct word *w)
{
    for (size_t i = w->from; i < w->to; i++) {
        if (islower((unsigned char)l->line[i]) || l->line[i] == LEX_OTHER)
            return true;
    }
    return false;
}

/* See outline.h. */
static bool is_prose(const struct lex *l)
{
    struct word w = {0, 0};
    if (!next_word(l, &w) || is_keyword(l, &w) || strpbrk(l->line, "<>|[\"") != NULL ||
        (!isalpha((unsigned char)l->line[w.from]) && l->line[w.from] != LEX_OTHER))
        return false;
    int depth = 0; /* what is in parentheses is no text around the figure */
    do {
        if (l->line[w.from] == '#')
            break;
        if (depth == 0 && l->line[w.from] != '(' && has_small_letter(l, &w) && !is_state(l, &w))
            return true;
        for (size_t i = w.from; i < w.to; i++)
            depth += (l->line[i] == '(') - (l->line[i] == ')');
    } while (next_word(l, &w));
    return false;
}

/* Surely a row, wherever it stands. */
static bool is_row(const struct lex *l)
{
    size_t first = first_of(l), digits = strspn(l->line + first, "0123456789");
    struct word w = {0, first + digits + 1};
    if (digits > 0 && l->line[first + digits] == '.' && next_word(l, &w) &&
        (is_state(l, &w) || strchr("(<-.", l->line[w.from]) != NULL))
        return true;
    return strcasestr(l->line, "<SEQ") != NULL;
}

size_t outline_colon(const struct lex *l)
{
    size_t end = first_of(l);
    while (isalpha((unsigned char)l->line[end]))
        end++;
    return end;
}

static bool is_header(const struct lex *l)
{
    size_t colon = outline_colon(l);
    return colon > first_of(l) && l->line[colon] == ':';
}

static bool is_head(const struct lex *l)
{
    struct columns c;
    return find_head(l, &c);
}

/* Behind the end of the figure there may be anything but another. */
static enum outline_kind next_behind(const struct lex *l)
{
    return is_head(l) ? OUTLINE_SECOND : is_row(l) ? OUTLINE_BEHIND : OUTLINE_NOTHING;
}

enum outline_kind outline_next(struct outline *o, const struct lex *l)
{
    bool in_header = o->in_header;
    if (o->ended != 0)
        return l->line[first_of(l)] == '#' ? OUTLINE_NOTHING : next_behind(l);
    o->in_header = false;
    o->in_page_head = o->in_page_head || l->line[strspn(l->line, " ")] == '\f';
    if (is_empty(l))
        return OUTLINE_NOTHING;
    if (is_head(l))
        return !o->in_rows ? OUTLINE_HEAD : o->in_page_head ? OUTLINE_NOTHING : OUTLINE_SECOND;
    if (in_header && first_of(l) > 0) {
        o->in_header = true;
        return OUTLINE_MORE;
    }
    if (l->line[first_of(l)] == '#')
        return OUTLINE_NOTHING;
    if (!o->in_rows && is_header(l)) {
        o->in_header = true;
        return OUTLINE_HEADER;
    }
    if (is_page_break(l)) {
        o->in_page_head = true;
        return OUTLINE_NOTHING;
    }
    if (is_caption(l) || is_prose(l)) {
        if (o->in_rows && !o->in_page_head)
            o->ended = l->line_number;
        return OUTLINE_NOTHING;
    }
    o->in_rows = true;
    o->in_page_head = false;
    return OUTLINE_ROW;
}

/* Columns. */

enum {
    BESIDE = 2 /* blanks at most between things of one cell */
};

static void saw(struct columns *c, enum column column, unsigned cell)
{
    c->seen[column].sum += cell;
    c->seen[column].count++;
}

/* Where a column begins; false if nobody knows. */
static bool place_of(const struct columns *c, enum column column, unsigned *at)
{
    const struct column_seen *seen = &c->seen[column];
    if (c->head && column != COLUMN_SEGMENT) {
        *at = column == COLUMN_A ? c->head_a : c->head_b;
        return true;
    }
    if (seen->count == 0) {
        *at = 0;
        return column == COLUMN_A;
    }
    *at = (unsigned)(seen->sum / seen->count);
    return true;
}

static enum column nearest(const struct columns *c, unsigned cell, enum column first,
                           enum column last, bool in_segments)
{
    enum column best = first == COLUMN_SEGMENT && !in_segments ? last : first;
    unsigned least = UINT_MAX;
    for (enum column i = first; i <= last; i++) {
        unsigned at;
        if (i >= COLUMN_BEHIND || (i == COLUMN_SEGMENT && !in_segments) || !place_of(c, i, &at))
            continue;
        unsigned distance = at < cell ? cell - at : at - cell;
        if (distance < least) {
            least = distance;
            best = i;
        }
    }
    return best;
}

static bool beside(const struct piece *left, const struct piece *right)
{
    return right->cell <= left->end + BESIDE;
}

/* Where the cell of state `i` begins: parentheses may stand before it. */
static unsigned cell_of(const struct piece *p, size_t i)
{
    while (i > 0 && !p[i - 1].state && beside(&p[i - 1], &p[i]))
        i--;
    return p[i].cell;
}

static void assign_states(const struct columns *c, struct piece *p, size_t n)
{
    size_t states = 0, seen = 0;
    for (size_t i = 0; i < n; i++)
        states += p[i].state;
    for (size_t i = 0; i < n; i++) {
        if (!p[i].state)
            continue;
        if (states > 1)
            p[i].column = seen++ == 0 ? COLUMN_A : COLUMN_B;
        else
            p[i].column = nearest(c, cell_of(p, i), COLUMN_A, COLUMN_B, false);
    }
}

/* The columns that the order leaves to parenthesis `i`. */
static void bounds(const struct piece *p, size_t n, size_t i, enum column *first, enum column *last)
{
    *first = i == 0                            ? COLUMN_A
             : p[i - 1].column < COLUMN_BEHIND ? p[i - 1].column + 1
                                               : COLUMN_BEHIND;
    *last = COLUMN_B;
    for (size_t k = i + 1; k < n; k++) {
        if (p[k].state) {
            *last = p[k].column == COLUMN_A ? COLUMN_A : COLUMN_SEGMENT;
            break;
        }
    }
}

void outline_assign(const struct columns *c, struct piece *p, size_t n)
{
    assign_states(c, p, n);
    for (size_t i = 0; i < n; i++) {
        enum column first, last;
        if (p[i].state)
            continue;
        bounds(p, n, i, &first, &last);
        bool behind_a = i > 0 && p[i - 1].state && p[i - 1].column == COLUMN_A;
        bool in_segments = n > 1 && (!p[i].event || (behind_a && !p[i].numbers));
        if (i + 1 < n && p[i + 1].state && beside(&p[i], &p[i + 1]))
            p[i].column = p[i + 1].column;
        else if (i > 0 && p[i - 1].state && beside(&p[i - 1], &p[i]))
            p[i].column = p[i - 1].column;
        else
            p[i].column = nearest(c, p[i].cell, first, last, in_segments);
    }
}

/* The first look at a figure. */

/* A row with a segment: the first thing before the first arrow is A's, the first thing behind the
 * second is B's. */
static void see_segment(struct columns *c, const struct lex *l, size_t first)
{
    const struct lex_token *t = l->token;
    if (t[first].kind == LEX_WORD || t[first].kind == LEX_PAREN)
        saw(c, COLUMN_A, t[first].cell);
    for (size_t i = first + 1; i < l->tokens; i++) {
        if (!lex_is_arrow(&t[i - 1]))
            continue;
        if (t[i].kind == LEX_FIELD)
            saw(c, COLUMN_SEGMENT, t[i].cell);
        else if (t[i].kind == LEX_WORD || t[i].kind == LEX_PAREN)
            saw(c, COLUMN_B, t[i].cell);
    }
}

/* A row without one tells only if it is two states and nothing else. */
static void see_states(struct columns *c, const struct lex *l, size_t first)
{
    const struct lex_token *b = NULL;
    for (size_t i = first; i < l->tokens; i++) {
        if (l->token[i].kind != LEX_WORD && l->token[i].kind != LEX_BAR)
            return;
        if (i == first || l->token[i].kind == LEX_BAR || l->token[i - 1].kind == LEX_BAR)
            continue;
        if (b != NULL)
            return;
        b = &l->token[i];
    }
    if (b == NULL)
        return;
    saw(c, COLUMN_A, l->token[first].cell);
    saw(c, COLUMN_B, b->cell);
}

static void see_row(struct columns *c, const struct lex *l)
{
    size_t first = 0;
    while (first < l->tokens &&
           (l->token[first].kind == LEX_NUMBER || l->token[first].kind == LEX_TIME))
        first++;
    if (first == l->tokens)
        return;
    if (lex_has_arrow(l))
        see_segment(c, l, first);
    else
        see_states(c, l, first);
}

void outline_find(struct columns *c, const char *name, const char *text, size_t len)
{
    struct lex l;
    struct outline o = {0};
    bool more = true;
    lex_init(&l, name, text, len);
    while (lex_line(&l, &more, NULL) == STATUS_OK && more) {
        switch (outline_next(&o, &l)) {
        case OUTLINE_HEAD:
            (void)find_head(&l, c);
            break;
        case OUTLINE_ROW:
            if (lex_tokens(&l, NULL) == STATUS_OK)
                see_row(c, &l);
            break;
        case OUTLINE_NOTHING:
        case OUTLINE_HEADER:
        case OUTLINE_MORE:
        case OUTLINE_BEHIND:
        case OUTLINE_SECOND:
            break;
        }
    }
    lex_done(&l);
}
