/* Our end of a connection: the transmission control block of RFC 9293 3.3.1 and its stepping by the
 * table in transitions.def. Pure: time and segments come in, state and replies come out. */
#ifndef TCPSHAKE_TCP_TCB_H
#define TCPSHAKE_TCP_TCB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcp/call.h"
#include "tcp/state.h"
#include "wire/segment.h"

/* What can happen to a TCB besides a call: the arriving segments as the state sees them, and the
 * time-outs of RFC 9293 3.10. */
enum input {
    /* Segments, 3.10.7, in the order in which the RFC checks them. */
    INPUT_BAD_CHECKSUM,
    INPUT_RST,           /* acceptable: it ends the connection */
    INPUT_RST_TO_LISTEN, /* acceptable, and the connection was opened passively */
    INPUT_RST_IN_WINDOW, /* in the window but not at RCV.NXT: challenge ACK (RFC 5961 3.2) */
    INPUT_RST_IGNORED,   /* matches nothing */
    INPUT_OUTSIDE,       /* outside the receive window, or an old timestamp (RFC 7323 5) */
    INPUT_SYN,           /* a SYN that the state acts on */
    INPUT_SYN_ACK,       /* the answer to our SYN */
    INPUT_SYN_LATE,      /* a SYN where there is a connection: challenge ACK (RFC 5961 4.2) */
    INPUT_ACK_UNACCEPTABLE,
    INPUT_NO_ACK,
    INPUT_ACK_NEW,       /* acknowledges something outstanding, not our FIN */
    INPUT_ACK_OF_FIN,    /* acknowledges everything, our FIN included, for the first time */
    INPUT_ACK_DUPLICATE, /* nothing new, but not absurd */
    INPUT_ACK_FUTURE,    /* of something we have not sent */
    INPUT_ACK_ANCIENT,   /* below SND.UNA - MAX.SND.WND (RFC 5961 5.2) */
    INPUT_TEXT,          /* data at RCV.NXT */
    INPUT_TEXT_AHEAD,    /* data or FIN behind a gap */
    INPUT_FIN,           /* a FIN at its place */
    INPUT_OTHER,         /* what LISTEN and SYN-SENT drop at the end of their lists */
    /* Time-outs, 3.10.8. */
    INPUT_USER_TIMEOUT,
    INPUT_RETRANSMISSION_TIMEOUT,
    INPUT_TIME_WAIT_TIMEOUT,
    INPUT_COUNT
};

/* What the state answers. */
enum reply {
    REPLY_NOTHING,
    REPLY_SYN,
    REPLY_SYN_ACK,
    REPLY_ACK,     /* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
    REPLY_RST,     /* <SEQ=SEG.ACK><CTL=RST> */
    REPLY_RST_ACK, /* <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
    REPLY_RST_OWN, /* <SEQ=SND.NXT><CTL=RST> */
    REPLY_FIN,
    REPLY_DATA,
    REPLY_RETRANSMIT, /* the oldest segment not yet acknowledged */
    REPLY_QUEUED,     /* nothing now; the call waits */
    REPLY_REFUSED,    /* the call is an error in this state */
};

struct tcb {
    enum state state; /* assigned in tcb.c by one function */
    bool passive;     /* opened by a passive OPEN: a reset of SYN-RECEIVED returns to LISTEN */

    seq_t iss, snd_una, snd_nxt;
    seq_t snd_wl1, snd_wl2;
    uint32_t snd_wnd, max_snd_wnd; /* in octets, scaled */
    bool fin_sent;                 /* our FIN is the last number before snd_nxt */
    bool fin_acked;

    seq_t irs, rcv_nxt;
    uint32_t rcv_wnd;  /* octets */
    bool fin_received; /* and all before it */

    bool offer_timestamps, offer_wscale;
    bool timestamps, wscale;      /* in force: both ends offered (RFC 7323 2.2, 3.2) */
    uint8_t snd_shift, rcv_shift; /* of the windows we read, and of those we announce */
    uint32_t ts_recent;           /* RFC 7323 4.3 */
    seq_t last_ack_sent;          /* and this */
    uint16_t snd_mss;             /* the peer's MSS option, else 536 or 1220 (MUST-15) */
};

/* One step of the table. */
struct transition {
    enum state next;
    enum reply reply;
    const char *rfc; /* section of RFC 9293; static */
    bool never;      /* no arriving segment is of this class in this state */
};

/* What an arriving segment did. */
struct arrival {
    enum input inputs[3]; /* in the order they were processed: the ACK, the text, the FIN */
    size_t count;
    enum state from, to;
    enum reply reply;
    const char *why, *rfc; /* of the input that changed the state last, else of the first; static */
    uint32_t text; /* octets of data newly accepted: they start at text_off in the segment */
    uint32_t text_off;
    uint32_t acked; /* sequence numbers newly acknowledged, SYN and FIN included */
};

/* The cell for a state and an input, and for a state and one of the RFC's calls. */
const struct transition *tcb_transition(enum state s, enum input in);
const struct transition *tcb_transition_of_call(enum state s, enum call call);

/* A new TCB in CLOSED. `rcv_wnd` in octets; `rcv_shift` is announced when `wscale` is offered. */
void tcb_init(struct tcb *t, seq_t iss, uint32_t rcv_wnd, bool timestamps, bool wscale,
              uint8_t rcv_shift);

/* What if it were in this state? The state, and which FINs have been sent and come; the numbers are
 * the caller's. For forecasts: a TCB that lives gets its state by calls and segments alone. */
void tcb_suppose(struct tcb *t, enum state s);

/* One of the RFC's calls (3.10.1 to 3.10.5), or a time-out (3.10.8). The state is changed; the
 * reply is the caller's to send. */
struct transition tcb_call(struct tcb *t, enum call call);
struct transition tcb_time_out(struct tcb *t, enum input in);

/* A segment arrives (3.10.7): classified, processed in the RFC's order, state and variables
 * updated. */
struct arrival tcb_arrive(struct tcb *t, const struct segment *seg);

/* A segment of ours has left: SND.NXT moves over what it adds. */
void tcb_left(struct tcb *t, const struct segment *seg);

/* Fills the TCP part of a reply (seq, ack, flags, win; options but for ts_val are the caller's).
 * `cause` is the segment that is answered, needed for REPLY_RST and REPLY_RST_ACK. Not for
 * NOTHING, DATA, RETRANSMIT, QUEUED, REFUSED. */
void tcb_fill(const struct tcb *t, enum reply reply, const struct segment *cause,
              struct segment *out);

/* The window field that announces rcv_wnd: scaled, but never in a SYN (RFC 7323 2.2). */
uint16_t tcb_window_field(const struct tcb *t, bool syn);

#endif
