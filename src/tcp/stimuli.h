/* The vocabulary of segments with which a peer is tried: stimuli.def, as values. A stimulus is
 * placed by the peer's own numbers, so the same row serves every connection and every state. */
#ifndef TCPSHAKE_TCP_STIMULI_H
#define TCPSHAKE_TCP_STIMULI_H

#include "tcp/tcb.h"

enum stimuli_id {
#define STIMULUS(id, ...) STIMULUS_##id,
#include "tcp/stimuli.def"
    STIMULI_COUNT
};

/* What SEQ is counted from, and ACK. */
enum stimuli_seq {
    STIMULI_SEQ_RCV_NXT,
    STIMULI_SEQ_EDGE, /* RCV.NXT+RCV.WND */
    STIMULI_SEQ_IRS,
};

enum stimuli_ack {
    STIMULI_ACK_NONE,
    STIMULI_ACK_SND_NXT,
    STIMULI_ACK_SND_UNA,
    STIMULI_ACK_ISS,
    STIMULI_ACK_ANCIENT, /* SND.UNA-MAX.SND.WND */
};

struct stimulus {
    const char *name, *what; /* static */
    uint16_t flags;
    enum stimuli_seq seq;
    int32_t seq_plus;
    enum stimuli_ack ack;
    int32_t ack_plus;
    uint32_t len;  /* octets of data */
    bool stamped;  /* bears a timestamp where the connection has them */
    unsigned rank; /* as a question of talk/ask: 0 none, a smaller one disturbs less */
};

const struct stimulus *stimuli_at(enum stimuli_id id);

/* The segment, for a peer with these variables (its TCB, or what is known of it): SEQ, ACK, control
 * bits and length. Addresses, window and options are the caller's. */
struct segment stimuli_segment(enum stimuli_id id, const struct tcb *peer);

#endif
