/* Whoever draws from events: each renderer is one of these. */
#ifndef TCPSHAKE_EVENT_SINK_H
#define TCPSHAKE_EVENT_SINK_H

#include "base/fault.h"
#include "base/writer.h"
#include "event/event.h"

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

#endif
