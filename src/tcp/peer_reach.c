/* See peer_reach.h. */
#include "tcp/peer_reach.h"

enum {
    UNSCALED_MAX = 1 << 16 /* the widest window that a SYN,ACK can offer */
};

seq_t peer_reach_text_end(const struct peer_sent_segment *e)
{
    return e->flags & FLAG_FIN ? seq_of(e->end.v - 1) : e->end;
}

bool peer_reach_takes_numbers(const struct peer_sent *s, const struct peer_sent_segment *e)
{
    if (e->flags & FLAG_RST || !(e->text || e->flags & FLAG_FIN))
        return false;
    if (e->flags & FLAG_SYN)
        return !s->known || seq_eq(seq_add(e->seq, 1), s->syn_end);
    return (e->flags & FLAG_ACK) != 0;
}

static bool is_fin(const struct peer_sent *s, const struct peer_sent_segment *e)
{
    return e->flags & FLAG_FIN && peer_reach_takes_numbers(s, e);
}

bool peer_reach_covers(const struct peer_sent_segment *e, seq_t number)
{
    return seq_le(e->seq, number) && seq_lt(number, e->end);
}

seq_t peer_reach_from(const struct peer_sent *s, seq_t at)
{
    for (bool on = true; on;) {
        on = false;
        for (size_t i = 0; i < s->count; i++) {
            const struct peer_sent_segment *e = &s->segments[i];
            if (peer_reach_takes_numbers(s, e) && peer_reach_covers(e, at)) {
                at = e->end;
                on = true;
            }
        }
    }
    bool text = s->crowded_out_text || s->crowded_out & FLAG_FIN;
    return text && seq_lt(at, s->crowded_out_end) ? s->crowded_out_end : at;
}

seq_t peer_reach_now(const struct peer_sent *s)
{
    return peer_reach_from(s, s->rcv_nxt);
}

static bool is_syn_before(const struct peer_sent_segment *e, seq_t first)
{
    return (e->flags & (FLAG_SYN | FLAG_RST)) == FLAG_SYN && seq_eq(seq_add(e->seq, 1), first);
}

/* Whether any of it may lie in a window from `left` to `right`; not so the very SYN whose number is
 * the last before it. */
static bool touches(const struct peer_sent_segment *e, seq_t left, seq_t right)
{
    return !is_syn_before(e, left) && seq_le(seq_of(left.v - 1), e->end) && seq_le(e->seq, right);
}

bool peer_reach_fits(const struct peer_sent *s, const struct peer_sent_segment *e)
{
    seq_t right = seq_max(s->edge, peer_reach_now(s));
    return s->known && !is_syn_before(e, s->syn_end) && touches(e, s->rcv_nxt, right);
}

bool peer_reach_fits_syn(const struct peer_sent *s, const struct peer_sent_segment *e)
{
    for (size_t i = 0; i < s->syn_count; i++) {
        bool told = s->known && seq_eq(s->syns[i], s->syn_end);
        if (!told && touches(e, s->syns[i], seq_add(s->syns[i], UNSCALED_MAX)))
            return true;
    }
    return peer_reach_fits(s, e);
}

bool peer_reach_fin(const struct peer_sent *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct peer_sent_segment *e = &s->segments[i];
        seq_t at = seq_of(e->end.v - 1);
        if (is_fin(s, e) &&
            (!s->known || (seq_le(s->rcv_nxt, at) && seq_le(at, peer_reach_now(s)))))
            return true;
    }
    return (s->crowded_out & FLAG_FIN) != 0;
}

bool peer_reach_text_behind_fin(const struct peer_sent *s, const struct peer_sent_segment *e)
{
    if (!e->text)
        return false;
    if (s->fin != PEER_SENT_FIN_NOT_TAKEN && seq_lt(s->fin_end, peer_reach_text_end(e)))
        return true;
    for (size_t i = 0; i < s->count; i++) {
        const struct peer_sent_segment *f = &s->segments[i];
        if (is_fin(s, f) && seq_lt(seq_of(f->end.v - 1), peer_reach_text_end(e)))
            return true;
    }
    return (s->crowded_out & FLAG_FIN) != 0;
}
