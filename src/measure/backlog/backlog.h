/* The story of a listener's two queues, in parts: under the settings of each the SYN queue is
 * filled with callers who never acknowledge, the accept queue with callers who do, and then it is
 * looked at what becomes of one who was half-open before and of one who comes too late, until the
 * application accepts again. Knows neither sockets nor clocks nor the lab: what has to be done to
 * the listener is done by hands that it is given. */
#ifndef TCPSHAKE_MEASURE_BACKLOG_BACKLOG_H
#define TCPSHAKE_MEASURE_BACKLOG_BACKLOG_H

#include "measure/backlog/crowd.h"
#include "measure/backlog/queues.h"
#include "measure/measure.h"

enum {
    BACKLOG_LEAST = 2,
    BACKLOG_MOST = 64,
    BACKLOG_CALLERS_MOST = 100, /* who fill the SYN queue */
    BACKLOG_PARTS_MAX = 4,
    BACKLOG_SETTINGS_MAX = 4
};

struct backlog_part {
    const char *name;
    const char *settings[BACKLOG_SETTINGS_MAX]; /* NAME=VALUE, NULL behind the last */
    bool expects;                               /* else whatever shows will do */
    enum overflow early, late;                  /* what is expected */
};

/* Row `i` of the standard parts, NULL past the end: between them they show all four faces. */
const struct backlog_part *backlog_part_at(size_t i);
/* One part that changes no setting and expects nothing. */
const struct backlog_part *backlog_part_as_given(void);

/* What the user has asked for. */
struct backlog_asked {
    uint64_t backlog, callers; /* 0: by default */
    bool has_face, as_given;
    unsigned face; /* the one to be shown, counted from OVERFLOW_NO_SYN_ACK */
    int64_t watch_ns;
};

extern const struct measure backlog_measure;

/* What is done to the listener, and asked of its kernel. */
struct backlog_hands {
    enum status (*set)(void *arg, const char *assignment, struct fault *fault);
    /* Anew: what waits in the queues of the last listener is gone. */
    enum status (*listen)(void *arg, struct fault *fault);
    enum status (*accept)(void *arg, struct fault *fault);
    enum status (*measure)(void *arg, struct queues *q, struct fault *fault);
    enum status (*has_entry)(void *arg, const struct endpoint *caller, bool *entry,
                             struct fault *fault);
    void *arg;
};

struct backlog_config {
    const struct backlog_part *parts[BACKLOG_PARTS_MAX];
    size_t part_count;
    int backlog;      /* of listen */
    unsigned callers; /* who fill the SYN queue */
    int64_t watch_ns; /* how long a face is looked at */
    struct backlog_hands hands;
};

/* The moments at which the kernel is asked. */
enum backlog_moment {
    BACKLOG_BEFORE,
    BACKLOG_SYN_QUEUE,    /* the half-open callers are in it, as many as go */
    BACKLOG_FREED,        /* all but one of them are reset */
    BACKLOG_ACCEPT_QUEUE, /* the other callers are in that, as many as go */
    BACKLOG_WATCHED,
    BACKLOG_ACCEPTED, /* the application has accepted */
    BACKLOG_RECOVERED,
    BACKLOG_CLEARED, /* everybody is reset */
    BACKLOG_MOMENTS
};

struct backlog {
    const struct backlog_config *config;
    struct crowd *crowd;
    struct timeline *timeline;
    size_t part, first;         /* the running part, the first member of it */
    enum backlog_moment moment; /* that is awaited */
    int64_t wake_ns;
    struct crowd_member *early, *late, *new, *filler; /* NULL: there is none */
    struct queues readings[BACKLOG_MOMENTS];
    bool read[BACKLOG_MOMENTS];
    unsigned part_session;
    bool seen[OVERFLOW_COUNT], wanted[OVERFLOW_COUNT], shown[OVERFLOW_COUNT];
    size_t parts_told;
    bool interrupted, over;
    int exit_code;
};

/* `config`, `crowd` and `timeline` live as long as the story. Begins the first part. */
enum status backlog_init(struct backlog *b, const struct backlog_config *config,
                         struct crowd *crowd, struct timeline *timeline, int64_t now_ns,
                         struct fault *fault);
/* After a packet was taken, or at backlog_deadline: goes on as far as it can. */
enum status backlog_go_on(struct backlog *b, int64_t now_ns, struct fault *fault);
int64_t backlog_deadline(const struct backlog *b);
/* Comes to an end: everybody is reset first. */
enum status backlog_stop(struct backlog *b, int64_t now_ns, struct fault *fault);
/* One line on how it goes. */
void backlog_progress(const struct backlog *b, char *out, size_t cap);

#endif
