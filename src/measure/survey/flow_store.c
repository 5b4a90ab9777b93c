/* See flow_store.h. Chunks are never moved or given back: a pointer to a flow stays good as long as
 * the flow does. */
#include "measure/survey/flow_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
    LEAST_BUCKETS = 1024
};

bool flow_store_init(struct flow_store *s, const struct hash_key *key, int64_t now_ns)
{
    *s = (struct flow_store){
        .key = *key, .mask = LEAST_BUCKETS - 1, .tick = now_ns / FLOW_STORE_TICK};
    s->buckets = calloc(LEAST_BUCKETS, sizeof(*s->buckets));
    return s->buckets != NULL;
}

void flow_store_done(struct flow_store *s)
{
    for (uint32_t i = 0; i < s->chunk_count; i++)
        free(s->chunks[i]);
    free(s->chunks);
    free(s->buckets);
    *s = (struct flow_store){0};
}

/* --- Cells --- */

static bool add_chunk(struct flow_store *s)
{
    if (s->chunk_count == s->chunk_cap) {
        uint32_t cap = s->chunk_cap != 0 ? 2 * s->chunk_cap : 16;
        union flow_cell **grown = realloc(s->chunks, cap * sizeof(union flow_cell *));
        if (grown == NULL)
            return false;
        s->chunks = grown;
        s->chunk_cap = cap;
    }
    union flow_cell *chunk = malloc(FLOW_STORE_CHUNK * sizeof(*chunk));
    if (chunk == NULL)
        return false;
    uint32_t first = s->chunk_count * FLOW_STORE_CHUNK;
    s->chunks[s->chunk_count++] = chunk;
    /* In order, so that neighbours in time are neighbours in memory; cell 0 stands for none. */
    for (uint32_t i = FLOW_STORE_CHUNK; i-- > (first == 0 ? 1 : 0);) {
        chunk[i].next = s->free;
        s->free = first + i;
    }
    return true;
}

uint32_t flow_store_take(struct flow_store *s)
{
    if (s->free == 0 && !add_chunk(s))
        return 0;
    uint32_t cell = s->free;
    union flow_cell *c = flow_store_cell(s, cell);
    s->free = c->next;
    s->taken++;
    memset(c, 0, sizeof(*c));
    return cell;
}

static void give_back(struct flow_store *s, uint32_t cell)
{
    flow_store_cell(s, cell)->next = s->free;
    s->free = cell;
    s->taken--;
}

static void drop_list(struct flow_store *s, uint32_t cell)
{
    for (uint32_t next; cell != 0; cell = next) {
        next = flow_store_cell(s, cell)->next;
        give_back(s, cell);
    }
}

bool flow_store_set_name(struct flow_store *s, struct flow *f, const char *name)
{
    size_t left = strlen(name) + 1;
    uint32_t *place = &f->name;
    if (left > FLOW_STORE_NAME_MAX)
        return false;
    while (left > 0) {
        size_t n = left < FLOW_NAME_PART ? left : FLOW_NAME_PART;
        uint32_t cell = flow_store_take(s);
        if (cell == 0)
            return false;
        struct flow_name *part = &flow_store_cell(s, cell)->name;
        memcpy(part->part, name, n);
        *place = cell;
        place = &part->next;
        name += n;
        left -= n;
    }
    return true;
}

const char *flow_store_name(const struct flow_store *s, const struct flow *f,
                            char out[FLOW_STORE_NAME_MAX])
{
    size_t used = 0;
    for (uint32_t cell = f->name; cell != 0; cell = flow_store_cell(s, cell)->next) {
        size_t room = FLOW_STORE_NAME_MAX - used;
        size_t n = room < FLOW_NAME_PART ? room : FLOW_NAME_PART;
        memcpy(out + used, flow_store_cell(s, cell)->name.part, n);
        used += n;
    }
    return used > 0 ? out : NULL;
}

/* --- By four-tuple --- */

uint64_t flow_store_hash(const struct flow_store *s, const struct endpoint *remote, uint16_t local)
{
    uint8_t key[20];
    memcpy(key, &remote->ip, 16);
    memcpy(key + 16, &remote->port, 2);
    memcpy(key + 18, &local, 2);
    return hash_bytes(&s->key, key, sizeof(key));
}

/* At the end of its bucket: of several of one four-tuple the oldest is found first. */
static void put(struct flow_store *s, uint32_t cell)
{
    struct flow *f = flow_store_at(s, cell);
    uint32_t *place = &s->buckets[f->hash & s->mask];
    while (*place != 0)
        place = &flow_store_at(s, *place)->chain;
    *place = cell;
    f->chain = 0;
}

static bool grow(struct flow_store *s)
{
    uint32_t *old = s->buckets, count = s->mask + 1;
    uint32_t *grown = calloc(2 * (size_t)count, sizeof(*grown));
    if (grown == NULL)
        return false;
    s->buckets = grown;
    s->mask = 2 * count - 1;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t cell = old[i], next; cell != 0; cell = next) {
            next = flow_store_at(s, cell)->chain;
            put(s, cell);
        }
    }
    free(old);
    return true;
}

bool flow_store_enter(struct flow_store *s, uint32_t cell, uint64_t hash)
{
    if (s->entered > s->mask && !grow(s))
        return false;
    flow_store_at(s, cell)->hash = (uint32_t)(hash >> 32);
    put(s, cell);
    s->entered++;
    return true;
}

uint32_t flow_store_find(const struct flow_store *s, const struct endpoint *remote, uint16_t local,
                         bool any, seq_t iss)
{
    uint32_t hash = (uint32_t)(flow_store_hash(s, remote, local) >> 32);
    uint32_t cell = s->buckets[hash & s->mask];
    for (const struct flow *f; cell != 0; cell = f->chain) {
        f = flow_store_at(s, cell);
        if (f->hash == hash && f->port == remote->port && f->local == local &&
            (any || f->iss == iss.v) && address_equal(&f->ip, &remote->ip))
            break;
    }
    return cell;
}

/* It need not have been entered. */
static void leave(struct flow_store *s, uint32_t cell)
{
    const struct flow *f = flow_store_at(s, cell);
    uint32_t *place = &s->buckets[f->hash & s->mask];
    while (*place != 0 && *place != cell)
        place = &flow_store_at(s, *place)->chain;
    if (*place == 0)
        return;
    *place = f->chain;
    s->entered--;
}

void flow_store_drop(struct flow_store *s, uint32_t flow)
{
    const struct flow *f = flow_store_at(s, flow);
    leave(s, flow);
    drop_list(s, f->more);
    drop_list(s, f->name);
    give_back(s, flow);
}

/* --- By time --- */

void flow_store_arm(struct flow_store *s, uint32_t cell)
{
    struct flow *f = flow_store_at(s, cell);
    int64_t tick = f->due_ns / FLOW_STORE_TICK;
    /* What is overdue goes into the next tick that is looked at. */
    uint32_t turn = (uint32_t)((tick > s->tick ? tick : s->tick) % FLOW_STORE_TICKS);
    f->wheel_slot = (uint16_t)turn;
    f->prev = 0;
    f->next = s->wheel[turn];
    if (f->next != 0)
        flow_store_at(s, f->next)->prev = cell;
    s->wheel[turn] = cell;
    s->busy[turn / 64] |= UINT64_C(1) << turn % 64;
    s->armed++;
}

void flow_store_disarm(struct flow_store *s, uint32_t cell)
{
    const struct flow *f = flow_store_at(s, cell);
    uint32_t turn = f->wheel_slot;
    if (f->next != 0)
        flow_store_at(s, f->next)->prev = f->prev;
    if (f->prev != 0)
        flow_store_at(s, f->prev)->next = f->next;
    else
        s->wheel[turn] = f->next;
    if (s->wheel[turn] == 0)
        s->busy[turn / 64] &= ~(UINT64_C(1) << turn % 64);
    s->armed--;
}

/* Hands over who is due by `until_ns`; others are of a later turn of the wheel. */
static void turn_to(struct flow_store *s, uint32_t turn, int64_t until_ns, int64_t now_ns,
                    flow_store_due *due, void *arg)
{
    for (uint32_t cell = s->wheel[turn], next; cell != 0; cell = next) {
        const struct flow *f = flow_store_at(s, cell);
        next = f->next;
        if (f->due_ns > until_ns)
            continue;
        flow_store_disarm(s, cell);
        due(arg, cell, now_ns);
    }
}

/* A tick is looked at once, when it is over. */
void flow_store_turn(struct flow_store *s, int64_t now_ns, flow_store_due *due, void *arg)
{
    int64_t tick = now_ns / FLOW_STORE_TICK;
    if (tick - s->tick > FLOW_STORE_TICKS) /* every place once is enough */
        s->tick = tick - FLOW_STORE_TICKS;
    while (s->tick < tick)
        turn_to(s, (uint32_t)(s->tick++ % FLOW_STORE_TICKS), now_ns, now_ns, due, arg);
}

void flow_store_empty(struct flow_store *s, int64_t now_ns, flow_store_due *due, void *arg)
{
    for (uint32_t turn = 0; turn < FLOW_STORE_TICKS; turn++)
        turn_to(s, turn, INT64_MAX, now_ns, due, arg);
}

int64_t flow_store_next(const struct flow_store *s)
{
    for (int64_t i = 0; s->armed > 0 && i < FLOW_STORE_TICKS; i++) {
        uint32_t turn = (uint32_t)((s->tick + i) % FLOW_STORE_TICKS);
        if (s->busy[turn / 64] & UINT64_C(1) << turn % 64)
            return (s->tick + i + 1) * FLOW_STORE_TICK;
    }
    return CLOCK_NEVER;
}
