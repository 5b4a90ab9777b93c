/* The bench of the engine's tests: a run on the simulated wire against a host whose manners a test
 * chooses, and a sink that keeps what happened. */
#ifndef TCPSHAKE_WORLD_BENCH_H
#define TCPSHAKE_WORLD_BENCH_H

#include <jansson.h>

#include "../unit/unit.h"
#include "witness.h"

#include "base/clock.h"
#include "talk/sessions.h"
#include "talk/sim.h"
#include "measure/open.h"
#include "measure/synack/synack.h"

enum {
    BENCH_EVENTS_MAX = 45000,
    BENCH_SESSIONS_MAX = 4,
    BENCH_HEARD_MAX = 70000,
    BENCH_LINES_MAX = 160,
    BENCH_NOTES_MAX = 128,
    BENCH_ISS = 100000, /* ours */
    BENCH_IRS = 500000,
};

#define BENCH_START (1700000000 * CLOCK_S)
#define BENCH_DELAY (5 * CLOCK_MS)
#define BENCH_RTT   (2 * BENCH_DELAY)

struct bench;

/* The peer: a textbook TCP with a choice of manners. */
struct bench_host {
    struct tcb tcb;
    bool begun;

    uint32_t iss;
    uint32_t win;
    uint16_t mss;
    bool timestamps;
    bool refuses;      /* a closed port */
    bool deaf;         /* nothing arrives at it */
    bool three;        /* answers a FIN with its own, ACK included */
    bool stays;        /* does not close when we do */
    bool closes_first; /* as soon as it is in ESTABLISHED */
    /* Called before the host's TCP; true: that was all. */
    bool (*instead)(struct bench *b, const struct segment *seg);
    /* Whether the wire loses this one; `n` counts the segments of that direction from 1. */
    bool (*loses)(bool ours, const struct segment *seg, unsigned n);

    unsigned arrived;               /* segments */
    uint8_t heard[BENCH_HEARD_MAX]; /* data, in order */
    size_t heard_len;
    unsigned on_wire[2]; /* theirs, ours */
};

struct bench_event {
    enum event_kind kind;
    int64_t t_ns;
    struct segment seg; /* SENT, RECEIVED; its octets are gone */
    bool again, held;
    enum event_fault fault;
};

/* A line of a figure as it was told. */
struct bench_line {
    unsigned number;
    enum event_line_status status;
    int64_t t_ns;
    bool stamped;
    char a[64], b[64], wire[96], text[240], alternative[64];
};

struct bench {
    struct witness witness; /* first */
    struct timeline timeline;
    struct sessions_config config;
    struct endpoint locals[BENCH_SESSIONS_MAX];
    void *states[BENCH_SESSIONS_MAX];
    struct open open;
    struct synack synack[BENCH_SESSIONS_MAX];
    struct sim *sim;
    struct sessions *run;
    struct bench_host host;
    struct sink *output;         /* one more that is told all; NULL: none */
    const struct run_info *info; /* for it; NULL: hardly any */
    /* So long after the peer has got it the capture shows what is ours; CLOCK_NEVER: not at all;
     * 0: before. */
    int64_t tap_late_ns;

    struct bench_event *events;
    size_t count;
    struct bench_line lines[BENCH_LINES_MAX];
    size_t line_count;
    char notes[BENCH_NOTES_MAX][160];
    size_t note_count;
    json_t *verdict, *summary; /* of the last session, of the run */
    unsigned verdicts;
    bool closed;              /* the timeline; by the test */
    enum status sink_answers; /* from its next event on */
};

/* The record alone, for what has no run: its timeline is open between these. */
void bench_record_init(struct bench *b);
void bench_record_begin(struct bench *b);
void bench_record_done(struct bench *b);
/* How many of the notes have the text. */
unsigned bench_noted(const struct bench *b, const char *text);

/* `like` is a segment from us: the answer goes the other way. */
void bench_host_says(struct bench *b, const struct segment *like, enum reply reply,
                     const struct segment *cause, const void *data, size_t n);
void bench_host_closes(struct bench *b, const struct segment *like);
void bench_host_begins(struct bench_host *h);

/* Each of these may be changed before bench_begin() or bench_run(). */
void bench_init(struct bench *b, const struct script *script, size_t sessions);
void bench_open(struct bench *b);
void bench_synack(struct bench *b, size_t sessions);
void bench_begin(struct bench *b);
void bench_pass(struct bench *b, int64_t limit_ns);

/* The whole of it: the run ends within the time. */
void bench_run(struct bench *b, int64_t limit_ns);
void bench_done(struct bench *b);
/* A bench of its own, prepared; and what is the end of it. */
struct bench *bench_new(void (*prepare)(struct bench *b));
void bench_free(struct bench *b);

/* When the run is over, what it sent last is still on its way: it arrives, unheard by us. */
void bench_arrive(struct bench *b);
size_t bench_count(const struct bench *b, enum event_kind kind);

/* The `n`-th segment (from 0) of a kind whose flags, PSH aside, are these; NULL: there is none. */
const struct bench_event *bench_segment(const struct bench *b, enum event_kind kind, unsigned flags,
                                        size_t n);
size_t bench_segments(const struct bench *b, enum event_kind kind, unsigned flags);
bool bench_has_fault(const struct bench *b, enum event_fault fault);
const char *bench_text(const struct bench *b, const char *key);
long long bench_number(const struct bench *b, const char *key);

/* Microseconds as the record has them, in ns; -1 for null. */
int64_t bench_us(const struct bench *b, const char *key);

/* "CLOSED SYN-SENT ESTABLISHED". */
void bench_expect_path(const struct bench *b, const char *key, const char *expected);
void bench_expect(const struct bench *b, const char *outcome, int exit_code);
void bench_expect_close(const struct bench *b, const char *kind, const char *by, int segments);

/* A test of one run on a bench `b`, which it may change before it runs it. */
#define BENCH_TEST(name, prepare)                                                                  \
    UNIT_TEST_OF(struct bench, b, bench_new(prepare), bench_free, name)

#endif
