/* See target_window.h. */
#include "targets/target_window.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_LINES = 16
};

/* What few lines have. */
struct extra {
    struct target_name *name; /* NULL: it is a block */
    struct ports ports;       /* more than one run of its own; else empty */
};

/* Kept small: there are many. */
struct target_window_line {
    struct block block;    /* one address for a name, whatever it is */
    uint64_t done;         /* targets picked of it */
    uint64_t number;       /* from 1, in the order of the list */
    struct extra *extra;   /* or NULL */
    struct ports_run port; /* the one run of its own; first = 0: it has not */
};

void target_window_init(struct target_window *w, const struct hash_key *key,
                        const struct ports *ports)
{
    *w = (struct target_window){.key = *key, .ports = ports};
}

static struct target_name *new_name(const char *text)
{
    size_t n = strlen(text) + 1;
    struct target_name *name = calloc(1, sizeof(*name) + n);
    if (name != NULL) {
        name->holders = 1;
        memcpy(name->text, text, n);
    }
    return name;
}

void target_window_drop(struct target_name *name)
{
    if (name == NULL || --name->holders != 0)
        return;
    free(name->reason);
    free(name);
}

static size_t octets_of(const struct extra *e)
{
    if (e == NULL)
        return 0;
    size_t name = e->name != NULL ? sizeof(*e->name) + strlen(e->name->text) + 1 : 0;
    return sizeof(*e) + name + (e->ports.more != NULL ? e->ports.len * sizeof(*e->ports.more) : 0);
}

static void free_extra(struct extra *e)
{
    if (e == NULL)
        return;
    target_window_drop(e->name);
    ports_done(&e->ports);
    free(e);
}

void target_window_done(struct target_window *w)
{
    for (size_t i = 0; i < w->len; i++)
        free_extra(w->lines[i].extra);
    free(w->lines);
    w->lines = NULL;
    w->len = w->cap = 0;
}

bool target_window_full(const struct target_window *w)
{
    return w->len >= TARGET_WINDOW_LINES || w->octets >= TARGET_WINDOW_OCTETS;
}

static struct ports ports_of(const struct target_window *w, const struct target_window_line *l)
{
    if (l->extra != NULL && l->extra->ports.count != 0)
        return l->extra->ports;
    if (l->port.first == 0)
        return *w->ports;
    return (struct ports){
        .count = (uint32_t)(l->port.last - l->port.first) + 1, .len = 1, .one = l->port};
}

static uint64_t targets_of(const struct target_window *w, const struct target_window_line *l)
{
    return l->block.count * ports_of(w, l).count;
}

/* Takes the ports over, too. NULL: no memory. */
static struct extra *new_extra(struct target_line *line)
{
    struct extra *e = calloc(1, sizeof(*e));
    if (e == NULL)
        return NULL;
    if (line->kind == TARGET_LINE_NAME && (e->name = new_name(line->name)) == NULL) {
        free(e);
        return NULL;
    }
    if (line->ports.len > 1) {
        e->ports = line->ports;
        line->ports = (struct ports){0};
    }
    return e;
}

static bool grow(struct target_window *w)
{
    if (w->len < w->cap)
        return true;
    size_t cap = w->cap != 0 ? 2 * w->cap : FIRST_LINES;
    struct target_window_line *grown = reallocarray(w->lines, cap, sizeof(*grown));
    if (grown == NULL)
        return false;
    w->lines = grown;
    w->cap = cap;
    return true;
}

enum status target_window_add(struct target_window *w, struct target_line *line,
                              struct fault *fault)
{
    bool name = line->kind == TARGET_LINE_NAME;
    struct target_window_line l = {.number = w->added + 1, .block = line->block};
    if (name)
        l.block = (struct block){.count = 1};
    if (line->ports.len == 1)
        l.port = line->ports.one;
    if (!grow(w) || ((name || line->ports.len > 1) && (l.extra = new_extra(line)) == NULL))
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    uint64_t targets = targets_of(w, &l);
    w->total = w->total > UINT64_MAX - targets ? UINT64_MAX : w->total + targets;
    w->octets += octets_of(l.extra);
    w->lines[w->len++] = l;
    w->added++;
    target_line_done(line);
    return STATUS_OK;
}

/* Which line is next: any of those that are open. */
static size_t choose(const struct target_window *w)
{
    uint64_t chance = permute_mix(w->key.k0 + permute_mix(w->key.k1 ^ w->picked)) >> 32;
    return w->len > 1 ? (size_t)(chance * w->len >> 32) : 0;
}

/* The place of the line's targets that is next. */
static uint64_t next_place(struct target_window *w, const struct target_window_line *l, uint64_t n)
{
    if (n == 1)
        return 0;
    if (w->order_of != l->number) {
        const struct hash_key key = {w->key.k0 ^ l->number, w->key.k1};
        permute_init(&w->order, n, &key);
        w->order_of = l->number;
    }
    return permute_at(&w->order, l->done);
}

static void close_line(struct target_window *w, struct target_window_line *l)
{
    w->octets -= octets_of(l->extra);
    free_extra(l->extra);
    *l = w->lines[--w->len];
}

bool target_window_pick(struct target_window *w, struct target_window_pick *out)
{
    if (w->len == 0)
        return false;
    struct target_window_line *l = &w->lines[choose(w)];
    const struct ports ports = ports_of(w, l);
    uint64_t n = l->block.count * ports.count, place = next_place(w, l, n);
    uint64_t at = ports.count == 1 ? place : place / ports.count;
    out->index = w->picked++;
    out->port = ports_at(&ports, (uint32_t)(place - at * ports.count));
    out->name = l->extra != NULL ? l->extra->name : NULL;
    if (out->name != NULL)
        out->name->holders++;
    else
        out->ip = block_at(&l->block, at);
    if (++l->done == n)
        close_line(w, l);
    return true;
}
