/* See fields.h. */
#include "figure/fields.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "wire/flags.h"

/* The value of a field, trimmed. */
struct value {
    const struct lex *lex;
    size_t from, to;
    bool given; /* there is an = */
};

static enum status take_decimal(const struct lex *l, size_t from, size_t to, uint64_t max,
                                uint64_t *out, struct fault *fault)
{
    if (lex_number(l, from, to, 0, max, out))
        return STATUS_OK;
    return lex_fault(l, from, fault, "expected a number from 0 to %llu", (unsigned long long)max);
}

static bool is_symbol(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Behind a symbol: nothing, +n or -n. */
static enum status take_addend(const struct lex *l, size_t at, size_t to, struct figure_number *n,
                               struct fault *fault)
{
    uint64_t v = 0;
    lex_trim(l, &at, &to);
    if (at == to)
        return STATUS_OK;
    char sign = l->line[at];
    if (sign != '+' && sign != '-')
        return lex_fault(l, at, fault, "expected + or - and a number behind the symbol");
    at++;
    lex_trim(l, &at, &to);
    enum status s = take_decimal(l, at, to, UINT32_MAX, &v, fault);
    n->value = sign == '+' ? (uint32_t)v : (uint32_t)(0 - v);
    return s;
}

enum status fields_number(const struct lex *l, size_t from, size_t to, struct figure_number *n,
                          struct fault *fault)
{
    uint64_t v = 0;
    *n = (struct figure_number){.given = true};
    lex_trim(l, &from, &to);
    if (from == to || !isalpha((unsigned char)l->line[from])) {
        if (from == to || !isdigit((unsigned char)l->line[from]))
            return lex_fault(l, from, fault,
                             "expected a sequence number or a symbol, such as 100 or x+1");
        enum status s = take_decimal(l, from, to, UINT32_MAX, &v, fault);
        n->value = (uint32_t)v;
        return s;
    }
    size_t end = from;
    while (end < to && is_symbol(l->line[end]))
        end++;
    if (end - from >= FIGURE_SYMBOL_MAX)
        return lex_fault(l, from, fault, "a symbol of more than %d characters",
                         FIGURE_SYMBOL_MAX - 1);
    memcpy(n->symbol, l->line + from, end - from);
    return take_addend(l, end, to, n, fault);
}

/* The fields. */

typedef enum status field_taker(const struct value *v, struct figure_segment *s,
                                struct fault *fault);

static enum status take_u16(const struct value *v, uint16_t *out, struct fault *fault)
{
    uint64_t n = 0;
    enum status s = take_decimal(v->lex, v->from, v->to, UINT16_MAX, &n, fault);
    *out = (uint16_t)n;
    return s;
}

static enum status take_u8(const struct value *v, uint8_t *out, struct fault *fault)
{
    uint64_t n = 0;
    enum status s = take_decimal(v->lex, v->from, v->to, UINT8_MAX, &n, fault);
    *out = (uint8_t)n;
    return s;
}

static enum status take_seq(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    return fields_number(v->lex, v->from, v->to, &s->seq, fault);
}

static enum status take_ack(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    return fields_number(v->lex, v->from, v->to, &s->ack, fault);
}

static enum status take_flag(const struct value *v, size_t from, size_t to,
                             struct figure_segment *s, struct fault *fault)
{
    char word[8];
    uint16_t bit = 0;
    lex_trim(v->lex, &from, &to);
    if (to - from < sizeof(word)) {
        memcpy(word, v->lex->line + from, to - from);
        word[to - from] = '\0';
        if (flags_parse(word, &bit) && bit != 0) {
            s->flags |= bit;
            return STATUS_OK;
        }
    }
    return lex_fault(v->lex, from, fault,
                     "expected control bits: SYN FIN RST PSH ACK URG ECE CWR AE, commas between");
}

static enum status take_flags(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    enum status status = STATUS_OK;
    for (size_t from = v->from; from < v->to && status == STATUS_OK;) {
        const char *comma = memchr(v->lex->line + from, ',', v->to - from);
        size_t end = comma != NULL ? (size_t)(comma - v->lex->line) : v->to;
        status = take_flag(v, from, end, s, fault);
        if (status == STATUS_OK && end + 1 == v->to)
            return lex_fault(v->lex, end, fault, "expected a control bit behind the comma");
        from = end + 1;
    }
    return status;
}

static enum status take_data(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    uint16_t n = 0;
    s->has_len = v->given;
    enum status status = v->given ? take_u16(v, &n, fault) : STATUS_OK;
    s->len = n;
    return status;
}

static enum status take_win(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    return take_u16(v, &s->win, fault);
}

static enum status take_urg(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    return take_u16(v, &s->urg, fault);
}

static enum status take_mss(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    return take_u16(v, &s->mss, fault);
}

static enum status take_ws(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    return take_u8(v, &s->wscale, fault);
}

static enum status take_ttl(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    return take_u8(v, &s->ttl, fault);
}

static enum status take_opt(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    size_t digits = v->to - v->from;
    for (size_t i = v->from; i < v->to; i++) {
        if (!isxdigit((unsigned char)v->lex->line[i]))
            return lex_fault(v->lex, i, fault, "expected a hexadecimal digit");
    }
    if (digits % 8 != 0 || digits > 2 * sizeof(s->options))
        return lex_fault(v->lex, v->from, fault,
                         "options of %zu digits, expected 8 or another multiple of 8 up to %zu",
                         digits, 2 * sizeof(s->options));
    s->options_len = digits / 2;
    for (size_t i = 0; i < s->options_len; i++) {
        unsigned octet = 0;
        (void)sscanf(v->lex->line + v->from + 2 * i, "%2x", &octet);
        s->options[i] = (uint8_t)octet;
    }
    return STATUS_OK;
}

/* Whether a field has a value behind an =. */
enum takes {
    NEEDS_VALUE,
    MAY_HAVE_VALUE,
    NO_VALUE
};

static const struct {
    const char *name;
    enum takes takes;
    size_t given;      /* where in the segment it says that the field is there */
    field_taker *take; /* NULL: there is nothing more to it */
} fields[] = {
#define GIVEN(member) offsetof(struct figure_segment, member)
    {"SEQ", NEEDS_VALUE, GIVEN(seq.given), take_seq},
    {"ACK", NEEDS_VALUE, GIVEN(ack.given), take_ack},
    {"CTL", NEEDS_VALUE, GIVEN(has_flags), take_flags},
    {"FLAGS", NEEDS_VALUE, GIVEN(has_flags), take_flags},
    {"DATA", MAY_HAVE_VALUE, GIVEN(has_data), take_data},
    {"WIN", NEEDS_VALUE, GIVEN(has_win), take_win},
    {"MSS", NEEDS_VALUE, GIVEN(has_mss), take_mss},
    {"WS", NEEDS_VALUE, GIVEN(has_wscale), take_ws},
    {"SACK", NO_VALUE, GIVEN(sack_permitted), NULL},
    {"TS", NO_VALUE, GIVEN(timestamps), NULL},
    {"URG", NEEDS_VALUE, GIVEN(has_urg), take_urg},
    {"OPT", NEEDS_VALUE, GIVEN(has_options), take_opt},
    {"BADSUM", NO_VALUE, GIVEN(bad_checksum), NULL},
    {"TTL", NEEDS_VALUE, GIVEN(has_ttl), take_ttl},
#undef GIVEN
};

/* OPT is all of the options. */
static bool options_clash(const struct figure_segment *s)
{
    return s->has_options && (s->has_mss || s->has_wscale || s->sack_permitted || s->timestamps);
}

enum status fields_take(const struct lex *l, const struct lex_token *t, struct figure_segment *s,
                        struct fault *fault)
{
    const char *equals = memchr(l->line + t->from, '=', t->to - t->from);
    size_t name = t->from, end = equals != NULL ? (size_t)(equals - l->line) : t->to;
    struct value v = {.lex = l, .from = end + 1, .to = t->to, .given = equals != NULL};
    lex_trim(l, &name, &end);
    if (v.given)
        lex_trim(l, &v.from, &v.to);
    else
        v.from = v.to;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (!lex_is(l, name, end, fields[i].name))
            continue;
        if (v.given && fields[i].takes == NO_VALUE)
            return lex_fault(l, v.from, fault, "%s takes no value, expected <%s>", fields[i].name,
                             fields[i].name);
        if (!v.given && fields[i].takes == NEEDS_VALUE)
            return lex_fault(l, end, fault, "expected = and a value behind %s", fields[i].name);
        bool *given = (bool *)((char *)s + fields[i].given);
        if (*given)
            return lex_fault(l, name, fault, "this field stands in the segment already");
        *given = true;
        enum status status = fields[i].take != NULL ? fields[i].take(&v, s, fault) : STATUS_OK;
        if (status == STATUS_OK && options_clash(s))
            return lex_fault(l, name, fault,
                             "OPT gives all options, expected no MSS, WS, SACK or TS beside it");
        return status;
    }
    return lex_fault(l, name, fault,
                     "expected a field: SEQ ACK CTL DATA WIN MSS WS SACK TS URG OPT BADSUM TTL");
}
