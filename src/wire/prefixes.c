/* Longest match by a sweep over the prefixes in the order of their first addresses: see
 * prefixes.h. */
#include "wire/prefixes.h"

#include <stdlib.h>
#include <string.h>

#include "wire/wide.h"

enum {
    BITS = 128,
    ROOM_AT_FIRST = 16,
};

/* From here on, up to the next span, this is the answer. */
struct prefixes_span {
    struct wide from;
    uint32_t value;
};

/* The prefixes around the place where the sweep is, the innermost last. */
struct nest {
    struct {
        struct wide last;
        uint32_t value;
    } in[BITS + 1];
    size_t depth;
};

enum status prefixes_add(struct prefixes *p, const struct prefix *one, struct fault *fault)
{
    if (one->bits > BITS)
        return fault_set(fault, STATUS_MALFORMED, "a prefix of %u bits", one->bits);
    if (p->count == p->room) {
        size_t room = p->room != 0 ? 2 * p->room : ROOM_AT_FIRST;
        struct prefix *all = reallocarray(p->all, room, sizeof(*all));
        if (all == NULL)
            return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        p->all = all;
        p->room = room;
    }
    struct prefix *added = &p->all[p->count];
    *added = *one;
    added->ip = wide_address(wide_first(wide_of(&one->ip), one->bits));
    added->place = p->count++;
    return STATUS_OK;
}

/* What surrounds comes before what it surrounds, and of equal ones the one that is kept. */
static int by_place(const void *a, const void *b)
{
    const struct prefix *l = a, *r = b;
    int order = memcmp(&l->ip, &r->ip, sizeof(l->ip));
    if (order == 0 && l->bits != r->bits)
        order = l->bits < r->bits ? -1 : 1;
    if (order == 0 && l->metric != r->metric)
        order = l->metric < r->metric ? -1 : 1;
    if (order == 0 && l->place != r->place)
        order = l->place < r->place ? -1 : 1;
    return order;
}

static void cut(struct prefixes *p, struct wide from, uint32_t value)
{
    struct prefixes_span *s = p->spans;
    if (p->span_count != 0 && !wide_less(s[p->span_count - 1].from, from))
        p->span_count--; /* nothing was left of it */
    if (p->span_count != 0 && s[p->span_count - 1].value == value)
        return;
    s[p->span_count++] = (struct prefixes_span){from, value};
}

/* Leaves the innermost prefix: behind it the one around it answers again. */
static void leave(struct prefixes *p, struct nest *nest)
{
    struct wide next = nest->in[--nest->depth].last;
    uint32_t around = nest->depth != 0 ? nest->in[nest->depth - 1].value : PREFIXES_NONE;
    if (next.high == UINT64_MAX && next.low == UINT64_MAX)
        return;
    cut(p, wide_plus(next, 1), around);
}

static void sweep(struct prefixes *p)
{
    struct nest nest = {.depth = 0};
    cut(p, (struct wide){0, 0}, PREFIXES_NONE);
    for (size_t i = 0; i < p->count; i++) {
        const struct prefix *one = &p->all[i];
        if (i != 0 && one->bits == one[-1].bits && memcmp(&one->ip, &one[-1].ip, 16) == 0)
            continue;
        struct wide first = wide_of(&one->ip);
        while (nest.depth != 0 && wide_less(nest.in[nest.depth - 1].last, first))
            leave(p, &nest);
        cut(p, first, one->value);
        nest.in[nest.depth].last = wide_last(first, one->bits);
        nest.in[nest.depth++].value = one->value;
    }
    while (nest.depth != 0)
        leave(p, &nest);
}

enum status prefixes_flatten(struct prefixes *p, struct fault *fault)
{
    /* Each prefix begins one span and ends with another. */
    p->spans = calloc(2 * p->count + 1, sizeof(*p->spans));
    if (p->spans == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    if (p->count != 0)
        qsort(p->all, p->count, sizeof(*p->all), by_place);
    sweep(p);
    free(p->all);
    p->all = NULL;
    p->count = p->room = 0;
    return STATUS_OK;
}

void prefixes_done(struct prefixes *p)
{
    free(p->all);
    free(p->spans);
    *p = (struct prefixes){0};
}

uint32_t prefixes_find(const struct prefixes *p, const struct in6_addr *ip)
{
    struct wide n = wide_of(ip);
    const struct prefixes_span *at = p->spans;
    for (size_t left = p->span_count; left > 1;) { /* the first span starts at zero */
        size_t half = left / 2;
        at = wide_less(n, at[half].from) ? at : at + half;
        left -= half;
    }
    return at->value;
}
