/* See peer_sent.h. */
#include "tcp/peer_sent.h"

#include <string.h>

#include "base/clock.h"
#include "tcp/peer_reach.h"

/* Without a round trip to go by, and beside a short one: the scheduler may add to that. */
#define FLIGHT_UNKNOWN (CLOCK_S / 2)
#define FLIGHT_TRIPS   8
#define PATIENCE       4
/* How far behind a segment that left later one may arrive, at least. */
#define REORDER_LEAST (3 * CLOCK_MS)

enum {
    SHIFT_MAX = 14 /* RFC 7323 2.3 */
};

int64_t peer_sent_flight_time(const struct peer_sent *s)
{
    if (s->rtt_ns == 0)
        return FLIGHT_UNKNOWN;
    int64_t t = FLIGHT_TRIPS * s->rtt_ns, least = s->least_ns != 0 ? s->least_ns : FLIGHT_UNKNOWN;
    return t < least ? least : t;
}

static bool is_recent(const struct peer_sent *s, const struct peer_sent_segment *e, int64_t t_ns)
{
    return t_ns - e->left_ns <= peer_sent_flight_time(s);
}

/* So long its answer is known for one, however late that comes. */
static bool is_remembered(const struct peer_sent *s, const struct peer_sent_segment *e,
                          int64_t t_ns)
{
    return t_ns - e->left_ns <= FLIGHT_UNKNOWN ||
           t_ns - e->left_ns <= PATIENCE * peer_sent_flight_time(s);
}

bool peer_sent_under_way(const struct peer_sent *s, const struct peer_sent_segment *e, int64_t t_ns)
{
    if (s->patient)
        return !e->landed && is_remembered(s, e, t_ns);
    return !e->landed && e->left_ns >= s->landed_ns && is_recent(s, e, t_ns);
}

/* --- What there is --- */

static bool waits_behind_gap(const struct peer_sent *s, const struct peer_sent_segment *e)
{
    return peer_reach_takes_numbers(s, e) && (!s->known || seq_lt(s->rcv_nxt, e->end));
}

static void forget(struct peer_sent *s, size_t i)
{
    s->count--;
    memmove(&s->segments[i], &s->segments[i + 1], (s->count - i) * sizeof(s->segments[0]));
}

static void crowd_out(struct peer_sent *s, size_t i)
{
    const struct peer_sent_segment *e = &s->segments[i];
    bool first = !s->crowded_out_text && !(s->crowded_out & FLAG_FIN);
    if (peer_reach_takes_numbers(s, e) && (first || seq_lt(s->crowded_out_end, e->end)))
        s->crowded_out_end = e->end;
    s->crowded_out |= e->flags;
    s->crowded_out_text |= e->text;
    s->crowded_out_ns = e->left_ns;
    forget(s, i);
}

/* Of those that had no room, text and FINs may wait behind a gap for long. */
static void expire_crowded_out(struct peer_sent *s, int64_t t_ns)
{
    if (t_ns - s->crowded_out_ns <= peer_sent_flight_time(s))
        return;
    s->crowded_out &= FLAG_FIN;
    bool waits = s->crowded_out_text || s->crowded_out != 0;
    if (!waits || (s->known && seq_le(s->crowded_out_end, s->rcv_nxt))) {
        s->crowded_out = 0;
        s->crowded_out_text = false;
    }
}

void peer_sent_expire(struct peer_sent *s, int64_t t_ns)
{
    expire_crowded_out(s, t_ns);
    for (size_t i = 0; i < s->count;) {
        const struct peer_sent_segment *e = &s->segments[i];
        if (is_remembered(s, e, t_ns) || waits_behind_gap(s, e))
            i++;
        else
            forget(s, i);
    }
}

/* --- Sending --- */

static void remember_syn(struct peer_sent *s, const struct segment *seg, int64_t t_ns)
{
    seq_t end = seq_add(seg->seq, 1);
    if (seg->flags & FLAG_RST || !(seg->flags & FLAG_SYN))
        return;
    s->syn_ns = t_ns;
    s->scales |= seg->opt.has_wscale; /* which of them it took is not known: the wider window */
    if (peer_sent_is_syn_end(s, end))
        return;
    if (s->syn_count == PEER_SENT_SYNS_MAX) {
        s->syn_count--;
        memmove(&s->syns[0], &s->syns[1], s->syn_count * sizeof(s->syns[0]));
    }
    s->syns[s->syn_count++] = end;
}

uint32_t peer_sent_window(const struct peer_sent *s, const struct segment *seg)
{
    bool scaled = s->peer_scales && !(seg->flags & FLAG_SYN);
    return (uint32_t)seg->win << (scaled ? s->own_shift : 0);
}

/* What our SYN announces, of which the peer may have taken any: the wider. */
static void remember_offers(struct peer_sent *s, const struct segment *seg)
{
    uint32_t win = peer_sent_window(s, seg);
    if (seg->flags & FLAG_RST)
        return;
    s->win_most = win > s->win_most ? win : s->win_most;
    if (!(seg->flags & FLAG_SYN))
        return;
    s->mss = seg->opt.has_mss && seg->opt.mss > s->mss ? seg->opt.mss : s->mss;
    s->own_shift = seg->opt.has_wscale && seg->opt.wscale <= SHIFT_MAX ? seg->opt.wscale : 0;
}

static void remember_stamp(struct peer_sent *s, const struct segment *seg, bool past, int64_t t_ns)
{
    uint32_t ts_val = seg->opt.ts_val, win = peer_sent_window(s, seg);
    if (!seg->opt.has_timestamps)
        return;
    struct peer_sent_stamp *last = s->stamp_count > 0 ? &s->stamps[s->stamp_count - 1] : NULL;
    if (last != NULL && last->ts_val == ts_val) {
        last->one_ack = last->one_ack && past && seq_eq(last->ack, seg->ack);
        last->win = win < last->win ? win : last->win;
        last->seq = seq_lt(seg->seq, last->seq) ? seg->seq : last->seq;
        return;
    }
    if (s->stamp_count == PEER_SENT_STAMPS_MAX) {
        s->stamp_count--;
        memmove(&s->stamps[0], &s->stamps[1], s->stamp_count * sizeof(s->stamps[0]));
    }
    s->stamps[s->stamp_count++] =
        (struct peer_sent_stamp){ts_val, t_ns, past, seg->ack, win, seg->seq};
}

static bool same(const struct peer_sent_segment *a, const struct peer_sent_segment *b)
{
    return seq_eq(a->seq, b->seq) && seq_eq(a->end, b->end) && seq_eq(a->ack, b->ack) &&
           a->flags == b->flags && a->win == b->win;
}

/* First at the cost of what is only remembered. */
static void make_room(struct peer_sent *s, int64_t t_ns)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct peer_sent_segment *e = &s->segments[i];
        if (!peer_sent_under_way(s, e, t_ns) && !waits_behind_gap(s, e)) {
            forget(s, i);
            return;
        }
    }
    crowd_out(s, 0);
}

void peer_sent_add(struct peer_sent *s, const struct segment *seg, bool past, int64_t t_ns)
{
    remember_offers(s, seg);
    const struct peer_sent_segment e = {
        .seq = seg->seq,
        .end = seg->flags & FLAG_RST ? seg->seq : segment_end(seg),
        .ack = seg->flags & FLAG_ACK ? seg->ack : seq_of(0),
        .flags = seg->flags,
        .win = peer_sent_window(s, seg),
        .text = seg->len > 0 && !(seg->flags & FLAG_RST),
        .stamped = seg->opt.has_timestamps,
        .past = past,
        .once = true,
        .left_ns = t_ns,
    };
    peer_sent_expire(s, t_ns);
    remember_syn(s, seg, t_ns);
    remember_stamp(s, seg, past, t_ns);
    for (size_t i = 0; i < s->count; i++) {
        if (same(&s->segments[i], &e)) { /* the same again does no more than once */
            s->segments[i].left_ns = t_ns;
            s->segments[i].once = s->segments[i].landed = false;
            s->segments[i].past &= past;
            s->segments[i].stamped |= e.stamped;
            return;
        }
    }
    if (s->count == PEER_SENT_MAX)
        make_room(s, t_ns);
    s->segments[s->count++] = e;
}

/* --- What the peer tells --- */

/* Whether it acknowledges, on the connection it spoke of last, something that can have come. */
static bool goes_on(const struct peer_sent *s, seq_t ack)
{
    return s->known && seq_le(s->rcv_nxt, ack) && seq_le(ack, peer_reach_now(s));
}

bool peer_sent_is_syn_end(const struct peer_sent *s, seq_t ack)
{
    for (size_t i = 0; i < s->syn_count; i++) {
        if (seq_eq(s->syns[i], ack))
            return true;
    }
    return false;
}

bool peer_sent_is_newest_syn(const struct peer_sent *s, seq_t ack)
{
    return s->syn_count > 0 && seq_eq(s->syns[s->syn_count - 1], ack);
}

static bool follows_syn(const struct peer_sent *s, seq_t ack, seq_t *syn_end)
{
    for (size_t i = s->syn_count; i > 0; i--) {
        *syn_end = s->syns[i - 1];
        if (seq_le(*syn_end, ack) && seq_le(ack, peer_reach_from(s, *syn_end)))
            return true;
    }
    return false;
}

bool peer_sent_can_acknowledge(const struct peer_sent *s, seq_t ack)
{
    seq_t syn_end;
    if (goes_on(s, ack))
        return true;
    return s->known ? peer_sent_is_syn_end(s, ack) && !seq_eq(ack, s->syn_end)
                    : follows_syn(s, ack, &syn_end);
}

/* What came before `ack` the peer did not have when it spoke last: from `*first` on. False when
 * that was nothing, or is another connection's. */
static bool newly_acknowledged(const struct peer_sent *s, seq_t ack, seq_t *first)
{
    *first = s->rcv_nxt;
    if (goes_on(s, ack))
        return !seq_eq(ack, s->rcv_nxt);
    return follows_syn(s, ack, first) && !seq_eq(ack, *first);
}

enum peer_sent_fin peer_sent_fin_of(const struct peer_sent *s, seq_t ack)
{
    seq_t first, octet = seq_of(ack.v - 1);
    bool fin = false, text = false;
    if (s->known && s->fin != PEER_SENT_FIN_NOT_TAKEN && seq_eq(ack, s->fin_end))
        return s->fin;
    if (!newly_acknowledged(s, ack, &first))
        return PEER_SENT_FIN_NOT_TAKEN;
    for (size_t i = 0; i < s->count; i++) {
        const struct peer_sent_segment *e = &s->segments[i];
        if (!peer_reach_takes_numbers(s, e))
            continue;
        fin = fin || (e->flags & FLAG_FIN && seq_eq(e->end, ack));
        text = text || (e->text && seq_le(e->seq, octet) && seq_lt(octet, peer_reach_text_end(e)));
    }
    if (s->crowded_out & FLAG_FIN && seq_le(ack, s->crowded_out_end))
        return PEER_SENT_FIN_UNKNOWN;
    if (!fin)
        return PEER_SENT_FIN_NOT_TAKEN;
    return text || s->crowded_out_text ? PEER_SENT_FIN_UNKNOWN : PEER_SENT_FIN_TAKEN;
}

static bool tells(const struct peer_sent_told *t, seq_t seq, seq_t ack, uint32_t win,
                  int64_t left_ns)
{
    if (!seq_eq(ack, t->ack) || win < t->win)
        return false;
    if (!t->shut || seq_lt(t->shut_seq, seq))
        return !t->shut || t->shut_ns < left_ns;
    return seq_eq(t->shut_seq, seq) && (t->shut_came || seq_lt(t->shut_ack, ack)) &&
           t->shut_ns < left_ns;
}

bool peer_sent_brought_with(const struct peer_sent *s, seq_t ack, const struct peer_sent_told *t)
{
    seq_t first, last = seq_of(ack.v - 1);
    bool found = false;
    if (s->crowded_out_text || s->crowded_out & FLAG_FIN || !newly_acknowledged(s, ack, &first))
        return false;
    for (size_t i = 0; i < s->count; i++) {
        const struct peer_sent_segment *e = &s->segments[i];
        if (!peer_reach_takes_numbers(s, e) || !peer_reach_covers(e, last))
            continue;
        if (!e->past || !tells(t, e->seq, e->ack, e->win, e->left_ns))
            return false;
        found = true;
    }
    return found;
}

static void offered(struct peer_sent *s, const struct segment *seg)
{
    bool scaled = s->scales && !(seg->flags & FLAG_SYN); /* RFC 7323 2.2 */
    seq_t edge = seq_add(seg->ack, (uint32_t)seg->win << (scaled ? s->shift : 0));
    if (!s->known || seq_lt(s->edge, edge))
        s->edge = edge;
}

/* Another connection than the one before, or the first. */
static void begin(struct peer_sent *s, const struct segment *seg)
{
    seq_t syn_end = seg->ack;
    if (!peer_sent_is_syn_end(s, seg->ack))
        (void)follows_syn(s, seg->ack, &syn_end);
    s->syn_end = syn_end;
    s->fin = PEER_SENT_FIN_NOT_TAKEN;
    s->known = false;
}

/* The peer has told which SYN it took. Another can follow only if it is still under way. */
static void forget_syns(struct peer_sent *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->syn_count; i++) {
        bool wanted = seq_eq(s->syns[i], s->syn_end);
        for (size_t k = 0; k < s->count; k++)
            wanted = wanted || (s->segments[k].flags & FLAG_SYN &&
                                seq_eq(seq_add(s->segments[k].seq, 1), s->syns[i]));
        if (wanted)
            s->syns[kept++] = s->syns[i];
    }
    s->syn_count = kept;
}

static const struct peer_sent_stamp *stamp_of(const struct peer_sent *s, uint32_t ts_val)
{
    for (size_t i = 0; i < s->stamp_count; i++) {
        if (s->stamps[i].ts_val == ts_val)
            return &s->stamps[i];
    }
    return NULL;
}

/* What left well before something that has arrived has arrived too, or is lost. */
static void overtaken(struct peer_sent *s, int64_t left_ns)
{
    s->alive_ns = left_ns > s->alive_ns ? left_ns : s->alive_ns;
    if (s->rtt_ns == 0)
        return;
    int64_t reorder = s->rtt_ns < REORDER_LEAST ? REORDER_LEAST : s->rtt_ns;
    if (left_ns - reorder > s->landed_ns)
        s->landed_ns = left_ns - reorder;
}

/* Whether only this segment can have brought its last number. */
static bool alone(const struct peer_sent *s, const struct peer_sent_segment *e)
{
    seq_t last = seq_of(e->end.v - 1);
    for (size_t i = 0; i < s->count; i++) {
        const struct peer_sent_segment *k = &s->segments[i];
        if (k != e && !(k->flags & FLAG_RST) && peer_reach_covers(k, last))
            return false;
    }
    return e->once;
}

/* Acknowledging the last number of a segment that nothing else has shows its arrival. */
static void land(struct peer_sent *s, seq_t ack)
{
    for (size_t i = 0; i < s->count;) {
        const struct peer_sent_segment *e = &s->segments[i];
        bool counts = !(e->flags & FLAG_RST) && !seq_eq(e->seq, e->end);
        if (counts && seq_le(s->syn_end, e->end) && seq_le(e->end, ack) && alone(s, e)) {
            overtaken(s, e->left_ns);
            forget(s, i);
        } else {
            i++;
        }
    }
}

void peer_sent_echoed(struct peer_sent *s, uint32_t ts_val)
{
    const struct peer_sent_stamp *stamp = stamp_of(s, ts_val);
    if (stamp != NULL)
        overtaken(s, stamp->left_ns);
}

void peer_sent_acknowledged(struct peer_sent *s, const struct segment *seg)
{
    if (!goes_on(s, seg->ack))
        begin(s, seg);
    enum peer_sent_fin fin = peer_sent_fin_of(s, seg->ack);
    offered(s, seg);
    s->known = true;
    s->rcv_nxt = seg->ack;
    s->fin = fin;
    s->fin_end = seg->ack;
    land(s, seg->ack);
    if (seg->flags & FLAG_SYN)
        forget_syns(s);
}

void peer_sent_renew(struct peer_sent *s, const struct segment *syn)
{
    uint8_t shift = syn->opt.has_wscale ? syn->opt.wscale : 0;
    s->shift = shift > SHIFT_MAX ? SHIFT_MAX : shift;
    s->peer_scales = syn->opt.has_wscale;
    s->known = false;
    s->fin = PEER_SENT_FIN_NOT_TAKEN;
}

bool peer_sent_stamp_told(const struct peer_sent *s, uint32_t ts_val,
                          const struct peer_sent_told *t)
{
    const struct peer_sent_stamp *k = stamp_of(s, ts_val);
    return k != NULL && k->one_ack && tells(t, k->seq, k->ack, k->win, k->left_ns);
}

bool peer_sent_is_since(const struct peer_sent *s, const struct segment *seg, int64_t t_ns)
{
    const struct peer_sent_stamp *k = seg->opt.has_timestamps ? stamp_of(s, seg->opt.ts_ecr) : NULL;
    seq_t first, last = seq_of(seg->ack.v - 1);
    if (k != NULL && k->left_ns >= t_ns)
        return true;
    bool found = false;
    bool anew = seg->flags & FLAG_SYN || newly_acknowledged(s, seg->ack, &first);
    if (s->crowded_out != 0 || !anew)
        return false;
    for (size_t i = 0; i < s->count; i++) {
        const struct peer_sent_segment *e = &s->segments[i];
        if (e->flags & FLAG_RST || !peer_reach_covers(e, last))
            continue;
        if (e->left_ns < t_ns || !e->once)
            return false;
        found = true;
    }
    return found;
}

/* By its SEQ, and its ACK where ours had none (3.10.7.1). Some put an ACK beside the SEQ that they
 * have from ours. */

static bool answers(const struct segment *rst, const struct peer_sent_segment *e)
{
    if (e->flags & FLAG_RST)
        return false;
    if (e->flags & FLAG_ACK)
        return seq_eq(e->ack, rst->seq) && (!(rst->flags & FLAG_ACK) || seq_eq(e->end, rst->ack));
    return rst->flags & FLAG_ACK && rst->seq.v == 0 && seq_eq(e->end, rst->ack);
}

const struct peer_sent_segment *peer_sent_answered_by(const struct peer_sent *s,
                                                      const struct segment *rst)
{
    for (size_t i = s->count; i > 0; i--) {
        if (answers(rst, &s->segments[i - 1]))
            return &s->segments[i - 1];
    }
    return NULL;
}

/* Whether the answer may be to this one, even if answers are much later than any was so far. */
static bool awaits_answer(const struct peer_sent *s, const struct peer_sent_segment *e,
                          int64_t t_ns)
{
    bool lately = t_ns - e->left_ns <= PATIENCE * peer_sent_flight_time(s);
    bool idle = e->flags & FLAG_RST && !peer_reach_fits(s, e);
    return lately && !idle && !e->landed && e->left_ns >= s->landed_ns;
}

void peer_sent_answered(struct peer_sent *s, const struct segment *rst, int64_t t_ns)
{
    struct peer_sent_segment *only = NULL;
    if (rst == NULL && s->crowded_out != 0)
        return;
    for (size_t i = 0; i < s->count; i++) {
        struct peer_sent_segment *e = &s->segments[i];
        if (rst != NULL ? !is_recent(s, e, t_ns) || !answers(rst, e) : !awaits_answer(s, e, t_ns))
            continue;
        if (only != NULL)
            return;
        only = e;
    }
    if (only == NULL || !only->once)
        return;
    if (rst == NULL)
        overtaken(s, only->left_ns);
    only->landed = true;
    if (t_ns - only->left_ns > s->rtt_ns) /* it is answered at once: so long is the way */
        s->rtt_ns = t_ns - only->left_ns;
}
