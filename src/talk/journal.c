/* See journal.h. */
#include "talk/journal.h"

uint32_t journal_event(struct talk *x, enum event_kind kind, uint32_t cause, struct event e)
{
    if (kind == EVENT_SENT || kind == EVENT_RECEIVED || kind == EVENT_ACTION)
        x->acted_ns = x->now_ns;
    e.kind = kind;
    e.cause = cause;
    e.session = x->config.session;
    e.t_ns = e.t_ns != 0 ? e.t_ns : x->now_ns;
    return timeline_append(x->timeline, e);
}

uint32_t journal_action(struct talk *x, const char *what)
{
    return journal_event(x, EVENT_ACTION, 0, (struct event){.text = what});
}

void journal_fault(struct talk *x, uint32_t cause, enum event_fault fault, const char *text)
{
    (void)journal_event(x, EVENT_FAULT, cause, (struct event){.fault = {fault, text}});
}

void journal_state(struct talk *x, uint32_t cause, enum end end, state_set from, state_set to,
                   const char *why, const char *rfc)
{
    if (from != to)
        (void)journal_event(x, EVENT_STATE, cause,
                            (struct event){.change = {end, from, to, why, rfc, false, false}});
}

static void reach(struct talk *x, uint32_t cause, enum state from, enum state to, const char *why,
                  const char *rfc)
{
    if (x->path_len < TALK_PATH_MAX)
        x->path[x->path_len++] = to;
    journal_state(x, cause, END_A, STATE_SET(from), STATE_SET(to), why, rfc);
}

/* A segment that completes the handshake and brings a FIN makes two steps at once. */
void journal_own(struct talk *x, uint32_t cause, enum state from, const char *why, const char *rfc)
{
    enum state to = x->ours.tcb.state;
    if (from == to)
        return;
    if (!state_synchronized(from) && state_set_has(state_between(from, to), STATE_ESTABLISHED)) {
        reach(x, cause, from, STATE_ESTABLISHED, why, rfc);
        from = STATE_ESTABLISHED;
    }
    reach(x, cause, from, to, why, rfc);
}

void journal_peer(struct talk *x, uint32_t cause, const struct peer_change *c)
{
    if (c->from != c->to)
        (void)journal_event(x, EVENT_STATE, cause,
                            (struct event){.change = {END_B, c->from, c->to, c->why, c->rfc,
                                                      (c->rests & PEER_RESTS_ON_RFC) != 0,
                                                      (c->rests & PEER_RESTS_ON_TIME) != 0}});
    if (c->contradiction)
        journal_fault(x, cause, EVENT_FAULT_CONTRADICTION,
                      "the peer sent what none of the states it could be in allows");
}

/* The event's id; 0 when there have been too many to keep. */
uint32_t journal_segment(struct talk *x, enum end from, uint32_t cause, struct event e)
{
    x->segments[from]++;
    if (x->segments[END_A] + x->segments[END_B] > TALK_RECORDED_MAX) {
        x->unrecorded++;
        return 0;
    }
    return journal_event(x, from == END_A ? EVENT_SENT : EVENT_RECEIVED, cause, e);
}
