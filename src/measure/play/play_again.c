/* A second chance for segments of ours. Nothing shows that a segment has arrived until it is
 * answered, or the peer's kernel is somewhere else than before; so nothing is held against the peer
 * that one lost segment explains. What was not answered is sent once more, where a copy means what
 * the segment means: any network may bring one (RFC 9293 3.4), and our end would repeat its SYN,
 * FIN and data itself (RFC 6298 5.4). Between two kernels nothing is lost. */
#include "measure/play/play_parts.h"

#include <stdio.h>

#include "base/clock.h"
#include "wire/flags.h"

/* RFC 6298 2.1. Linux answers what is not in order once in half a second: that has passed. */
#define FIRST_TIME_OUT CLOCK_S

#define NO_CONNECTION (STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN))

static const char may_be_lost[] = "not in the figure: once more, as it may be lost";
static const char not_answered[] = "not in the figure: once more, as nothing has answered it";

/* --- What has left --- */

/* All that a bare ACK says, what our end sends behind it says too. */
static bool is_told_by(const struct segment *ack, const struct scripted *s)
{
    return (ack->flags & (FLAG_SYN | FLAG_FIN | FLAG_RST | FLAG_ACK)) == FLAG_ACK &&
           ack->len == 0 && s->ours && s->seg.flags & FLAG_ACK && seq_le(ack->seq, s->seg.seq) &&
           seq_le(ack->ack, s->seg.ack);
}

static void drop(struct play_again *g, size_t i)
{
    for (g->count--; i < g->count; i++)
        g->list[i] = g->list[i + 1];
}

void play_again_note(struct play *p, const struct scripted *s)
{
    struct play_again *g = &p->again;
    if (talk_is_wire(p->ends.x))
        return;
    if (g->count > 0 && is_told_by(&g->list[g->count - 1].out.seg, s))
        drop(g, g->count - 1);
    if (g->count == PLAY_AGAIN_MAX)
        drop(g, 0);
    struct play_sent *k = &g->list[g->count++];
    g->left_ns = p->ends.x->now_ns;
    *k = (struct play_sent){.out = *s, .before = g->peer, .left_ns = g->left_ns};
    k->out.call = CALL_COUNT;
    k->out.tag = PLAY_TAG_AGAIN;
    k->out.ours = s->ours && !(s->seg.flags & FLAG_RST);
}

void play_again_note_ack(struct play *p)
{
    const struct tcb *t = &p->ends.x->ours.tcb;
    struct scripted ack = {.usual_win = true, .usual_ttl = true, .ours = true, .call = CALL_COUNT};
    ack.seg.flags = FLAG_ACK;
    ack.seg.seq = t->snd_nxt;
    ack.seg.ack = t->rcv_nxt;
    p->again.peer = STATE_SET(STATE_SYN_RECEIVED);
    play_again_note(p, &ack);
}

/* --- What has arrived --- */

static void note_loss(struct play *p)
{
    for (size_t i = 0; i < p->again.count; i++)
        p->lossy |= !p->again.list[i].arrived && p->again.list[i].copies > 0;
}

bool play_again_lossy(const struct play *p)
{
    bool under_way = false;
    for (size_t i = 0; i < p->again.count; i++)
        under_way |= !p->again.list[i].arrived;
    return p->lossy && under_way;
}

void play_again_answered(struct play *p)
{
    note_loss(p);
    p->again.count = 0;
    p->again.times = 0;
    p->again.other = false;
}

void play_again_is_at(struct play *p, state_set states, bool word)
{
    struct play_again *g = &p->again;
    if (states & NO_CONNECTION)
        states |= NO_CONNECTION;
    bool moved = (g->peer & states) == STATE_SET_NONE;
    if (word && moved)
        note_loss(p);
    for (size_t i = 0; word && moved && i < g->count; i++)
        g->list[i].arrived = true;
    g->peer = states;
}

/* --- Once more --- */

/* A SYN that comes twice is two connections to a peer that the first has made forget one. Where
 * there is none, or only the peer's own SYN, the second is a copy. */
static bool means_the_same(const struct play_sent *k)
{
    const state_set opens = NO_CONNECTION | STATE_SET(STATE_SYN_SENT);
    return (k->out.seg.flags & (FLAG_SYN | FLAG_ACK)) != FLAG_SYN ||
           (k->before & (state_set)~opens) == STATE_SET_NONE;
}

/* An ACK in order has none. */
static bool asks_for_answer(const struct play_sent *k)
{
    return !k->out.ours || segment_seq_len(&k->out.seg) > 0;
}

static bool is_open(const struct play_sent *k, unsigned copies)
{
    return !k->arrived && k->copies < copies;
}

static bool is_doubtful(const struct play_sent *k)
{
    return is_open(k, 1);
}

bool play_again_doubt(const struct play *p, bool last, char *what)
{
    const struct play_again *g = &p->again;
    char flags[FLAGS_TEXT_MAX];
    for (size_t i = 0; i + !last < g->count; i++) {
        if (!is_doubtful(&g->list[i]))
            continue;
        (void)snprintf(what, PLAY_TEXT_MAX, "our <CTL=%s> is not known to have arrived",
                       flags_format(g->list[i].out.seg.flags, flags));
        return true;
    }
    return false;
}

static bool send_again(struct play *p, struct play_sent *k, const char *why)
{
    if (!talk_send(p->ends.x, &k->out, why))
        return false;
    k->copies++;
    p->again.left_ns = CLOCK_NEVER; /* until it has */
    return true;
}

bool play_again_chance(struct play *p, unsigned copies)
{
    struct play_again *g = &p->again;
    bool any = false;
    for (size_t i = 0; i < g->count; i++) {
        struct play_sent *k = &g->list[i];
        if (is_open(k, copies) && means_the_same(k))
            any |= send_again(p, k, may_be_lost);
    }
    return any;
}

/* An ACK or a reset is not answered, and no copy of it may come behind what is. */
void play_again_before(struct play *p, const struct scripted *next)
{
    struct play_again *g = &p->again;
    for (size_t i = 0; i < g->count; i++) {
        struct play_sent *k = &g->list[i];
        if (is_doubtful(k) && segment_seq_len(&k->out.seg) == 0 && !is_told_by(&k->out.seg, next))
            (void)send_again(p, k, may_be_lost);
    }
}

int64_t play_again_at(const struct play *p, unsigned copies)
{
    const struct play_again *g = &p->again;
    bool any = false;
    for (size_t i = 0; i < g->count; i++)
        any |= is_open(&g->list[i], copies) && means_the_same(&g->list[i]);
    if (!any || g->left_ns == CLOCK_NEVER)
        return CLOCK_NEVER;
    return g->left_ns + FIRST_TIME_OUT + p->row.round_ns;
}

void play_again_retransmit(struct play *p)
{
    struct play_again *g = &p->again;
    g->times++;
    for (size_t i = 0; i < g->count; i++) {
        struct play_sent *k = &g->list[i];
        bool asks = i + 1 == g->count && asks_for_answer(k);
        if ((!asks && !is_doubtful(k)) || !send_again(p, k, not_answered))
            continue;
        g->other |= !means_the_same(k);
        g->syn |= (k->out.seg.flags & FLAG_SYN) != 0;
    }
}

int64_t play_again_due(const struct play *p)
{
    const struct play_again *g = &p->again;
    if (g->count == 0 || g->left_ns == CLOCK_NEVER || g->times + 1 >= p->ends.x->config.tries)
        return CLOCK_NEVER;
    return g->left_ns + (FIRST_TIME_OUT << g->times) + p->row.round_ns;
}

/* RFC 9293 3.10.7.4: a segment that was there before is answered by an ACK, and ours may be lost.
 */
void play_again_hears_copy(struct play *p, const struct inbox_entry *k)
{
    struct play_again *g = &p->again;
    if (g->left_ns == CLOCK_NEVER || k->t_ns < g->left_ns + p->row.round_ns) {
        g->crossed = true;
        return;
    }
    for (size_t i = 0; i < g->count; i++) {
        struct play_sent *own = &g->list[i];
        if (own->out.ours && is_doubtful(own) && own->out.seg.flags & FLAG_ACK &&
            seq_le(segment_end(&k->seg), own->out.seg.ack))
            (void)send_again(p, own, may_be_lost);
    }
}

bool play_again_asked(const struct play *p)
{
    const struct play_again *g = &p->again;
    const struct play_sent *last = g->count > 0 ? &g->list[g->count - 1] : NULL;
    return last != NULL && !g->other && asks_for_answer(last) && last->copies > 1;
}

/* A reset is never answered (RFC 9293 3.10.7.1), but there are stacks that answer one; what a copy
 * of ours draws is not the figure's affair. */
bool play_again_drew(const struct play *p, const struct segment *seg)
{
    const struct play_again *g = &p->again;
    for (size_t i = 0; seg->flags & FLAG_RST && i < g->count; i++) {
        const struct segment *own = &g->list[i].out.seg;
        if (g->list[i].copies > 0 && own->flags & FLAG_RST &&
            (seg->flags & FLAG_ACK ? seq_eq(seg->ack, own->seq)
                                   : own->flags & FLAG_ACK && seq_eq(seg->seq, own->ack)))
            return true;
    }
    return false;
}

int64_t play_again_calm(const struct play *p, int64_t answers_ns)
{
    const struct play_again *g = &p->again;
    if (g->times == 0)
        return 0;
    int64_t left = g->left_ns != CLOCK_NEVER ? g->left_ns : p->ends.x->now_ns;
    return left + answers_ns + p->row.round_ns;
}

void play_again_left(struct play *p)
{
    p->again.left_ns = p->ends.x->now_ns;
}
