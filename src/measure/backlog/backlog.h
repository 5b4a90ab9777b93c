/* The story of a listener's two queues, in parts: under the settings of each the SYN queue is
 * filled with callers who never acknowledge, the accept queue with callers who do, and then it is
 * looked at what becomes of one who was half-open before and of one who comes too late, until the
 * application accepts again. The callers are scripts on talks, side by side; this is their plan.
 * What has to be done to the listener, and what its kernel says, is an upper tester's. */
#ifndef TCPSHAKE_MEASURE_BACKLOG_BACKLOG_H
#define TCPSHAKE_MEASURE_BACKLOG_BACKLOG_H

#include "measure/backlog/client.h"
#include "measure/backlog/queues.h"
#include "measure/measure.h"
#include "talk/talks.h"
#include "talk/upper.h"

enum {
    BACKLOG_LEAST = 2,
    BACKLOG_MOST = 64,
    BACKLOG_CALLERS_MOST = 100, /* who fill the SYN queue */
    BACKLOG_PORTS = 600,        /* one a caller, in all parts */
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

struct backlog_config {
    const struct backlog_part *parts[BACKLOG_PARTS_MAX];
    size_t part_count;
    int backlog;      /* of listen */
    unsigned callers; /* who fill the SYN queue */
    int64_t watch_ns; /* how long a face is looked at */
    struct upper upper;
    struct talk_config base; /* session, local's port, iss, ts_base are set for each caller */
    uint16_t first_port;     /* from here on, BACKLOG_PORTS of them */
    struct hash_key key;
    bool repeatable; /* the clock stays out of the ISN */
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
    struct talks talks; /* the callers of the running part */
    struct timeline *timeline;
    size_t part;                /* the running one */
    uint32_t session;           /* the last one given out */
    uint16_t ports;             /* how many were */
    enum backlog_moment moment; /* that is awaited */
    int64_t wake_ns;
    struct talks_entry *early, *late, *new, *filler; /* NULL: there is none */
    struct queues readings[BACKLOG_MOMENTS];
    bool read[BACKLOG_MOMENTS];
    unsigned part_session;
    bool seen[OVERFLOW_COUNT], wanted[OVERFLOW_COUNT], shown[OVERFLOW_COUNT];
    size_t parts_told;
    bool interrupted, over;
    int exit_code;
};

/* `config` and `timeline` live as long as the story, which begins with talks_start(&b->talks) and
 * goes on as its plan. Release with backlog_done, also after a failure. */
enum status backlog_init(struct backlog *b, const struct backlog_config *config,
                         struct timeline *timeline, struct fault *fault);
void backlog_done(struct backlog *b);

/* The state of its script. */
static inline struct client *backlog_client(const struct talks_entry *e)
{
    return e->talk.state;
}

/* --- What is told (backlog_report.c) --- */

/* The part that has just ended, as a session of its own; its exit code. */
int backlog_report_part(struct backlog *b, int64_t now_ns);
/* The last event. */
void backlog_report_whole(struct backlog *b, int64_t now_ns);

#endif
