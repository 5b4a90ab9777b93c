/* See flow_wheel.h. */
#include "measure/survey/flow_wheel.h"

#include <string.h>

#include "base/clock.h"

void flow_wheel_init(struct flow_wheel *w, const struct flow_store *store, int64_t now_ns)
{
    memset(w, 0, sizeof(*w));
    w->store = store;
    w->tick = now_ns / FLOW_WHEEL_TICK;
}

/* What is overdue goes into the next tick that is looked at. */
static uint32_t slot_of(const struct flow_wheel *w, const struct flow *f)
{
    int64_t tick = f->due_ns / FLOW_WHEEL_TICK;
    return (uint32_t)((tick > w->tick ? tick : w->tick) % FLOW_WHEEL_SLOTS);
}

void flow_wheel_add(struct flow_wheel *w, uint32_t cell)
{
    struct flow *f = flow_store_at(w->store, cell);
    uint32_t slot = slot_of(w, f);
    f->wheel_slot = (uint16_t)slot;
    f->prev = 0;
    f->next = w->slots[slot];
    if (f->next != 0)
        flow_store_at(w->store, f->next)->prev = cell;
    w->slots[slot] = cell;
    w->busy[slot / 64] |= UINT64_C(1) << slot % 64;
    w->count++;
}

void flow_wheel_remove(struct flow_wheel *w, uint32_t cell)
{
    const struct flow *f = flow_store_at(w->store, cell);
    uint32_t slot = f->wheel_slot;
    if (f->next != 0)
        flow_store_at(w->store, f->next)->prev = f->prev;
    if (f->prev != 0)
        flow_store_at(w->store, f->prev)->next = f->next;
    else
        w->slots[slot] = f->next;
    if (w->slots[slot] == 0)
        w->busy[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    w->count--;
}

static void turn_slot(struct flow_wheel *w, uint32_t slot, int64_t now_ns,
                      void (*due)(void *arg, uint32_t cell, int64_t now_ns), void *arg)
{
    uint32_t next;
    for (uint32_t cell = w->slots[slot]; cell != 0; cell = next) {
        const struct flow *f = flow_store_at(w->store, cell);
        next = f->next;
        if (f->due_ns > now_ns)
            continue; /* of a later turn */
        flow_wheel_remove(w, cell);
        due(arg, cell, now_ns);
    }
}

/* A tick is looked at once, when it is over. */
void flow_wheel_turn(struct flow_wheel *w, int64_t now_ns,
                     void (*due)(void *arg, uint32_t cell, int64_t now_ns), void *arg)
{
    int64_t tick = now_ns / FLOW_WHEEL_TICK;
    if (tick - w->tick > FLOW_WHEEL_SLOTS) /* every slot once is enough */
        w->tick = tick - FLOW_WHEEL_SLOTS;
    while (w->tick < tick) {
        uint32_t slot = (uint32_t)(w->tick++ % FLOW_WHEEL_SLOTS);
        if (w->slots[slot] != 0)
            turn_slot(w, slot, now_ns, due, arg);
    }
}

void flow_wheel_empty(struct flow_wheel *w, int64_t now_ns,
                      void (*due)(void *arg, uint32_t cell, int64_t now_ns), void *arg)
{
    for (uint32_t slot = 0; slot < FLOW_WHEEL_SLOTS; slot++) {
        while (w->slots[slot] != 0) {
            uint32_t cell = w->slots[slot];
            flow_wheel_remove(w, cell);
            due(arg, cell, now_ns);
        }
    }
}

int64_t flow_wheel_next(const struct flow_wheel *w)
{
    if (w->count == 0)
        return CLOCK_NEVER;
    for (int64_t i = 0; i < FLOW_WHEEL_SLOTS; i++) {
        uint32_t slot = (uint32_t)((w->tick + i) % FLOW_WHEEL_SLOTS);
        if (w->busy[slot / 64] & UINT64_C(1) << slot % 64)
            return (w->tick + i + 1) * FLOW_WHEEL_TICK;
    }
    return CLOCK_NEVER;
}
