/* See play_seen.h. */
#include "probe/play_seen.h"

#include <string.h>

/* PSH is no difference: a stack may set it on one copy and not on the next. */
static bool same_flags(unsigned a, unsigned b)
{
    return ((a ^ b) & ~(unsigned)FLAG_PSH) == 0;
}

/* A SYN that the figure numbers otherwise than the last, or in another round, is of another
 * connection, even if its number on the wire is the same. */
static void add_isn(struct play *p, seq_t isn)
{
    const struct figure_number *n = &p->row.view.row->segment.seq, *last = &p->last_syn;
    bool anew = p->isn_count == 0 || p->new_round || n->value != last->value ||
                strcmp(n->symbol, last->symbol) != 0;
    if (!anew && seq_eq(p->isns[p->isn_count - 1], isn))
        return;
    if (p->isn_count == PLAY_ISNS_MAX) /* the oldest makes room */
        memmove(p->isns, p->isns + 1, --p->isn_count * sizeof(p->isns[0]));
    p->isns[p->isn_count++] = isn;
    p->last_syn = *n;
    p->new_round = false;
}

void play_seen_add(struct play *p, const struct segment *seg)
{
    if (p->seen_count < PLAY_SEEN_MAX && segment_seq_len(seg) > 0) {
        p->seen[p->seen_count].seq = seg->seq;
        p->seen[p->seen_count].ack = seg->ack;
        p->seen[p->seen_count].flags = seg->flags;
        p->seen[p->seen_count++].len = seg->len;
    }
    if (seg->flags & FLAG_SYN)
        add_isn(p, seg->seq);
}

/* A SYN,ACK with another ACK answers another SYN. */
bool play_seen_has(const struct play *p, const struct segment *seg)
{
    for (size_t i = 0; i < p->seen_count; i++) {
        if (seq_eq(p->seen[i].seq, seg->seq) && same_flags(p->seen[i].flags, seg->flags) &&
            p->seen[i].len == seg->len &&
            (!(seg->flags & FLAG_SYN) || seq_eq(p->seen[i].ack, seg->ack)))
            return true;
    }
    return false;
}

bool play_seen_shows_again(const struct play *p, const struct figure_segment *f)
{
    struct bind then = p->bind;
    seq_t seq;
    if (f->seq.given && f->flags & FLAG_SYN)
        bind_syn(&then, play_them(p), &f->seq);
    if (!f->seq.given || !bind_lookup(&then, play_them(p), &f->seq, &seq))
        return false;
    for (size_t i = 0; i < p->seen_count; i++) {
        if ((!f->has_flags || same_flags(p->seen[i].flags, f->flags)) &&
            seq_eq(p->seen[i].seq, seq))
            return true;
    }
    return false;
}
