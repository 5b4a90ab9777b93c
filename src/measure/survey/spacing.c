/* See spacing.h. */
#include "measure/survey/spacing.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define LOOK_AGAIN CLOCK_MS

struct waiting {
    struct heap_node node; /* its key is the moment; first, so that a node is one who waits */
    struct survey_target target;
    char name[];
};

static bool make_places(int64_t ns, int64_t **at, int64_t **left)
{
    if (ns <= 0)
        return true;
    *at = calloc(SPACING_PLACES, sizeof(**at));
    *left = calloc(SPACING_PLACES, sizeof(**left));
    return *at != NULL && *left != NULL;
}

enum status spacing_init(struct spacing *s, int64_t address_ns, int64_t net_ns,
                         const struct hash_key *key, struct fault *fault)
{
    *s = (struct spacing){.address_ns = address_ns, .net_ns = net_ns, .key = *key};
    heap_init(&s->waiting);
    bool enough = make_places(address_ns, &s->address_at, &s->address_left) &&
                  make_places(net_ns, &s->net_at, &s->net_left);
    if (!enough)
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
    free(s->address_left);
    free(s->net_left);
    s->address_at = s->net_at = s->address_left = s->net_left = NULL;
}

/* --- Places, and when they are free --- */

static struct spacing_given places_of(const struct spacing *s, const struct in6_addr *ip)
{
    size_t net = address_is_v4(ip) ? 15 : 8; /* octets: a mapped /24, a /64 */
    return (struct spacing_given){
        .address = (uint32_t)(hash_bytes(&s->key, ip, sizeof(*ip)) % SPACING_PLACES),
        .net = (uint32_t)(hash_bytes(&s->key, ip, net) % SPACING_PLACES)};
}

/* That two with the same place are never under way together. */
static bool is_under_way(const struct spacing *s, const struct spacing_given *p)
{
    for (unsigned i = 0; i < s->given_count; i++) {
        const struct spacing_given *g = &s->given[(s->first_given + i) % SPACING_GIVEN_MAX];
        if ((s->address_at != NULL && g->address == p->address) ||
            (s->net_at != NULL && g->net == p->net))
            return true;
    }
    return false;
}

/* When those that have left allow it. */
static int64_t free_at(const struct spacing *s, const struct spacing_given *p, int64_t now_ns)
{
    int64_t at = is_under_way(s, p) ? now_ns + LOOK_AGAIN : now_ns;
    if (s->address_at != NULL && s->address_left[p->address] + s->address_ns > at)
        at = s->address_left[p->address] + s->address_ns;
    if (s->net_at != NULL && s->net_left[p->net] + s->net_ns > at)
        at = s->net_left[p->net] + s->net_ns;
    return at;
}

/* The turn of one that comes after all that wait for the same place. */
static int64_t reserve(struct spacing *s, const struct spacing_given *p, int64_t at)
{
    if (s->address_at != NULL && s->address_at[p->address] > at)
        at = s->address_at[p->address];
    if (s->net_at != NULL && s->net_at[p->net] > at)
        at = s->net_at[p->net];
    if (s->address_at != NULL)
        s->address_at[p->address] = at + s->address_ns;
    if (s->net_at != NULL)
        s->net_at[p->net] = at + s->net_ns;
    return at;
}

static void settle_first(struct spacing *s, int64_t by_ns)
{
    const struct spacing_given *g = &s->given[s->first_given];
    if (s->address_at != NULL)
        s->address_left[g->address] = by_ns;
    if (s->net_at != NULL)
        s->net_left[g->net] = by_ns;
    s->first_given = (s->first_given + 1) % SPACING_GIVEN_MAX;
    s->given_count--;
}

void spacing_left(struct spacing *s, unsigned waiting, int64_t by_ns)
{
    while (s->given_count > waiting)
        settle_first(s, by_ns);
}

/* More than are ever under way are not remembered. */
static void give(struct spacing *s, const struct spacing_given *p, int64_t now_ns)
{
    if (s->given_count == SPACING_GIVEN_MAX)
        settle_first(s, now_ns);
    s->given[(s->first_given + s->given_count++) % SPACING_GIVEN_MAX] = *p;
}

/* --- Targets --- */

bool spacing_passes(struct spacing *s, const struct survey_target *t, int64_t now_ns,
                    enum status *status)
{
    const struct spacing_given p = places_of(s, &t->at.ip);
    int64_t at = reserve(s, &p, free_at(s, &p, now_ns));
    *status = STATUS_OK;
    if (at == now_ns) {
        give(s, &p, now_ns);
        return true;
    }
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

/* The first whose moment has come, and for which its places are free; others are put off. */
static struct waiting *first_due(struct spacing *s, int64_t now_ns, int64_t *at_ns)
{
    struct heap_node *node;
    while ((node = heap_first(&s->waiting)) != NULL && node->key <= now_ns) {
        struct waiting *w = (struct waiting *)node;
        const struct spacing_given p = places_of(s, &w->target.at.ip);
        int64_t at = free_at(s, &p, now_ns);
        heap_remove(&s->waiting, node);
        if (at <= now_ns) {
            give(s, &p, now_ns);
            return w;
        }
        (void)heap_set(&s->waiting, node, at); /* there is room: it was there before */
    }
    *at_ns = node != NULL ? node->key : CLOCK_NEVER;
    return NULL;
}

bool spacing_take(struct spacing *s, int64_t now_ns, struct survey_target *t,
                  char name[FLOW_STORE_NAME_MAX], int64_t *at_ns)
{
    struct waiting *w = first_due(s, now_ns, at_ns);
    if (w == NULL)
        return false;
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
