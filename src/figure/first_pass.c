/* See first_pass.h. */
#include "figure/first_pass.h"

#include "figure/lex.h"
#include "figure/outline.h"

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

void first_pass_columns(struct columns *c, const char *name, const char *text, size_t len)
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
