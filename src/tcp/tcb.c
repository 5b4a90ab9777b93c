/* See tcb.h. The table says which state follows; the functions here keep the variables of
 * RFC 9293 3.3.1 in step with it. */
#include "tcp/tcb.h"

#include "tcp/classify.h"

static const struct transition calls[STATE_COUNT][CALLS_OF_RFC] = {
#define CALL(state, call, next_state, what, section)                                               \
    [STATE_##state][CALL_##call] = {                                                               \
        .next = STATE_##next_state, .reply = REPLY_##what, .rfc = "RFC 9293 " section},
#define ON(...)
#define NEVER(...)
#include "tcp/transitions.def"
#undef CALL
#undef ON
#undef NEVER
};

static const struct transition inputs[STATE_COUNT][INPUT_COUNT] = {
#define CALL(...)
#define ON(state, input, next_state, what, section)                                                \
    [STATE_##state][INPUT_##input] = {                                                             \
        .next = STATE_##next_state, .reply = REPLY_##what, .rfc = "RFC 9293 " section},
#define NEVER(state, input, section)                                                               \
    [STATE_##state][INPUT_##input] = {                                                             \
        .next = STATE_##state, .reply = REPLY_NOTHING, .rfc = "RFC 9293 " section, .never = true},
#include "tcp/transitions.def"
};

const struct transition *tcb_transition(enum state s, enum input in)
{
    return &inputs[s][in];
}

const struct transition *tcb_transition_of_call(enum state s, enum call call)
{
    return &calls[s][call];
}

static void set_state(struct tcb *t, enum state s)
{
    t->state = s;
}

void tcb_init(struct tcb *t, seq_t iss, uint32_t rcv_wnd, bool timestamps, bool wscale,
              uint8_t rcv_shift)
{
    *t = (struct tcb){
        .iss = iss,
        .snd_una = iss,
        .snd_nxt = iss,
        .rcv_wnd = rcv_wnd,
        .offer_timestamps = timestamps,
        .offer_wscale = wscale,
        .rcv_shift = wscale ? rcv_shift : 0,
    };
    set_state(t, STATE_CLOSED);
}

void tcb_suppose(struct tcb *t, enum state s)
{
    const state_set closed = STATE_SET(STATE_FIN_WAIT_2) | STATE_SET(STATE_TIME_WAIT);
    const state_set closes =
        STATE_SET(STATE_FIN_WAIT_1) | STATE_SET(STATE_CLOSING) | STATE_SET(STATE_LAST_ACK);
    const state_set other = STATE_SET(STATE_CLOSE_WAIT) | STATE_SET(STATE_CLOSING) |
                            STATE_SET(STATE_LAST_ACK) | STATE_SET(STATE_TIME_WAIT);
    set_state(t, s);
    t->passive = s == STATE_LISTEN || s == STATE_SYN_RECEIVED;
    t->fin_sent = state_set_has(closed | closes, s);
    t->fin_acked = state_set_has(closed, s);
    t->fin_received = state_set_has(other, s);
}

struct transition tcb_call(struct tcb *t, enum call call)
{
    const struct transition *x = tcb_transition_of_call(t->state, call);
    if (call == CALL_LISTEN && x->reply != REPLY_REFUSED)
        t->passive = true;
    if (x->reply == REPLY_SYN) /* OPEN, or SEND in LISTEN (3.10.2) */
        t->passive = false;
    set_state(t, x->next);
    return *x;
}

struct transition tcb_time_out(struct tcb *t, enum input in)
{
    const struct transition *x = tcb_transition(t->state, in);
    set_state(t, x->next);
    return *x;
}

/* What the peer's SYN tells: its ISS, its options, its first window, never scaled. */
static void learn_from_syn(struct tcb *t, const struct segment *seg)
{
    const struct options *o = &seg->opt;
    t->irs = seg->seq;
    t->rcv_nxt = seq_add(seg->seq, 1);
    t->last_ack_sent = seg->seq; /* not even the SYN */
    t->timestamps = t->offer_timestamps && o->has_timestamps;
    t->wscale = t->offer_wscale && o->has_wscale;
    t->snd_shift = t->wscale ? (o->wscale > 14 ? 14 : o->wscale) : 0;
    if (!t->wscale)
        t->rcv_shift = 0;
    if (t->timestamps)
        t->ts_recent = o->ts_val;
    t->snd_mss = o->has_mss ? o->mss : seg->ip_version == 4 ? 536 : 1220;
    t->snd_wnd = t->max_snd_wnd = seg->win;
    t->snd_wl1 = seg->seq;
    t->snd_wl2 = seg->ack;
}

static uint32_t take_ack(struct tcb *t, const struct segment *seg)
{
    uint32_t acked = (uint32_t)seq_diff(seg->ack, t->snd_una);
    t->snd_una = seg->ack;
    if (t->fin_sent && seq_eq(seg->ack, t->snd_nxt))
        t->fin_acked = true;
    return acked;
}

/* 3.10.7.4 fifth: a window is believed only from a segment at least as new as the last believed. */
static void take_window(struct tcb *t, const struct segment *seg)
{
    bool newer = seq_lt(t->snd_wl1, seg->seq) ||
                 (seq_eq(t->snd_wl1, seg->seq) && seq_le(t->snd_wl2, seg->ack));
    if (newer && seq_le(t->snd_una, seg->ack)) {
        t->snd_wnd = (uint32_t)seg->win << (seg->flags & FLAG_SYN ? 0 : t->snd_shift);
        t->snd_wl1 = seg->seq;
        t->snd_wl2 = seg->ack;
        if (t->snd_wnd > t->max_snd_wnd)
            t->max_snd_wnd = t->snd_wnd;
    }
}

/* RFC 7323 4.3: the timestamp of a segment that is not ahead of what we have acknowledged. */
static void take_timestamp(struct tcb *t, const struct segment *seg)
{
    if (t->timestamps && seg->opt.has_timestamps && seq_le(seg->seq, t->last_ack_sent) &&
        (int32_t)(seg->opt.ts_val - t->ts_recent) > 0)
        t->ts_recent = seg->opt.ts_val;
}

/* One input of a segment: the state moves as the table says and the arrival notes it. A reply is
 * never taken back by a later input that asks for none. */
static void take_step(struct tcb *t, struct arrival *a, enum input in)
{
    const struct transition *x = tcb_transition(t->state, in);
    a->inputs[a->count++] = in;
    if (x->reply != REPLY_NOTHING)
        a->reply = x->reply;
    if (a->rfc == NULL || x->next != t->state) {
        a->rfc = x->rfc;
        a->why = classify_describe(in);
    }
    set_state(t, x->next);
    a->to = t->state;
}

static bool takes_text(const struct tcb *t)
{
    return t->state == STATE_ESTABLISHED || t->state == STATE_FIN_WAIT_1 ||
           t->state == STATE_FIN_WAIT_2;
}

static void take_text_and_fin(struct tcb *t, struct arrival *a, const struct segment *seg)
{
    uint32_t off, len;
    enum input text = classify_text(t, seg, &off, &len);
    if (text != INPUT_COUNT) {
        if (text == INPUT_TEXT && takes_text(t)) {
            t->rcv_nxt = seq_add(t->rcv_nxt, len);
            a->text = len;
            a->text_off = off;
        }
        take_step(t, a, text);
    }
    if (takes_text(t) && classify_fin(t, seg) == INPUT_FIN) {
        t->rcv_nxt = seq_add(t->rcv_nxt, 1);
        t->fin_received = true;
        take_step(t, a, INPUT_FIN);
    }
}

struct arrival tcb_arrive(struct tcb *t, const struct segment *seg)
{
    enum input in = classify_segment(t, seg);
    struct arrival a = {.from = t->state, .to = t->state};

    if (in == INPUT_SYN_ACK || (in == INPUT_SYN && t->state != STATE_SYN_RECEIVED))
        learn_from_syn(t, seg);
    if (in == INPUT_SYN_ACK || in == INPUT_ACK_NEW || in == INPUT_ACK_OF_FIN)
        a.acked = take_ack(t, seg);
    bool acceptable_ack =
        in == INPUT_ACK_NEW || in == INPUT_ACK_OF_FIN || in == INPUT_ACK_DUPLICATE;
    if (acceptable_ack) {
        take_window(t, seg);
        take_timestamp(t, seg);
    }
    take_step(t, &a, in);
    /* The ACK of LAST-ACK's FIN leaves nobody to take anything. */
    if ((acceptable_ack || in == INPUT_SYN_ACK) && t->state != STATE_CLOSED)
        take_text_and_fin(t, &a, seg);
    return a;
}

void tcb_left(struct tcb *t, const struct segment *seg)
{
    seq_t end = segment_end(seg);
    if (seg->flags & FLAG_ACK)
        t->last_ack_sent = seg->ack;
    if (seg->flags & FLAG_RST || !seq_lt(t->snd_nxt, end))
        return;
    t->snd_nxt = end;
    if (seg->flags & FLAG_FIN)
        t->fin_sent = true;
}

uint16_t tcb_window_field(const struct tcb *t, bool syn)
{
    uint32_t w = syn ? t->rcv_wnd : t->rcv_wnd >> (t->wscale ? t->rcv_shift : 0);
    return (uint16_t)(w > UINT16_MAX ? UINT16_MAX : w);
}

static void fill(struct segment *out, seq_t seq, seq_t ack, unsigned flags, uint16_t win)
{
    out->seq = seq;
    out->ack = ack;
    out->flags = (uint16_t)flags;
    out->win = win;
}

void tcb_fill(const struct tcb *t, enum reply reply, const struct segment *cause,
              struct segment *out)
{
    switch (reply) {
    case REPLY_SYN:
        fill(out, t->iss, seq_of(0), FLAG_SYN, tcb_window_field(t, true));
        break;
    case REPLY_SYN_ACK:
        fill(out, t->iss, t->rcv_nxt, FLAG_SYN | FLAG_ACK, tcb_window_field(t, true));
        break;
    case REPLY_ACK:
        fill(out, t->snd_nxt, t->rcv_nxt, FLAG_ACK, tcb_window_field(t, false));
        break;
    case REPLY_FIN:
        fill(out, t->snd_nxt, t->rcv_nxt, FLAG_FIN | FLAG_ACK, tcb_window_field(t, false));
        break;
    case REPLY_RST:
        fill(out, cause->ack, seq_of(0), FLAG_RST, 0);
        break;
    case REPLY_RST_ACK:
        fill(out, seq_of(0), segment_end(cause), FLAG_RST | FLAG_ACK, 0);
        break;
    case REPLY_RST_OWN:
        fill(out, t->snd_nxt, seq_of(0), FLAG_RST, 0);
        break;
    case REPLY_NOTHING:
    case REPLY_DATA:
    case REPLY_RETRANSMIT:
    case REPLY_QUEUED:
    case REPLY_REFUSED:
        break;
    }
}
