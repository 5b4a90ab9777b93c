/* See ports.h. */
#include "targets/ports.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum {
    PORT_LAST = 65535,
    SERVICE_MAX = 32 /* of a service's name; RFC 6335 5.1 allows 15 */
};

static bool is_number(struct text_span t)
{
    for (size_t i = 0; i < t.n; i++) {
        if (t.s[i] < '0' || t.s[i] > '9')
            return false;
    }
    return t.n != 0;
}

/* Of a number: the port; 0: it is none. */
static uint16_t port_of(struct text_span t)
{
    unsigned value = 0;
    for (size_t i = 0; i < t.n && value <= PORT_LAST; i++)
        value = value * 10 + (unsigned)(t.s[i] - '0');
    return value <= PORT_LAST ? (uint16_t)value : 0;
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
    char name[SERVICE_MAX];
    memcpy(name, t.s, t.n);
    name[t.n] = '\0';
    if (service == NULL)
        return fault_set(fault, STATUS_MALFORMED, "'%s' is no port number (1 to %d)", name,
                         PORT_LAST);
    if (!service(name, port) || *port == 0)
        return fault_set(fault, STATUS_MALFORMED,
                         "unknown port '%s': neither a number from 1 to %d nor a TCP service name",
                         name, PORT_LAST);
    return STATUS_OK;
}

/* "N", "N-M" or a name. */
static enum status read_item(struct text_span t, ports_service_fn *service, struct ports_run *run,
                             struct fault *fault)
{
    char shown[TEXT_SHOWN_MAX];
    if (t.n == 0)
        return fault_set(fault, STATUS_MALFORMED, "a port is missing");
    (void)text_shown(t.s, t.n, shown);
    if (is_name(t)) {
        enum status s = read_service(t, service, &run->first, fault);
        run->last = run->first;
        return s;
    }
    const char *dash = memchr(t.s, '-', t.n);
    struct text_span from = {t.s, dash != NULL ? (size_t)(dash - t.s) : t.n}, to = from;
    if (dash != NULL)
        to = (struct text_span){dash + 1, t.n - from.n - 1};
    if (!is_number(from) || !is_number(to))
        return text_refuse(fault, "", t, " is no port");
    run->first = port_of(from);
    run->last = port_of(to);
    if (run->first == 0 || run->last == 0)
        return fault_set(fault, STATUS_MALFORMED,
                         dash != NULL ? "ports %s are not between 1 and %d"
                                      : "port %s is not between 1 and %d",
                         shown, PORT_LAST);
    if (run->last < run->first)
        return fault_set(fault, STATUS_MALFORMED, "ports %s end before they begin", shown);
    return STATUS_OK;
}

/* Marks the ports of the text, of the map's one octet each. */
static enum status fill(uint8_t *map, struct text_span text, ports_service_fn *service,
                        struct fault *fault)
{
    for (;;) {
        struct ports_run run = {0};
        const char *comma = text.n != 0 ? memchr(text.s, ',', text.n) : NULL;
        size_t n = comma != NULL ? (size_t)(comma - text.s) : text.n;
        enum status s = read_item((struct text_span){text.s, n}, service, &run, fault);
        if (s != STATUS_OK)
            return s;
        memset(map + run.first, 1, run.last - run.first + 1u);
        if (comma == NULL)
            return STATUS_OK;
        text = (struct text_span){comma + 1, text.n - n - 1};
    }
}

static enum status take_runs(struct ports *p, const uint8_t *map, struct fault *fault)
{
    struct ports_run *runs = &p->one;
    size_t len = 0;
    for (unsigned port = 1; port <= PORT_LAST; port++)
        len += map[port] > map[port - 1];
    if (len > 1 && (runs = p->more = calloc(len, sizeof(*runs))) == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    for (unsigned port = 1; port <= PORT_LAST; port++) {
        if (map[port] == 0)
            continue;
        if (map[port - 1] == 0)
            runs[p->len++] = (struct ports_run){.first = (uint16_t)port, .before = p->count};
        runs[p->len - 1].last = (uint16_t)port;
        p->count++;
    }
    return STATUS_OK;
}

enum status ports_parse(struct ports *p, const char *text, size_t n, ports_service_fn *service,
                        struct fault *fault)
{
    uint8_t map[PORT_LAST + 1];
    struct text_span whole = {text, n};
    *p = (struct ports){0};
    if (is_number(whole)) { /* most are: no map is needed */
        enum status s = read_item(whole, service, &p->one, fault);
        p->len = p->count = s == STATUS_OK;
        return s;
    }
    memset(map, 0, sizeof(map));
    enum status s = fill(map, whole, service, fault);
    return s == STATUS_OK ? take_runs(p, map, fault) : s;
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
