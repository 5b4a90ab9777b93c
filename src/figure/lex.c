/* See lex.h. */
#include "figure/lex.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    TAB = 8,
    NUMBER_DIGITS = 4 /* of a step */
};

void lex_init(struct lex *l, const char *name, const char *text, size_t len)
{
    *l = (struct lex){.name = name, .rest = text, .end = text + len};
}

void lex_done(struct lex *l)
{
    free(l->line);
    free(l->place);
    *l = (struct lex){0};
}

enum status lex_fault(const struct lex *l, size_t at, struct fault *fault, const char *fmt, ...)
{
    char text[FAULT_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    struct lex_place end = {.line = l->line_number, .column = 1};
    if (at >= l->len && l->len != 0) {
        end = l->place[l->len - 1];
        end.column++;
    }
    const struct lex_place *p = at < l->len ? &l->place[at] : &end;
    return figure_fault(fault, l->name, p->line, p->column, "%s", text);
}

/* Characters. */

struct meaning {
    uint32_t first, last; /* of a range with one meaning */
    const char *ascii;
};

/* In the order of the code points. */
static const struct meaning meanings[] = {
    {0x00a0, 0x00a0, " "},  /* no-break space */
    {0x00ab, 0x00ab, "\""}, /* guillemets */
    {0x00ad, 0x00ad, ""},   /* soft hyphen */
    {0x00b1, 0x00b1, "+-"}, /* plus-minus */
    {0x00b5, 0x00b5, "u"},  /* micro */
    {0x00bb, 0x00bb, "\""},  {0x03bc, 0x03bc, "u"},
    {0x2000, 0x200a, " "}, /* spaces of all widths */
    {0x200b, 0x200f, ""},  /* of none */
    {0x2010, 0x2015, "-"}, /* hyphens and dashes */
    {0x2018, 0x201b, "'"},   {0x201c, 0x201f, "\""},
    {0x2024, 0x2024, "."},   {0x2025, 0x2025, ".."},
    {0x2026, 0x2026, "..."}, {0x202f, 0x202f, " "},
    {0x2032, 0x2032, "'"},   {0x2033, 0x2033, "\""},
    {0x2039, 0x2039, "<"},   {0x203a, 0x203a, ">"},
    {0x2043, 0x2043, "-"},   {0x205f, 0x205f, " "},
    {0x2060, 0x2060, ""},    {0x2190, 0x2190, "<-"},
    {0x2192, 0x2192, "->"},  {0x21d0, 0x21d0, "<="},
    {0x21d2, 0x21d2, "=>"},  {0x21e0, 0x21e0, "<-"},
    {0x21e2, 0x21e2, "->"},  {0x2212, 0x2212, "-"}, /* minus */
    {0x2264, 0x2264, "<="},                         /* the beginning of <== */
    {0x22ef, 0x22ef, "..."}, {0x2329, 0x2329, "<"},
    {0x232a, 0x232a, ">"},   {0x2500, 0x2501, "-"},
    {0x2550, 0x2550, "="},   {0x2794, 0x2794, "->"},
    {0x279c, 0x279e, "->"},  {0x27e8, 0x27e8, "<"},
    {0x27e9, 0x27e9, ">"},   {0x27f5, 0x27f5, "<-"},
    {0x27f6, 0x27f6, "->"},  {0x27f8, 0x27f8, "<="},
    {0x27f9, 0x27f9, "=>"},  {0x3000, 0x3000, " "},
    {0x3001, 0x3001, ","},   {0x3002, 0x3002, "."},
    {0x3008, 0x3008, "<"},   {0x3009, 0x3009, ">"},
    {0x300a, 0x300a, "<"},   {0x300b, 0x300b, ">"},
    {0x3010, 0x3010, "["},   {0x3011, 0x3011, "]"},
    {0xfeff, 0xfeff, ""}, /* byte order mark */
};

static int compare(const void *key, const void *entry)
{
    uint32_t c = *(const uint32_t *)key;
    const struct meaning *m = entry;
    return c < m->first ? -1 : c > m->last;
}

/* The ASCII that a character stands for, "" if it is invisible, NULL if it stands for nothing but
 * itself. Not for ASCII, which is what it is. */
static const char *meaning_of(uint32_t c)
{
    const struct meaning *m =
        bsearch(&c, meanings, sizeof(meanings) / sizeof(meanings[0]), sizeof(meanings[0]), compare);
    return m != NULL ? m->ascii : NULL;
}

/* Lines. */

/* There is always room for the end of the line. */
static enum status grow(struct lex *l, struct fault *fault)
{
    size_t cap = l->cap != 0 ? 2 * l->cap : 256;
    char *line = realloc(l->line, cap);
    if (line != NULL)
        l->line = line;
    struct lex_place *place = realloc(l->place, cap * sizeof(*place));
    if (place != NULL)
        l->place = place;
    if (line == NULL || place == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    l->cap = cap;
    return STATUS_OK;
}

static enum status append(struct lex *l, char c, const struct lex_place *place, struct fault *fault)
{
    enum status s = l->len + 1 < l->cap ? STATUS_OK : grow(l, fault);
    if (s != STATUS_OK)
        return s;
    l->place[l->len] = *place;
    l->line[l->len++] = c;
    l->line[l->len] = '\0';
    return STATUS_OK;
}

/* Control characters have no business in a figure, and no text of one may bring them to a
 * terminal. */
static enum status refuse_control(const struct lex *l, const struct lex_place *p, uint32_t c,
                                  struct fault *fault)
{
    if (c == TEXT_NO_UTF8)
        return figure_fault(fault, l->name, p->line, p->column,
                            "octet 0x%02x is no UTF-8, expected plain text",
                            (unsigned)(unsigned char)*p->at);
    if (c != '\t' && c != '\f' && text_is_control(c) && meaning_of(c) == NULL)
        return figure_fault(fault, l->name, p->line, p->column,
                            "control character 0x%02x, expected plain text", (unsigned)c);
    return STATUS_OK;
}

/* Appends what the character at `p` means. */
static enum status append_meaning(struct lex *l, struct lex_place *p, uint32_t c,
                                  struct fault *fault)
{
    static const char other[] = {LEX_OTHER, '\0'};
    bool full_width = c >= 0xff01 && c <= 0xff5e; /* the forms of ! to ~ */
    char ascii[] = {(char)(full_width ? c - 0xff01 + '!' : c), '\0'};
    const char *meaning = c < 0x80 || full_width ? ascii : meaning_of(c);
    if (meaning == NULL)
        meaning = other;
    if (c == '\t' || c == '\f') /* in a text it is but a blank */
        p->at = " ";
    for (; *meaning != '\0'; meaning++) {
        enum status s = append(l, *meaning == '\t' ? ' ' : *meaning, p, fault);
        if (s != STATUS_OK)
            return s;
        p->size = 0;
    }
    return STATUS_OK;
}

/* Reads up to the end of a line and over it. */
static enum status read_on(struct lex *l, struct fault *fault)
{
    struct lex_place p = {.line = ++l->line_number, .column = 1};
    while (l->rest < l->end && *l->rest != '\n' && *l->rest != '\r') {
        uint32_t c = text_decode(l->rest, (size_t)(l->end - l->rest), &p.size);
        p.at = l->rest;
        enum status s = refuse_control(l, &p, c, fault);
        if (s != STATUS_OK)
            return s;
        l->rest += p.size;
        size_t before = l->len;
        s = append_meaning(l, &p, c, fault);
        if (s != STATUS_OK)
            return s;
        bool visible = l->len != before;
        p.cell = c == '\t' ? (p.cell / TAB + 1) * TAB : p.cell + visible;
        p.column += c != 0xfeff; /* editors do not count it */
    }
    if (l->rest < l->end && *l->rest++ == '\r' && l->rest < l->end && *l->rest == '\n')
        l->rest++;
    return STATUS_OK;
}

enum status lex_line(struct lex *l, bool *more, struct fault *fault)
{
    enum status s = l->cap != 0 ? STATUS_OK : grow(l, fault);
    if (s != STATUS_OK)
        return s;
    l->len = 0;
    l->line[0] = '\0';
    l->tokens = 0;
    *more = l->rest < l->end;
    return *more ? read_on(l, fault) : STATUS_OK;
}

/* Stretches of the line. */

static bool is_blank(char c)
{
    return c == ' ' || c == '\f';
}

void lex_trim(const struct lex *l, size_t *from, size_t *to)
{
    while (*from < *to && is_blank(l->line[*from]))
        ++*from;
    while (*to > *from && is_blank(l->line[*to - 1]))
        --*to;
}

bool lex_is(const struct lex *l, size_t from, size_t to, const char *word)
{
    return strlen(word) == to - from && strncasecmp(l->line + from, word, to - from) == 0;
}

bool lex_number(const struct lex *l, size_t from, size_t to, uint64_t min, uint64_t max,
                uint64_t *out)
{
    char digits[16];
    if (to - from >= sizeof(digits))
        return false;
    memcpy(digits, l->line + from, to - from);
    digits[to - from] = '\0';
    return text_to_number(digits, min, max, out);
}

void lex_source(const struct lex *l, size_t from, size_t to, struct text *out)
{
    for (; from < to; from++)
        text_put(out, l->place[from].at, l->place[from].size);
}

enum status lex_store(const struct lex *l, size_t from, size_t to, struct figure *f,
                      const char **out, struct fault *fault)
{
    struct text text;
    text_init(&text);
    lex_source(l, from, to, &text);
    bool failed = text.failed;
    *out = figure_store(f, text.data, text.len);
    text_done(&text);
    return failed ? fault_set(fault, STATUS_NO_MEMORY, "out of memory") : STATUS_OK;
}

static size_t skip_blanks(const struct lex *l, size_t at)
{
    while (at < l->len && is_blank(l->line[at]))
        at++;
    return at;
}

static size_t skip_digits(const struct lex *l, size_t at)
{
    return at + strspn(l->line + at, "0123456789");
}

bool lex_is_arrow(const struct lex_token *t)
{
    return t->kind == LEX_RIGHT || t->kind == LEX_LEFT || t->kind == LEX_HELD;
}

bool lex_has_arrow(const struct lex *l)
{
    for (size_t i = 0; i < l->tokens; i++) {
        if (lex_is_arrow(&l->token[i]))
            return true;
    }
    return false;
}

/* Tokens. `from` is where the token begins in the line, `end` where what follows it does. */

static enum status add(struct lex *l, enum lex_kind kind, size_t from, size_t end,
                       struct fault *fault)
{
    if (l->tokens == LEX_TOKENS_MAX)
        return lex_fault(l, from, fault, "more than %d things in one line", LEX_TOKENS_MAX);
    const struct lex_place *first = &l->place[from], *last = &l->place[end - 1];
    struct lex_token *t = &l->token[l->tokens++];
    *t = (struct lex_token){.kind = kind,
                            .line = first->line,
                            .column = first->column,
                            .cell = first->cell,
                            .end = last->cell + 1,
                            .from = from,
                            .to = end};
    if (kind == LEX_PAREN || kind == LEX_FIELD || kind == LEX_BRACKET || kind == LEX_STRING) {
        t->from++;
        t->to--;
    }
    if (kind == LEX_PAREN || kind == LEX_FIELD || kind == LEX_BRACKET)
        lex_trim(l, &t->from, &t->to);
    return STATUS_OK;
}

static bool ends_word(const struct lex *l, size_t at)
{
    return at >= l->len || is_blank(l->line[at]);
}

/* The number of the step and the time, as far as they are there; `*at` moves behind them. */
static enum status take_margin(struct lex *l, size_t *at, struct fault *fault)
{
    size_t from = skip_blanks(l, *at), end = skip_digits(l, from);
    bool dotted = end > from && end < l->len && strchr(".):", l->line[end]) != NULL &&
                  !isdigit((unsigned char)l->line[end + 1]);
    if (end > from && (dotted || ends_word(l, end))) {
        if (end - from > NUMBER_DIGITS)
            return lex_fault(l, from, fault, "the number of a step has at most %d digits",
                             NUMBER_DIGITS);
        enum status s = add(l, LEX_NUMBER, from, end, fault);
        if (s != STATUS_OK)
            return s;
        from = skip_blanks(l, end + dotted);
        end = skip_digits(l, from);
    }
    *at = from;
    if (end == from || end >= l->len || l->line[end] != '.')
        return STATUS_OK;
    size_t fraction = skip_digits(l, end + 1);
    if (fraction == end + 1 || !ends_word(l, fraction))
        return STATUS_OK;
    *at = fraction;
    return add(l, LEX_TIME, from, fraction, fault);
}

/* Takes the next line of the source into this one, if it stands further in than cell `margin`. */
static enum status join_next(struct lex *l, unsigned margin, bool *joined, struct fault *fault)
{
    size_t old = l->len;
    *joined = false;
    if (l->rest == l->end)
        return STATUS_OK;
    struct lex_place blank = l->place[old - 1];
    blank.at = " ";
    blank.size = 1;
    enum status s = append(l, ' ', &blank, fault);
    if (s == STATUS_OK)
        s = read_on(l, fault);
    if (s != STATUS_OK)
        return s;
    size_t first = skip_blanks(l, old);
    *joined = first < l->len && l->place[first].cell > margin;
    if (*joined) { /* one blank for the break and the indentation */
        size_t kept = l->len - first;
        memmove(l->line + old + 1, l->line + first, kept + 1);
        memmove(l->place + old + 1, l->place + first, kept * sizeof(*l->place));
        l->len = old + 1 + kept;
    } else {
        l->line[l->len = old] = '\0';
    }
    return STATUS_OK;
}

/* Past the text of (say "..."), in which parentheses are text; `at` if it is none. */
static size_t skip_said(const struct lex *l, size_t at)
{
    size_t from = skip_blanks(l, at);
    if (strncasecmp(l->line + from, "say", 3) != 0)
        return at;
    from = skip_blanks(l, from + 3);
    if (l->line[from] != '"')
        return at;
    for (from++; from < l->len && l->line[from] != '"'; from++)
        from += l->line[from] == '\\' && from + 1 < l->len;
    return from;
}

static enum status take_paren(struct lex *l, size_t *at, struct fault *fault)
{
    size_t from = *at, depth = 1, end = skip_said(l, from + 1);
    while (depth > 0) {
        if (end < l->len) {
            depth += l->line[end] == '(';
            depth -= l->line[end] == ')';
            end++;
            continue;
        }
        bool joined;
        enum status s = join_next(l, l->place[from].cell, &joined, fault);
        if (s != STATUS_OK)
            return s;
        if (!joined)
            return lex_fault(l, from, fault, "this ( is never closed, expected )");
    }
    *at = end;
    return add(l, LEX_PAREN, from, end, fault);
}

static enum status take_enclosed(struct lex *l, enum lex_kind kind, char close, size_t *at,
                                 struct fault *fault)
{
    size_t from = *at, end = from + 1;
    while (end < l->len && l->line[end] != close && (kind != LEX_FIELD || l->line[end] != '<'))
        end++;
    bool arrow = kind == LEX_FIELD && l->line[end - 1] == '-'; /* its head closes nothing */
    if (end >= l->len || l->line[end] != close || arrow)
        return lex_fault(l, from, fault, "this %c is never closed, expected %c", l->line[from],
                         close);
    *at = end + 1;
    return add(l, kind, from, *at, fault);
}

static enum status take_left(struct lex *l, size_t *at, struct fault *fault)
{
    size_t from = *at;
    *at = from + 1 + strspn(l->line + from + 1, "-=");
    if (l->line[*at] == '>')
        return lex_fault(l, from, fault, "an arrow that points both ways, expected --> or <--");
    return add(l, LEX_LEFT, from, *at, fault);
}

static enum status take_right(struct lex *l, size_t *at, struct fault *fault)
{
    size_t from = *at, end = from + strspn(l->line + from, "-=");
    if (l->line[end] != '>')
        return lex_fault(l, from, fault, "a line without a head, expected -->");
    *at = end + 1;
    return add(l, LEX_RIGHT, from, *at, fault);
}

static enum status take_held(struct lex *l, size_t *at, struct fault *fault)
{
    size_t from = *at;
    *at = from + strspn(l->line + from, ".");
    if (*at == from + 1)
        return lex_fault(l, from, fault, "a single dot, expected ... for what is in the network");
    return add(l, LEX_HELD, from, *at, fault);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static enum status take_word(struct lex *l, size_t *at, struct fault *fault)
{
    size_t from = *at;
    while (is_word(l->line[*at]) || (l->line[*at] == '-' && is_word(l->line[*at + 1])))
        ++*at;
    return add(l, LEX_WORD, from, *at, fault);
}

static enum status take(struct lex *l, size_t *at, struct fault *fault)
{
    char c = l->line[*at], next = l->line[*at + 1];
    switch (c) {
    case '(':
        return take_paren(l, at, fault);
    case '[':
        return take_enclosed(l, LEX_BRACKET, ']', at, fault);
    case '"':
        return take_enclosed(l, LEX_STRING, '"', at, fault);
    case '<':
        if (next == '-' || next == '=')
            return take_left(l, at, fault);
        return take_enclosed(l, LEX_FIELD, '>', at, fault);
    case '-':
    case '=':
        return take_right(l, at, fault);
    case '.':
        return take_held(l, at, fault);
    case '|':
        ++*at;
        return add(l, LEX_BAR, *at - 1, *at, fault);
    default:
        if (is_word(c))
            return take_word(l, at, fault);
        if (c == LEX_OTHER)
            return lex_fault(l, *at, fault, "a character that has no meaning here");
        return lex_fault(l, *at, fault, "'%c' has no meaning here", c);
    }
}

enum status lex_tokens(struct lex *l, struct fault *fault)
{
    size_t at = 0;
    l->tokens = 0;
    enum status s = take_margin(l, &at, fault);
    while (s == STATUS_OK) {
        size_t from = skip_blanks(l, at);
        bool comment =
            from < l->len && l->line[from] == '#' && (from == 0 || is_blank(l->line[from - 1]));
        if (from >= l->len || comment)
            break;
        at = from;
        s = take(l, &at, fault);
    }
    return s;
}
