/* When something is due for each of very many flows: a wheel of lists, one for each tick, so that a
 * flow is put in and taken out without a search. What lies more than a turn ahead is passed over
 * once a turn. To a tick, which is finer than any wait of a user's. */
#ifndef TCPSHAKE_MEASURE_SURVEY_FLOW_WHEEL_H
#define TCPSHAKE_MEASURE_SURVEY_FLOW_WHEEL_H

#include "measure/survey/flow_store.h"

enum {
    FLOW_WHEEL_SLOTS = 4096
};
#define FLOW_WHEEL_TICK (INT64_C(8) * 1000000) /* ns */

struct flow_wheel {
    const struct flow_store *store;
    int64_t tick; /* all before this one is done */
    uint32_t count;
    uint32_t slots[FLOW_WHEEL_SLOTS]; /* first cell of each list; 0: empty */
    uint64_t busy[FLOW_WHEEL_SLOTS / 64];
};

void flow_wheel_init(struct flow_wheel *w, const struct flow_store *store, int64_t now_ns);

/* By its due_ns. It must not be in. */
void flow_wheel_add(struct flow_wheel *w, uint32_t cell);
void flow_wheel_remove(struct flow_wheel *w, uint32_t cell);

/* Takes out every flow whose time has come, up to a tick late, and hands it over; `due` may add
 * that flow again. */
void flow_wheel_turn(struct flow_wheel *w, int64_t now_ns,
                     void (*due)(void *arg, uint32_t cell, int64_t now_ns), void *arg);
/* The same with everyone who is in, due or not; `due` must not add any. */
void flow_wheel_empty(struct flow_wheel *w, int64_t now_ns,
                      void (*due)(void *arg, uint32_t cell, int64_t now_ns), void *arg);
/* When flow_wheel_turn wants to be called next, or a little earlier; CLOCK_NEVER: nobody is in. */
int64_t flow_wheel_next(const struct flow_wheel *w);

#endif
