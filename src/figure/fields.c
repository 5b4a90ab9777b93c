/* See fields.h. */
#include "figure/fields.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "wire/flags.h"

/* The value of a field, trimmed. */
struct value {
    const struct lex *lex;
    size_t name, from, to;
    bool given; /* there is an = */
};

static enum status take_decimal(const struct lex *l, size_t from, size_t to, uint64_t max,
                                uint64_t *out, struct fault *fault)
{
    char digits[16];
    size_t n = to - from;
    if (n > 0 && n < sizeof(digits)) {
        memcpy(digits, l->line + from, n);
        digits[n] = '\0';
        if (text_to_number(digits, 0, max, out))
            return STATUS_OK;
    }
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

static enum status twice(const struct value *v, struct fault *fault)
{
    return lex_fault(v->lex, v->name, fault, "this field stands in the segment already");
}

static enum status take_seq(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    if (s->seq.given)
        return twice(v, fault);
    return fields_number(v->lex, v->from, v->to, &s->seq, fault);
}

static enum status take_ack(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    if (s->ack.given)
        return twice(v, fault);
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
    if (s->has_flags)
        return twice(v, fault);
    s->has_flags = true;
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
    uint64_t n = 0;
    if (s->has_data)
        return twice(v, fault);
    s->has_data = true;
    s->has_len = v->given;
    if (!v->given)
        return STATUS_OK;
    enum status status = take_decimal(v->lex, v->from, v->to, UINT16_MAX, &n, fault);
    s->len = (uint32_t)n;
    return status;
}

static enum status take_win(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    if (s->has_win)
        return twice(v, fault);
    s->has_win = true;
    return take_u16(v, &s->win, fault);
}

static enum status take_urg(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    if (s->has_urg)
        return twice(v, fault);
    s->has_urg = true;
    return take_u16(v, &s->urg, fault);
}

static enum status take_mss(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    if (s->has_mss)
        return twice(v, fault);
    s->has_mss = true;
    return take_u16(v, &s->mss, fault);
}

static enum status take_ws(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    if (s->has_wscale)
        return twice(v, fault);
    s->has_wscale = true;
    return take_u8(v, &s->wscale, fault);
}

static enum status take_ttl(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    if (s->has_ttl)
        return twice(v, fault);
    s->has_ttl = true;
    return take_u8(v, &s->ttl, fault);
}

static enum status take_sack(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    if (s->sack_permitted)
        return twice(v, fault);
    s->sack_permitted = true;
    return STATUS_OK;
}

static enum status take_ts(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    if (s->timestamps)
        return twice(v, fault);
    s->timestamps = true;
    return STATUS_OK;
}

static enum status take_badsum(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    if (s->bad_checksum)
        return twice(v, fault);
    s->bad_checksum = true;
    return STATUS_OK;
}

static enum status take_opt(const struct value *v, struct figure_segment *s, struct fault *fault)
{
    size_t digits = v->to - v->from;
    if (s->has_options)
        return twice(v, fault);
    for (size_t i = v->from; i < v->to; i++) {
        if (!isxdigit((unsigned char)v->lex->line[i]))
            return lex_fault(v->lex, i, fault, "expected a hexadecimal digit");
    }
    if (digits % 8 != 0 || digits > 2 * sizeof(s->options))
        return lex_fault(v->lex, v->from, fault,
                         "options of %zu digits, expected 8 or another multiple of 8 up to %zu",
                         digits, 2 * sizeof(s->options));
    s->has_options = true;
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
    field_taker *take;
} fields[] = {
    {"SEQ", NEEDS_VALUE, take_seq},      {"ACK", NEEDS_VALUE, take_ack},
    {"CTL", NEEDS_VALUE, take_flags},    {"FLAGS", NEEDS_VALUE, take_flags},
    {"DATA", MAY_HAVE_VALUE, take_data}, {"WIN", NEEDS_VALUE, take_win},
    {"MSS", NEEDS_VALUE, take_mss},      {"WS", NEEDS_VALUE, take_ws},
    {"SACK", NO_VALUE, take_sack},       {"TS", NO_VALUE, take_ts},
    {"URG", NEEDS_VALUE, take_urg},      {"OPT", NEEDS_VALUE, take_opt},
    {"BADSUM", NO_VALUE, take_badsum},   {"TTL", NEEDS_VALUE, take_ttl},
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
    struct value v = {
        .lex = l, .name = name, .from = end + 1, .to = t->to, .given = equals != NULL};
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
        enum status status = fields[i].take(&v, s, fault);
        if (status == STATUS_OK && options_clash(s))
            return lex_fault(l, name, fault,
                             "OPT gives all options, expected no MSS, WS, SACK or TS beside it");
        return status;
    }
    return lex_fault(l, name, fault,
                     "expected a field: SEQ ACK CTL DATA WIN MSS WS SACK TS URG OPT BADSUM TTL");
}
