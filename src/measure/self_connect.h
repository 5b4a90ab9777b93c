/* `self-connect`: a socket that connects to itself, read from the segments it sent, each of which
 * is also the segment it received: the simultaneous open of RFC 9293 3.5 Figure 7 with both ends in
 * one TCB. Pure: segments come in, in the order of the wire; the record and the result go out. */
#ifndef TCPSHAKE_MEASURE_SELF_CONNECT_H
#define TCPSHAKE_MEASURE_SELF_CONNECT_H

#include "event/timeline.h"
#include "measure/measure.h"
#include "tcp/tcb.h"

enum {
    SELF_CONNECT_PATH_MAX = 16
};

enum self_connect_end {
    SELF_CONNECT_HAPPENED,
    SELF_CONNECT_EXHAUSTED, /* as many attempts as are allowed */
    SELF_CONNECT_DEADLINE,
    SELF_CONNECT_INTERRUPTED,
};

/* What was done with the kernel's sockets. */
struct self_connect_doings {
    enum self_connect_end end;
    uint64_t attempts, refused; /* the last attempt is the one that happened */
    int64_t elapsed_ns;         /* from the first attempt to the end of the last */
    int64_t open_ns, close_ns;  /* when the calls were made that the socket has its states from */
    bool kernel_known;          /* the next three were read, from sock_diag */
    enum state before, connected, closed;
    size_t said, heard; /* octets written, and read back the same */
};

/* What the user has asked for. */
struct self_connect_asked {
    uint64_t attempts, port; /* port 0: one that the kernel likes */
};

struct self_connect {
    struct timeline *timeline;
    struct endpoint at;
    struct tcb tcb;
    enum state path[SELF_CONNECT_PATH_MAX]; /* the states it went through */
    size_t path_len;
    state_set recorded[ENDS]; /* A's and B's column as they stand in the record */
    const char *why, *rfc;    /* of the last arrival's change */
    unsigned segments;
    int64_t syn_ns, answered_ns, last_ns; /* 0: not seen */
    bool opened_at_once, closed_at_once;  /* SYN-RECEIVED and CLOSING were passed through */
    bool impossible;                      /* the RFC's TCP would not have got here */
    bool truth_failed;                    /* the kernel's state was another */
    uint64_t capture_dropped;
};

extern const struct measure self_connect_measure;

/* `at` is the one endpoint. */
void self_connect_init(struct self_connect *s, const struct endpoint *at,
                       struct timeline *timeline);
/* A segment from `at` to `at` was captured: it left the socket and arrived at it. Of `d` only the
 * times of the calls are looked at. */
void self_connect_segment(struct self_connect *s, const struct self_connect_doings *d,
                          const struct segment *seg, int64_t t_ns);
/* What the kernel says after the segments so far. Anything but the state that they led to is a
 * fault. */
void self_connect_truth(struct self_connect *s, enum state kernel);
/* The verdict; `t_ns` is now. Returns the exit code: 0 it happened, 1 it did not, 2 the record
 * contradicts itself, 3 interrupted before it could. */
int self_connect_conclude(struct self_connect *s, const struct self_connect_doings *d,
                          int64_t t_ns);

#endif
