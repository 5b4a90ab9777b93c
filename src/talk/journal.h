/* The record of a conversation: what of it goes into the timeline, and how much. A segment and all
 * that it leads to hang together by their cause, the id of an event. */
#ifndef TCPSHAKE_TALK_JOURNAL_H
#define TCPSHAKE_TALK_JOURNAL_H

#include <stdarg.h>

#include "talk/talk.h"

/* Now, unless the event has a time of its own. Returns the id. */
uint32_t journal_event(struct talk *x, enum event_kind kind, uint32_t cause, struct event e);
uint32_t journal_action(struct talk *x, const char *what);
void journal_fault(struct talk *x, uint32_t cause, enum event_fault fault, const char *text);
/* Counts it too. The id is 0 when there have been too many to keep. */
uint32_t journal_segment(struct talk *x, enum end from, uint32_t cause, struct event e);
/* Nothing where nothing has changed. */
void journal_state(struct talk *x, uint32_t cause, enum end end, state_set from, state_set to,
                   const char *why, const char *rfc);
/* An end of ours was in `from`. */
void journal_own(struct talk *x, uint32_t cause, enum state from, const char *why, const char *rfc);
/* What B's set has become, and what contradicts it. */
void journal_peer(struct talk *x, uint32_t cause, const struct peer_change *c);

#endif
