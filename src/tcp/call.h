/* What a user makes a TCP do: the calls of RFC 9293 3.9.1, and what a lab can do to an end besides.
 * The applications of the lab, the events of a figure and our own TCB share this one list. */
#ifndef TCPSHAKE_TCP_CALL_H
#define TCPSHAKE_TCP_CALL_H

enum call {
    CALL_LISTEN,  /* OPEN, passive */
    CALL_CONNECT, /* OPEN, active */
    CALL_SEND,
    CALL_RECEIVE,
    CALL_CLOSE,
    CALL_ABORT,
    CALLS_OF_RFC, /* a TCB takes those above; the rest happens around it */
    /* STATUS: what the application has learnt last of its connection. */
    CALL_STATUS = CALLS_OF_RFC,
    CALL_STOP_LISTENING, /* the listener is closed: what is half-open then is forgotten */
    CALL_CRASH,          /* everything is forgotten, without a segment */
    CALL_KILL,           /* the process dies; the kernel decides what becomes of the connection */
    CALL_ACCEPT,         /* an application that waits accepts whoever waits, and all who come */
    CALL_SET,            /* a setting of the machine, for the next LISTEN */
    CALL_COUNT           /* also: no call at all */
};

#endif
