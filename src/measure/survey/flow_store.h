/* Where the many flows live: cells of one size, named by small numbers, that come and go. What a
 * flow has too much for its own cell goes into further ones. */
#ifndef TCPSHAKE_MEASURE_SURVEY_FLOW_STORE_H
#define TCPSHAKE_MEASURE_SURVEY_FLOW_STORE_H

#include "measure/survey/flow.h"

enum {
    FLOW_STORE_CHUNK = 256, /* cells that are allocated at once */
    FLOW_MORE_GAPS = (sizeof(struct flow) - 4) / 4,
    FLOW_STORE_NAME_MAX = 256, /* with the 0; DNS allows no longer one (RFC 1035 2.3.4) */
    FLOW_NAME_PART = sizeof(struct flow) - 4
};

/* More gaps. */
struct flow_more {
    uint32_t next; /* cell; 0: none */
    uint32_t gap[FLOW_MORE_GAPS];
};

/* A part of the name that the target was given by. */
struct flow_name {
    uint32_t next;
    char part[FLOW_NAME_PART];
};

union flow_cell {
    struct flow flow;
    struct flow_more more;
    struct flow_name name;
    uint32_t next_free;
};

struct flow_store {
    union flow_cell **chunks;
    uint32_t chunk_count, chunk_cap;
    uint32_t free;  /* first of the list of free cells; 0: none */
    uint32_t taken; /* cells in use */
};

void flow_store_init(struct flow_store *s);
void flow_store_done(struct flow_store *s);

/* A zeroed cell, by its number; 0: out of memory. */
uint32_t flow_store_take(struct flow_store *s);
void flow_store_give(struct flow_store *s, uint32_t cell);

static inline union flow_cell *flow_store_cell(const struct flow_store *s, uint32_t cell)
{
    return &s->chunks[cell / FLOW_STORE_CHUNK][cell % FLOW_STORE_CHUNK];
}

static inline struct flow *flow_store_at(const struct flow_store *s, uint32_t cell)
{
    return &flow_store_cell(s, cell)->flow;
}

/* The flow's cell and all it has besides. */
void flow_store_drop(struct flow_store *s, uint32_t flow);

/* False: out of memory, or too long. */
bool flow_store_set_name(struct flow_store *s, struct flow *f, const char *name);
/* NULL when it has none; else `out`. */
const char *flow_store_name(const struct flow_store *s, const struct flow *f,
                            char out[FLOW_STORE_NAME_MAX]);

#endif
