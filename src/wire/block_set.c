/* See block_set.h. */
#include "wire/block_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void block_set_init(struct block_set *set)
{
    *set = (struct block_set){0};
}

void block_set_done(struct block_set *set)
{
    free(set->runs);
    block_set_init(set);
}

enum status block_set_add(struct block_set *set, const struct block_bounds *b, struct fault *fault)
{
    if (set->len == set->cap) {
        size_t cap = set->cap != 0 ? 2 * set->cap : 16;
        struct block_bounds *grown = reallocarray(set->runs, cap, sizeof(*grown));
        if (grown == NULL)
            return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        set->runs = grown;
        set->cap = cap;
    }
    set->runs[set->len++] = *b;
    return STATUS_OK;
}

enum status block_set_add_line(struct block_set *set, const char *line, size_t n,
                               struct fault *fault)
{
    struct block_bounds b;
    struct text_span word = text_word((struct text_span){line, n});
    if (word.n == 0)
        return STATUS_OK;
    enum status s = block_parse_bounds(&b, word.s, word.n, fault);
    return s == STATUS_OK ? block_set_add(set, &b, fault) : s;
}

static int by_first(const void *a, const void *b)
{
    const struct block_bounds *x = a, *y = b;
    return wide_less(x->first, y->first) ? -1 : wide_less(y->first, x->first);
}

void block_set_seal(struct block_set *set)
{
    size_t kept = 0;
    if (set->len > 1)
        qsort(set->runs, set->len, sizeof(set->runs[0]), by_first);
    for (size_t i = 0; i < set->len; i++) {
        struct block_bounds *run = &set->runs[i], *before = &set->runs[kept - (kept > 0)];
        if (kept == 0 || wide_less(before->last, run->first))
            set->runs[kept++] = *run;
        else if (wide_less(before->last, run->last))
            before->last = run->last;
    }
    set->len = kept;
}

bool block_set_has(const struct block_set *set, const struct in6_addr *ip)
{
    struct wide at = wide_of(ip);
    size_t from = 0, to = set->len;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (wide_less(at, set->runs[middle].first))
            to = middle;
        else
            from = middle + 1;
    }
    return from > 0 && !wide_less(set->runs[from - 1].last, at);
}
