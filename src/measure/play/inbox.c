/* See inbox.h. */
#include "measure/play/inbox.h"

#include <stdlib.h>
#include <string.h>

bool inbox_add(struct inbox *k, const struct segment *seg, int64_t t_ns, uint64_t dropped)
{
    if (k->count == INBOX_MAX)
        return false;
    uint8_t *raw = malloc(seg->raw_len + 1);
    if (raw == NULL)
        return false;
    if (seg->raw_len > 0)
        memcpy(raw, seg->raw, seg->raw_len);
    struct inbox_entry *to = &k->waiting[k->count++];
    *to = (struct inbox_entry){.seg = *seg, .raw = raw, .t_ns = t_ns, .dropped = dropped};
    to->seg.raw = raw;
    return true;
}

void inbox_remove(struct inbox *k, size_t i)
{
    free(k->waiting[i].raw);
    k->count--;
    memmove(&k->waiting[i], &k->waiting[i + 1], (k->count - i) * sizeof(k->waiting[0]));
}

void inbox_done(struct inbox *k)
{
    while (k->count > 0)
        inbox_remove(k, k->count - 1);
}

/* --- What was matched --- */

/* PSH is no difference: a stack may set it on one copy and not on the next. */
static bool same_flags(unsigned a, unsigned b)
{
    return ((a ^ b) & ~(unsigned)FLAG_PSH) == 0;
}

/* A SYN that the figure numbers otherwise than the last, or in another round, is of another
 * connection, even if its number on the wire is the same. */
static void add_isn(struct inbox *k, const struct figure_number *n, seq_t isn)
{
    const struct figure_number *last = &k->last_syn;
    bool anew = k->isn_count == 0 || k->new_round || n->value != last->value ||
                strcmp(n->symbol, last->symbol) != 0;
    if (!anew && seq_eq(k->isns[k->isn_count - 1], isn))
        return;
    if (k->isn_count == INBOX_ISNS_MAX) /* the oldest makes room */
        memmove(k->isns, k->isns + 1, --k->isn_count * sizeof(k->isns[0]));
    k->isns[k->isn_count++] = isn;
    k->last_syn = *n;
    k->new_round = false;
}

void inbox_match(struct inbox *k, const struct segment *seg, const struct figure_segment *figured)
{
    if (k->matched_count < INBOX_MATCHED_MAX && segment_seq_len(seg) > 0) {
        k->matched[k->matched_count].seq = seg->seq;
        k->matched[k->matched_count].ack = seg->ack;
        k->matched[k->matched_count].flags = seg->flags;
        k->matched[k->matched_count].times = (struct inbox_times){0};
        k->matched[k->matched_count++].len = seg->len;
    }
    if (seg->flags & FLAG_SYN)
        add_isn(k, &figured->seq, seg->seq);
}

/* A SYN,ACK with another ACK answers another SYN. */
static size_t find_matched(const struct inbox *k, const struct segment *seg)
{
    size_t i = 0;
    while (i < k->matched_count &&
           !(seq_eq(k->matched[i].seq, seg->seq) && same_flags(k->matched[i].flags, seg->flags) &&
             k->matched[i].len == seg->len &&
             (!(seg->flags & FLAG_SYN) || seq_eq(k->matched[i].ack, seg->ack))))
        i++;
    return i;
}

bool inbox_matched(const struct inbox *k, const struct segment *seg)
{
    return find_matched(k, seg) < k->matched_count;
}

struct inbox_times *inbox_times(struct inbox *k, const struct segment *seg)
{
    size_t i = find_matched(k, seg);
    return i < k->matched_count ? &k->matched[i].times : NULL;
}

bool inbox_shows_again(const struct inbox *k, const struct bind *b, enum end from,
                       const struct figure_segment *f)
{
    struct bind then = *b;
    seq_t seq;
    if (f->seq.given && f->flags & FLAG_SYN)
        bind_syn(&then, from, &f->seq);
    if (!f->seq.given || !bind_lookup(&then, from, &f->seq, &seq))
        return false;
    for (size_t i = 0; i < k->matched_count; i++) {
        if ((!f->has_flags || same_flags(k->matched[i].flags, f->flags)) &&
            seq_eq(k->matched[i].seq, seq))
            return true;
    }
    return false;
}

void inbox_begin_round(struct inbox *k)
{
    k->matched_count = 0;
    k->new_round = true;
}

enum event_line_status inbox_judge_isn(const struct inbox *k, const char **what)
{
    *what = "";
    if (k->isn_count == 0) {
        *what = "no SYN of this end's has come";
        return EVENT_LINE_UNKNOWN;
    }
    seq_t last = k->isns[k->isn_count - 1];
    if (k->isn_count > 1 && seq_lt(last, k->isns[k->isn_count - 2]))
        *what = "the ISN is behind the last one of this connection";
    for (size_t i = 0; i + 1 < k->isn_count; i++) {
        if (seq_eq(k->isns[i], last))
            *what = "the ISN is one that was there before";
    }
    return (*what)[0] != '\0' ? EVENT_LINE_DEVIATES : EVENT_LINE_OK;
}
