/* The one vocabulary of what happened: a segment left or came, a state changed, something was
 * learnt about the peer, a verdict was reached. Every output is drawn from these and nothing else.
 */
#ifndef TCPSHAKE_EVENT_EVENT_H
#define TCPSHAKE_EVENT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/end.h"
#include "tcp/state.h"
#include "wire/segment.h"

enum event_kind {
    EVENT_SENT,     /* a segment of ours was seen leaving */
    EVENT_RECEIVED, /* a segment of the peer's was captured */
    EVENT_STATE,    /* the set of states that an end may be in changed */
    EVENT_TRUTH,    /* lab only: what the peer's kernel says its state is */
    EVENT_TIMER,    /* a time-out of ours fired */
    EVENT_ACTION,   /* a local call: OPEN, SEND, CLOSE, ABORT */
    EVENT_NOTE,     /* a remark that explains: "retransmission 2 of the SYN-ACK" */
    EVENT_FAULT,    /* something that spoils or may spoil the measurement */
    EVENT_LINE,     /* a line of a figure that is played, and how it went */
    EVENT_VERDICT,  /* the result of a session; last but for the summary */
    EVENT_SUMMARY,  /* the result of the whole run; the last event of a timeline */
};

enum event_fault {
    EVENT_FAULT_KERNEL_RST,      /* our kernel answered on our connection: not quiet */
    EVENT_FAULT_CAPTURE_DROPPED, /* the capture lost packets */
    EVENT_FAULT_NOT_SEEN,        /* a segment we sent was not seen leaving */
    EVENT_FAULT_CONTRADICTION,   /* the peer did what none of its possible states allows */
    EVENT_FAULT_TRUTH,           /* lab only: the kernel's state is not in our set: a bug of ours */
    EVENT_FAULT_MALFORMED,       /* the peer sent what does not decode */
    EVENT_FAULT_NOT_SENT,        /* a segment of ours could not be sent */
    EVENT_FAULT_BROKEN,          /* something of this host's ended the run */
    EVENT_FAULT_CLOCK,           /* the system's clock was set; stamps are corrected */
};

enum event_line_status {
    EVENT_LINE_OK,
    EVENT_LINE_DEVIATES,
    EVENT_LINE_UNKNOWN, /* could not be judged */
    EVENT_LINE_NOT_REACHED,
};

/* A line of a figure (figure/figure.h) as it turned out. Texts may be NULL where there is nothing
 * to say, and live during the call to the sinks only. */
struct event_line {
    enum event_line_status status;
    unsigned number;      /* of its step; 0: the figure does not number */
    bool begins_step;     /* the number stands before it */
    unsigned source_line; /* in the figure's file */
    bool stamped;         /* the event's time is that of a segment on the wire */
    const char *a, *b;    /* the columns, with the states that were */
    const char *a_arrow, *b_arrow;
    const char *segment; /* in the figure's numbers */
    const char *wire;    /* in those of the wire */
    const char *behind;  /* what stands behind: a time, a silence */
    const char *remark;
    const char *alternative; /* the name of the one that begins with this line */
    bool alternative_deviates;
    bool alternative_ends; /* with this line */
    const char *text;      /* what is wrong with it, or unknown */
};

struct result; /* result.h */

struct event {
    uint32_t id;      /* 1, 2, 3 ... within the timeline */
    uint32_t cause;   /* the event that led to this one; 0: none */
    uint32_t session; /* 1, 2, ...; 0: the run as a whole */
    int64_t t_ns;     /* kernel stamp for SENT and RECEIVED */
    enum event_kind kind;
    bool crowd; /* of one of many sessions alike: people see it only if they ask for everything */
    union {
        struct {
            struct segment seg;
            bool retransmission;
            bool held; /* it stays in the network: the other end does not get it */
        } segment;     /* SENT, RECEIVED */
        struct {
            enum end end;          /* A: ours, or the one that stands in its place */
            state_set from, to;    /* one member each where it is known exactly */
            const char *why, *rfc; /* static text */
            bool by_rfc_alone;     /* stacks are known for which it does not hold */
            bool by_time;          /* a segment is held for lost, as it left long ago */
        } change;                  /* STATE */
        struct {
            enum state state;
            bool in_set;
        } truth;
        struct {
            enum event_fault fault;
            const char *text; /* kept by the timeline */
        } fault;
        const struct event_line *line;
        const char *text;            /* TIMER, ACTION, NOTE: kept by the timeline */
        const struct result *result; /* VERDICT, SUMMARY: alive during the call to the sinks only */
    };
};

/* "kernel-rst", "capture-dropped" ...; static. */
const char *event_fault_name(enum event_fault fault);
/* "ok", "deviates", "unknown", "not-reached"; static. */
const char *event_line_status_name(enum event_line_status status);

#endif
