/* See columns.h. */
#include "figure/columns.h"

#include "figure/lex.h"
#include "figure/outline.h"

#include <limits.h>

enum {
    BESIDE = 2 /* blanks at most between things of one cell */
};

void columns_saw(struct columns *c, enum column column, unsigned cell)
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

void columns_assign(const struct columns *c, struct piece *p, size_t n)
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
        columns_saw(c, COLUMN_A, t[first].cell);
    for (size_t i = first + 1; i < l->tokens; i++) {
        if (!lex_is_arrow(&t[i - 1]))
            continue;
        if (t[i].kind == LEX_FIELD)
            columns_saw(c, COLUMN_SEGMENT, t[i].cell);
        else if (t[i].kind == LEX_WORD || t[i].kind == LEX_PAREN)
            columns_saw(c, COLUMN_B, t[i].cell);
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
    columns_saw(c, COLUMN_A, l->token[first].cell);
    columns_saw(c, COLUMN_B, b->cell);
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

void columns_find(struct columns *c, const char *name, const char *text, size_t len)
{
    struct lex l;
    struct outline o = {0};
    bool more = true;
    lex_init(&l, name, text, len);
    while (lex_line(&l, &more, NULL) == STATUS_OK && more) {
        switch (outline_next(&o, &l)) {
        case OUTLINE_HEAD:
            outline_columns(&l, c);
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
