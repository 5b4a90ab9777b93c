/* Where the many flows live, and how each is found.
 *
 * Cells of one size, named by small numbers, come and go. What a flow has too much for its own cell
 * goes into further ones.
 *
 * By whose packet it is: from the four-tuple (our address is one for each family, so: the peer's
 * endpoint and our port) to the cell. Strangers may choose the keys, so the hash is keyed.
 *
 * By when something is due: a wheel of lists, one for each tick, so that a flow is armed and
 * disarmed without a search. What lies more than a turn ahead is passed over once a turn. To a
 * tick, which is finer than any wait of a user's. */
#ifndef TCPSHAKE_MEASURE_SURVEY_FLOW_STORE_H
#define TCPSHAKE_MEASURE_SURVEY_FLOW_STORE_H

#include "base/hash.h"
#include "measure/survey/flow.h"

enum {
    FLOW_STORE_CHUNK = 256, /* cells that are allocated at once */
    FLOW_MORE_GAPS = (sizeof(struct flow) - 4) / 4,
    FLOW_STORE_NAME_MAX = 256, /* with the 0; DNS allows no longer one (RFC 1035 2.3.4) */
    FLOW_NAME_PART = sizeof(struct flow) - 4,
    FLOW_STORE_TICKS = 4096
};
#define FLOW_STORE_TICK (INT64_C(8) * 1000000) /* ns */

union flow_cell {
    struct flow flow;
    uint32_t next; /* of a further or a free cell: the next of its list; 0: none */
    struct flow_more {
        uint32_t next;
        uint32_t gap[FLOW_MORE_GAPS];
    } more;
    struct flow_name { /* a part of the name that the target was given by */
        uint32_t next;
        char part[FLOW_NAME_PART];
    } name;
};

struct flow_store {
    union flow_cell **chunks;
    uint32_t chunk_count, chunk_cap;
    uint32_t free;  /* first of the list of free cells; 0: none */
    uint32_t taken; /* cells in use */
    struct hash_key key;
    uint32_t *buckets; /* first cell of each chain; 0: none */
    uint32_t mask, entered;
    int64_t tick; /* all before this one is done */
    uint32_t armed;
    uint32_t wheel[FLOW_STORE_TICKS]; /* first cell of each list; 0: empty */
    uint64_t busy[FLOW_STORE_TICKS / 64];
};

/* False: out of memory. */
bool flow_store_init(struct flow_store *s, const struct hash_key *key, int64_t now_ns);
void flow_store_done(struct flow_store *s);

/* A zeroed cell, by its number; 0: out of memory. */
uint32_t flow_store_take(struct flow_store *s);

static inline union flow_cell *flow_store_cell(const struct flow_store *s, uint32_t cell)
{
    return &s->chunks[cell / FLOW_STORE_CHUNK][cell % FLOW_STORE_CHUNK];
}

static inline struct flow *flow_store_at(const struct flow_store *s, uint32_t cell)
{
    return &flow_store_cell(s, cell)->flow;
}

/* A flow that is not armed: its cell and all it has besides, and its entry if it has one. */
void flow_store_drop(struct flow_store *s, uint32_t flow);

/* False: out of memory, or too long. */
bool flow_store_set_name(struct flow_store *s, struct flow *f, const char *name);
/* NULL when it has none; else `out`. */
const char *flow_store_name(const struct flow_store *s, const struct flow *f,
                            char out[FLOW_STORE_NAME_MAX]);

/* Of a four-tuple. The upper half finds the flow, the lower half is for the caller: an ISN. */
uint64_t flow_store_hash(const struct flow_store *s, const struct endpoint *remote, uint16_t local);
/* Lets the flow be found under the hash of its four-tuple, beside any others of the same. False:
 * out of memory. */
bool flow_store_enter(struct flow_store *s, uint32_t cell, uint64_t hash);
/* A flow of this four-tuple whose SYN had this ISN; with `any` the ISN is not looked at. 0: none.
 */
uint32_t flow_store_find(const struct flow_store *s, const struct endpoint *remote, uint16_t local,
                         bool any, seq_t iss);

/* By its due_ns. It must not be armed. */
void flow_store_arm(struct flow_store *s, uint32_t cell);
void flow_store_disarm(struct flow_store *s, uint32_t cell);

typedef void flow_store_due(void *arg, uint32_t cell, int64_t now_ns);

/* Disarms every flow whose time has come, up to a tick late, and hands it over; `due` may arm that
 * flow again. */
void flow_store_turn(struct flow_store *s, int64_t now_ns, flow_store_due *due, void *arg);
/* The same with everyone who is armed, due or not; `due` must not arm any. */
void flow_store_empty(struct flow_store *s, int64_t now_ns, flow_store_due *due, void *arg);
/* When flow_store_turn wants to be called next, or a little earlier; CLOCK_NEVER: nobody is armed.
 */
int64_t flow_store_next(const struct flow_store *s);

#endif
