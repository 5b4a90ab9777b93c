/* A measurement: what to do when something happens in a conversation. One file each beside this
 * one. The conversation keeps both ends' states, the timers and the record; the probe decides. */
#ifndef TCPSHAKE_TALK_SCRIPT_H
#define TCPSHAKE_TALK_SCRIPT_H

#include "event/event.h"
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
    /* Our end never takes segments in: it stays in SYN-SENT and judges them by what its state
     * would be (synack). */
    bool withholds;

    void (*start)(struct talk *x);
    /* A segment of the peer's has come. False: the probe keeps it back and hands it in when its
     * turn has come (talk_take). NULL: always true. */
    bool (*offered)(struct talk *x, const struct segment *seg, int64_t t_ns);
    /* A segment of ours was seen leaving; both ends' states are up to date. */
    void (*left)(struct talk *x, const struct segment *seg);
    /* A segment of the peer's came, with what it was to our end. */
    void (*received)(struct talk *x, const struct segment *seg, const struct arrival *a);
    /* The time set by talk_wake_at has come. */
    void (*timer)(struct talk *x);
    void (*unreachable)(struct talk *x, const struct icmp_error *e);
    /* Come to an end: reset what is open, talk_finish when done. May be called twice. */
    void (*stop)(struct talk *x, enum script_stop why);
    /* Fills in the result; called once, after the last segment. */
    void (*report)(const struct talk *x, struct result *r);
    /* One line for people who wait, "" when there is nothing to say. */
    void (*progress)(const struct talk *x, int64_t now_ns, char *out, size_t cap);
};

#endif
