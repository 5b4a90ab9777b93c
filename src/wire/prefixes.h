/* A table of address prefixes, asked for the longest that covers an address. It is laid flat once:
 * the address space cut where the answer changes, so that a look-up is one binary search, however
 * the prefixes are nested. */
#ifndef TCPSHAKE_WIRE_PREFIXES_H
#define TCPSHAKE_WIRE_PREFIXES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

struct prefix {
    struct in6_addr ip; /* bits beyond the prefix count as zero */
    unsigned bits;      /* 0 to 128; a mapped IPv4 prefix has 96 more than its own */
    uint32_t metric;    /* of two equal prefixes the lower one is kept, of equal ones the first */
    uint32_t value;     /* what prefixes_find answers; not PREFIXES_NONE */
    size_t place;       /* set by prefixes_add: when it was added */
};

struct prefixes {
    struct prefix *all; /* until they are laid flat */
    size_t count, room;
    struct prefixes_span *spans;
    size_t span_count;
};

#define PREFIXES_NONE UINT32_MAX

/* Starts from zero: `struct prefixes p = {0}`. Afterwards prefixes_done, whatever happened. */
enum status prefixes_add(struct prefixes *p, const struct prefix *one, struct fault *fault);
enum status prefixes_flatten(struct prefixes *p, struct fault *fault);
void prefixes_done(struct prefixes *p);

/* PREFIXES_NONE when none covers it. After prefixes_flatten. */
uint32_t prefixes_find(const struct prefixes *p, const struct in6_addr *ip);

#endif
