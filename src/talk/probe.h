/* A measurement: what to do when something happens in an exchange. One file each beside this one.
 * The exchange keeps both ends' states, the timers and the record; the probe decides. */
#ifndef TCPSHAKE_TALK_PROBE_H
#define TCPSHAKE_TALK_PROBE_H

#include "event/event.h"
#include "tcp/tcb.h"
#include "wire/icmp.h"

struct exchange;

enum probe_stop {
    PROBE_STOP_DEADLINE,  /* -w has run out */
    PROBE_STOP_INTERRUPT, /* the user has had enough */
    PROBE_STOP_GAVE_UP,   /* our retransmissions are exhausted */
};

struct probe {
    const char *name;
    /* Our end never takes segments in: it stays in SYN-SENT and judges them by what its state
     * would be (synack). */
    bool withholds;

    void (*start)(struct exchange *x);
    /* A segment of the peer's has come. False: the probe keeps it back and hands it in when its
     * turn has come (exchange_take). NULL: always true. */
    bool (*offered)(struct exchange *x, const struct segment *seg, int64_t t_ns);
    /* A segment of ours was seen leaving; both ends' states are up to date. */
    void (*left)(struct exchange *x, const struct segment *seg);
    /* A segment of the peer's came, with what it was to our end. */
    void (*received)(struct exchange *x, const struct segment *seg, const struct arrival *a);
    /* The time set by exchange_wake_at has come. */
    void (*timer)(struct exchange *x);
    void (*unreachable)(struct exchange *x, const struct icmp_error *e);
    /* Come to an end: reset what is open, exchange_finish when done. May be called twice. */
    void (*stop)(struct exchange *x, enum probe_stop why);
    /* Fills in the result; called once, after the last segment. */
    void (*report)(const struct exchange *x, struct result *r);
    /* One line for people who wait, "" when there is nothing to say. */
    void (*progress)(const struct exchange *x, int64_t now_ns, char *out, size_t cap);
};

#endif
