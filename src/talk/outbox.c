/* See outbox.h. */
#include "talk/outbox.h"

#include "base/clock.h"
#include "talk/talk.h"

enum {
    INITIAL_WINDOW_SEGMENTS = 10, /* RFC 6928 */
    LEAST_MSS = 64,               /* whatever the peer announces: an MSS of 1 would be a trap */
};

bool outbox_put(struct outbox *b, struct outgoing o)
{
    for (size_t i = 0; i < b->queued; i++) {
        /* One ACK says all that two would. */
        if (o.kind == OUTGOING_ACK && b->queue[i].kind == OUTGOING_ACK)
            return true;
    }
    if (b->queued == OUTBOX_QUEUE_MAX)
        return false;
    b->queue[b->queued++] = o;
    return true;
}

static struct outgoing dequeue(struct outbox *b)
{
    struct outgoing o = b->queue[0];
    b->queued--;
    for (size_t i = 0; i < b->queued; i++)
        b->queue[i] = b->queue[i + 1];
    return o;
}

void outbox_forget(struct outbox *b)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->queued; i++) {
        if (b->queue[i].kind == OUTGOING_SCRIPTED)
            b->queue[kept++] = b->queue[i];
    }
    b->queued = kept;
}

static bool may_send_data(const struct tcb *t)
{
    return (t->state == STATE_ESTABLISHED || t->state == STATE_CLOSE_WAIT) && !t->fin_sent;
}

/* Position in the payload of the next octet to send for the first time. */
static size_t payload_next(const struct tcb *t)
{
    return t->snd_nxt.v - t->iss.v - 1;
}

/* The effective send MSS (RFC 9293 3.7.1, MUST-16; RFC 6691: what is announced leaves options out).
 */
static size_t segment_max(const struct outbox *b, const struct tcb *t)
{
    size_t mss = b->fits != 0 && b->fits < t->snd_mss ? b->fits : t->snd_mss;
    return (mss < LEAST_MSS ? LEAST_MSS : mss) - (t->timestamps ? 12 : 0);
}

/* How much can go out as one segment at `pos`: the MSS, the peer's window and ours (RFC 6928, no
 * congestion control beyond it: nothing here sends in bulk) and the end of the first part bound it.
 */
static uint32_t chunk(const struct outbox *b, const struct tcb *t, size_t pos)
{
    size_t n = b->payload_len - pos;
    if (pos < b->payload_first && n > b->payload_first - pos)
        n = b->payload_first - pos;
    size_t mss = segment_max(b, t);
    if (n > mss)
        n = mss;
    size_t window =
        t->snd_wnd < INITIAL_WINDOW_SEGMENTS * mss ? t->snd_wnd : INITIAL_WINDOW_SEGMENTS * mss;
    size_t used = pos + 1 - (t->snd_una.v - t->iss.v);
    size_t room = used < window ? window - used : 0;
    return (uint32_t)(n < room ? n : room);
}

bool outbox_data_is_due(const struct outbox *b, const struct tcb *t)
{
    return !b->stopped && !b->again_only && may_send_data(t) && payload_next(t) < b->payload_len &&
           chunk(b, t, payload_next(t)) > 0;
}

bool outbox_is_blocked(const struct outbox *b, const struct tcb *t)
{
    return !b->stopped && may_send_data(t) && payload_next(t) < b->payload_len &&
           chunk(b, t, payload_next(t)) == 0;
}

static bool fin_is_due(const struct outbox *b, const struct tcb *t)
{
    bool can = t->state == STATE_SYN_RECEIVED || may_send_data(t);
    return !b->stopped && !b->again_only && b->close_wanted && can &&
           payload_next(t) >= b->payload_len;
}

static bool choose(struct outbox *b, const struct tcb *t, struct outgoing *o)
{
    if (b->queued != 0)
        *o = dequeue(b);
    else if (outbox_data_is_due(b, t))
        *o = (struct outgoing){.kind = OUTGOING_DATA};
    else if (fin_is_due(b, t))
        *o = (struct outgoing){.kind = OUTGOING_FIN, .cause = b->close_cause};
    else
        return false;
    return true;
}

/* What is oldest among the unacknowledged: the SYN, else data, else the FIN. */
static enum outgoing_kind oldest(const struct outbox *b, const struct tcb *t)
{
    if (seq_eq(t->snd_una, t->iss))
        return t->state == STATE_SYN_SENT ? OUTGOING_SYN : OUTGOING_SYN_ACK;
    return t->snd_una.v - t->iss.v - 1 < b->payload_len ? OUTGOING_DATA : OUTGOING_FIN;
}

static uint32_t fill_data(const struct outbox *b, const struct tcb *t, seq_t seq,
                          struct segment *seg, const uint8_t **data)
{
    size_t pos = seq.v - t->iss.v - 1;
    uint32_t n = chunk(b, t, pos);
    if (n == 0) /* the window is closed and the timer has run: probe it (RFC 9293 3.8.6.1) */
        n = 1;
    tcb_fill(t, REPLY_ACK, NULL, seg);
    seg->seq = seq;
    seg->flags |= FLAG_PSH;
    *data = b->payload + pos;
    return n;
}

static uint32_t fill(const struct outbox *b, const struct tcb *t, const struct outgoing *o,
                     struct segment *seg, const uint8_t **data)
{
    bool again = o->kind == OUTGOING_RETRANSMIT;

    switch (again ? oldest(b, t) : o->kind) {
    case OUTGOING_SYN:
        tcb_fill(t, REPLY_SYN, NULL, seg);
        break;
    case OUTGOING_SYN_ACK:
        tcb_fill(t, REPLY_SYN_ACK, NULL, seg);
        break;
    case OUTGOING_DATA:
        return fill_data(b, t, again ? t->snd_una : t->snd_nxt, seg, data);
    case OUTGOING_FIN:
        tcb_fill(t, REPLY_FIN, NULL, seg);
        if (again)
            seg->seq = t->snd_una;
        break;
    case OUTGOING_ACK:
        tcb_fill(t, REPLY_ACK, NULL, seg);
        break;
    case OUTGOING_KEEPALIVE:
        tcb_fill(t, REPLY_ACK, NULL, seg);
        seg->seq = seq_of(t->snd_una.v - 1);
        break;
    case OUTGOING_ABORT:
        tcb_fill(t, REPLY_RST_OWN, NULL, seg);
        break;
    case OUTGOING_RST:
        *seg = (struct segment){.seq = o->seq, .flags = FLAG_RST};
        break;
    case OUTGOING_RST_ACK:
        *seg = (struct segment){.ack = o->ack, .flags = FLAG_RST | FLAG_ACK};
        break;
    case OUTGOING_SCRIPTED:
        *seg = o->script.seg;
        *data = o->script.data;
        return seg->len;
    case OUTGOING_RETRANSMIT:
        break;
    }
    return 0;
}

/* The options of the segment: all of them on a SYN, timestamps alone later (RFC 7323 3.2: on every
 * segment but a reset once both ends have offered them). */
static void lay_out_options(const struct talk_config *c, const struct tcb *t, int64_t now_ns,
                            struct segment *seg)
{
    bool syn = (seg->flags & FLAG_SYN) != 0;
    struct options *o = &seg->opt;

    *o = (struct options){0};
    if (seg->flags & FLAG_RST)
        return;
    o->has_timestamps = syn ? c->timestamps : t->timestamps;
    o->ts_val = c->ts_base + (uint32_t)(now_ns / CLOCK_MS);
    o->ts_ecr = seg->flags & FLAG_ACK ? t->ts_recent : 0;
    if (syn)
        syn_like_options(c->like, c->mss, o);
    else
        (void)options_build(o, o->has_timestamps ? "NNT" : "", NULL); /* fits: this cannot fail */
}

/* What a script leaves to us. */
static void complete_script(const struct talk_config *c, const struct tcb *t,
                            const struct scripted *script, int64_t now_ns, struct segment *seg)
{
    bool syn = (seg->flags & FLAG_SYN) != 0;
    struct talk_config shaped = *c;
    struct syn_like like = *c->like;
    if (script->usual_win)
        seg->win = seg->flags & FLAG_RST ? 0 : tcb_window_field(t, syn);
    if (script->usual_ttl)
        seg->ttl = c->ttl;
    if (script->exact_options)
        return;
    if (seg->opt.has_mss)
        shaped.mss = seg->opt.mss;
    if (seg->opt.has_wscale)
        like.wscale = seg->opt.wscale;
    shaped.like = &like;
    lay_out_options(&shaped, t, now_ns, seg);
}

/* The SYN,ACK of a simultaneous open has the SYN's number, and is none of it again. */
static bool is_sent_again(const struct outgoing *o, const struct tcb *t, const struct segment *seg)
{
    return o->kind != OUTGOING_SYN_ACK && segment_seq_len(seg) > 0 && !(seg->flags & FLAG_RST) &&
           !seq_lt(t->snd_nxt, segment_end(seg));
}

bool outbox_next(struct outbox *b, const struct talk_config *c, const struct tcb *t, int64_t now_ns,
                 struct segment *seg, const uint8_t **data, size_t *len)
{
    if (b->waiting || !choose(b, t, &b->current))
        return false;
    *seg = (struct segment){0};
    *data = NULL;
    *len = fill(b, t, &b->current, seg, data);
    seg->len = (uint32_t)*len;
    seg->src = c->local;
    seg->dst = c->remote;
    seg->ip_version = address_is_v4(&seg->src.ip) ? 4 : 6;
    seg->df = true;
    if (b->current.kind == OUTGOING_SCRIPTED) {
        complete_script(c, t, &b->current.script, now_ns, seg);
    } else {
        seg->ttl = c->ttl;
        lay_out_options(c, t, now_ns, seg);
    }
    b->segment = *seg; /* so that the captured one is recognised */
    b->handed_ns = now_ns;
    b->waiting = true;
    b->committed = b->current.kind == OUTGOING_SCRIPTED && !b->current.script.ours;
    b->again = !b->committed && is_sent_again(&b->current, t, seg);
    return true;
}

/* Nothing else of this host's, its kernel's resets above all, must pass for ours. */
bool outbox_is_current(const struct outbox *b, const struct segment *seg)
{
    const struct segment *own = &b->segment;
    return b->waiting && seg->flags == own->flags && seq_eq(seg->seq, own->seq) &&
           seq_eq(seg->ack, own->ack) && seg->len == own->len;
}

size_t outbox_unacknowledged(const struct outbox *b, const struct tcb *t)
{
    size_t acked = t->snd_una.v - t->iss.v;
    acked = acked > 0 ? acked - 1 : 0;
    return acked < b->payload_len ? b->payload_len - acked : 0;
}
