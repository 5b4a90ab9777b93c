/* See tuples.h. */
#include "talk/tuples.h"

#include <stdlib.h>
#include <string.h>

enum {
    LEAST_BUCKETS = 8
};

void tuples_init(struct tuples *t, const struct hash_key *key)
{
    *t = (struct tuples){.key = *key};
}

void tuples_done(struct tuples *t)
{
    free(t->buckets);
    tuples_init(t, &t->key);
}

static struct tuples_node **bucket(const struct tuples *t, const struct endpoint *local,
                                   const struct endpoint *remote)
{
    uint8_t key[36];
    memcpy(key, &local->ip, 16);
    memcpy(key + 16, &remote->ip, 16);
    memcpy(key + 32, &local->port, 2);
    memcpy(key + 34, &remote->port, 2);
    return &t->buckets[hash_bytes(&t->key, key, sizeof(key)) & (t->bucket_count - 1)];
}

static void chain(struct tuples *t, struct tuples_node *node)
{
    struct tuples_node **at = bucket(t, &node->local, &node->remote);
    node->next = *at;
    *at = node;
}

/* Where there is no memory for more buckets, the chains get longer. */
static bool make_room(struct tuples *t)
{
    const struct tuples old = *t;
    if (t->count < t->bucket_count)
        return true;
    t->bucket_count = old.bucket_count != 0 ? 2 * old.bucket_count : LEAST_BUCKETS;
    t->buckets = calloc(t->bucket_count, sizeof(struct tuples_node *));
    if (t->buckets == NULL) {
        *t = old;
        return old.bucket_count != 0;
    }
    for (size_t i = 0; i < old.bucket_count; i++) {
        for (struct tuples_node *node = old.buckets[i], *next; node != NULL; node = next) {
            next = node->next;
            chain(t, node);
        }
    }
    free(old.buckets);
    return true;
}

bool tuples_add(struct tuples *t, struct tuples_node *node)
{
    if (!make_room(t))
        return false;
    chain(t, node);
    t->count++;
    return true;
}

void tuples_remove(struct tuples *t, struct tuples_node *node)
{
    struct tuples_node **at = bucket(t, &node->local, &node->remote);
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    t->count--;
}

struct tuples_node *tuples_find(const struct tuples *t, const struct endpoint *local,
                                const struct endpoint *remote)
{
    struct tuples_node *node = t->count != 0 ? *bucket(t, local, remote) : NULL;
    while (node != NULL &&
           !(endpoint_equal(&node->local, local) && endpoint_equal(&node->remote, remote)))
        node = node->next;
    return node;
}
