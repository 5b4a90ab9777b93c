/* What can happen to a TCB besides a call: the arriving segments as the state sees them, and the
 * time-outs of RFC 9293 3.10; and what the state answers. */
#ifndef TCPSHAKE_TCP_INPUT_H
#define TCPSHAKE_TCP_INPUT_H

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

#endif
