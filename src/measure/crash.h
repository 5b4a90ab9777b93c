/* `tcpshake lab crash`: what one kernel sees when the other end goes away. A process that is killed
 * is closed for by its kernel, with a FIN, or with a RST if there was something that it had not
 * read (RFC 9293 3.6.1, RFC 2525 2.17). A machine that disappears says nothing: who waits finds out
 * by keepalive probes (RFC 9293 3.8.4), who has something to send by its retransmissions (3.8.3).
 */
#ifndef TCPSHAKE_MEASURE_CRASH_H
#define TCPSHAKE_MEASURE_CRASH_H

#include "measure/measure.h"
#include "talk/pair.h"

enum {
    CRASH_TIMES_MAX = 300 /* more than Linux can be told to send: 255 probes */
};

/* The ways of going away, each a session, in this order. */
enum crash_way {
    CRASH_KILLED,
    CRASH_KILLED_UNREAD,
    CRASH_GONE,
    CRASH_GONE_TALKING,
    CRASH_WAYS
};

enum crash_phase {
    CRASH_CONNECT, /* until both are ESTABLISHED */
    CRASH_CALM,    /* nothing is on its way any more */
    CRASH_TELL,    /* A has said something that B does not read */
    CRASH_WATCH,   /* B is gone */
    CRASH_AFTER,   /* B's process is gone, and A writes */
    CRASH_OVER,
};

struct crash {
    /* What the caller sets. */
    unsigned ways; /* bits by enum crash_way */
    int64_t keepalive_time_ns, keepalive_interval_ns;
    unsigned keepalive_probes;
    unsigned retries; /* tcp_retries2 */

    enum crash_way way;
    enum crash_phase phase;
    int64_t begun_ns;   /* of the session, for its bound */
    int64_t silent_ns;  /* when the last segment passed */
    uint16_t said_by_b; /* control bits of what B's kernel sent when its process was gone; 0 */
    struct {
        int64_t t_ns;
        bool reset;
    } alone[CRASH_TIMES_MAX]; /* what A sent to nobody */
    size_t alone_count;
    int64_t gave_up_ns;   /* 0: it did not */
    int saw[2];           /* by A's application: when B was gone, and in the end; accomplice.h */
    enum state lasts;     /* where A still is when it should have given up; CLOSED: it has */
    struct fault trouble; /* what kept it from being shown, "" nothing */
};

/* "killed", "killed-unread", "gone", "gone-talking"; static. */
const char *crash_way_name(enum crash_way way);

extern const struct measure crash_measure;

#endif
