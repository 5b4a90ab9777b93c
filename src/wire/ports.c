/* See ports.h. */
#include "wire/ports.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum {
    PORT_LAST = 65535,
    WORD_BITS = 64,
    SERVICE_MAX = 32 /* of a service's name; RFC 6335 5.1 allows 15 */
};

/* One bit for each port. */
struct bitmap {
    uint64_t words[(PORT_LAST + 1) / WORD_BITS];
};

static bool has(const struct bitmap *map, unsigned port)
{
    return map->words[port / WORD_BITS] >> port % WORD_BITS & 1;
}

static bool read_number(struct text_span t, uint16_t *port)
{
    unsigned value = 0;
    for (size_t i = 0; i < t.n; i++) {
        if (t.s[i] < '0' || t.s[i] > '9')
            return false;
        value = value * 10 + (unsigned)(t.s[i] - '0');
        if (value > PORT_LAST)
            return false;
    }
    *port = (uint16_t)value;
    return value != 0;
}

static bool is_number(struct text_span t)
{
    for (size_t i = 0; i < t.n; i++) {
        if (t.s[i] < '0' || t.s[i] > '9')
            return false;
    }
    return t.n != 0;
}

static bool is_name(struct text_span t)
{
    bool letter = false;
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.s[i];
        if (c > 0x7f || (!isalnum(c) && (c == '\0' || strchr("-_.+", c) == NULL)))
            return false;
        letter = letter || isalpha(c);
    }
    return letter && t.n < SERVICE_MAX;
}

static enum status read_service(struct text_span t, ports_service_fn *service, uint16_t *port,
                                struct fault *fault)
{
    char name[SERVICE_MAX], shown[TEXT_SHOWN_MAX];
    (void)text_shown(t.s, t.n, shown);
    if (service == NULL)
        return fault_set(fault, STATUS_MALFORMED, "'%s' is no port number (1 to %d)", shown,
                         PORT_LAST);
    memcpy(name, t.s, t.n);
    name[t.n] = '\0';
    if (!service(name, port) || *port == 0)
        return fault_set(fault, STATUS_MALFORMED,
                         "unknown port '%s': neither a number from 1 to %d nor a TCP service name",
                         shown, PORT_LAST);
    return STATUS_OK;
}

/* "N", "N-M" or a name. */
static enum status read_item(struct text_span t, ports_service_fn *service, struct ports_run *run,
                             struct fault *fault)
{
    char shown[TEXT_SHOWN_MAX];
    const char *dash = t.n != 0 ? memchr(t.s, '-', t.n) : NULL;
    if (t.n == 0)
        return fault_set(fault, STATUS_MALFORMED, "a port is missing");
    (void)text_shown(t.s, t.n, shown);
    if (is_name(t)) {
        enum status s = read_service(t, service, &run->first, fault);
        run->last = run->first;
        return s;
    }
    if (dash == NULL && is_number(t)) {
        if (!read_number(t, &run->first))
            return fault_set(fault, STATUS_MALFORMED, "port %s is not between 1 and %d", shown,
                             PORT_LAST);
        run->last = run->first;
        return STATUS_OK;
    }
    size_t cut = dash != NULL ? (size_t)(dash - t.s) : t.n - 1;
    struct text_span from = {t.s, cut}, to = {t.s + cut + 1, t.n - cut - 1};
    if (dash == NULL || !is_number(from) || !is_number(to))
        return fault_set(fault, STATUS_MALFORMED, "'%s' is no port", shown);
    if (!read_number(from, &run->first) || !read_number(to, &run->last))
        return fault_set(fault, STATUS_MALFORMED, "ports %s are not between 1 and %d", shown,
                         PORT_LAST);
    if (run->last < run->first)
        return fault_set(fault, STATUS_MALFORMED, "ports %s end before they begin", shown);
    return STATUS_OK;
}

static struct text_span next_item(struct text_span *rest)
{
    const char *comma = rest->n != 0 ? memchr(rest->s, ',', rest->n) : NULL;
    struct text_span item = {rest->s, comma != NULL ? (size_t)(comma - rest->s) : rest->n};
    size_t taken = item.n + (comma != NULL);
    *rest = (struct text_span){rest->s + taken, rest->n - taken};
    return item;
}

static enum status fill(struct bitmap *map, struct text_span text, ports_service_fn *service,
                        struct fault *fault)
{
    bool more;
    memset(map, 0, sizeof(*map));
    do {
        struct ports_run run = {0};
        struct text_span item = next_item(&text);
        more = item.s + item.n != text.s; /* a comma was taken: an item has to follow */
        enum status s = read_item(item, service, &run, fault);
        if (s != STATUS_OK)
            return s;
        for (unsigned port = run.first; port <= run.last; port++)
            map->words[port / WORD_BITS] |= UINT64_C(1) << port % WORD_BITS;
    } while (more);
    return STATUS_OK;
}

/* The runs of the map from `port` on: the next one; false: there is none. */
static bool next_run(const struct bitmap *map, unsigned *port, struct ports_run *run)
{
    while (*port <= PORT_LAST && !has(map, *port))
        ++*port;
    if (*port > PORT_LAST)
        return false;
    run->first = (uint16_t)*port;
    while (*port <= PORT_LAST && has(map, *port))
        ++*port;
    run->last = (uint16_t)(*port - 1);
    return true;
}

static enum status take_runs(struct ports *p, const struct bitmap *map, struct fault *fault)
{
    struct ports_run run = {0};
    uint32_t len = 0, at = 0;
    for (unsigned port = 1; next_run(map, &port, &run);)
        len++;
    struct ports_run *runs = len > 1 ? calloc(len, sizeof(*runs)) : NULL;
    if (len > 1 && runs == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    *p = (struct ports){.len = len, .one = run, .more = runs};
    for (unsigned port = 1; next_run(map, &port, &run);) {
        run.before = p->count;
        if (runs != NULL)
            runs[at++] = run;
        p->count += run.last - run.first + 1u;
    }
    return STATUS_OK;
}

enum status ports_parse(struct ports *p, const char *text, size_t n, ports_service_fn *service,
                        struct fault *fault)
{
    struct bitmap map;
    struct text_span whole = {text, n};
    *p = (struct ports){0};
    if (is_number(whole)) { /* most are: no map is needed */
        enum status s = read_item(whole, service, &p->one, fault);
        p->len = p->count = s == STATUS_OK;
        return s;
    }
    enum status s = fill(&map, whole, service, fault);
    return s == STATUS_OK ? take_runs(p, &map, fault) : s;
}

void ports_done(struct ports *p)
{
    free(p->more);
    *p = (struct ports){0};
}

uint16_t ports_at(const struct ports *p, uint32_t i)
{
    const struct ports_run *runs = p->len > 1 ? p->more : &p->one;
    uint32_t from = 0, to = p->len;
    while (to - from > 1) {
        uint32_t middle = from + (to - from) / 2;
        if (runs[middle].before > i)
            to = middle;
        else
            from = middle;
    }
    return (uint16_t)(runs[from].first + (i - runs[from].before));
}
