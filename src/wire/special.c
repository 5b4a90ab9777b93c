/* See special.h. Blocks nest one deep: each of the two tables has no overlap, so that a search of
 * it ends at one row. */
#include "wire/special.h"

#define V6(a, b, c, d, e, f, g, h)                                                                 \
    {                                                                                              \
        (uint64_t)(a) << 48 | (uint64_t)(b) << 32 | (uint64_t)(c) << 16 | (d),                     \
            (uint64_t)(e) << 48 | (uint64_t)(f) << 32 | (uint64_t)(g) << 16 | (h)                  \
    }
#define V4(a, b, c, d) V6(0, 0, 0, 0, 0, 0xffff, (a) << 8 | (b), (c) << 8 | (d))
/* An IPv4 address is known by its mapping prefix; the table has none between. */
#define IS_V4(w) ((w).high == 0 && (w).low >> 32 == 0xffff)

enum {
    MAYBE = false,
    NEVER = true,
    V4_PREFIX = 96
};

static const struct special blocks[] = {
#define BLOCK(first, prefix, never, name, rfc) {first, prefix, never, name, rfc},
#define WITHIN(first, prefix, never, name, rfc)
#include "wire/special.def"
};

static const struct special withins[] = {
#define BLOCK(first, prefix, never, name, rfc)
#define WITHIN(first, prefix, never, name, rfc) {first, prefix, never, name, rfc},
#include "wire/special.def"
};

static bool holds(const struct special *row, struct wide at)
{
    unsigned prefix = row->prefix + (IS_V4(row->first) ? V4_PREFIX : 0);
    struct wide host = wide_host_bits(prefix);
    return ((at.high ^ row->first.high) & ~host.high) == 0 &&
           ((at.low ^ row->first.low) & ~host.low) == 0;
}

static const struct special *search(const struct special *rows, size_t n, struct wide at)
{
    size_t from = 0, to = n; /* rows before `from` do not begin after it, those from `to` on do */
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (wide_less(at, rows[middle].first))
            to = middle;
        else
            from = middle + 1;
    }
    return from > 0 && holds(&rows[from - 1], at) ? &rows[from - 1] : NULL;
}

const struct special *special_find(const struct in6_addr *ip)
{
    struct wide at = wide_of(ip);
    const struct special *row = search(blocks, sizeof(blocks) / sizeof(blocks[0]), at);
    if (row == NULL)
        return NULL;
    const struct special *within = search(withins, sizeof(withins) / sizeof(withins[0]), at);
    return within != NULL ? within : row;
}

const struct special *special_rows(bool within, size_t *n)
{
    *n = within ? sizeof(withins) / sizeof(withins[0]) : sizeof(blocks) / sizeof(blocks[0]);
    return within ? withins : blocks;
}
