/* What our end still has to send, and how an intent becomes a segment: replies in the order in
 * which they fell due, then data, then the FIN. The numbers are filled in when a segment's turn
 * comes, so that an acknowledgement is never older than it needs to be. */
#ifndef TCPSHAKE_TALK_OUTBOX_H
#define TCPSHAKE_TALK_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcp/tcb.h"

struct talk_config;

enum {
    OUTBOX_QUEUE_MAX = 8
};

/* What waits to be sent; the numbers are filled in when its turn comes. */
enum outgoing_kind {
    OUTGOING_SYN,
    OUTGOING_SYN_ACK,
    OUTGOING_ACK,
    OUTGOING_DATA,
    OUTGOING_FIN,
    OUTGOING_ABORT,      /* a reset at SND.NXT */
    OUTGOING_RST,        /* with the seq given */
    OUTGOING_RST_ACK,    /* with the ack given */
    OUTGOING_KEEPALIVE,  /* ACK with SEQ = SND.UNA - 1: whoever has the connection answers */
    OUTGOING_RETRANSMIT, /* the oldest thing not acknowledged */
    OUTGOING_SCRIPTED,   /* what the script has made itself */
};

/* A segment that a script has made itself. Addresses, and what is said below to be usual, are
 * filled in. */
struct scripted {
    struct segment seg;
    const uint8_t *data; /* seg.len octets, the script's */
    bool exact_options;  /* seg.opt.raw as it stands; else the usual ones, with the MSS and window
                            scale of seg.opt where it has them */
    bool usual_win, usual_ttl;
    bool ours;      /* our end sends it: state and SND.NXT move; else it knows nothing of it */
    size_t tag;     /* the script's */
    enum call call; /* that it carries out: CONNECT, CLOSE, ABORT; CALL_COUNT: none */
};

struct outgoing {
    enum outgoing_kind kind;
    seq_t seq, ack;
    uint32_t cause;   /* event id */
    const char *note; /* static, NULL for none */
    struct scripted script;
};

struct outbox {
    struct outgoing queue[OUTBOX_QUEUE_MAX];
    size_t queued;
    struct outgoing current; /* handed out by outbox_next, not yet seen leaving */
    struct segment segment;  /* which it is */
    bool waiting;            /* current is valid */
    bool again;              /* it is a retransmission: nothing in it is new to our end */
    bool committed;          /* our end has already taken it as sent */
    int64_t handed_ns;

    const uint8_t *payload;            /* the caller's; position 0 is ISS + 1 */
    size_t payload_len, payload_first; /* the first part rides on the third segment */
    uint16_t fits;                     /* what the way lets pass: struct talk_config */
    bool close_wanted;                 /* a FIN behind the payload */
    uint32_t close_cause;
    bool again_only; /* nothing new before what went is acknowledged */
    bool stopped;    /* only what is queued is still sent */
};

/* False when there is no room: a peer that draws replies faster than they leave gets fewer. */
bool outbox_put(struct outbox *b, struct outgoing o);

/* The connection is reset: what waits for it is not sent any more, but for what a script has made.
 */
void outbox_forget(struct outbox *b);

/* The next segment, whole but for checksums, or false: nothing is due, or one is still waiting. The
 * options are laid out in seg->opt.raw; `*data` is borrowed from the payload. */
bool outbox_next(struct outbox *b, const struct talk_config *c, const struct tcb *t, int64_t now_ns,
                 struct segment *seg, const uint8_t **data, size_t *len);
/* Whether `seg`, captured leaving, is the one that was handed out. */
bool outbox_is_current(const struct outbox *b, const struct segment *seg);

/* Data that the window has room for. */
bool outbox_data_is_due(const struct outbox *b, const struct tcb *t);
/* Data that waits for the peer to open its window. */
bool outbox_is_blocked(const struct outbox *b, const struct tcb *t);
/* Octets of payload the peer has not acknowledged. */
size_t outbox_unacknowledged(const struct outbox *b, const struct tcb *t);

#endif
