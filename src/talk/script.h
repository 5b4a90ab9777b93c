/* What decides in a conversation: a measurement, a figure. The conversation keeps the states of
 * both ends, the timers and the record, and calls the script when something has happened. One file
 * each in measure/. Every callback may be NULL: then what stands beside it is done. */
#ifndef TCPSHAKE_TALK_SCRIPT_H
#define TCPSHAKE_TALK_SCRIPT_H

#include "event/event.h"
#include "tcp/end.h"
#include "tcp/tcb.h"
#include "wire/icmp.h"

struct talk;

enum script_stop {
    SCRIPT_STOP_DEADLINE,  /* -w has run out */
    SCRIPT_STOP_INTERRUPT, /* the user has had enough */
    SCRIPT_STOP_GAVE_UP,   /* our retransmissions are exhausted */
};

struct script {
    const char *name;
    void (*start)(struct talk *x);
    /* The tap shows a segment of an end that is not ours, and nothing has been done with it: it is
     * the script's to call talk_seen and talk_arrives, or talk_passes, now, later or never. NULL:
     * it passes. */
    void (*came)(struct talk *x, enum end from, const struct segment *seg, int64_t t_ns);
    /* A segment of ours was seen leaving; the states of both ends are up to date. */
    void (*left)(struct talk *x, const struct segment *seg);
    /* A segment was seen that goes to our end, with what it is to it; where it does not arrive,
     * with what it would be. */
    void (*received)(struct talk *x, const struct segment *seg, const struct arrival *a);
    /* The time set by talk_wake_at has come. */
    void (*timer)(struct talk *x);
    void (*unreachable)(struct talk *x, const struct icmp_error *e);
    /* Come to an end: reset what is open, talk_finish when done. May be called twice. NULL: that is
     * the end. */
    void (*stop)(struct talk *x, enum script_stop why);
    /* Fills in the result; called once, after the last segment. */
    void (*report)(const struct talk *x, struct result *r);
    /* One line for people who wait, "" when there is nothing to say. */
    void (*progress)(const struct talk *x, int64_t now_ns, char *out, size_t cap);
};

#endif
