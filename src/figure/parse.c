/* See parse.h. Two passes over the source: the first finds out where the columns are, since a lone
 * thing in a row can stand above all that would tell; the second makes the items.
 *
 * A line that begins without a number goes on with the row above if all it has are more fields of
 * its segment, more states of a set that ended with |, or remarks; otherwise it is a row of the
 * same step. */
#include "figure/parse.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "figure/cell.h"
#include "figure/columns.h"
#include "figure/fields.h"
#include "figure/header.h"
#include "figure/lex.h"
#include "figure/outline.h"
#include "figure/position.h"
#include "figure/strings.h"
#include "figure/first_pass.h"
#include "figure/timing.h"

enum {
    ARROW_GAP = 3, /* blanks at most between an arrow and a parenthesis in B's column */
    NO_ITEM = FIGURE_ITEMS_MAX
};

struct parser {
    struct lex lex;
    struct outline outline;
    struct columns columns;
    struct headers headers;
    struct figure *f;
    size_t cap;
    struct text remark; /* of the row that is open */
    bool row_open;      /* the last item is a row, which the next line may go on with */
    bool a_unfinished, b_unfinished; /* its set of states ended with | */
    unsigned number;
    bool number_waits;     /* no row has begun this step */
    size_t repeat, branch; /* items that are not ended: REPEAT; EITHER or its latest OR */
};

/* Items. */

static enum status close_row(struct parser *p, struct fault *fault)
{
    const struct lex *l = &p->lex;
    if (!p->row_open)
        return STATUS_OK;
    struct figure_row *r = &p->f->items[p->f->count - 1].row;
    p->row_open = false;
    if (p->a_unfinished || p->b_unfinished) {
        const struct figure_cell *c = p->a_unfinished ? &r->a : &r->b;
        return position_fault(fault, l->name, c->line, c->column,
                              "this set of states ends with |, expected another state below it");
    }
    if (p->remark.failed)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    if (p->remark.len != 0)
        r->remark = strings_put(p->f, p->remark.data, p->remark.len);
    text_clear(&p->remark);
    return STATUS_OK;
}

static enum status add_item(struct parser *p, enum figure_item_kind kind, unsigned line,
                            unsigned column, struct fault *fault)
{
    struct figure *f = p->f;
    enum status s = close_row(p, fault);
    if (s != STATUS_OK)
        return s;
    if (f->count == FIGURE_ITEMS_MAX)
        return position_fault(fault, p->lex.name, line, column,
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

static struct figure_item *last_item(struct parser *p)
{
    return &p->f->items[p->f->count - 1];
}

static struct figure_row *open_row(struct parser *p)
{
    return &last_item(p)->row;
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
        s = timing_take(l, &l->token[*at], open_row(p), fault);
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
    columns_assign(&p->columns, piece, n);
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
        return position_fault(fault, p->lex.name, odd->line, odd->column,
                              "(duplicate) without a segment, expected it in the segment's row");
    if (r->silence_ns != 0 && (r->has_segment || r->within_ns != 0 || r->after_ns != 0))
        return position_fault(fault, p->lex.name, r->line, r->column,
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
    enum status s = add_item(p, FIGURE_ROW, first->line, first->column, fault);
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
        columns_assign(&p->columns, piece, n);
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

static enum status take_row_line(struct parser *p, struct fault *fault)
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

/* Blocks. */

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
        struct text name;
        text_init(&name);
        lex_source(l, l->token[at].from, l->token[at].to, &name);
        item->name = strings_put(p->f, name.data, name.len);
        bool failed = name.failed;
        text_done(&name);
        if (failed)
            return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
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
    enum status s = add_item(p, FIGURE_EITHER, t->line, t->column, fault);
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
    enum status s = add_item(p, FIGURE_OR, t->line, t->column, fault);
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
    enum status s = add_item(p, FIGURE_REPEAT, t->line, t->column, fault);
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
    enum status s = add_item(p, FIGURE_END, t->line, t->column, fault);
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
    return take_row_line(p, fault);
}

static enum status take_line(struct parser *p, struct fault *fault)
{
    enum outline_kind kind = outline_next(&p->outline, &p->lex);
    size_t first = strspn(p->lex.line, " \f");
    if (kind == OUTLINE_MORE)
        return header_go_on(&p->headers, &p->lex, fault);
    enum status s = header_end(&p->headers, fault);
    if (s != STATUS_OK)
        return s;
    switch (kind) {
    case OUTLINE_HEADER:
        return header_begin(&p->headers, &p->lex, outline_colon(&p->lex), fault);
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
    enum status s = header_end(&p->headers, fault);
    if (s == STATUS_OK)
        s = close_row(p, fault);
    if (s != STATUS_OK)
        return s;
    if (p->branch != NO_ITEM)
        open = &p->f->items[either_of(p->f, p->branch)];
    else if (p->repeat != NO_ITEM)
        open = &p->f->items[p->repeat];
    if (open != NULL)
        return position_fault(fault, p->lex.name, open->line, open->column,
                              "this '%s' is never closed, expected 'end'",
                              open->kind == FIGURE_EITHER ? "either" : "repeat");
    if (p->f->count == 0)
        return position_fault(fault, p->lex.name, p->lex.line_number + 1, 1,
                              "no rows, expected one such as \"1.  CLOSED   LISTEN\"");
    return STATUS_OK;
}

static enum status parse(struct parser *p, const char *name, const char *text, size_t len,
                         struct fault *fault)
{
    bool more = true;
    if (len > FIGURE_SOURCE_MAX)
        return position_fault(fault, name, 1, 1, "more than %d octets, expected a figure",
                              FIGURE_SOURCE_MAX);
    /* Every text is shorter than what stands for it in the source, parentheses, quotes and ends of
     * lines included, but for the name. */
    enum status s = strings_init(p->f, strlen(name) + len + 16, fault);
    if (s != STATUS_OK)
        return s;
    p->f->name = strings_put(p->f, name, strlen(name));
    first_pass_columns(&p->columns, name, text, len);
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
    struct parser p = {.f = f, .repeat = NO_ITEM, .branch = NO_ITEM};
    *f = (struct figure){0};
    header_init(&p.headers, f);
    text_init(&p.remark);
    enum status s = parse(&p, name, text, len, fault);
    header_done(&p.headers);
    text_done(&p.remark);
    if (s != STATUS_OK)
        figure_done(f);
    return s;
}
