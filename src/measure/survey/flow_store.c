/* See flow_store.h. Chunks are never moved or given back: a pointer to a flow stays good as long as
 * the flow does. */
#include "measure/survey/flow_store.h"

#include <stdlib.h>
#include <string.h>

void flow_store_init(struct flow_store *s)
{
    *s = (struct flow_store){0};
}

void flow_store_done(struct flow_store *s)
{
    for (uint32_t i = 0; i < s->chunk_count; i++)
        free(s->chunks[i]);
    free(s->chunks);
    flow_store_init(s);
}

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
        chunk[i].next_free = s->free;
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
    s->free = c->next_free;
    s->taken++;
    memset(c, 0, sizeof(*c));
    return cell;
}

void flow_store_give(struct flow_store *s, uint32_t cell)
{
    flow_store_cell(s, cell)->next_free = s->free;
    s->free = cell;
    s->taken--;
}

/* Both kinds of further cells begin with the next one. */
static void drop_list(struct flow_store *s, uint32_t cell)
{
    while (cell != 0) {
        uint32_t next = flow_store_cell(s, cell)->more.next;
        flow_store_give(s, cell);
        cell = next;
    }
}

void flow_store_drop(struct flow_store *s, uint32_t flow)
{
    const struct flow *f = flow_store_at(s, flow);
    drop_list(s, f->more);
    drop_list(s, f->name);
    flow_store_give(s, flow);
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
    for (uint32_t cell = f->name; cell != 0; cell = flow_store_cell(s, cell)->name.next) {
        size_t room = FLOW_STORE_NAME_MAX - used;
        size_t n = room < FLOW_NAME_PART ? room : FLOW_NAME_PART;
        memcpy(out + used, flow_store_cell(s, cell)->name.part, n);
        used += n;
    }
    return used > 0 ? out : NULL;
}
