/* See emission.h. */
#include "talk/emission.h"

#include <string.h>

#include "figure/view.h"

/* Our TCB's own number, if that can be meant: the peer may have begun to count anew meanwhile. */
static seq_t number(struct bind *b, enum end side, const struct figure_number *n, seq_t usual)
{
    seq_t wire = usual;
    if (n->given && !bind_matches(b, side, n, usual) && !bind_lookup(b, side, n, &wire))
        (void)bind_set(b, side, n, usual); /* too many symbols: then it is not judged later */
    return wire;
}

static bool opens(const struct tcb *t, const struct segment *seg)
{
    return (seg->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN &&
           (t->state == STATE_CLOSED || t->state == STATE_LISTEN);
}

/* Whether the TCB in its state could send this itself: the SYN and the SYN,ACK of its opening, and
 * what lies at SND.NXT or was sent before. */
static bool is_own(const struct tcb *t, const struct segment *seg)
{
    if (seg->flags & FLAG_RST || seg->checksum == SEGMENT_CHECKSUM_BAD)
        return false;
    if (seg->flags & FLAG_SYN)
        return opens(t, seg) || (seq_eq(seg->seq, t->iss) &&
                                 (t->state == STATE_SYN_SENT || t->state == STATE_SYN_RECEIVED));
    bool can = state_synchronized(t->state) || t->state == STATE_SYN_RECEIVED;
    return can && seg->flags & FLAG_ACK && seq_lt(t->iss, seg->seq) && seq_le(seg->seq, t->snd_nxt);
}

static enum call call_of(const struct tcb *t, const struct segment *seg)
{
    bool may_close = t->state == STATE_SYN_RECEIVED || t->state == STATE_ESTABLISHED ||
                     t->state == STATE_CLOSE_WAIT;
    if (opens(t, seg))
        return CALL_CONNECT;
    if (seg->flags & FLAG_FIN && may_close && seq_lt(t->snd_nxt, segment_end(seg)))
        return CALL_CLOSE;
    return CALL_COUNT;
}

static void take_options(const struct figure_segment *f, struct scripted *out)
{
    struct options *o = &out->seg.opt;
    if (f->has_options) {
        options_parse(o, f->options, f->options_len);
        memcpy(o->raw, f->options, f->options_len);
        o->raw_len = (uint8_t)f->options_len;
        out->exact_options = true;
        return;
    }
    o->has_mss = f->has_mss;
    o->mss = f->mss;
    o->has_wscale = f->has_wscale;
    o->wscale = f->wscale;
}

static void take_fields(const struct figure_segment *f, struct scripted *out)
{
    struct segment *seg = &out->seg;
    seg->flags = f->flags;
    seg->len = f->has_len ? f->len : f->has_data ? 1 : 0;
    if (seg->len > EMISSION_DATA_MAX)
        seg->len = EMISSION_DATA_MAX;
    seg->win = f->win;
    seg->urg = f->urg;
    seg->ttl = f->ttl;
    seg->checksum = f->bad_checksum ? SEGMENT_CHECKSUM_BAD : SEGMENT_CHECKSUM_OK;
    out->usual_win = !f->has_win;
    out->usual_ttl = !f->has_ttl;
    take_options(f, out);
}

bool emission_of(const struct figure_segment *figured, enum emission_kind kind, enum end us,
                 const struct tcb *t, struct bind *b, struct scripted *out)
{
    *out = (struct scripted){.call = CALL_COUNT};
    struct segment *seg = &out->seg;
    take_fields(figured, out);
    bool syn = (seg->flags & FLAG_SYN) != 0;
    if (!bind_is_absolute(figured))
        seg->seq = number(b, us, &figured->seq, syn ? t->iss : t->snd_nxt);
    if (seg->flags & FLAG_ACK)
        seg->ack = number(b, end_other(us), &figured->ack, t->rcv_nxt);
    if (kind == EMISSION_ABORT && seg->flags & FLAG_RST) {
        out->ours = true;
        out->call = CALL_ABORT;
    } else if (kind != EMISSION_DUPLICATE && is_own(t, seg)) {
        out->ours = true;
        out->call = call_of(t, seg);
    }
    return out->call == CALL_CONNECT;
}
