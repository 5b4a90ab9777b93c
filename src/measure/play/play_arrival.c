/* See play_arrival.h. */
#include "measure/play/play_arrival.h"

#include <stdio.h>

#include "figure/blocks.h"
#include "figure/match.h"
#include "talk/line.h"
#include "measure/play/play_act.h"
#include "measure/play/play_choice.h"
#include "measure/play/play_judge.h"
#include "measure/play/play_row.h"

/* --- Taking it in --- */

/* By how much RCV.NXT has moved. */
static uint32_t take(struct talk *x, const struct seg_queue_entry *k, bool reaches_us)
{
    struct play *p = play_of(x);
    int64_t now = x->now_ns;
    seq_t before = x->ours.tcb.rcv_nxt;
    if (reaches_us)
        talk_passes(x, END_B, &k->seg, k->t_ns);
    else
        talk_seen(x, END_B, &k->seg, k->t_ns);
    if (x->now_ns < now) /* it came in the past */
        x->now_ns = now;
    if (k->seg.flags & FLAG_ACK && (!p->acked || seq_lt(p->ack, k->seg.ack))) {
        p->acked = true;
        p->ack = k->seg.ack;
    }
    return x->ours.tcb.rcv_nxt.v - before.v;
}

/* Or the peer would send nothing else. */
static void acknowledge_unfigured_data(struct talk *x, const struct segment *seg, uint32_t octets)
{
    struct play *p = play_of(x);
    if (seg->len == 0 || octets == 0)
        return;
    if (seg->flags & FLAG_FIN && seq_eq(x->ours.tcb.rcv_nxt, segment_end(seg)))
        octets--; /* the FIN is in the figure */
    bind_shift(&p->bind, play_them(p), octets);
    ours_acknowledge(x, "for data that the figure does not show");
}

/* It is the row's. */
static void take_awaited(struct talk *x, const struct seg_queue_entry *k)
{
    struct play *p = play_of(x);
    const struct figure_segment *f = &p->row.view.row->segment;
    bool withheld = p->row.view.leg == VIEW_WITHHOLD;
    uint32_t octets = take(x, k, !withheld);
    play_row_crossed(x, &k->seg, k->t_ns);
    p->dropped = k->dropped;
    matched_add(&p->seen, &k->seg, f);
    if (k->seg.len > 0)
        p->cued &= ~(1u << CALL_SEND);
    if (withheld)
        seg_queue_add_bare(&p->withheld, &k->seg);
    else if (!f->has_data && !f->has_len)
        acknowledge_unfigured_data(x, &k->seg, octets);
    play_judge_time(x);
}

void play_arrival_take_rest(struct talk *x)
{
    struct play *p = play_of(x);
    for (; p->inbox.count > 0; seg_queue_remove(&p->inbox, 0))
        (void)take(x, &p->inbox.segments[0], true);
}

void play_arrival_deliver(struct talk *x)
{
    struct play *p = play_of(x);
    const struct figure_segment *f = &p->row.view.row->segment;
    char why[MATCH_WHY_MAX];
    for (size_t i = 0; i < p->withheld.count; i++) {
        const struct segment *seg = &p->withheld.segments[i].seg;
        if (match_segment(&p->bind, play_them(p), f, seg, why) != MATCH_YES)
            continue;
        talk_arrives(x, END_A, seg, x->now_ns);
        seg_queue_remove(&p->withheld, i);
        return;
    }
    play_row_find_deviation(x, "there is no such segment of the peer's in the network");
}

/* --- What is awaited --- */

static enum match try_row(struct play *p, const struct figure_row *row, const struct segment *seg,
                          char *why)
{
    const struct view v = view_of(row, p->us);
    if (!view_comes(&v) || (matched_has(&p->seen, seg) &&
                            !matched_shows_again(&p->seen, &p->bind, play_them(p), &row->segment)))
        return MATCH_OTHER; /* a copy is none but where the figure shows one */
    return match_segment(&p->bind, play_them(p), &row->segment, seg, why);
}

/* The row becomes that of the alternative that the segment begins. */
static enum match try_alternatives(struct talk *x, const struct segment *seg, char *why)
{
    struct play *p = play_of(x);
    enum match best = MATCH_OTHER;
    char said[MATCH_WHY_MAX];
    for (size_t i = p->choice; play_item(p, i)->kind != FIGURE_END; i = play_item(p, i)->to) {
        enum match m = try_row(p, blocks_first_row(p->figure, i), seg, said);
        if (m == MATCH_YES) {
            play_choice_take(x, i);
            return m;
        }
        if (m > best) {
            best = m;
            (void)snprintf(why, MATCH_WHY_MAX, "%s", said);
        }
    }
    return best;
}

/* Rows that need not have been seen for the walk to go on behind them. */
static bool may_be_skipped(const struct view *v)
{
    const struct figure_segment *f = &v->row->segment;
    bool bare_ack =
        f->has_flags && (f->flags & ~(unsigned)FLAG_PSH) == FLAG_ACK && !f->has_data && !f->has_len;
    return v->leg == VIEW_NONE ? v->row->silence_ns == 0 : view_comes(v) && bare_ack;
}

/* The later row whose segment it is, with nothing but bare ACKs in between. */
static bool find_later(struct play *p, const struct segment *seg, size_t *to)
{
    char why[MATCH_WHY_MAX];
    for (*to = p->row.item;;) {
        const struct view v = view_of(&play_item(p, *to)->row, p->us);
        if (!may_be_skipped(&v) || ++*to == p->figure->count ||
            play_item(p, *to)->kind != FIGURE_ROW)
            return false;
        if (try_row(p, &play_item(p, *to)->row, seg, why) == MATCH_YES)
            return true;
    }
}

/* A bare ACK is not sent again if it is lost, and need not be sent at all where something that
 * follows acknowledges as much: such rows are not known to be as figured, and the walk goes on at
 * the row whose segment has come. */
static bool skip(struct talk *x, const struct segment *seg)
{
    struct play *p = play_of(x);
    size_t to;
    if (!find_later(p, seg, &to))
        return false;
    while (p->row.item < to) {
        const struct view *v = &p->row.view;
        if (v->leg == VIEW_NONE)
            play_act_columns(x);
        if (v->leg != VIEW_NONE)
            play_row_find(p, EVENT_LINE_UNKNOWN,
                          "it did not come; what followed has come instead. Not sent, or lost on "
                          "the way");
        else if ((v->own->states | v->peer->states) != STATE_SET_NONE)
            play_row_find(p, EVENT_LINE_UNKNOWN, "what followed came before this was looked at");
        play_row_tell(x, &p->row);
        play_row_enter(p, p->row.item + 1);
    }
    return true;
}

static bool is_awaited(struct talk *x, const struct segment *seg, char *why)
{
    struct play *p = play_of(x);
    if (seg->checksum == SEGMENT_CHECKSUM_BAD)
        return false;
    if (p->choosing)
        return try_alternatives(x, seg, why) == MATCH_YES;
    return try_row(p, p->row.view.row, seg, why) == MATCH_YES || skip(x, seg);
}

/* --- What is not --- */

static bool is_retransmission(const struct talk *x, const struct segment *seg)
{
    if (segment_seq_len(seg) == 0 || seg->flags & FLAG_RST)
        return false;
    bool of_handshake = seg->flags & FLAG_SYN && state_synchronized(x->ours.tcb.state) &&
                        seq_eq(seg->seq, x->ours.tcb.irs);
    return of_handshake || matched_has(&play_of(x)->seen, seg);
}

static bool lies_behind_a_gap(const struct talk *x, const struct segment *seg)
{
    return state_synchronized(x->ours.tcb.state) && segment_seq_len(seg) > 0 &&
           !(seg->flags & (FLAG_RST | FLAG_SYN)) && seq_lt(x->ours.tcb.rcv_nxt, seg->seq);
}

/* `why` it is not what is awaited, "" if that goes without saying. */
static enum play_arrival consider_other(struct talk *x, const struct seg_queue_entry *k,
                                        const char *why)
{
    struct play *p = play_of(x);
    const struct segment *seg = &k->seg;
    char text[PLAY_TEXT_MAX];
    bool damaged = seg->checksum == SEGMENT_CHECKSUM_BAD;

    if (damaged || is_retransmission(x, seg)) {
        (void)take(x, k, true);
        talk_note(x, "not in the figure: %s", damaged ? "a damaged segment" : "a retransmission");
        return PLAY_ARRIVAL_IGNORED;
    }
    if (lies_behind_a_gap(x, seg))
        return PLAY_ARRIVAL_EARLY;
    line_came(&p->bind, play_them(p), seg, why, text, sizeof(text));
    if (seg->flags & (FLAG_SYN | FLAG_FIN | FLAG_RST)) {
        (void)take(x, k, true);
        play_row_find_deviation(x, text);
        return PLAY_ARRIVAL_WRONG;
    }
    uint32_t octets = take(x, k, true);
    talk_note(x, "not in the figure");
    acknowledge_unfigured_data(x, seg, octets);
    (void)snprintf(p->instead, sizeof(p->instead), "%s", text);
    return PLAY_ARRIVAL_IGNORED;
}

enum play_arrival play_arrival_consider(struct talk *x, const struct seg_queue_entry *k)
{
    char why[MATCH_WHY_MAX] = "";
    if (!is_awaited(x, &k->seg, why))
        return consider_other(x, k, why);
    take_awaited(x, k);
    return PLAY_ARRIVAL_AWAITED;
}

void play_arrival_breaks_silence(struct talk *x, const struct seg_queue_entry *k)
{
    char text[PLAY_TEXT_MAX];
    const char *why = is_retransmission(x, &k->seg) ? "a retransmission" : "";
    line_came(&play_of(x)->bind, play_them(play_of(x)), &k->seg, why, text, sizeof(text));
    (void)take(x, k, true);
    play_row_find_deviation(x, text);
}
