/* The list of events of one run. It only grows; nothing in it is ever changed. Each appended event
 * goes to every sink in the order in which it happened. */
#ifndef TCPSHAKE_EVENT_TIMELINE_H
#define TCPSHAKE_EVENT_TIMELINE_H

#include "event/event.h"
#include "event/sink.h"

enum {
    TIMELINE_SINKS_MAX = 8
};

struct timeline {
    struct sink *sinks[TIMELINE_SINKS_MAX];
    size_t sink_count;
    uint32_t last_id;
    enum status status; /* the first failure of a sink or of memory; appending goes on harmlessly */
    struct fault fault; /* its text */
};

void timeline_init(struct timeline *t);
/* Takes ownership of the sink, also when it fails. */
enum status timeline_add_sink(struct timeline *t, struct sink *s, struct fault *fault);
enum status timeline_open(struct timeline *t, const struct run_info *run, struct fault *fault);
/* Closes every sink (each gets its chance even when another failed) and frees them. The first
 * failure of the whole timeline is returned with its line. */
enum status timeline_close(struct timeline *t, struct fault *fault);

/* No sink reads the keys of a result. */
bool timeline_keyless(const struct timeline *t);

/* Gives the event its id, hands it to the sinks and returns the id. Pointers in `e` need to live
 * during the call only: a sink that keeps something copies it. */
uint32_t timeline_append(struct timeline *t, struct event e);

#endif
