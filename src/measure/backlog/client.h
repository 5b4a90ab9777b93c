/* One of the callers who try a listener's queues: a SYN, and an ACK and an octet of data when it is
 * told to, or at once. It answers and repeats nothing of its own accord, so that what the listener
 * does is the listener's. What came of it is recognised from its segments alone. */
#ifndef TCPSHAKE_MEASURE_BACKLOG_CLIENT_H
#define TCPSHAKE_MEASURE_BACKLOG_CLIENT_H

#include "talk/talk.h"

/* The four faces that a listener whose accept queue is full shows to the one who calls: RFC 4987
 * and RFC 9293 leave open what is done with a third segment that cannot be taken in. */
enum overflow {
    OVERFLOW_NONE,             /* it was taken in, or nothing was tried */
    OVERFLOW_NO_SYN_ACK,       /* the SYN is dropped */
    OVERFLOW_SYN_ACK_REPEATED, /* the entry stays half-open: the SYN,ACK comes again and again */
    OVERFLOW_SILENCE, /* there was no entry, but a cookie: nothing is left that could speak */
    OVERFLOW_RESET,   /* tcp_abort_on_overflow */
    OVERFLOW_COUNT
};

enum {
    CLIENT_SYN_ACKS_MAX = 16
};

enum client_role {
    CLIENT_HALF_OPEN, /* fills the SYN queue */
    CLIENT_EARLY,     /* half-open first, acknowledges when the accept queue is full */
    CLIENT_FILLER,    /* fills the accept queue */
    CLIENT_LATE,      /* sends its SYN when the accept queue is full */
    CLIENT_NEW,       /* comes when the application accepts again */
};

/* The probe's state. The caller zeroes it and fills in the role, `completes` and `part`. */
struct client {
    enum client_role role;
    const char *part; /* of the story; static */
    bool completes;   /* acknowledges a SYN,ACK at once, with an octet of data behind it */

    int64_t syn_ns; /* when the first left, as the next three; 0: not yet */
    int64_t ack_ns, data_ns;
    int64_t syn_ack_ns[CLIENT_SYN_ACKS_MAX]; /* when they came */
    unsigned syn_acks, syn_acks_after_ack;
    int64_t through_ns; /* our data was acknowledged: the connection is in the accept queue, or
                           beyond it */
    int64_t reset_ns;
    bool entry_known, entry; /* whether the listener's kernel kept one behind the first SYN,ACK;
                                told by client_entry */
    enum overflow face;      /* by client_judge */
    unsigned again;          /* times it tried again */
};

const struct script *client_script(void);

/* What the listener's kernel has behind the SYN,ACK: an entry, or nothing, which makes it a cookie.
 */
void client_entry(struct client *c, bool entry);
/* Answered, and the kernel has nothing. */
bool client_has_cookie(const struct client *c);
/* Acknowledges the SYN,ACK, with an octet of data behind it. */
void client_complete(struct talk *x);
/* Sends once more what was not acknowledged, and completes if it is answered now. Does nothing
 * after a reset. */
void client_again(struct talk *x);
/* Says which face the listener has shown until now; the record has it. */
void client_judge(struct talk *x, int64_t now_ns);

/* "no-syn-ack"; static. */
const char *client_overflow_word(enum overflow f);
/* "no SYN-ACK at all"; static. */
const char *client_overflow_name(enum overflow f);

#endif
