/* A conversation between two kernels, with us as the wire between them: what came out of either
 * end, what is passed on to the other and when, and what each kernel says its state is. The
 * counterpart of exchange.h, in which neither end is ours. Pure: packets and time come in through
 * the functions below, packets go out through the hands it is given.
 *
 * End A stands in the record where our end does, end B where the peer does; both in the state that
 * its kernel reports. */
#ifndef TCPSHAKE_TALK_PAIR_H
#define TCPSHAKE_TALK_PAIR_H

#include "event/timeline.h"
#include "talk/upper.h"
#include "tcp/end.h"
#include "talk/script.h"

enum {
    PAIR_RECORDED_MAX = 20000 /* segments beyond are passed to the script but not recorded */
};

struct pair;

/* What to do when something happens. */
struct pair_script {
    const char *name;
    void (*start)(struct pair *p);
    /* A segment has come out of `from`. It goes no further unless it is passed on. */
    void (*came)(struct pair *p, enum end from, const struct segment *seg, int64_t t_ns);
    /* The time set by pair_wake_at has come. */
    void (*timer)(struct pair *p);
    /* Come to an end; pair_finish when done. */
    void (*stop)(struct pair *p, enum script_stop why);
    void (*report)(const struct pair *p, struct result *r);
    /* One line for people who wait, "" when there is nothing to say. */
    void (*progress)(const struct pair *p, int64_t now_ns, char *out, size_t cap);
};

struct pair_config {
    uint32_t session;
    struct endpoint at[ENDS];      /* by enum end */
    const struct upper *end[ENDS]; /* each end's application and kernel */
    int64_t deadline_ns;           /* CLOCK_NEVER: none */
    /* Puts an IP packet onto the cable that leads to an end. */
    enum status (*pass)(void *arg, enum end to, const uint8_t *ip, size_t n, struct fault *fault);
    void *arg;
};

struct pair {
    struct pair_config config;
    const struct pair_script *script;
    void *state; /* the script's; the caller's memory */
    struct timeline *timeline;
    int64_t now_ns, wake_at;
    int64_t last_ns;        /* when something last happened that may change a state */
    enum state truth[ENDS]; /* as the kernels said when they were last asked */
    uint32_t came[ENDS], unrecorded;
    uint64_t dropped;   /* by the capture */
    enum status status; /* the first failure of ours */
    struct fault fault;
    int exit_code;   /* the worst of the sessions' */
    bool gone[ENDS]; /* the machine has disappeared */
    bool finished;
};

void pair_init(struct pair *p, const struct pair_config *config, const struct pair_script *script,
               void *state, struct timeline *timeline, int64_t now_ns);

/* --- For whoever carries the packets --- */

/* An IP packet has come out of `from`. What is not of this conversation passes. */
void pair_packet(struct pair *p, enum end from, const uint8_t *ip, size_t n, int64_t t_ns);
/* The capture has lost `total` packets so far. */
void pair_lost_packets(struct pair *p, uint64_t total);
/* When pair_tick wants to be called next. */
int64_t pair_deadline(const struct pair *p);
void pair_tick(struct pair *p, int64_t now_ns);
void pair_stop(struct pair *p, enum script_stop why, int64_t now_ns);
/* The pair has finished: the verdict of the last session goes into the record. */
void pair_conclude(struct pair *p);

/* --- For scripts --- */

/* Passes the segment (its raw octets) on to the other end than `from`. */
void pair_pass(struct pair *p, enum end from, const struct segment *seg);
/* Makes an end's application act: accomplice.h. A failure is the script's to judge. */
enum status pair_act(struct pair *p, enum end end, enum call what, const void *data, size_t n,
                     struct fault *fault);
/* Nobody listens at that end any more. */
enum status pair_shut(struct pair *p, enum end end, struct fault *fault);
/* Asks both kernels; what has changed is recorded. */
void pair_look(struct pair *p);
/* About no segment. */
void pair_remark(struct pair *p, const char *text);
/* script->timer at the given instant; CLOCK_NEVER: not at all. */
void pair_wake_at(struct pair *p, int64_t when_ns);
/* What the script has found goes into the record, as a session's verdict; another one begins. */
void pair_next_session(struct pair *p);
/* Kills the process that has an end's connection. */
enum status pair_kill(struct pair *p, enum end end, struct fault *fault);
/* The machine at that end disappears, as behind a router: it forgets everything, nothing of the
 * conversation reaches it or comes from it until the next session. What is not of the conversation
 * passes, so that its address goes on being resolved. */
void pair_cut(struct pair *p, enum end end);
/* What an end's application has learnt last: accomplice.h. */
int pair_saw(const struct pair *p, enum end end);
void pair_finish(struct pair *p);

#endif
