/* The list of events of one run. It only grows; nothing in it is ever changed. Each appended event
 * goes to every sink in the order in which it happened. */
#ifndef TCPSHAKE_EVENT_TIMELINE_H
#define TCPSHAKE_EVENT_TIMELINE_H

#include "base/fault.h"
#include "event/event.h"

/* --- Whoever draws from events: each renderer is one of these --- */

/* Where bytes of output go. The renderers know only this; cli/ decides that it is a file, a
 * terminal or a pipe, and notices when that is full or closed. */
struct writer {
    /* Takes all `n` octets or fails with a line in `fault`. */
    enum status (*put)(void *arg, const void *data, size_t n, struct fault *fault);
    void *arg;
};

/* What is known before the first event. Borrowed; lives as long as the timeline. */
struct run_info {
    const char *command;   /* "open" */
    const char *target;    /* as typed, or the lab's peer; of several the first */
    size_t targets;        /* how many there are where there may be several; else 0 */
    const char *interface; /* "eth0"; "simulated" under --dry-run */
    const char *clock;     /* "kernel software stamps, ns" */
    const char *version;
    const char *argv; /* the command line, for the comment of a capture file */
    uint64_t seed;
    const char *heading; /* the header lines of a figure that is played; NULL: none is */
    bool lab_truth;      /* EVENT_TRUTH events will come */
};

/* How text for people is to look. */
struct style {
    bool colour;
    bool brief;       /* -q: the result alone */
    bool stamped;     /* -D: the time of day before each line */
    bool verbose;     /* -v: reasons and RFC sections, data, absolute sequence numbers */
    unsigned columns; /* width to fit in, at least 40 */
};

struct sink;

struct sink_ops {
    const char *name; /* "ladder", "ndjson" */
    bool streams;     /* writes while the run goes on; otherwise everything in `close` */
    /* NULL: nothing to write before the first event. */
    enum status (*open)(struct sink *s, const struct run_info *run, struct fault *fault);
    enum status (*event)(struct sink *s, const struct event *e, struct fault *fault);
    /* The run is over (or broken off): write what is still held. Called once. NULL: nothing is. */
    enum status (*close)(struct sink *s, struct fault *fault);
    void (*free)(struct sink *s); /* releases the sink; its writer stays the caller's */
};

struct sink {
    const struct sink_ops *ops;
    struct writer out;
    bool keyless;               /* of a result it reads the lines alone, or nothing */
    const struct run_info *run; /* set by timeline_open, before it calls ops->open */
};

/* --- The events of a run --- */

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
