/* See staged_wire.h. */
#include "measure/play/staged_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figure/blocks.h"
#include "figure/match.h"
#include "talk/line.h"
#include "measure/play/staged_row.h"

static void count(struct staged *s, enum end from, const struct segment *seg)
{
    if (s->sent[from].known && !(seg->flags & FLAG_SYN) &&
        seq_lt(segment_end(seg), s->sent[from].nxt))
        return;
    s->sent[from].known = true;
    s->sent[from].nxt = segment_end(seg);
}

void staged_wire_pass(struct talk *p, enum end from, const struct segment *seg)
{
    count(staged_of(p), from, seg);
    talk_arrives(p, end_other(from), seg, p->now_ns);
}

/* --- What is kept --- */

/* Copies that have arrived make room, the oldest first. */
static bool make_room(struct staged *s)
{
    for (size_t i = 0; s->held_count == STAGED_HELD_MAX && i < s->held_count; i++) {
        if (s->held[i].in_network)
            continue;
        free(s->held[i].ip);
        memmove(&s->held[i], &s->held[i + 1], (--s->held_count - i) * sizeof(s->held[0]));
    }
    return s->held_count < STAGED_HELD_MAX;
}

static void hold(struct staged *s, enum end from, const struct segment *seg, bool in_network)
{
    uint8_t *ip = make_room(s) ? malloc(seg->raw_len + 1) : NULL;
    if (ip == NULL) {
        staged_row_find(s, EVENT_LINE_UNKNOWN, "the wire cannot hold any more");
        return;
    }
    memcpy(ip, seg->raw, seg->raw_len);
    struct staged_held *h = &s->held[s->held_count++];
    *h = (struct staged_held){.as = &s->row.row->segment,
                              .from = from,
                              .in_network = in_network,
                              .round = s->rounds_begun,
                              .seg = *seg,
                              .ip = ip};
    h->seg.raw = ip;
}

static bool means(const struct staged *s, const struct staged_held *h)
{
    return h->from == view_sender(s->row.row) && match_figured(h->as, &s->row.row->segment);
}

/* The first that the row can mean, of this round if there is one: what an earlier round has left
 * in the network shows the same numbers, and has others. */
static struct staged_held *find_held(struct staged *s, bool in_network)
{
    struct staged_held *older = NULL;
    for (size_t i = 0; i < s->held_count; i++) {
        struct staged_held *h = &s->held[i];
        if (h->in_network != in_network || !means(s, h))
            continue;
        if (h->round == s->rounds_begun)
            return h;
        older = older != NULL ? older : h;
    }
    return older;
}

void staged_wire_release(struct talk *p)
{
    struct staged *s = staged_of(p);
    const struct figure_cell *cell = view_cell(s->row.row, view_sender(s->row.row));
    struct staged_held *h = cell->duplicate ? NULL : find_held(s, true);
    if (h == NULL)
        h = find_held(s, false);
    if (h == NULL) {
        staged_row_deviates(p, "no such segment has been in the network");
        return;
    }
    talk_remark(p, h->in_network ? "the wire lets go what it held"
                                 : "the wire brings a copy of what was there before");
    h->in_network = false;
    staged_row_crossed(s, &h->seg, p->now_ns);
    talk_arrives(p, end_other(h->from), &h->seg, p->now_ns);
}

/* --- What is awaited --- */

static enum match try_row(const struct staged *s, struct bind *b, const struct figure_row *row,
                          enum end from, const struct segment *seg, char *why)
{
    if (!view_leaves(row, from) ||
        (matched_has(&s->seen[from], seg) &&
         !matched_shows_again(&s->seen[from], &s->bind, from, &row->segment)))
        return MATCH_OTHER; /* a copy is none but where the figure shows one */
    return match_segment(b, from, &row->segment, seg, why);
}

static bool is_awaited(struct talk *p, enum end from, const struct segment *seg, char *why)
{
    struct staged *s = staged_of(p);
    if (!s->choosing)
        return try_row(s, &s->bind, s->row.row, from, seg, why) == MATCH_YES;
    for (size_t i = s->choice; staged_item(s, i)->kind != FIGURE_END; i = staged_item(s, i)->to) {
        if (try_row(s, &s->bind, blocks_first_row(s->figure, i), from, seg, why) == MATCH_YES) {
            staged_row_choose(p, i);
            return true;
        }
    }
    return false;
}

static void take_awaited(struct talk *p, enum end from, const struct seg_queue_entry *k)
{
    struct staged *s = staged_of(p);
    const struct figure_row *row = s->row.row;
    bool arrives = view_reaches(row, end_other(from));
    count(s, from, &k->seg);
    staged_row_crossed(s, &k->seg, k->t_ns);
    matched_add(&s->seen[from], &k->seg, &row->segment);
    if (k->seg.len > 0)
        s->cued[from] &= ~(1u << CALL_SEND);
    if ((k->seg.flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN) /* another connection, another call */
        s->cued[from] &= ~(1u << CALL_CONNECT | 1u << CALL_CLOSE);
    hold(s, from, &k->seg, !arrives);
    staged_row_judge_time(p);
    if (arrives)
        talk_arrives(p, end_other(from), &k->seg, p->now_ns);
}

/* --- What is not --- */

/* Whether a later row may be its; of alternatives, a row of any of them. */
static bool may_be_later(const struct staged *s, enum end from, const struct segment *seg)
{
    char why[MATCH_WHY_MAX];
    for (size_t i = s->choosing ? s->choice : s->at; i < s->figure->count; i++) {
        struct bind trial = s->bind;
        if (staged_item(s, i)->kind == FIGURE_ROW &&
            try_row(s, &trial, &staged_item(s, i)->row, from, seg, why) == MATCH_YES)
            return true;
    }
    return false;
}

/* Of what the wire holds, or of anything that it has seen. */
static bool is_copy(const struct staged *s, bool in_network, enum end from,
                    const struct segment *seg)
{
    for (size_t i = 0; i < s->held_count; i++) {
        const struct staged_held *h = &s->held[i];
        if ((h->in_network || !in_network) && h->from == from && seq_eq(h->seg.seq, seg->seq) &&
            seq_eq(h->seg.ack, seg->ack) && h->seg.len == seg->len &&
            ((h->seg.flags ^ seg->flags) & ~(unsigned)FLAG_PSH) == 0)
            return true;
    }
    return false;
}

/* True if that is all it is. What the wire holds it goes on holding, however often it is sent. */
static bool take_copy(struct talk *p, enum end from, const struct segment *seg)
{
    const struct staged *s = staged_of(p);
    bool held = is_copy(s, true, from, seg);
    if (!held && (segment_seq_len(seg) == 0 || !matched_has(&s->seen[from], seg)))
        return false;
    if (may_be_later(s, from, seg))
        return false;
    talk_remark(p, held ? "not in the figure: sent again while the wire holds it; held as well"
                        : "not in the figure: a retransmission");
    if (!held)
        staged_wire_pass(p, from, seg);
    return true;
}

/* Whether the row, or an alternative, awaits something of this end's. */
static bool is_turn(const struct staged *s, enum end from)
{
    if (!s->choosing)
        return view_leaves(s->row.row, from);
    for (size_t i = s->choice; staged_item(s, i)->kind != FIGURE_END; i = staged_item(s, i)->to) {
        if (view_leaves(blocks_first_row(s->figure, i), from))
            return true;
    }
    return false;
}

enum staged_arrival staged_wire_consider(struct talk *p, enum end from,
                                         const struct seg_queue_entry *k)
{
    struct staged *s = staged_of(p);
    const struct segment *seg = &k->seg;
    char why[MATCH_WHY_MAX] = "", text[LINE_CAME_MAX];
    s->dropped = k->dropped;
    if (is_awaited(p, from, seg, why)) {
        take_awaited(p, from, k);
        return STAGED_ARRIVAL_AWAITED;
    }
    if (take_copy(p, from, seg))
        return STAGED_ARRIVAL_OTHER;
    bool turn = is_turn(s, from);
    if (!turn && may_be_later(s, from, seg))
        return STAGED_ARRIVAL_EARLY;
    line_came(&s->bind, from, seg, why, text, sizeof(text));
    if (seg->flags & (FLAG_SYN | FLAG_FIN | FLAG_RST)) {
        staged_row_deviates(p, text);
        staged_wire_pass(p, from, seg);
        return STAGED_ARRIVAL_WRONG;
    }
    talk_remark(p, "not in the figure");
    if (turn)
        (void)snprintf(s->instead, sizeof(s->instead), "%s", text);
    bind_shift(&s->bind, from, seg->len);
    staged_wire_pass(p, from, seg);
    return STAGED_ARRIVAL_OTHER;
}

/* A kernel may acknowledge once more what it has acknowledged: nothing new is said. */
bool staged_wire_breaks_silence(struct talk *p, enum end from, const struct seg_queue_entry *k)
{
    struct staged *s = staged_of(p);
    char text[LINE_CAME_MAX];
    s->dropped = k->dropped;
    if (segment_seq_len(&k->seg) == 0 && is_copy(s, false, from, &k->seg)) {
        talk_remark(p, "not in the figure: the same ACK again");
        staged_wire_pass(p, from, &k->seg);
        return false;
    }
    const char *why = matched_has(&s->seen[from], &k->seg) ? "a retransmission" : "";
    line_came(&s->bind, from, &k->seg, why, text, sizeof(text));
    if (!is_copy(s, true, from, &k->seg))
        staged_wire_pass(p, from, &k->seg);
    staged_row_deviates(p, text);
    return true;
}
