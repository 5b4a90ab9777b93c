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

enum status spacing_init(struct spacing *s, int64_t address_ns, int64_t net_ns,
                         const struct hash_key *key, struct fault *fault)
{
    *s = (struct spacing){.kinds = {{.ns = address_ns}, {.ns = net_ns}}, .key = *key};
    heap_init(&s->waiting);
    for (size_t k = 0; k < SPACING_KINDS; k++) {
        if (s->kinds[k].ns <= 0)
            continue;
        s->kinds[k].places = calloc(SPACING_PLACES, sizeof(*s->kinds[k].places));
        if (s->kinds[k].places == NULL)
            return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    }
    return STATUS_OK;
}

void spacing_done(struct spacing *s)
{
    for (struct heap_node *node; (node = heap_first(&s->waiting)) != NULL;) {
        heap_remove(&s->waiting, node);
        free(node);
    }
    heap_done(&s->waiting);
    for (size_t k = 0; k < SPACING_KINDS; k++) {
        free(s->kinds[k].places);
        s->kinds[k].places = NULL;
    }
}

/* --- Places, and when they are free --- */

static struct spacing_given places_of(const struct spacing *s, const struct in6_addr *ip)
{
    const size_t octets[SPACING_KINDS] = {sizeof(*ip), address_is_v4(ip) ? 15 : 8};
    struct spacing_given given;
    for (size_t k = 0; k < SPACING_KINDS; k++)
        given.place[k] = (uint32_t)(hash_bytes(&s->key, ip, octets[k]) % SPACING_PLACES);
    return given;
}

/* That two with the same place are never under way together. */
static bool is_under_way(const struct spacing *s, const struct spacing_given *p)
{
    for (unsigned i = 0; i < s->given_count; i++) {
        const struct spacing_given *g = &s->given[(s->first_given + i) % SPACING_GIVEN_MAX];
        for (size_t k = 0; k < SPACING_KINDS; k++)
            if (s->kinds[k].places != NULL && g->place[k] == p->place[k])
                return true;
    }
    return false;
}

/* When those that have left allow it. */
static int64_t free_at(const struct spacing *s, const struct spacing_given *p, int64_t now_ns)
{
    int64_t at = is_under_way(s, p) ? now_ns + LOOK_AGAIN : now_ns;
    for (size_t k = 0; k < SPACING_KINDS; k++) {
        const struct spacing_kind *kind = &s->kinds[k];
        if (kind->places != NULL && kind->places[p->place[k]].left + kind->ns > at)
            at = kind->places[p->place[k]].left + kind->ns;
    }
    return at;
}

/* The turn of one that comes after all that wait for the same place. */
static int64_t reserve(struct spacing *s, const struct spacing_given *p, int64_t at)
{
    for (size_t k = 0; k < SPACING_KINDS; k++)
        if (s->kinds[k].places != NULL && s->kinds[k].places[p->place[k]].next > at)
            at = s->kinds[k].places[p->place[k]].next;
    for (size_t k = 0; k < SPACING_KINDS; k++)
        if (s->kinds[k].places != NULL)
            s->kinds[k].places[p->place[k]].next = at + s->kinds[k].ns;
    return at;
}

void spacing_left(struct spacing *s, unsigned waiting, int64_t by_ns)
{
    for (; s->given_count > waiting; s->given_count--) {
        const struct spacing_given *g = &s->given[s->first_given];
        for (size_t k = 0; k < SPACING_KINDS; k++)
            if (s->kinds[k].places != NULL)
                s->kinds[k].places[g->place[k]].left = by_ns;
        s->first_given = (s->first_given + 1) % SPACING_GIVEN_MAX;
    }
}

/* More than are ever under way are not remembered. */
static void give(struct spacing *s, const struct spacing_given *p, int64_t now_ns)
{
    spacing_left(s, SPACING_GIVEN_MAX - 1, now_ns);
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
