/* RFC 9293 3.10.7: see classify.h. The order of the checks is the RFC's and matters: a reset is
 * looked at before its acknowledgement, the window before either. */
#include "tcp/classify.h"

static enum input in_closed(const struct segment *seg)
{
    if (seg->flags & FLAG_RST)
        return INPUT_RST;
    return seg->flags & FLAG_ACK ? INPUT_ACK_UNACCEPTABLE : INPUT_NO_ACK;
}

static enum input in_listen(const struct segment *seg)
{
    if (seg->flags & FLAG_RST)
        return INPUT_RST_IGNORED;
    if (seg->flags & FLAG_ACK)
        return INPUT_ACK_UNACCEPTABLE;
    return seg->flags & FLAG_SYN ? INPUT_SYN : INPUT_OTHER;
}

static bool acknowledges_something(const struct tcb *t, const struct segment *seg)
{
    return seq_lt(t->snd_una, seg->ack) && seq_le(seg->ack, t->snd_nxt);
}

static enum input in_syn_sent(const struct tcb *t, const struct segment *seg)
{
    bool ack = (seg->flags & FLAG_ACK) != 0;
    bool acceptable = ack && acknowledges_something(t, seg);

    if (seg->flags & FLAG_RST)
        return acceptable ? INPUT_RST : INPUT_RST_IGNORED;
    if (ack && !acceptable)
        return INPUT_ACK_UNACCEPTABLE;
    if (seg->flags & FLAG_SYN)
        return ack ? INPUT_SYN_ACK : INPUT_SYN;
    return INPUT_OTHER;
}

/* The four cases of Table 6 (3.4): does any part of the segment lie in the receive window? */
static bool in_window(const struct tcb *t, const struct segment *seg)
{
    uint32_t len = segment_seq_len(seg);
    if (len == 0 && t->rcv_wnd == 0)
        return seq_eq(seg->seq, t->rcv_nxt);
    if (t->rcv_wnd == 0)
        return false;
    if (seq_within(seg->seq, t->rcv_nxt, t->rcv_wnd))
        return true;
    return len > 0 && seq_within(seq_add(seg->seq, len - 1), t->rcv_nxt, t->rcv_wnd);
}

/* Protection against wrapped sequence numbers, RFC 7323 5.3 R1. */
static bool timestamp_too_old(const struct tcb *t, const struct segment *seg)
{
    return t->timestamps && seg->opt.has_timestamps && !(seg->flags & (FLAG_RST | FLAG_SYN)) &&
           (int32_t)(seg->opt.ts_val - t->ts_recent) < 0;
}

/* The last segment of a simultaneous open, SYN,ACK with SEG.SEQ = IRS, lies before RCV.NXT; Figure
 * 7 and MUST-10 want it to complete the handshake all the same. */
static bool completes_simultaneous_open(const struct tcb *t, const struct segment *seg)
{
    const uint16_t bits = FLAG_SYN | FLAG_ACK;
    return t->state == STATE_SYN_RECEIVED && !t->passive &&
           (seg->flags & (bits | FLAG_RST)) == bits && seq_eq(seg->seq, t->irs) &&
           acknowledges_something(t, seg);
}

static enum input of_ack(const struct tcb *t, const struct segment *seg)
{
    if (t->state == STATE_SYN_RECEIVED)
        return acknowledges_something(t, seg) ? INPUT_ACK_NEW : INPUT_ACK_UNACCEPTABLE;
    if (seq_lt(t->snd_nxt, seg->ack))
        return INPUT_ACK_FUTURE;
    if (seq_lt(seg->ack, seq_of(t->snd_una.v - t->max_snd_wnd)))
        return INPUT_ACK_ANCIENT;
    if (!acknowledges_something(t, seg))
        return INPUT_ACK_DUPLICATE;
    bool fin = t->fin_sent && !t->fin_acked && seq_eq(seg->ack, t->snd_nxt);
    return fin ? INPUT_ACK_OF_FIN : INPUT_ACK_NEW;
}

/* SYN-RECEIVED and the synchronized states, 3.10.7.4. */
static enum input in_connection(const struct tcb *t, const struct segment *seg)
{
    bool rst = (seg->flags & FLAG_RST) != 0;

    if (completes_simultaneous_open(t, seg))
        return INPUT_ACK_NEW;
    if (!in_window(t, seg) || timestamp_too_old(t, seg))
        return rst ? INPUT_RST_IGNORED : INPUT_OUTSIDE;
    if (rst && !seq_eq(seg->seq, t->rcv_nxt))
        return INPUT_RST_IN_WINDOW;
    if (rst)
        return t->state == STATE_SYN_RECEIVED && t->passive ? INPUT_RST_TO_LISTEN : INPUT_RST;
    if (seg->flags & FLAG_SYN)
        return t->state == STATE_SYN_RECEIVED && t->passive ? INPUT_SYN : INPUT_SYN_LATE;
    if (!(seg->flags & FLAG_ACK))
        return INPUT_NO_ACK;
    return of_ack(t, seg);
}

enum input classify_segment(const struct tcb *t, const struct segment *seg)
{
    if (seg->checksum == SEGMENT_CHECKSUM_BAD)
        return INPUT_BAD_CHECKSUM;
    if (t->state == STATE_CLOSED)
        return in_closed(seg);
    if (t->state == STATE_LISTEN)
        return in_listen(seg);
    if (t->state == STATE_SYN_SENT)
        return in_syn_sent(t, seg);
    return in_connection(t, seg);
}

/* The number of the segment's first octet of data. */
static seq_t text_start(const struct segment *seg)
{
    return seq_add(seg->seq, seg->flags & FLAG_SYN ? 1 : 0);
}

enum input classify_text(const struct tcb *t, const struct segment *seg, uint32_t *off,
                         uint32_t *len)
{
    seq_t start = text_start(seg);
    uint32_t fin = seg->flags & FLAG_FIN ? 1 : 0;
    *off = *len = 0;

    if (seq_le(seq_add(start, seg->len + fin), t->rcv_nxt))
        return INPUT_COUNT;
    if (seq_lt(t->rcv_nxt, start))
        return INPUT_TEXT_AHEAD;
    uint32_t old = (uint32_t)seq_diff(t->rcv_nxt, start);
    if (old >= seg->len) /* only the FIN is new */
        return INPUT_COUNT;
    *off = old;
    *len = seg->len - old;
    if (*len > t->rcv_wnd)
        *len = t->rcv_wnd;
    return INPUT_TEXT;
}

enum input classify_fin(const struct tcb *t, const struct segment *seg)
{
    if (!(seg->flags & FLAG_FIN))
        return INPUT_COUNT;
    return seq_eq(seq_add(text_start(seg), seg->len), t->rcv_nxt) ? INPUT_FIN : INPUT_COUNT;
}

const char *classify_call(enum call call)
{
    static const char *const words[CALLS_OF_RFC] = {
        [CALL_LISTEN] = "passive OPEN", [CALL_CONNECT] = "active OPEN", [CALL_SEND] = "SEND",
        [CALL_RECEIVE] = "RECEIVE",     [CALL_CLOSE] = "CLOSE",         [CALL_ABORT] = "ABORT",
    };
    return words[call];
}

const char *classify_describe(enum input in)
{
    static const char *const words[INPUT_COUNT] = {
        [INPUT_BAD_CHECKSUM] = "wrong checksum: discarded",
        [INPUT_RST] = "acceptable reset",
        [INPUT_RST_TO_LISTEN] = "acceptable reset of a passive open",
        [INPUT_RST_IN_WINDOW] = "reset in the window, but not at RCV.NXT",
        [INPUT_RST_IGNORED] = "reset that matches nothing",
        [INPUT_OUTSIDE] = "outside the receive window",
        [INPUT_SYN] = "SYN",
        [INPUT_SYN_ACK] = "acceptable answer to our SYN",
        [INPUT_SYN_LATE] = "SYN where there is a connection",
        [INPUT_ACK_UNACCEPTABLE] = "acknowledges what was never sent",
        [INPUT_NO_ACK] = "no ACK bit",
        [INPUT_ACK_NEW] = "new acknowledgement",
        [INPUT_ACK_OF_FIN] = "acknowledges our FIN",
        [INPUT_ACK_DUPLICATE] = "duplicate acknowledgement",
        [INPUT_ACK_FUTURE] = "acknowledges what is not sent yet",
        [INPUT_ACK_ANCIENT] = "acknowledgement too old to be true",
        [INPUT_TEXT] = "data in order",
        [INPUT_TEXT_AHEAD] = "data behind a gap",
        [INPUT_FIN] = "FIN in order",
        [INPUT_OTHER] = "nothing this state looks at",
        [INPUT_USER_TIMEOUT] = "user time-out",
        [INPUT_RETRANSMISSION_TIMEOUT] = "retransmission time-out",
        [INPUT_TIME_WAIT_TIMEOUT] = "TIME-WAIT time-out",
    };
    return words[in];
}
