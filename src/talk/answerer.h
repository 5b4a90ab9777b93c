/* Who answered. What is inferred of a peer is true of whoever sends its segments, and that need not
 * be one host: a SYN proxy answers for a server and then lets the server speak, a firewall resets
 * in its name, a second responder has the same address. The segments themselves bear signs of it:
 * what one sender keeps the same (its TTL, its timestamps clock, RFC 7323 5.4) differs from one
 * segment to the next. A sign is a fact about segments; what it may mean is said beside it.
 *
 * Pure: a row of the table in answerer.c a sign. */
#ifndef TCPSHAKE_TALK_ANSWERER_H
#define TCPSHAKE_TALK_ANSWERER_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/segment.h"

enum answerer_sign {
    ANSWERER_TTL,       /* of a later segment and of the SYN,ACK */
    ANSWERER_RST_TTL,   /* of a reset and of the SYN,ACK */
    ANSWERER_WINDOW_0,  /* in the SYN,ACK */
    ANSWERER_WSCALE,    /* of two SYN,ACKs with one ISN */
    ANSWERER_NO_STAMP,  /* timestamps were agreed on, and a later segment has none */
    ANSWERER_CLOCK,     /* timestamps that no one clock shows */
    ANSWERER_ACK_TWICE, /* and nothing asked for it again */
    ANSWERER_ISN,       /* two for one SYN of ours */
    ANSWERER_SIGNS
};

enum {
    ANSWERER_NONE = 255 /* as a window scale: the option is not there */
};

/* Zeroes to begin with. */
struct answerer {
    struct answerer_found {
        bool there;
        uint16_t flags; /* of the segment that differs, */
        bool data;      /* and whether there was any in it */
        uint32_t first, then;
    } found[ANSWERER_SIGNS];
    uint8_t rst_ttl; /* of the first reset; 0: none has come */

    /* The connection's first segment of the peer's. */
    struct answerer_opening {
        bool there, stamped;
        uint8_t ttl, wscale;
        seq_t seq, ack;
        uint32_t ts_val;
        int64_t t_ns;
    } opening;
    bool over;  /* that connection may be: a SYN of the peer's begins another */
    bool acked; /* a bare ACK has come; the last one: */
    seq_t ack_seq, ack;
    uint16_t ack_win;
    seq_t end, sent_end; /* after the last octet of the peer's, and of ours */
    unsigned asked;      /* segments of ours that are to be answered and have not been */
};

/* A segment of ours was seen leaving. */
void answerer_left(struct answerer *a, const struct segment *seg);
/* A segment of the peer's was captured, at an instant in ns. */
void answerer_came(struct answerer *a, const struct segment *seg, int64_t t_ns);

/* The same where no more is kept of a peer than the segment that opened. */
void answerer_begin(struct answerer *a, const struct segment *opening, int64_t t_ns);

/* What was found, a bit each. */
unsigned answerer_signs(const struct answerer *a);

struct result;

/* "middlebox", the words of `signs`, and a line for each with what was found; without `a` (NULL)
 * the line says what the sign is. Nothing where there is no sign. */
void answerer_report(unsigned signs, const struct answerer *a, struct result *r);

#endif
