/* Whose flow a packet is of: from the four-tuple (our address is one for each family, so: the
 * peer's endpoint and our port) to the cell. Strangers may choose the keys, so the hash is keyed.
 */
#ifndef TCPSHAKE_MEASURE_SURVEY_FLOW_TABLE_H
#define TCPSHAKE_MEASURE_SURVEY_FLOW_TABLE_H

#include "base/hash.h"
#include "measure/survey/flow_store.h"

struct flow_table {
    const struct flow_store *store;
    struct hash_key key;
    struct flow_table_slot {
        uint32_t cell; /* 0: empty */
        uint32_t hash;
    } * slots;
    uint32_t mask, used;
};

/* False: out of memory. */
bool flow_table_init(struct flow_table *t, const struct flow_store *store,
                     const struct hash_key *key);
void flow_table_done(struct flow_table *t);

/* Of a four-tuple. The upper half finds the slot, the lower half is for the caller: an ISN. */
uint64_t flow_table_hash(const struct flow_table *t, const struct in6_addr *ip, uint16_t port,
                         uint16_t local);

/* Puts the flow in under the hash of its four-tuple, beside any others of the same. */
bool flow_table_add(struct flow_table *t, uint32_t cell, uint64_t hash);
void flow_table_remove(struct flow_table *t, uint32_t cell);
/* A flow of this four-tuple whose SYN had this ISN; with `any` the ISN is not looked at. 0: none.
 */
uint32_t flow_table_find(const struct flow_table *t, const struct endpoint *remote, uint16_t local,
                         bool any, seq_t iss);

#endif
