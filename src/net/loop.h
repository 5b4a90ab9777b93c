/* The one loop: libevent with a precise timer, told when the next deadline is. */
#ifndef TCPSHAKE_NET_LOOP_H
#define TCPSHAKE_NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/fault.h"

struct loop;

enum loop_signal {
    LOOP_STOP,   /* SIGINT, SIGTERM, SIGHUP: reset what is half open, print, end */
    LOOP_REPORT, /* SIGQUIT: print what there is so far and go on */
};

struct loop_handlers {
    void *arg;
    void (*readable)(void *arg);             /* the watched descriptor has something */
    void (*wake)(void *arg, int64_t now_ns); /* the deadline has passed */
    void (*signal)(void *arg, enum loop_signal s);
};

/* `fd` is watched for reading. Caller frees. */
struct loop *loop_new(int fd, const struct loop_handlers *h, struct fault *fault);
void loop_free(struct loop *l);

/* Watches one more descriptor, until the loop is freed: `readable` gets `arg`. A few at most;
 * STATUS_SYSTEM when there is no room. */
enum status loop_join(struct loop *l, int fd, void (*readable)(void *arg), void *arg,
                      struct fault *fault);

/* Nanoseconds since the epoch on a clock that never steps: real time when the loop was made plus
 * monotonic time since, so that a corrected system clock cannot keep the program from ending. */
int64_t loop_now(const struct loop *l);

/* What a clock of the system says (CLOCK_MONOTONIC, CLOCK_REALTIME), ns. */
int64_t loop_clock(clockid_t id);

/* When `wake` is to be called next; CLOCK_NEVER for not at all. May be called from a handler. */
void loop_set_deadline(struct loop *l, int64_t when_ns);

/* Whether the descriptor is watched, as it is at first. */
void loop_watch(struct loop *l, bool on);

/* Runs until loop_stop is called from a handler. A second LOOP_STOP signal while stopping also ends
 * it. */
enum status loop_run(struct loop *l, struct fault *fault);
void loop_stop(struct loop *l);

#endif
