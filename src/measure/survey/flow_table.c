/* See flow_table.h. Open addressing; what is removed closes up, so nothing is left behind that
 * searches would have to pass. */
#include "measure/survey/flow_table.h"

#include <stdlib.h>
#include <string.h>

enum {
    LEAST_SLOTS = 1024
};

bool flow_table_init(struct flow_table *t, const struct flow_store *store,
                     const struct hash_key *key)
{
    *t = (struct flow_table){.store = store, .key = *key, .mask = LEAST_SLOTS - 1};
    t->slots = calloc(LEAST_SLOTS, sizeof(*t->slots));
    return t->slots != NULL;
}

void flow_table_done(struct flow_table *t)
{
    free(t->slots);
    t->slots = NULL;
}

uint64_t flow_table_hash(const struct flow_table *t, const struct in6_addr *ip, uint16_t port,
                         uint16_t local)
{
    uint8_t key[20];
    memcpy(key, ip, 16);
    memcpy(key + 16, &port, 2);
    memcpy(key + 18, &local, 2);
    return hash_bytes(&t->key, key, sizeof(key));
}

static void put(struct flow_table *t, struct flow_table_slot s)
{
    uint32_t at = s.hash & t->mask;
    while (t->slots[at].cell != 0)
        at = (at + 1) & t->mask;
    t->slots[at] = s;
}

static bool grow(struct flow_table *t)
{
    struct flow_table_slot *old = t->slots;
    uint32_t count = t->mask + 1;
    t->slots = calloc(2 * (size_t)count, sizeof(*t->slots));
    if (t->slots == NULL) {
        t->slots = old;
        return false;
    }
    t->mask = 2 * count - 1;
    for (uint32_t i = 0; i < count; i++)
        if (old[i].cell != 0)
            put(t, old[i]);
    free(old);
    return true;
}

bool flow_table_add(struct flow_table *t, uint32_t cell, uint64_t hash)
{
    if (t->used > t->mask / 4 * 3 && !grow(t))
        return false;
    uint32_t upper = (uint32_t)(hash >> 32);
    flow_store_at(t->store, cell)->hash = upper;
    put(t, (struct flow_table_slot){.cell = cell, .hash = upper});
    t->used++;
    return true;
}

void flow_table_remove(struct flow_table *t, uint32_t cell)
{
    uint32_t at = flow_store_at(t->store, cell)->hash & t->mask;
    while (t->slots[at].cell != cell) {
        if (t->slots[at].cell == 0)
            return;
        at = (at + 1) & t->mask;
    }
    t->used--;
    /* Whoever could stand here and stands further on moves up. */
    for (uint32_t hole = at, next = at;;) {
        t->slots[hole].cell = 0;
        do {
            next = (next + 1) & t->mask;
            if (t->slots[next].cell == 0)
                return;
        } while (((next - t->slots[next].hash) & t->mask) < ((next - hole) & t->mask));
        t->slots[hole] = t->slots[next];
        hole = next;
    }
}

uint32_t flow_table_find(const struct flow_table *t, const struct endpoint *remote, uint16_t local,
                         bool any, seq_t iss)
{
    uint32_t hash = (uint32_t)(flow_table_hash(t, &remote->ip, remote->port, local) >> 32);
    for (uint32_t at = hash & t->mask; t->slots[at].cell != 0; at = (at + 1) & t->mask) {
        if (t->slots[at].hash != hash)
            continue;
        const struct flow *f = flow_store_at(t->store, t->slots[at].cell);
        if (f->port == remote->port && f->local == local && (any || f->iss == iss.v) &&
            address_equal(&f->ip, &remote->ip))
            return t->slots[at].cell;
    }
    return 0;
}
