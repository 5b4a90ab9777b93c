/* See reach.h. */
#include "figure/reach.h"

#include "wire/flags.h"

void reach_init(struct reach *e)
{
    *e = (struct reach){.states = STATE_SET_ALL};
}

/* Whether something that was shown, or need not be shown, leads along an edge of RFC 9293
 * Figure 5. */
static bool may_go(const struct reach *e, enum state from, enum state to)
{
    bool syn = (e->received & FLAG_SYN) != 0, ack = (e->received & FLAG_ACK) != 0;
    bool fin = (e->received & FLAG_FIN) != 0, closes = e->closed || (e->sent & FLAG_FIN) != 0;
    switch (to) {
    case STATE_CLOSED:
        return true; /* CLOSE, ABORT, a time-out, a reset */
    case STATE_LISTEN:
        return true; /* passive OPEN; back from SYN-RECEIVED */
    case STATE_SYN_SENT:
        return e->opened || (e->sent & FLAG_SYN) != 0;
    case STATE_SYN_RECEIVED:
        return syn;
    case STATE_ESTABLISHED:
        return ack && (from == STATE_SYN_RECEIVED || syn);
    case STATE_FIN_WAIT_1:
    case STATE_LAST_ACK:
        return closes;
    case STATE_FIN_WAIT_2:
        return ack;
    case STATE_CLOSE_WAIT:
    case STATE_CLOSING:
        return fin;
    case STATE_TIME_WAIT:
        return from == STATE_CLOSING ? ack : fin;
    case STATE_COUNT:
        break;
    }
    return false;
}

static bool is_edge(enum state from, enum state to)
{
#define EDGE(one, next)                                                                            \
    if (from == STATE_##one && to == STATE_##next)                                                 \
        return true;
#include "tcp/states.def"
    return false;
}

static state_set follow(const struct reach *e)
{
    state_set seen = e->states;
    for (;;) {
        state_set found = seen;
        for (enum state from = STATE_CLOSED; from < STATE_COUNT; from++) {
            for (enum state to = STATE_CLOSED; to < STATE_COUNT; to++) {
                if (state_set_has(seen, from) && is_edge(from, to) && may_go(e, from, to))
                    found |= STATE_SET(to);
            }
        }
        if (found == seen)
            return seen;
        seen = found;
    }
}

bool reach_row(struct reach *e, const struct figure_cell *cell, const struct figure_segment *s,
               bool sends, bool receives)
{
    uint16_t flags = s->has_flags ? s->flags : FLAG_ALL; /* not given: it may have been any */
    if (sends)
        e->sent |= flags;
    if (receives)
        e->received |= flags;
    e->opened = e->opened || figure_call(cell) == CALL_CONNECT;
    e->closed = e->closed || figure_call(cell) == CALL_CLOSE;
    e->states = follow(e);
    if (cell->states == STATE_SET_NONE)
        return true;
    if ((e->states & cell->states) == STATE_SET_NONE)
        return false;
    e->states &= cell->states;
    if (cell->states != e->shown) {
        e->shown = cell->states;
        e->sent = e->received = 0;
        e->opened = e->closed = false;
    }
    return true;
}

struct reach reach_either(const struct reach *a, const struct reach *b)
{
    return (struct reach){
        .states = a->states | b->states,
        .shown = a->shown == b->shown ? a->shown : STATE_SET_NONE,
        .sent = a->sent | b->sent,
        .received = a->received | b->received,
        .opened = a->opened || b->opened,
        .closed = a->closed || b->closed,
    };
}
