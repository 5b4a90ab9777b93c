/* A run of `ping` as it is told: every probe that has ended, of whichever target, becomes an event
 * and a part of the statistics, and these the summary. What it holds grows with the targets, not
 * with the probes. */
#ifndef TCPSHAKE_MEASURE_PING_PING_LOG_H
#define TCPSHAKE_MEASURE_PING_PING_LOG_H

#include "event/timeline.h"
#include "measure/ping/ping.h"

struct ping_log_target {
    struct endpoint at;
    const char *name; /* as the user wrote it; NULL: the address */
};

struct ping_log {
    struct timeline *timeline;
    const struct ping_log_target *targets;
    size_t target_count;
    int64_t wait_ns;
    struct ping_count *counts; /* one a target */
    bool counts_only;          /* nobody wants to hear of each probe: no results */
    bool verbose;              /* somebody wants all of each */
    bool kernel_spoke;         /* it did not stay quiet: the run is worth nothing */
    bool dropped;              /* the capture has lost packets, which has been told */
};

/* `targets` lives as long as the log. False when memory ran out. Release with ping_log_done. */
bool ping_log_init(struct ping_log *l, struct timeline *timeline,
                   const struct ping_log_target *targets, size_t n, int64_t wait_ns);
void ping_log_done(struct ping_log *l);

/* A probe of the target `session` (from 1) has ended. A resulting line is out when it returns. */
void ping_log_take(struct ping_log *l, uint32_t session, const struct ping *p,
                   const struct facts *f, int64_t t_ns);

/* There was no probe of it at all, and why; `f` has the target. */
void ping_log_trouble(struct ping_log *l, uint32_t session, const struct facts *f, const char *why,
                      int64_t t_ns);

/* Everything together, into `total`. */
void ping_log_total(const struct ping_log *l, struct ping_count *total);

/* The statistics of each target so far, as people know them from ping. */
void ping_log_text(const struct ping_log *l, struct text *t);

/* The summary's event; returns the exit status of the run. */
int ping_log_end(struct ping_log *l, bool interrupted, int64_t t_ns);

#endif
