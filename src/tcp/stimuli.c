/* See stimuli.h. */
#include "tcp/stimuli.h"

/* The control bits as the rows spell them. */
enum {
    NONE = 0,
    FIN = FLAG_FIN,
    SYN = FLAG_SYN,
    RST = FLAG_RST,
    PSH = FLAG_PSH,
    ACK = FLAG_ACK,
    URG = FLAG_URG
};
enum {
    STAMP_NEVER = false,
    STAMP_USUAL = true
};

static const struct stimulus table[STIMULI_COUNT] = {
#define STIMULUS(id, name, what, bits, seq_from, seq_plus, ack_from, ack_plus, octets, stamp,      \
                 question)                                                                         \
    [STIMULUS_##id] = {(name),        (what),                                                      \
                       (bits),        STIMULI_SEQ_##seq_from,                                      \
                       (seq_plus),    STIMULI_ACK_##ack_from,                                      \
                       (ack_plus),    (octets),                                                    \
                       STAMP_##stamp, (question)},
#include "tcp/stimuli.def"
};

const struct stimulus *stimuli_at(enum stimuli_id id)
{
    return &table[id];
}

static seq_t seq_from(enum stimuli_seq from, const struct tcb *peer)
{
    switch (from) {
    case STIMULI_SEQ_RCV_NXT:
        break;
    case STIMULI_SEQ_EDGE:
        return seq_add(peer->rcv_nxt, peer->rcv_wnd);
    case STIMULI_SEQ_IRS:
        return peer->irs;
    }
    return peer->rcv_nxt;
}

static seq_t ack_from(enum stimuli_ack from, const struct tcb *peer)
{
    switch (from) {
    case STIMULI_ACK_NONE:
        break;
    case STIMULI_ACK_SND_NXT:
        return peer->snd_nxt;
    case STIMULI_ACK_SND_UNA:
        return peer->snd_una;
    case STIMULI_ACK_ISS:
        return peer->iss;
    case STIMULI_ACK_ANCIENT:
        return seq_of(peer->snd_una.v - peer->max_snd_wnd);
    }
    return seq_of(0);
}

struct segment stimuli_segment(enum stimuli_id id, const struct tcb *peer)
{
    const struct stimulus *s = &table[id];
    return (struct segment){
        .seq = seq_add(seq_from(s->seq, peer), (uint32_t)s->seq_plus),
        .ack = seq_add(ack_from(s->ack, peer), (uint32_t)s->ack_plus),
        .flags = s->flags,
        .len = s->len,
    };
}
