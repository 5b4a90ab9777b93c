/* See matched.h. */
#include "talk/matched.h"

#include <string.h>

/* PSH is no difference: a stack may set it on one copy and not on the next. */
static bool same_flags(unsigned a, unsigned b)
{
    return ((a ^ b) & ~(unsigned)FLAG_PSH) == 0;
}

/* A SYN that the figure numbers otherwise than the last, or in another round, is of another
 * connection, even if its number on the wire is the same. */
static void add_isn(struct matched *s, const struct figure_number *n, seq_t isn)
{
    const struct figure_number *last = &s->last_syn;
    bool anew = s->isn_count == 0 || s->new_round || n->value != last->value ||
                strcmp(n->symbol, last->symbol) != 0;
    if (!anew && seq_eq(s->isns[s->isn_count - 1], isn))
        return;
    if (s->isn_count == MATCHED_ISNS_MAX) /* the oldest makes room */
        memmove(s->isns, s->isns + 1, --s->isn_count * sizeof(s->isns[0]));
    s->isns[s->isn_count++] = isn;
    s->last_syn = *n;
    s->new_round = false;
}

void matched_add(struct matched *s, const struct segment *seg, const struct figure_segment *figured)
{
    if (s->count < MATCHED_MAX && segment_seq_len(seg) > 0) {
        s->segments[s->count].seq = seg->seq;
        s->segments[s->count].ack = seg->ack;
        s->segments[s->count].flags = seg->flags;
        s->segments[s->count++].len = seg->len;
    }
    if (seg->flags & FLAG_SYN)
        add_isn(s, &figured->seq, seg->seq);
}

/* A SYN,ACK with another ACK answers another SYN. */
bool matched_has(const struct matched *s, const struct segment *seg)
{
    for (size_t i = 0; i < s->count; i++) {
        if (seq_eq(s->segments[i].seq, seg->seq) && same_flags(s->segments[i].flags, seg->flags) &&
            s->segments[i].len == seg->len &&
            (!(seg->flags & FLAG_SYN) || seq_eq(s->segments[i].ack, seg->ack)))
            return true;
    }
    return false;
}

bool matched_shows_again(const struct matched *s, const struct bind *b, enum end from,
                         const struct figure_segment *f)
{
    struct bind then = *b;
    seq_t seq;
    if (f->seq.given && f->flags & FLAG_SYN)
        bind_syn(&then, from, &f->seq);
    if (!f->seq.given || !bind_lookup(&then, from, &f->seq, &seq))
        return false;
    for (size_t i = 0; i < s->count; i++) {
        if ((!f->has_flags || same_flags(s->segments[i].flags, f->flags)) &&
            seq_eq(s->segments[i].seq, seq))
            return true;
    }
    return false;
}

void matched_begin_round(struct matched *s)
{
    s->count = 0;
    s->new_round = true;
}

enum event_line_status matched_judge_isn(const struct matched *s, const char **what)
{
    *what = "";
    if (s->isn_count == 0) {
        *what = "no SYN of this end's has come";
        return EVENT_LINE_UNKNOWN;
    }
    seq_t last = s->isns[s->isn_count - 1];
    if (s->isn_count > 1 && seq_lt(last, s->isns[s->isn_count - 2]))
        *what = "the ISN is behind the last one of this connection (RFC 6528 3)";
    for (size_t i = 0; i + 1 < s->isn_count; i++) {
        if (seq_eq(s->isns[i], last))
            *what = "the ISN is one that was there before (RFC 9293 3.4.1)";
    }
    return (*what)[0] != '\0' ? EVENT_LINE_DEVIATES : EVENT_LINE_OK;
}
