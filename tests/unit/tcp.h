/* What the tests of src/tcp share: segments in one line, and a TCB walked into any state by the
 * calls and segments that lead there. */
#ifndef TCPSHAKE_UNIT_TCP_H
#define TCPSHAKE_UNIT_TCP_H

#include "unit.h"

#include "tcp/tcb.h"

enum {
    UNIT_WINDOW = 1000
};

static inline struct segment unit_segment(seq_t seq, seq_t ack, unsigned flags, uint32_t len)
{
    return (struct segment){.ip_version = 4,
                            .seq = seq,
                            .ack = ack,
                            .flags = (uint16_t)flags,
                            .len = len,
                            .win = UNIT_WINDOW};
}

/* A reply of the TCB's leaves; returns it. */
static inline struct segment unit_leaves(struct tcb *t, enum reply reply,
                                         const struct segment *cause)
{
    struct segment out = {.ip_version = 4};
    tcb_fill(t, reply, cause, &out);
    tcb_left(t, &out);
    return out;
}

/* Octets of data leave; returns the segment. */
static inline struct segment unit_leaves_data(struct tcb *t, uint32_t len)
{
    struct segment out = {.ip_version = 4};
    tcb_fill(t, REPLY_ACK, NULL, &out);
    out.len = len;
    tcb_left(t, &out);
    return out;
}

static inline void unit_call(struct tcb *t, enum call call, enum reply expected)
{
    assert_int_equal(tcb_call(t, call).reply, expected);
    if (expected == REPLY_SYN || expected == REPLY_FIN || expected == REPLY_RST_OWN)
        (void)unit_leaves(t, expected, NULL);
}

/* A segment of the peer's, right after all that came before it, acknowledging all we sent. */
static inline struct arrival unit_next(struct tcb *t, unsigned flags, uint32_t len)
{
    const struct segment seg = unit_segment(t->rcv_nxt, t->snd_nxt, flags, len);
    struct arrival a = tcb_arrive(t, &seg);
    if (a.reply == REPLY_ACK || a.reply == REPLY_SYN_ACK)
        (void)unit_leaves(t, a.reply, &seg);
    return a;
}

static inline void unit_establish(struct tcb *t, bool passive, seq_t irs)
{
    struct segment seg = unit_segment(irs, t->iss, FLAG_SYN, 0);
    unit_call(t, passive ? CALL_LISTEN : CALL_CONNECT, passive ? REPLY_NOTHING : REPLY_SYN);
    if (!passive) {
        seg.flags |= FLAG_ACK;
        seg.ack = t->snd_nxt;
    }
    enum reply reply = tcb_arrive(t, &seg).reply;
    (void)unit_leaves(t, reply, &seg);
    if (passive)
        (void)unit_next(t, FLAG_ACK, 0);
    assert_int_equal(t->state, STATE_ESTABLISHED);
}

/* In SYN-RECEIVED: after a passive or, by a simultaneous open, an active OPEN. */
static inline void unit_receive_syn(struct tcb *t, bool passive, seq_t irs)
{
    const struct segment seg = unit_segment(irs, seq_of(0), FLAG_SYN, 0);
    unit_call(t, passive ? CALL_LISTEN : CALL_CONNECT, passive ? REPLY_NOTHING : REPLY_SYN);
    assert_int_equal(tcb_arrive(t, &seg).reply, REPLY_SYN_ACK);
    (void)unit_leaves(t, REPLY_SYN_ACK, &seg);
}

static inline void unit_close(struct tcb *t, enum state s)
{
    struct segment fin;
    if (s == STATE_ESTABLISHED)
        return;
    if (s == STATE_CLOSE_WAIT || s == STATE_LAST_ACK) {
        (void)unit_next(t, FLAG_FIN | FLAG_ACK, 0);
        if (s == STATE_LAST_ACK)
            unit_call(t, CALL_CLOSE, REPLY_FIN);
        return;
    }
    seq_t before = t->snd_nxt;
    unit_call(t, CALL_CLOSE, REPLY_FIN);
    if (s == STATE_CLOSING) {
        fin = unit_segment(t->rcv_nxt, before, FLAG_FIN | FLAG_ACK, 0);
        (void)tcb_arrive(t, &fin);
        (void)unit_leaves(t, REPLY_ACK, &fin);
    }
    if (s == STATE_FIN_WAIT_2 || s == STATE_TIME_WAIT)
        (void)unit_next(t, FLAG_ACK, 0);
    if (s == STATE_TIME_WAIT)
        (void)unit_next(t, FLAG_FIN | FLAG_ACK, 0);
}

/* A TCB in the state, its window UNIT_WINDOW and the peer's too; `passive` matters in LISTEN's
 * descendants alone. */
static inline struct tcb unit_tcb(enum state s, bool passive, seq_t iss, seq_t irs)
{
    struct tcb t;
    tcb_init(&t, iss, UNIT_WINDOW, false, false, 0);
    if (s == STATE_LISTEN)
        unit_call(&t, CALL_LISTEN, REPLY_NOTHING);
    else if (s == STATE_SYN_SENT)
        unit_call(&t, CALL_CONNECT, REPLY_SYN);
    else if (s == STATE_SYN_RECEIVED)
        unit_receive_syn(&t, passive, irs);
    else if (s != STATE_CLOSED) {
        unit_establish(&t, passive, irs);
        unit_close(&t, s);
    }
    assert_int_equal(t.state, s);
    return t;
}

#endif
