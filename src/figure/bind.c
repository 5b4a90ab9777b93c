/* See bind.h. */
#include "figure/bind.h"

#include <string.h>

#include "wire/flags.h"

void bind_init(struct bind *b)
{
    *b = (struct bind){0};
}

static bool find(const struct bind *b, const char *name, size_t *at)
{
    for (*at = 0; *at < b->symbol_count; (*at)++) {
        if (strcmp(b->symbols[*at].name, name) == 0)
            return true;
    }
    return false;
}

bool bind_lookup(const struct bind *b, enum end side, const struct figure_number *n, seq_t *wire)
{
    size_t at;
    if (n->symbol[0] != '\0') {
        if (!find(b, n->symbol, &at))
            return false;
        *wire = seq_add(b->symbols[at].wire, n->value);
        return true;
    }
    if (!b->space[side].bound)
        return false;
    *wire = seq_add(b->space[side].zero, n->value);
    return true;
}

bool bind_matches(const struct bind *b, enum end side, const struct figure_number *n, seq_t wire)
{
    seq_t known;
    bool old = n->symbol[0] == '\0' && b->space[side].was_bound &&
               seq_eq(wire, seq_add(b->space[side].old_zero, n->value));
    return old || (bind_lookup(b, side, n, &known) && seq_eq(wire, known));
}

bool bind_set(struct bind *b, enum end side, const struct figure_number *n, seq_t wire)
{
    seq_t zero = seq_of(wire.v - n->value);
    if (n->symbol[0] == '\0') {
        b->space[side].bound = true;
        b->space[side].zero = zero;
        return true;
    }
    if (b->symbol_count == BIND_SYMBOLS_MAX)
        return false;
    size_t at = b->symbol_count++;
    memcpy(b->symbols[at].name, n->symbol, sizeof(b->symbols[at].name));
    b->symbols[at].side = side;
    b->symbols[at].wire = zero;
    return true;
}

static bool same(const struct figure_number *a, const struct figure_number *b)
{
    return a->given && b->given && a->value == b->value && strcmp(a->symbol, b->symbol) == 0;
}

void bind_syn(struct bind *b, enum end side, const struct figure_number *n)
{
    if (n->symbol[0] == '\0' && !same(&b->space[side].syn, n)) {
        b->space[side].was_bound = b->space[side].bound;
        b->space[side].old_zero = b->space[side].zero;
        b->space[side].bound = false;
    }
    b->space[side].syn = *n;
}

void bind_shift(struct bind *b, enum end side, uint32_t octets)
{
    b->space[side].zero = seq_add(b->space[side].zero, octets);
    for (size_t i = 0; i < b->symbol_count; i++) {
        if (b->symbols[i].side == side)
            b->symbols[i].wire = seq_add(b->symbols[i].wire, octets);
    }
}

bool bind_is_absolute(const struct figure_segment *s)
{
    return s->seq.given && s->seq.symbol[0] == '\0' && s->seq.value == 0 && s->has_flags &&
           (s->flags & FLAG_RST) != 0;
}

bool bind_zero(const struct bind *b, enum end side, seq_t *zero)
{
    *zero = b->space[side].zero;
    return b->space[side].bound;
}
