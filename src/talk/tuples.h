/* Whose a 4-tuple is (RFC 9293 3.3.1): a hash table of nodes that live inside their owners.
 * Strangers choose the keys, so the hash is keyed. */
#ifndef TCPSHAKE_TALK_TUPLES_H
#define TCPSHAKE_TALK_TUPLES_H

#include "base/hash.h"
#include "wire/address.h"

struct tuples_node {
    struct endpoint local, remote;
    struct tuples_node *next;
};

struct tuples {
    struct hash_key key;
    struct tuples_node **buckets; /* a power of two of them */
    size_t bucket_count, count;
};

void tuples_init(struct tuples *t, const struct hash_key *key);
void tuples_done(struct tuples *t); /* the nodes stay their owners' */

/* Puts the node in under its endpoints, before others of the same. False: out of memory. */
bool tuples_add(struct tuples *t, struct tuples_node *node);
/* Takes the node out, which is in. */
void tuples_remove(struct tuples *t, struct tuples_node *node);
/* NULL: nobody has it. */
struct tuples_node *tuples_find(const struct tuples *t, const struct endpoint *local,
                                const struct endpoint *remote);

#endif
