/* A sink that keeps events, to be put into another timeline later: of conversations that went on at
 * the same time, each then stands in one piece. */
#ifndef TCPSHAKE_EVENT_KEEPER_H
#define TCPSHAKE_EVENT_KEEPER_H

#include "event/timeline.h"

struct keeper {
    struct sink sink;
    struct event *events;
    size_t count, cap;
};

/* To be added to a timeline as its only sink, by `&k->sink`; closing that timeline leaves what is
 * kept alone. Release with keeper_done. */
void keeper_init(struct keeper *k);
void keeper_done(struct keeper *k);

/* Appends everything but verdicts and summaries, causes included. `crowd` is set in each. */
void keeper_replay(const struct keeper *k, struct timeline *to, bool crowd);

#endif
