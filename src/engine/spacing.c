/* See spacing.h. */
#include "engine/spacing.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct waiting {
    struct heap_node node; /* its key is the moment; first, so that a node is one who waits */
    struct survey_target target;
    char name[];
};

enum status spacing_init(struct spacing *s, int64_t address_ns, int64_t net_ns,
                         const struct hash_key *key, struct fault *fault)
{
    *s = (struct spacing){.address_ns = address_ns, .net_ns = net_ns, .key = *key};
    heap_init(&s->waiting);
    if (address_ns > 0)
        s->address_at = calloc(SPACING_PLACES, sizeof(*s->address_at));
    if (net_ns > 0)
        s->net_at = calloc(SPACING_PLACES, sizeof(*s->net_at));
    if ((address_ns > 0 && s->address_at == NULL) || (net_ns > 0 && s->net_at == NULL))
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

void spacing_done(struct spacing *s)
{
    for (struct heap_node *node; (node = heap_first(&s->waiting)) != NULL;) {
        heap_remove(&s->waiting, node);
        free(node);
    }
    heap_done(&s->waiting);
    free(s->address_at);
    free(s->net_at);
    s->address_at = s->net_at = NULL;
}

static int64_t *place(int64_t *at, const struct hash_key *key, const void *octets, size_t n)
{
    return at != NULL ? &at[hash_bytes(key, octets, n) % SPACING_PLACES] : NULL;
}

bool spacing_passes(struct spacing *s, const struct survey_target *t, int64_t now_ns,
                    enum status *status)
{
    const struct in6_addr *ip = &t->at.ip;
    size_t net = address_is_v4(ip) ? 15 : 8; /* octets: a mapped /24, a /64 */
    int64_t *address = place(s->address_at, &s->key, ip, sizeof(*ip));
    int64_t *network = place(s->net_at, &s->key, ip, net);
    int64_t at = now_ns;
    *status = STATUS_OK;
    if (address != NULL && *address > at)
        at = *address;
    if (network != NULL && *network > at)
        at = *network;
    if (address != NULL)
        *address = at + s->address_ns;
    if (network != NULL)
        *network = at + s->net_ns;
    if (at == now_ns)
        return true;
    size_t n = t->name != NULL ? strlen(t->name) + 1 : 0;
    struct waiting *w = calloc(1, sizeof(*w) + n);
    if (w == NULL || !heap_set(&s->waiting, &w->node, at)) {
        free(w);
        *status = STATUS_NO_MEMORY;
        return false;
    }
    w->target = *t;
    if (n > 0)
        memcpy(w->name, t->name, n);
    return false;
}

bool spacing_take(struct spacing *s, int64_t now_ns, struct survey_target *t,
                  char name[FLOW_STORE_NAME_MAX], int64_t *at_ns)
{
    struct heap_node *node = heap_first(&s->waiting);
    if (node == NULL || node->key > now_ns) {
        *at_ns = node != NULL ? node->key : CLOCK_NEVER;
        return false;
    }
    struct waiting *w = (struct waiting *)node;
    heap_remove(&s->waiting, node);
    *t = w->target;
    if (w->target.name != NULL) {
        size_t n = strnlen(w->name, FLOW_STORE_NAME_MAX - 1);
        memcpy(name, w->name, n);
        name[n] = '\0';
        t->name = name;
    }
    free(w);
    return true;
}

bool spacing_full(const struct spacing *s)
{
    return s->waiting.len >= SPACING_WAITING_MAX;
}
