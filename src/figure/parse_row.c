/* See parse_row.h. A line that begins without a number goes on with the row above if all it has are
 * more fields of its segment, more states of a set that ended with |, or remarks; otherwise it is a
 * row of the same step. */
#include "figure/parse_row.h"

#include <limits.h>
#include <stdlib.h>

#include "figure/cell.h"
#include "figure/fields.h"

enum {
    ARROW_GAP = 3 /* blanks at most between an arrow and a parenthesis in B's column */
};

/* Items. */

enum status parse_row_close(struct parser *p, struct fault *fault)
{
    const struct lex *l = &p->lex;
    if (!p->row_open)
        return STATUS_OK;
    struct figure_row *r = &p->f->items[p->f->count - 1].row;
    p->row_open = false;
    if (p->a_unfinished || p->b_unfinished) {
        const struct figure_cell *c = p->a_unfinished ? &r->a : &r->b;
        return figure_fault(fault, l->name, c->line, c->column,
                            "this set of states ends with |, expected another state below it");
    }
    if (p->remark.failed)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    if (p->remark.len != 0)
        r->remark = figure_store(p->f, p->remark.data, p->remark.len);
    text_clear(&p->remark);
    return STATUS_OK;
}

enum status parse_row_item(struct parser *p, enum figure_item_kind kind, unsigned line,
                           unsigned column, struct fault *fault)
{
    struct figure *f = p->f;
    enum status s = parse_row_close(p, fault);
    if (s != STATUS_OK)
        return s;
    if (f->count == FIGURE_ITEMS_MAX)
        return figure_fault(fault, p->lex.name, line, column,
                            "more than %d rows, expected a figure that fits on a few pages",
                            FIGURE_ITEMS_MAX);
    if (f->count == p->cap) {
        size_t cap = p->cap != 0 ? 2 * p->cap : 16;
        struct figure_item *grown = realloc(f->items, cap * sizeof(*grown));
        if (grown == NULL)
            return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        f->items = grown;
        p->cap = cap;
    }
    f->items[f->count++] =
        (struct figure_item){.kind = kind, .name = "", .line = line, .column = column};
    return STATUS_OK;
}

static struct figure_row *open_row(struct parser *p)
{
    return &p->f->items[p->f->count - 1].row;
}

/* Cells. */

static void add_remark(struct parser *p, const struct lex_token *t)
{
    if (t->from == t->to)
        return;
    if (p->remark.len != 0)
        text_put(&p->remark, "; ", 2);
    lex_source(&p->lex, t->from, t->to, &p->remark);
}

static void place_cell(struct figure_cell *c, const struct lex_token *t)
{
    if (c->line == 0) {
        c->line = t->line;
        c->column = t->column;
    }
}

/* A state, or states joined by |. */
static enum status take_states(struct parser *p, const struct piece *piece, bool is_a,
                               struct fault *fault)
{
    const struct lex *l = &p->lex;
    struct figure_row *r = open_row(p);
    struct figure_cell *c = is_a ? &r->a : &r->b;
    bool unfinished = false;
    for (size_t i = 0; i < piece->tokens; i++) {
        const struct lex_token *t = &l->token[piece->token + i];
        enum state state;
        unfinished = t->kind == LEX_BAR;
        if (unfinished)
            continue;
        enum status s = cell_state(l, t, &state, fault);
        if (s != STATUS_OK)
            return s;
        c->states |= STATE_SET(state);
    }
    place_cell(c, &l->token[piece->token]);
    if (is_a)
        p->a_unfinished = unfinished;
    else
        p->b_unfinished = unfinished;
    return STATUS_OK;
}

/* Reads the parenthesis and puts it into the cell; a remark goes there only if `remarks`, and to
 * the row otherwise. */
static enum status take_event(struct parser *p, const struct lex_token *t, struct figure_cell *c,
                              bool remarks, struct fault *fault)
{
    struct figure_cell said = {0};
    size_t kept = p->f->store_len;
    enum status s = cell_event(p->f, &p->lex, t, &said, fault);
    if (s != STATUS_OK)
        return s;
    if (said.duplicate) {
        c->duplicate = true;
        place_cell(c, t);
        return STATUS_OK;
    }
    bool taken = c->event != FIGURE_NOTHING;
    if (said.event == FIGURE_REMARK && (taken || !remarks)) {
        p->f->store_len = kept; /* it is stored with the row's other remarks */
        add_remark(p, t);
        return STATUS_OK;
    }
    if (taken)
        return lex_fault(&p->lex, t->from, fault, "a second event in one cell, expected one a row");
    said.states = c->states;
    said.duplicate = c->duplicate;
    said.line = c->line;
    said.column = c->column;
    *c = said;
    place_cell(c, t);
    return STATUS_OK;
}

/* Groups the tokens from `at` on, up to one that belongs to no cell, into pieces. */
static enum status take_pieces(struct parser *p, size_t *at, struct piece *piece, size_t *count,
                               struct fault *fault)
{
    const struct lex *l = &p->lex;
    *count = 0;
    while (*at < l->tokens) {
        const struct lex_token *t = &l->token[*at];
        if (t->kind != LEX_WORD && t->kind != LEX_PAREN && t->kind != LEX_BAR)
            break;
        if (t->kind == LEX_BAR)
            return lex_fault(l, t->from, fault, "expected a state before the |");
        struct piece *new = &piece[(*count)++];
        *new = (struct piece){.state = t->kind == LEX_WORD, .cell = t->cell, .token = *at};
        ++*at;
        while (new->state &&*at < l->tokens && l->token[*at].kind == LEX_BAR) {
            ++*at;
            *at += *at < l->tokens && l->token[*at].kind == LEX_WORD;
        }
        new->tokens = *at - new->token;
        new->end = l->token[*at - 1].end;
        if (!new->state) {
            struct figure_cell c = {0};
            size_t kept = p->f->store_len; /* what is said is not stored yet */
            enum status s = cell_event(p->f, l, t, &c, fault);
            p->f->store_len = kept;
            if (s != STATUS_OK)
                return s;
            new->event = c.event != FIGURE_REMARK;
            new->numbers = c.event == FIGURE_NUMBERS;
        }
    }
    return STATUS_OK;
}

static bool is_kernels(const struct parser *p, const struct piece *piece)
{
    return p->columns.kernel && piece->state && piece->cell >= p->columns.head_kernel;
}

/* Puts a piece where its column says. */
static enum status take_piece(struct parser *p, const struct piece *piece, struct fault *fault)
{
    struct figure_row *r = open_row(p);
    const struct lex_token *t = &p->lex.token[piece->token];
    struct figure_cell *c = piece->column <= COLUMN_SEGMENT ? &r->a : &r->b;
    if (!piece->state)
        return take_event(p, t, c, piece->column == COLUMN_A || piece->column == COLUMN_B, fault);
    if (c->states != STATE_SET_NONE)
        return lex_fault(&p->lex, t->from, fault,
                         "one state too many in this row, expected one of A and one of B");
    return take_states(p, piece, piece->column == COLUMN_A, fault);
}

/* Rows. */

static enum status take_brackets(struct parser *p, size_t *at, struct fault *fault)
{
    const struct lex *l = &p->lex;
    enum status s = STATUS_OK;
    for (; s == STATUS_OK && *at < l->tokens && l->token[*at].kind == LEX_BRACKET; ++*at)
        s = fields_take_time(l, &l->token[*at], open_row(p), fault);
    if (s == STATUS_OK && *at < l->tokens)
        return lex_fault(l, l->token[*at].from, fault, "expected the end of the line");
    return s;
}

static enum figure_arrow arrow_of(const struct lex_token *t)
{
    return t->kind == LEX_RIGHT  ? FIGURE_ARROW_RIGHT
           : t->kind == LEX_LEFT ? FIGURE_ARROW_LEFT
                                 : FIGURE_ARROW_HELD;
}

/* Before the first arrow: all of it is A's. */
static enum status take_left_side(struct parser *p, size_t *at, struct fault *fault)
{
    struct piece piece[LEX_TOKENS_MAX];
    size_t n;
    enum status s = take_pieces(p, at, piece, &n, fault);
    for (size_t i = 0; s == STATUS_OK && i < n; i++) {
        piece[i].column = COLUMN_A;
        s = take_piece(p, &piece[i], fault);
    }
    return s;
}

/* Behind the second arrow: B's, up to the first remark that stands apart. */
static enum status take_right_side(struct parser *p, size_t *at, struct fault *fault)
{
    struct piece piece[LEX_TOKENS_MAX];
    size_t n;
    unsigned end = p->lex.token[*at - 1].end;
    const struct figure_cell *b = &open_row(p)->b;
    enum status s = take_pieces(p, at, piece, &n, fault);
    for (size_t i = 0; s == STATUS_OK && i < n; i++) {
        if (is_kernels(p, &piece[i]))
            continue;
        bool close = piece[i].cell <= end + ARROW_GAP && b->states == STATE_SET_NONE;
        piece[i].column = piece[i].state || close ? COLUMN_B : COLUMN_BEHIND;
        end = piece[i].end;
        s = take_piece(p, &piece[i], fault);
    }
    return s;
}

static enum status take_fields(struct parser *p, size_t *at, struct fault *fault)
{
    struct figure_row *r = open_row(p);
    enum status s = STATUS_OK;
    for (; s == STATUS_OK && *at < p->lex.tokens && p->lex.token[*at].kind == LEX_FIELD; ++*at)
        s = fields_take(&p->lex, &p->lex.token[*at], &r->segment, fault);
    return s;
}

static enum status check_arrows(const struct parser *p, const struct figure_row *r, size_t second,
                                struct fault *fault)
{
    bool both_held = r->a_arrow == FIGURE_ARROW_HELD && r->b_arrow == FIGURE_ARROW_HELD;
    bool opposed = r->a_arrow != r->b_arrow && r->a_arrow != FIGURE_ARROW_HELD &&
                   r->b_arrow != FIGURE_ARROW_HELD;
    size_t at = p->lex.token[second].from;
    if (both_held)
        return lex_fault(&p->lex, at, fault,
                         "a segment that neither leaves nor arrives, expected an arrow at one end");
    if (opposed)
        return lex_fault(&p->lex, at, fault, "the arrows point to different ends, expected %s here",
                         r->a_arrow == FIGURE_ARROW_RIGHT ? "-->" : "<--");
    return STATUS_OK;
}

static enum status take_segment(struct parser *p, size_t *at, struct fault *fault)
{
    const struct lex *l = &p->lex;
    struct figure_row *r = open_row(p);
    if (*at < l->tokens && l->token[*at].kind == LEX_FIELD)
        return lex_fault(l, l->token[*at].from - 1, fault,
                         "a segment without an arrow, expected -->, <-- or ... before it");
    r->a_arrow = arrow_of(&l->token[*at]);
    ++*at;
    size_t end = *at < l->tokens ? l->token[*at].from : l->len;
    if (*at == l->tokens || l->token[*at].kind != LEX_FIELD)
        return lex_fault(l, end, fault, "expected a segment such as <SEQ=100><CTL=SYN>");
    r->has_segment = true;
    r->segment_line = l->token[*at].line;
    r->segment_column = l->token[*at].column;
    enum status s = take_fields(p, at, fault);
    if (s != STATUS_OK)
        return s;
    end = *at < l->tokens ? l->token[*at].from : l->len;
    if (*at == l->tokens || !lex_is_arrow(&l->token[*at]))
        return lex_fault(l, end, fault, "expected -->, <-- or ... behind the segment");
    r->b_arrow = arrow_of(&l->token[*at]);
    return check_arrows(p, r, (*at)++, fault);
}

static enum status take_row_with_segment(struct parser *p, size_t at, struct fault *fault)
{
    enum status s = take_left_side(p, &at, fault);
    if (s == STATUS_OK)
        s = take_segment(p, &at, fault);
    if (s == STATUS_OK)
        s = take_right_side(p, &at, fault);
    return s == STATUS_OK ? take_brackets(p, &at, fault) : s;
}

/* What the kernel says is not the figure's. */
static size_t drop_kernels(const struct parser *p, struct piece *piece, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_kernels(p, &piece[i]))
            piece[kept++] = piece[i];
    }
    return kept;
}

static enum status take_row_without_segment(struct parser *p, size_t at, struct fault *fault)
{
    struct piece piece[LEX_TOKENS_MAX];
    const struct figure_row *r = open_row(p);
    const struct lex_token *first = &p->lex.token[at];
    size_t n;
    enum status s = take_pieces(p, &at, piece, &n, fault);
    if (s != STATUS_OK)
        return s;
    n = drop_kernels(p, piece, n);
    outline_assign(&p->columns, piece, n);
    for (size_t i = 0; s == STATUS_OK && i < n; i++)
        s = take_piece(p, &piece[i], fault);
    if (s == STATUS_OK)
        s = take_brackets(p, &at, fault);
    if (s == STATUS_OK && n == 0 && r->silence_ns == 0)
        return lex_fault(&p->lex, first->from, fault, "expected a state, an event or a segment");
    return s;
}

static enum status check_row(const struct parser *p, const struct figure_row *r,
                             struct fault *fault)
{
    const struct figure_cell *odd = r->a.duplicate ? &r->a : &r->b;
    if (odd->duplicate && !r->has_segment)
        return figure_fault(fault, p->lex.name, odd->line, odd->column,
                            "(duplicate) without a segment, expected it in the segment's row");
    if (r->silence_ns != 0 && (r->has_segment || r->within_ns != 0 || r->after_ns != 0))
        return figure_fault(fault, p->lex.name, r->line, r->column,
                            "[silence] beside something that happens, expected a row of its own");
    return STATUS_OK;
}

static bool has_kind(const struct lex *l, enum lex_kind kind)
{
    for (size_t i = 0; i < l->tokens; i++) {
        if (l->token[i].kind == kind)
            return true;
    }
    return false;
}

/* A new row of the tokens from `at` on. */
static enum status take_row(struct parser *p, size_t at, struct fault *fault)
{
    const struct lex_token *first = &p->lex.token[0];
    enum status s = parse_row_item(p, FIGURE_ROW, first->line, first->column, fault);
    if (s != STATUS_OK)
        return s;
    struct figure_row *r = open_row(p);
    *r = (struct figure_row){.number = p->number,
                             .begins_step = p->number_waits,
                             .line = first->line,
                             .column = first->column};
    p->number_waits = false;
    p->row_open = true;
    bool segment = lex_has_arrow(&p->lex) || has_kind(&p->lex, LEX_FIELD);
    s = segment ? take_row_with_segment(p, at, fault) : take_row_without_segment(p, at, fault);
    return s == STATUS_OK ? check_row(p, r, fault) : s;
}

/* Lines that go on with the row above. */

/* Whether the line, from token `at` on, does: it has nothing that begins a row. */
static enum status goes_on(struct parser *p, size_t at, bool *yes, struct fault *fault)
{
    const struct lex *l = &p->lex;
    struct piece piece[LEX_TOKENS_MAX];
    size_t n = 0;
    *yes = false;
    if (!p->row_open || p->number_waits || lex_has_arrow(l) || has_kind(l, LEX_BRACKET))
        return STATUS_OK;
    bool states = false, events = false, fields = has_kind(l, LEX_FIELD);
    while (at < l->tokens) {
        enum status s = take_pieces(p, &at, piece, &n, fault);
        if (s != STATUS_OK)
            return s;
        for (size_t i = 0; i < n; i++) {
            states = states || (piece[i].state && !is_kernels(p, &piece[i]));
            events = events || piece[i].event;
        }
        at += at < l->tokens;
    }
    bool wanted = p->a_unfinished || p->b_unfinished;
    *yes = !events && (states ? wanted : fields || n > 0 || wanted);
    if (fields && !open_row(p)->has_segment)
        *yes = false;
    return STATUS_OK;
}

static enum status go_on_with_states(struct parser *p, const struct piece *piece,
                                     struct fault *fault)
{
    bool is_a = p->a_unfinished;
    if (!p->a_unfinished && !p->b_unfinished)
        return lex_fault(&p->lex, p->lex.token[piece->token].from, fault,
                         "one state too many, expected none here");
    if (is_a && p->b_unfinished) /* both go on: A's stands to the left */
        is_a = piece->column == COLUMN_A;
    return take_states(p, piece, is_a, fault);
}

static enum status go_on_with_row(struct parser *p, size_t at, struct fault *fault)
{
    struct piece piece[LEX_TOKENS_MAX];
    size_t n;
    enum status s = STATUS_OK;
    while (s == STATUS_OK && at < p->lex.tokens) {
        s = take_pieces(p, &at, piece, &n, fault);
        if (s != STATUS_OK)
            return s;
        n = drop_kernels(p, piece, n);
        outline_assign(&p->columns, piece, n);
        for (size_t i = 0; s == STATUS_OK && i < n; i++) {
            if (piece[i].state)
                s = go_on_with_states(p, &piece[i], fault);
            else
                add_remark(p, &p->lex.token[piece[i].token]);
        }
        if (s == STATUS_OK && at < p->lex.tokens)
            s = p->lex.token[at].kind == LEX_FIELD
                    ? take_fields(p, &at, fault)
                    : lex_fault(&p->lex, p->lex.token[at].from, fault,
                                "expected the end of the line");
    }
    return s;
}

enum status parse_row_line(struct parser *p, struct fault *fault)
{
    const struct lex *l = &p->lex;
    size_t at = 0;
    bool more = false;
    if (at < l->tokens && l->token[at].kind == LEX_NUMBER) {
        uint64_t n = 0; /* the lexer has seen to it that it is a short one */
        (void)lex_number(l, l->token[at].from, l->token[at].to, 0, UINT_MAX, &n);
        p->number = (unsigned)n;
        p->number_waits = true;
        at++;
    }
    at += at < l->tokens && l->token[at].kind == LEX_TIME;
    if (at == l->tokens)
        return STATUS_OK;
    enum status s = goes_on(p, at, &more, fault);
    if (s != STATUS_OK)
        return s;
    return more ? go_on_with_row(p, at, fault) : take_row(p, at, fault);
}
