/* What becomes of a segment that has come out of an end which is not ours: it is what is awaited,
 * it is none of the figure's business, it comes too early, or it is wrong. And what stays in the
 * network as the figure's arrows say, to arrive later, or again as a copy. */
#include "measure/play/play_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "figure/match.h"
#include "figure/view.h"
#include "talk/line.h"

/* --- What the network holds --- */

/* Copies that have arrived make room, the oldest first. */
static bool make_room(struct play *p)
{
    for (size_t i = 0; p->held_count == PLAY_HELD_MAX && i < p->held_count; i++) {
        if (p->held[i].in_network)
            continue;
        free(p->held[i].ip);
        memmove(&p->held[i], &p->held[i + 1], (--p->held_count - i) * sizeof(p->held[0]));
    }
    return p->held_count < PLAY_HELD_MAX;
}

static void hold(struct play *p, enum end from, const struct segment *seg, bool in_network)
{
    uint8_t *ip = make_room(p) ? malloc(seg->raw_len + 1) : NULL;
    if (ip == NULL) {
        play_row_find(p, EVENT_LINE_UNKNOWN, "the wire cannot hold any more");
        return;
    }
    if (seg->raw_len > 0)
        memcpy(ip, seg->raw, seg->raw_len);
    struct play_held *h = &p->held[p->held_count++];
    *h = (struct play_held){.as = &p->row.row->segment,
                            .from = from,
                            .in_network = in_network,
                            .round = p->rounds_begun,
                            .seg = *seg,
                            .ip = ip};
    h->seg.raw = ip;
}

/* The first that the row can mean, of this round if there is one: what an earlier round has left
 * in the network shows the same numbers, and has others. */
static struct play_held *find_held(struct play *p, bool in_network)
{
    struct play_held *older = NULL;
    for (size_t i = 0; i < p->held_count; i++) {
        struct play_held *h = &p->held[i];
        if (h->in_network != in_network || h->from != view_sender(p->row.row) ||
            !match_figured(h->as, &p->row.row->segment))
            continue;
        if (h->round == p->rounds_begun)
            return h;
        older = older != NULL ? older : h;
    }
    return older;
}

void play_wire_release(struct play *p)
{
    const struct figure_cell *cell = view_cell(p->row.row, view_sender(p->row.row));
    struct play_held *h = cell->duplicate ? NULL : find_held(p, true);
    if (h == NULL)
        h = find_held(p, false);
    if (h == NULL) {
        play_row_find_deviation(p, "no such segment has been in the network");
        return;
    }
    if (talk_is_wire(p->ends.x)) {
        talk_remark(p->ends.x, h->in_network ? "the wire lets go what it held"
                                             : "the wire brings a copy of what was there before");
        play_row_crossed(p, &h->seg, p->ends.x->now_ns);
    }
    h->in_network = false;
    ends_arrives(&p->ends, h->from, &h->seg);
}

/* Of what the network holds, or of anything that has been in it. */
static bool is_copy(const struct play *p, bool in_network, enum end from, const struct segment *seg)
{
    bool by_ack = segment_seq_len(seg) == 0 || seg->flags & FLAG_SYN; /* else it may be newer */
    for (size_t i = 0; i < p->held_count; i++) {
        const struct play_held *h = &p->held[i];
        if ((h->in_network || !in_network) && h->from == from && seq_eq(h->seg.seq, seg->seq) &&
            (seq_eq(h->seg.ack, seg->ack) || !by_ack) && h->seg.len == seg->len &&
            ((h->seg.flags ^ seg->flags) & ~(unsigned)FLAG_PSH) == 0)
            return true;
    }
    return false;
}

/* --- What is awaited --- */

/* Where we are the wire, what left a kernel is what was sent, whatever a tap makes of a checksum
 * that is yet to be filled in. */
static bool is_damaged(const struct play *p, const struct segment *seg)
{
    return seg->checksum == SEGMENT_CHECKSUM_BAD && !talk_is_wire(p->ends.x);
}

static enum match try_row(const struct play *p, struct bind *b, const struct figure_row *row,
                          enum end from, const struct segment *seg, char *why)
{
    if (!view_leaves(row, from) ||
        (inbox_matched(&p->inbox[from], seg) &&
         !inbox_shows_again(&p->inbox[from], &p->bind, from, &row->segment)))
        return MATCH_OTHER; /* a copy is none but where the figure shows one */
    return match_segment(b, from, &row->segment, seg, why);
}

/* The row becomes that of the alternative that the segment begins. */
static bool try_alternatives(struct play *p, enum end from, const struct segment *seg, char *why)
{
    enum match best = MATCH_OTHER;
    char said[MATCH_WHY_MAX], doubt[PLAY_TEXT_MAX];
    for (size_t i = p->choice; play_item(p, i)->kind != FIGURE_END; i = play_item(p, i)->to) {
        const struct figure_row *row = view_first_row(p->figure, i);
        enum match m = try_row(p, &p->bind, row, from, seg, said);
        if (m == MATCH_YES) {
            play_row_choose(p, i, play_again_doubt(p, false, doubt) ? doubt : NULL);
            return true;
        }
        if (m > best) {
            best = m;
            (void)snprintf(why, MATCH_WHY_MAX, "%s", said);
        }
    }
    return false;
}

/* Rows that need not have been seen for the walk to go on behind them. */
static bool may_be_skipped(const struct figure_row *row, enum end from)
{
    const struct figure_segment *f = &row->segment;
    bool bare_ack =
        f->has_flags && (f->flags & ~(unsigned)FLAG_PSH) == FLAG_ACK && !f->has_data && !f->has_len;
    return row->has_segment ? view_leaves(row, from) && bare_ack : row->silence_ns == 0;
}

/* The later row whose segment it is, with nothing but bare ACKs in between. */
static bool find_later(struct play *p, enum end from, const struct segment *seg, size_t *to)
{
    char why[MATCH_WHY_MAX];
    for (*to = p->row.item;;) {
        if (!may_be_skipped(&play_item(p, *to)->row, from) || ++*to == p->figure->count ||
            play_item(p, *to)->kind != FIGURE_ROW)
            return false;
        if (try_row(p, &p->bind, &play_item(p, *to)->row, from, seg, why) == MATCH_YES)
            return true;
    }
}

/* A bare ACK is not sent again if it is lost, and need not be sent at all where something that
 * follows acknowledges as much: such rows are not known to be as figured, and the walk goes on at
 * the row whose segment has come. */
static bool skip(struct play *p, enum end from, const struct segment *seg)
{
    size_t to;
    if (!find_later(p, from, seg, &to))
        return false;
    while (p->row.item < to) {
        const struct figure_row *row = p->row.row;
        if (!row->has_segment)
            play_act_columns(p);
        if (row->has_segment)
            play_row_find(p, EVENT_LINE_UNKNOWN,
                          "it did not come; what followed has come instead. Not sent, or lost on "
                          "the way");
        else if ((row->a.states | row->b.states) != STATE_SET_NONE)
            play_row_find(p, EVENT_LINE_UNKNOWN, "what followed came before this was looked at");
        play_row_tell(p, &p->row);
        play_row_enter(p, p->row.item + 1);
    }
    return true;
}

static bool is_retransmission(const struct play *p, enum end from, const struct segment *seg)
{
    return segment_seq_len(seg) > 0 && !(seg->flags & FLAG_RST) &&
           (ends_is_old_syn(&p->ends, seg) || inbox_matched(&p->inbox[from], seg));
}

/* What acknowledges ours may bring once more what has come before: its ACK counts. */
static struct segment ack_of(const struct segment *seg)
{
    struct segment ack = *seg;
    ack.flags = FLAG_ACK;
    ack.seq = segment_end(seg);
    ack.len = 0;
    return ack;
}

static bool is_ack_on_copy(struct play *p, enum end from, const struct segment *seg)
{
    char why[MATCH_WHY_MAX];
    const struct segment ack = ack_of(seg);
    return !talk_is_wire(p->ends.x) && seg->flags & FLAG_FIN && is_retransmission(p, from, seg) &&
           !is_copy(p, true, from, seg) &&
           try_row(p, &p->bind, p->row.row, from, &ack, why) == MATCH_YES;
}

static bool is_awaited(struct play *p, enum end from, const struct segment *seg, char *why)
{
    if (is_damaged(p, seg))
        return false;
    if (p->choosing)
        return try_alternatives(p, from, seg, why);
    if (is_ack_on_copy(p, from, seg))
        return true;
    return try_row(p, &p->bind, p->row.row, from, seg, why) == MATCH_YES ||
           (!talk_is_wire(p->ends.x) && skip(p, from, seg));
}

/* Or who sends them would send nothing else. */
static void acknowledge_unfigured_data(struct play *p, enum end from, uint32_t octets)
{
    if (octets == 0)
        return;
    bind_shift(&p->bind, from, octets);
    if (!talk_is_wire(p->ends.x))
        ours_acknowledge(p->ends.x, "for data that the figure does not show");
}

/* By this the next copy is judged. */
static void note_time(struct play *p, enum end from, const struct inbox_entry *k)
{
    struct inbox_times *times = inbox_times(&p->inbox[from], &k->seg);
    if (times != NULL)
        times->t_ns = k->t_ns;
}

/* It is the row's. */
static void take_awaited(struct play *p, enum end from, const struct inbox_entry *k)
{
    const struct figure_row *row = p->row.row;
    const struct figure_segment *f = &row->segment;
    const struct segment *seg = &k->seg;
    bool arrives = view_reaches(row, end_other(from));
    struct inbox_times *copy = inbox_times(&p->inbox[from], seg);
    const struct segment ack = ack_of(seg);
    bool on_copy = copy != NULL && f->flags == FLAG_ACK && seg->flags & FLAG_FIN;
    uint32_t octets = ends_take(&p->ends, from, k, arrives, NULL);
    if (on_copy && arrives)
        ends_arrives(&p->ends, from, &ack);
    play_row_crossed(p, seg, k->t_ns);
    p->dropped = k->dropped;
    inbox_match(&p->inbox[from], seg, f);
    if (seg->len > 0)
        p->cued[from] &= ~(1u << CALL_SEND);
    if ((seg->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN) /* another connection, another call */
        p->cued[from] &= ~(1u << CALL_CONNECT | 1u << CALL_CLOSE);
    hold(p, from, seg, !arrives);
    if (arrives && !f->has_data && !f->has_len)
        acknowledge_unfigured_data(p, from, octets);
    play_judge_time(p, on_copy ? NULL : copy);
    note_time(p, from, k);
    play_again_answered(p);
    p->hoped = CALL_COUNT;
}

/* --- What is not --- */

/* Whether a later row may be its; of alternatives, a row of any of them. */
static bool may_be_later(const struct play *p, enum end from, const struct segment *seg)
{
    char why[MATCH_WHY_MAX];
    for (size_t i = p->choosing ? p->choice : p->at; i < p->figure->count; i++) {
        struct bind trial = p->bind;
        if (play_item(p, i)->kind == FIGURE_ROW &&
            try_row(p, &trial, &play_item(p, i)->row, from, seg, why) == MATCH_YES)
            return true;
    }
    return false;
}

/* Whether the row, or an alternative, awaits something of this end's. */
static bool is_turn(const struct play *p, enum end from)
{
    if (!p->choosing)
        return view_leaves(p->row.row, from);
    for (size_t i = p->choice; play_item(p, i)->kind != FIGURE_END; i = play_item(p, i)->to) {
        if (view_leaves(view_first_row(p->figure, i), from))
            return true;
    }
    return false;
}

/* What is to be noted of a segment that is nothing but a copy, or nothing at all; NULL: it is more
 * than that. What the network holds it goes on holding, however often it is sent. */
static const char *note_on_copy(const struct play *p, enum end from, const struct segment *seg,
                                bool *arrives)
{
    *arrives = true;
    if (is_damaged(p, seg))
        return "not in the figure: a damaged segment";
    if (play_again_drew(p, seg))
        return "not in the figure: it answers what was sent once more";
    bool held = is_copy(p, true, from, seg);
    if ((!held && !is_retransmission(p, from, seg)) ||
        (talk_is_wire(p->ends.x) && may_be_later(p, from, seg)))
        return NULL;
    *arrives = !held;
    return held ? "not in the figure: sent again while the wire holds it; held as well"
                : "not in the figure: a retransmission";
}

/* `why` it is not what is awaited, "" if that goes without saying. */
static enum play_arrival consider_other(struct play *p, enum end from, const struct inbox_entry *k,
                                        const char *why)
{
    const struct segment *seg = &k->seg;
    char text[LINE_CAME_MAX];
    bool arrives,
        turn = is_turn(p, from),
        no_answer = ends_is_window_update(&p->ends, seg) || ends_shows_a_gap(&p->ends, seg);
    const char *note = note_on_copy(p, from, seg, &arrives);
    if (note != NULL) {
        (void)ends_take(&p->ends, from, k, arrives, note);
        note_time(p, from, k);
        play_again_hears_copy(p, k);
        return PLAY_ARRIVAL_OTHER;
    }
    if (ends_is_behind_a_gap(&p->ends, seg) || (!turn && may_be_later(p, from, seg)))
        return PLAY_ARRIVAL_EARLY;
    line_came(&p->bind, from, seg, why, text, sizeof(text));
    if (seg->flags & (FLAG_SYN | FLAG_FIN | FLAG_RST)) {
        (void)ends_take(&p->ends, from, k, true, NULL);
        play_row_find_deviation(p, text);
        return PLAY_ARRIVAL_WRONG;
    }
    acknowledge_unfigured_data(p, from, ends_take(&p->ends, from, k, true, "not in the figure"));
    if (turn && !no_answer)
        (void)snprintf(p->instead, sizeof(p->instead), "%s", text);
    p->instead_answers |= turn && !no_answer && seg->len == 0;
    return PLAY_ARRIVAL_OTHER;
}

/* What takes no number may look like an answer, and was there before what it would answer. */
static bool is_too_old(const struct play *p, const struct inbox_entry *k)
{
    const struct play_again *g = &p->again;
    return !talk_is_wire(p->ends.x) && segment_seq_len(&k->seg) == 0 && g->count > 0 &&
           k->t_ns < g->list[g->count - 1].left_ns;
}

enum play_arrival play_wire_consider(struct play *p, enum end from, const struct inbox_entry *k)
{
    char why[MATCH_WHY_MAX] = "";
    if (is_too_old(p, k)) {
        (void)ends_take(&p->ends, from, k, true, "not in the figure: it came before ours had left");
        return PLAY_ARRIVAL_OTHER;
    }
    if (!is_awaited(p, from, &k->seg, why))
        return consider_other(p, from, k, why);
    take_awaited(p, from, k);
    return PLAY_ARRIVAL_AWAITED;
}

/* Whether it left, or may have left, before what came before the silence was there. */
static bool is_from_before(const struct play *p, enum end from, const struct inbox_entry *k)
{
    int64_t again = p->again.left_ns != CLOCK_NEVER ? p->again.left_ns : p->mark_ns;
    int64_t began = again > p->mark_ns ? again : p->mark_ns;
    return k->t_ns < p->mark_ns ||
           (k->t_ns < began + p->row.round_ns && is_retransmission(p, from, &k->seg));
}

/* The peer goes on as if it had not got ours. */
static bool is_no_answer(const struct play *p, enum end from, const struct inbox_entry *k)
{
    const struct segment *seg = &k->seg;
    return is_retransmission(p, from, seg) ||
           (!(seg->flags & (FLAG_SYN | FLAG_RST)) && segment_seq_len(seg) > 0);
}

/* What was sent before the silence began cannot break it, nor does a window that opens. Nor,
 * where we are the wire, does a kernel that acknowledges once more what it has acknowledged:
 * nothing new is said. */
enum play_arrival play_wire_consider_in_silence(struct play *p, enum end from,
                                                const struct inbox_entry *k)
{
    const struct segment *seg = &k->seg;
    char text[LINE_CAME_MAX];
    if (p->silent_ns != 0 && k->t_ns > p->silent_ns && k->t_ns < p->again.left_ns)
        return PLAY_ARRIVAL_EARLY; /* the silence is over, and no copy can have drawn it */
    if (is_from_before(p, from, k))
        return consider_other(p, from, k, "");
    if (ends_is_window_update(&p->ends, seg)) {
        (void)ends_take(&p->ends, from, k, true, "not in the figure: the window opens");
        return PLAY_ARRIVAL_OTHER;
    }
    if (talk_is_wire(p->ends.x) && segment_seq_len(seg) == 0 && is_copy(p, false, from, seg)) {
        (void)ends_take(&p->ends, from, k, true, "not in the figure: the same ACK again");
        return PLAY_ARRIVAL_OTHER;
    }
    if (is_no_answer(p, from, k) && play_silence_anew(p)) {
        (void)ends_take(&p->ends, from, k, true, "not in the figure: ours may be lost");
        return PLAY_ARRIVAL_OTHER;
    }
    const char *why = is_retransmission(p, from, seg) ? "a retransmission" : "";
    line_came(&p->bind, from, seg, why, text, sizeof(text));
    (void)ends_take(&p->ends, from, k, !is_copy(p, true, from, seg), NULL);
    play_row_find_deviation(p, text);
    return PLAY_ARRIVAL_WRONG;
}

void play_wire_take_rest(struct play *p)
{
    for (enum end from = END_A; from <= END_B; from++) {
        for (; p->inbox[from].count > 0; inbox_remove(&p->inbox[from], 0))
            (void)ends_take(&p->ends, from, &p->inbox[from].waiting[0], true, NULL);
    }
}
