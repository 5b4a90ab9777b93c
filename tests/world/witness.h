/* A sink that is nothing but what its test does with an event. */
#ifndef TCPSHAKE_WORLD_WITNESS_H
#define TCPSHAKE_WORLD_WITNESS_H

#include "event/timeline.h"

typedef enum status witness_event(struct sink *s, const struct event *e, struct fault *fault);

struct witness {
    struct sink sink; /* first */
    struct sink_ops ops;
};

/* `event` is given the sink. There is nothing to release. */
void witness_init(struct witness *w, witness_event *event);

#endif
