/* A sink that keeps events, to be put into another timeline later: of conversations that went on at
 * the same time, each then stands in one piece. */
#ifndef TCPSHAKE_EVENT_RECORDER_H
#define TCPSHAKE_EVENT_RECORDER_H

#include "event/timeline.h"

struct recorder {
    struct sink sink;
    struct event *events;
    size_t count, cap;
};

/* To be added to a timeline as its only sink, by `&k->sink`; closing that timeline leaves what is
 * kept alone. Release with recorder_done. */
void recorder_init(struct recorder *k);
void recorder_done(struct recorder *k);

/* Appends everything but verdicts and summaries, causes included. `crowd` is set in each. */
void recorder_replay(const struct recorder *k, struct timeline *to, bool crowd);

#endif
