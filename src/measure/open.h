/* `open`: a three-way handshake, optionally data, and a close. */
#ifndef TCPSHAKE_MEASURE_OPEN_H
#define TCPSHAKE_MEASURE_OPEN_H

#include "measure/measure.h"
#include "talk/talk.h"
#include "talk/facts.h"

enum open_close {
    OPEN_CLOSE_FIN,  /* our FIN first */
    OPEN_CLOSE_RST,  /* a reset, exactly acceptable */
    OPEN_CLOSE_WAIT, /* the peer closes first */
};

enum open_phase {
    OPEN_HANDSHAKE,
    OPEN_TALK,    /* the connection is there; data goes out, we wait for whatever comes first */
    OPEN_CLOSING, /* one of the ends has closed */
    OPEN_CONFIRM, /* our end has done all it had to: does the peer still know the connection? */
};

/* The probe's state. The caller zeroes it and fills in the first part. */
struct open {
    enum open_close close;
    const uint8_t *payload; /* what to say; the first part rides on the third segment */
    size_t payload_len, payload_first;
    int64_t reply_wait_ns; /* -W: for the answer to our SYN, and for the FIN that follows ours */

    enum open_phase phase;
    enum outcome outcome;
    struct segment syn_ack; /* the peer's SYN; its raw octets are gone */
    struct icmp_error icmp;
    /* How it closed. */
    bool own_fin, peer_fin, own_rst, peer_rst;
    bool peer_first, simultaneous, peer_fin_acked;
    unsigned close_segments; /* FINs, and the ACKs of them that are segments of their own */
    unsigned confirmations;
    uint32_t heard_before_confirm;
};

extern const struct measure open_measure;

#endif
