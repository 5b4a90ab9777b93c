/* See fields.h. */
#include "figure/fields.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tcp/schedule.h"
#include "wire/flags.h"

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

void fields_print_number(struct text *out, const struct figure_number *n)
{
    if (!n->given)
        return;
    if (n->symbol[0] == '\0')
        text_printf(out, "%" PRIu32, n->value);
    else if (n->value == 0)
        text_printf(out, "%s", n->symbol);
    else if (n->value <= INT32_MAX)
        text_printf(out, "%s+%" PRIu32, n->symbol, n->value);
    else
        text_printf(out, "%s-%" PRIu32, n->symbol, (uint32_t)(0 - n->value));
}

/* The fields. The characters [from, to) are the value of one, trimmed. */

static enum status take_unsigned(const struct lex *l, size_t from, size_t to, uint32_t max,
                                 uint32_t *out, struct fault *fault)
{
    uint64_t n = 0;
    enum status s = take_decimal(l, from, to, max, &n, fault);
    *out = (uint32_t)n;
    return s;
}

static enum status take_flag(const struct lex *l, size_t from, size_t to, uint16_t *flags,
                             struct fault *fault)
{
    char word[8];
    uint16_t bit = 0;
    lex_trim(l, &from, &to);
    if (to - from < sizeof(word)) {
        memcpy(word, l->line + from, to - from);
        word[to - from] = '\0';
        if (flags_parse(word, &bit) && bit != 0) {
            *flags |= bit;
            return STATUS_OK;
        }
    }
    return lex_fault(l, from, fault,
                     "expected control bits: SYN FIN RST PSH ACK URG ECE CWR AE, commas between");
}

static enum status take_flags(const struct lex *l, size_t from, size_t to, uint16_t *flags,
                              struct fault *fault)
{
    enum status status = STATUS_OK;
    while (from < to && status == STATUS_OK) {
        const char *comma = memchr(l->line + from, ',', to - from);
        size_t end = comma != NULL ? (size_t)(comma - l->line) : to;
        status = take_flag(l, from, end, flags, fault);
        if (status == STATUS_OK && end + 1 == to)
            return lex_fault(l, end, fault, "expected a control bit behind the comma");
        from = end + 1;
    }
    return status;
}

static enum status take_options(const struct lex *l, size_t from, size_t to,
                                struct figure_segment *s, struct fault *fault)
{
    size_t digits = to - from;
    for (size_t i = from; i < to; i++) {
        if (!isxdigit((unsigned char)l->line[i]))
            return lex_fault(l, i, fault, "expected a hexadecimal digit");
    }
    if (digits % 8 != 0 || digits > 2 * sizeof(s->options))
        return lex_fault(l, from, fault,
                         "options of %zu digits, expected 8 or another multiple of 8 up to %zu",
                         digits, 2 * sizeof(s->options));
    s->options_len = digits / 2;
    for (size_t i = 0; i < s->options_len; i++) {
        unsigned octet = 0;
        (void)sscanf(l->line + from + 2 * i, "%2x", &octet);
        s->options[i] = (uint8_t)octet;
    }
    return STATUS_OK;
}

enum kind {
    NUMBER, /* a struct figure_number, which says itself that it is given */
    BITS,   /* uint16_t, control bits */
    UINT8,
    UINT16,
    OCTETS,  /* the options as they are */
    LENGTH,  /* of the data; may be left out */
    NOTHING, /* the field has no value */
};

/* In the order in which they are printed; of two rows for one thing the first is. */
static const struct {
    const char *name;
    enum kind kind;
    size_t given; /* where in the segment it says that the field is there */
    size_t value; /* and where its value is */
} fields[] = {
#define AT(member) offsetof(struct figure_segment, member)
    {"SEQ", NUMBER, AT(seq.given), AT(seq)},   {"ACK", NUMBER, AT(ack.given), AT(ack)},
    {"CTL", BITS, AT(has_flags), AT(flags)},   {"FLAGS", BITS, AT(has_flags), AT(flags)},
    {"DATA", LENGTH, AT(has_data), AT(len)},   {"WIN", UINT16, AT(has_win), AT(win)},
    {"URG", UINT16, AT(has_urg), AT(urg)},     {"MSS", UINT16, AT(has_mss), AT(mss)},
    {"WS", UINT8, AT(has_wscale), AT(wscale)}, {"SACK", NOTHING, AT(sack_permitted), 0},
    {"TS", NOTHING, AT(timestamps), 0},        {"OPT", OCTETS, AT(has_options), AT(options)},
    {"TTL", UINT8, AT(has_ttl), AT(ttl)},      {"BADSUM", NOTHING, AT(bad_checksum), 0},
#undef AT
};

enum {
    FIELDS = sizeof(fields) / sizeof(fields[0])
};

static enum status take_value(const struct lex *l, size_t from, size_t to, size_t field,
                              struct figure_segment *s, struct fault *fault)
{
    void *out = (char *)s + fields[field].value;
    enum kind kind = fields[field].kind;
    uint32_t n = 0;
    enum status status = STATUS_OK;
    switch (kind) {
    case NUMBER:
        return fields_number(l, from, to, out, fault);
    case BITS:
        return take_flags(l, from, to, out, fault);
    case OCTETS:
        return take_options(l, from, to, s, fault);
    case UINT8:
        status = take_unsigned(l, from, to, UINT8_MAX, &n, fault);
        *(uint8_t *)out = (uint8_t)n;
        break;
    case UINT16:
        status = take_unsigned(l, from, to, UINT16_MAX, &n, fault);
        *(uint16_t *)out = (uint16_t)n;
        break;
    case LENGTH:
        s->has_len = true;
        return take_unsigned(l, from, to, UINT16_MAX, out, fault);
    case NOTHING:
        break;
    }
    return status;
}

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
    size_t from = equals != NULL ? end + 1 : t->to, to = t->to, i = 0;
    enum status status = STATUS_OK;
    lex_trim(l, &name, &end);
    lex_trim(l, &from, &to);
    while (i < FIELDS && !lex_is(l, name, end, fields[i].name))
        i++;
    if (i == FIELDS)
        return lex_fault(
            l, name, fault,
            "expected a field: SEQ ACK CTL DATA WIN MSS WS SACK TS URG OPT BADSUM TTL");
    if (equals != NULL && fields[i].kind == NOTHING)
        return lex_fault(l, from, fault, "%s takes no value, expected <%s>", fields[i].name,
                         fields[i].name);
    if (equals == NULL && fields[i].kind != NOTHING && fields[i].kind != LENGTH)
        return lex_fault(l, end, fault, "expected = and a value behind %s", fields[i].name);
    bool *given = (bool *)((char *)s + fields[i].given);
    if (*given)
        return lex_fault(l, name, fault, "this field stands in the segment already");
    *given = true;
    if (equals != NULL)
        status = take_value(l, from, to, i, s, fault);
    if (status == STATUS_OK && options_clash(s))
        return lex_fault(l, name, fault,
                         "OPT gives all options, expected no MSS, WS, SACK or TS beside it");
    return status;
}

static void print_value(struct text *out, size_t field, const struct figure_segment *s)
{
    const void *value = (const char *)s + fields[field].value;
    char bits[FLAGS_TEXT_MAX];
    switch (fields[field].kind) {
    case NUMBER:
        fields_print_number(out, value);
        return;
    case BITS:
        text_printf(out, "%s", flags_format(s->flags, bits));
        return;
    case UINT8:
        text_printf(out, "%u", (unsigned)*(const uint8_t *)value);
        return;
    case UINT16:
        text_printf(out, "%u", (unsigned)*(const uint16_t *)value);
        return;
    case OCTETS:
        for (size_t i = 0; i < s->options_len; i++)
            text_printf(out, "%02x", (unsigned)s->options[i]);
        return;
    case LENGTH:
        text_printf(out, "%" PRIu32, s->len);
        return;
    case NOTHING:
        return;
    }
}

void fields_print(struct text *out, const struct figure_segment *s)
{
    for (size_t i = 0; i < FIELDS; i++) {
        bool again = i > 0 && fields[i].given == fields[i - 1].given;
        if (again || !*(const bool *)((const char *)s + fields[i].given))
            continue;
        bool valued = fields[i].kind != NOTHING && (fields[i].kind != LENGTH || s->has_len);
        text_printf(out, valued ? "<%s=" : "<%s", fields[i].name);
        if (valued)
            print_value(out, i, s);
        text_put(out, ">", 1);
    }
}

/* Times. */

enum status fields_duration(const struct lex *l, size_t from, size_t to, int64_t *ns,
                            struct fault *fault)
{
    char text[24];
    size_t n = 0;
    struct fault why;
    for (size_t i = from; i < to && n + 1 < sizeof(text); i++) {
        if (l->line[i] != ' ')
            text[n++] = l->line[i];
    }
    text[n] = '\0';
    if (clock_parse(text, ns, &why) != STATUS_OK)
        return lex_fault(l, from, fault, "%s", why.text);
    return STATUS_OK;
}

/* 0 would be none at all. */
static enum status take_duration(const struct lex *l, size_t from, size_t to, int64_t *ns,
                                 struct fault *fault)
{
    enum status s = fields_duration(l, from, to, ns, fault);
    if (s == STATUS_OK && *ns == 0)
        return lex_fault(l, from, fault, "expected more than no time at all");
    return s;
}

/* "12.5%" of `whole`, or a duration. */
static enum status take_tolerance(const struct lex *l, size_t from, size_t to, int64_t whole,
                                  int64_t *ns, struct fault *fault)
{
    lex_trim(l, &from, &to);
    if (from == to || l->line[to - 1] != '%')
        return take_duration(l, from, to, ns, fault);
    char *end;
    size_t digits = strspn(l->line + from, "0123456789.");
    double percent = strtod(l->line + from, &end);
    if (digits == 0 || end != l->line + from + digits || end != l->line + to - 1 || percent > 100)
        return lex_fault(l, from, fault, "expected at most 100%%, such as 12.5%%");
    *ns = (int64_t)((double)whole * percent / 100);
    if (*ns == 0)
        return lex_fault(l, from, fault, "expected some tolerance");
    return STATUS_OK;
}

static enum status take_after(const struct lex *l, size_t from, size_t to, struct figure_row *r,
                              struct fault *fault)
{
    size_t end = from;
    while (end < to && l->line[end] != '+')
        end++;
    enum status s = take_duration(l, from, end, &r->after_ns, fault);
    if (s != STATUS_OK)
        return s;
    r->tolerance_ns = schedule_tolerance(r->after_ns);
    if (end == to)
        return STATUS_OK;
    end++;
    end += l->line[end] == '/';
    if (end >= to || l->line[end] != '-')
        return lex_fault(l, end, fault, "expected +- and a tolerance, such as +-10%%");
    return take_tolerance(l, end + 1, to, r->after_ns, &r->tolerance_ns, fault);
}

enum status fields_take_time(const struct lex *l, const struct lex_token *t, struct figure_row *r,
                             struct fault *fault)
{
    size_t end = t->from + strcspn(l->line + t->from, " ]"), from = end, to = t->to;
    if (end > to)
        end = from = to;
    lex_trim(l, &from, &to);
    bool within = lex_is(l, t->from, end, "within"), after = lex_is(l, t->from, end, "after");
    if (!within && !after && !lex_is(l, t->from, end, "silence"))
        return lex_fault(l, t->from, fault,
                         "expected [within 200ms], [after 1s +- 10%%] or [silence 3s]");
    int64_t *ns = within ? &r->within_ns : after ? &r->after_ns : &r->silence_ns;
    if (*ns != 0)
        return lex_fault(l, t->from, fault, "stands in this row already");
    return after ? take_after(l, from, to, r, fault) : take_duration(l, from, to, ns, fault);
}

void fields_print_duration(struct text *out, int64_t ns)
{
    if (ns % CLOCK_S == 0)
        text_printf(out, "%" PRId64 "s", ns / CLOCK_S);
    else if (ns % CLOCK_MS == 0)
        text_printf(out, "%" PRId64 "ms", ns / CLOCK_MS);
    else if (ns % CLOCK_US == 0)
        text_printf(out, "%" PRId64 "us", ns / CLOCK_US);
    else
        text_printf(out, "%" PRId64 ".%03" PRId64 "us", ns / CLOCK_US, ns % CLOCK_US);
}

/* "[within 3s]", a blank before it if it is not the first behind `begin`. */
static void print_time(struct text *out, size_t begin, const char *what, int64_t ns)
{
    text_printf(out, "%s[%s ", out->len != begin ? " " : "", what);
    fields_print_duration(out, ns);
}

void fields_print_times(struct text *out, const struct figure_row *r)
{
    size_t begin = out->len;
    if (r->within_ns != 0) {
        print_time(out, begin, "within", r->within_ns);
        text_put(out, "]", 1);
    }
    if (r->after_ns != 0) {
        print_time(out, begin, "after", r->after_ns);
        if (r->tolerance_ns != schedule_tolerance(r->after_ns)) {
            text_put(out, " +- ", 4);
            fields_print_duration(out, r->tolerance_ns);
        }
        text_put(out, "]", 1);
    }
    if (r->silence_ns != 0) {
        print_time(out, begin, "silence", r->silence_ns);
        text_put(out, "]", 1);
    }
}
