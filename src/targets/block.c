/* Blocks as text, and the two questions that are asked of an address: is it in a set of blocks, is
 * it special. Special blocks nest one deep: each of the two tables of special.def has no overlap,
 * so that a search of it ends at one row. */
#include "targets/block.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "wire/address.h"

enum {
    V4_PREFIX = 96, /* of the addresses that map IPv4 */
    ALL_BITS = 128,
    COUNT_BITS = 40 /* of BLOCK_COUNT_MAX */
};

/* What is being read, in a place of its own where it can be cut. */
struct reading {
    char text[2 * INET6_ADDRSTRLEN + 1];
    struct text_span whole;
    bool v4; /* as it is written */
};

static enum status no_block(const struct reading *r, struct fault *fault)
{
    return text_refuse(fault, "", r->whole,
                       " is no address, network (ADDRESS/LENGTH) or range (FIRST-LAST)");
}

static bool read_address(const char *text, struct in6_addr *ip)
{
    uint8_t octets[4];
    if (inet_pton(AF_INET, text, octets) == 1) {
        *ip = address_from_v4(octets);
        return true;
    }
    return inet_pton(AF_INET6, text, ip) == 1;
}

int block_family(const struct block *b)
{
    return address_is_v4(&b->first) ? AF_INET : AF_INET6;
}

struct in6_addr block_at(const struct block *b, uint64_t i)
{
    return wide_address(wide_plus(wide_of(&b->first), i));
}

/* "A/LENGTH", cut at the slash. */
static enum status read_network(struct block_bounds *b, const struct reading *r, const char *length,
                                struct fault *fault)
{
    uint64_t bits;
    unsigned most = r->v4 ? ALL_BITS - V4_PREFIX : ALL_BITS;
    struct in6_addr ip;
    if (!read_address(r->text, &ip))
        return no_block(r, fault);
    if (!text_to_number(length, 0, most, &bits))
        return text_refuse(fault, "", r->whole,
                           r->v4 ? ": the length of the prefix is not between 0 and 32"
                                 : ": the length of the prefix is not between 0 and 128");
    unsigned prefix = (unsigned)bits + (r->v4 ? V4_PREFIX : 0);
    struct wide first = wide_first(wide_of(&ip), prefix);
    if (wide_less(first, wide_of(&ip))) {
        char network[ADDRESS_TEXT_MAX], shown[TEXT_SHOWN_MAX];
        ip = wide_address(first);
        return fault_set(
            fault, STATUS_MALFORMED, "'%s' has bits set after its prefix: the network is %s/%s",
            text_shown(r->whole.s, r->whole.n, shown), address_format(&ip, network), length);
    }
    *b = (struct block_bounds){first, wide_last(first, prefix)};
    return STATUS_OK;
}

/* "A-B" or "A-N", cut at the dash: where it ends. */
static bool read_last(const struct reading *r, const char *end, const struct in6_addr *first,
                      struct in6_addr *last)
{
    uint64_t number;
    if (read_address(end, last))
        return true;
    *last = *first;
    if (r->v4) {
        if (!text_to_number(end, 0, UINT8_MAX, &number))
            return false;
        last->s6_addr[15] = (uint8_t)number;
        return true;
    }
    size_t digits = strspn(end, "0123456789abcdefABCDEF");
    if (digits == 0 || digits > 4 || end[digits] != '\0' || strchr(r->text, '.') != NULL)
        return false;
    bytes_put16(last->s6_addr + 14, (uint16_t)strtoul(end, NULL, 16));
    return true;
}

/* Whether they are of one family and none of the other lies between them. */
static bool one_family(const struct in6_addr *first, const struct in6_addr *last)
{
    static const uint8_t zero[4];
    const struct in6_addr v4 = address_from_v4(zero);
    if (address_is_v4(first) || address_is_v4(last))
        return address_is_v4(first) && address_is_v4(last);
    return wide_less(wide_of(first), wide_of(&v4)) == wide_less(wide_of(last), wide_of(&v4));
}

static enum status read_range(struct block_bounds *b, const struct reading *r, const char *end,
                              struct fault *fault)
{
    struct in6_addr first, last;
    if (!read_address(r->text, &first) || !read_last(r, end, &first, &last))
        return no_block(r, fault);
    if (wide_less(wide_of(&last), wide_of(&first)))
        return text_refuse(fault, "", r->whole, " ends before it begins");
    if (!one_family(&first, &last))
        return text_refuse(fault, "", r->whole, " has addresses of both families");
    *b = (struct block_bounds){wide_of(&first), wide_of(&last)};
    return STATUS_OK;
}

enum status block_parse_bounds(struct block_bounds *b, const char *text, size_t n,
                               struct fault *fault)
{
    struct reading r = {.whole = {text, n}};
    struct in6_addr ip;
    if (n >= sizeof(r.text) || memchr(text, '\0', n) != NULL)
        return no_block(&r, fault);
    memcpy(r.text, text, n);
    r.text[n] = '\0';
    if (strchr(r.text, '%') != NULL)
        return text_refuse(fault, "", r.whole, ": a list takes no address with a scope");
    r.v4 = strchr(r.text, ':') == NULL;
    size_t cut = strcspn(r.text, "/-");
    char mark = r.text[cut];
    r.text[cut] = '\0';
    if (mark == '/')
        return read_network(b, &r, r.text + cut + 1, fault);
    if (mark == '-')
        return read_range(b, &r, r.text + cut + 1, fault);
    if (!read_address(r.text, &ip))
        return no_block(&r, fault);
    *b = (struct block_bounds){wide_of(&ip), wide_of(&ip)};
    return STATUS_OK;
}

enum status block_parse(struct block *b, const char *text, size_t n, struct fault *fault)
{
    struct block_bounds bounds = {{0, 0}, {0, 0}};
    char shown[TEXT_SHOWN_MAX];
    enum status s = block_parse_bounds(&bounds, text, n, fault);
    if (s != STATUS_OK)
        return s;
    struct wide more = wide_minus(bounds.last, bounds.first);
    if (more.high != 0 || more.low >= BLOCK_COUNT_MAX)
        return fault_set(fault, STATUS_MALFORMED,
                         "'%s' has more than 2^%d addresses (a /%d of IPv6)",
                         text_shown(text, n, shown), COUNT_BITS, ALL_BITS - COUNT_BITS);
    *b = (struct block){wide_address(bounds.first), more.low + 1};
    return STATUS_OK;
}

/* ---- sets ---- */

/* How many of the `n` rows, which begin with their first address and are sorted by it, begin at or
 * before `at`. */
static size_t begun(const void *rows, size_t size, size_t n, struct wide at)
{
    size_t from = 0, to = n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        const struct wide *first = (const void *)((const uint8_t *)rows + middle * size);
        if (wide_less(at, *first))
            to = middle;
        else
            from = middle + 1;
    }
    return from;
}

void block_set_done(struct block_set *set)
{
    free(set->runs);
    *set = (struct block_set){0};
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
    size_t n = begun(set->runs, sizeof(set->runs[0]), set->len, at);
    return n > 0 && !wide_less(set->runs[n - 1].last, at);
}

/* ---- special addresses ---- */

#define V6(a, b, c, d, e, f, g, h)                                                                 \
    {                                                                                              \
        (uint64_t)(a) << 48 | (uint64_t)(b) << 32 | (uint64_t)(c) << 16 | (d),                     \
            (uint64_t)(e) << 48 | (uint64_t)(f) << 32 | (uint64_t)(g) << 16 | (h)                  \
    }
#define V4(a, b, c, d) V6(0, 0, 0, 0, 0, 0xffff, (a) << 8 | (b), (c) << 8 | (d))
#define MAYBE          false
#define NEVER          true

static const struct special blocks[] = {
#define BLOCK(first, prefix, never, name, rfc) {first, prefix, never, name, rfc},
#define WITHIN(first, prefix, never, name, rfc)
#include "targets/special.def"
};

static const struct special withins[] = {
#define BLOCK(first, prefix, never, name, rfc)
#define WITHIN(first, prefix, never, name, rfc) {first, prefix, never, name, rfc},
#include "targets/special.def"
};

static const struct special *row_of(const struct special *rows, size_t n, struct wide at)
{
    const struct special *row = rows + begun(rows, sizeof(*rows), n, at);
    if (row-- == rows)
        return NULL;
    /* An IPv4 address is known by its mapping prefix; the table has none between. */
    bool v4 = row->first.high == 0 && row->first.low >> 32 == 0xffff;
    struct wide last = wide_last(row->first, row->prefix + (v4 ? V4_PREFIX : 0));
    return wide_less(last, at) ? NULL : row;
}

const struct special *block_special(const struct in6_addr *ip)
{
    struct wide at = wide_of(ip);
    const struct special *row = row_of(blocks, sizeof(blocks) / sizeof(blocks[0]), at),
                         *within = row_of(withins, sizeof(withins) / sizeof(withins[0]), at);
    return row != NULL && within != NULL ? within : row;
}

const struct special *block_special_rows(bool within, size_t *n)
{
    *n = within ? sizeof(withins) / sizeof(withins[0]) : sizeof(blocks) / sizeof(blocks[0]);
    return within ? withins : blocks;
}
