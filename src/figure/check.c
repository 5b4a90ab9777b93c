/* See check.h. */
#include "figure/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "figure/match.h"
#include "figure/view.h"
#include "wire/flags.h"
#include "wire/seq.h"

enum {
    WINDOW = 65535 /* octets: how far from what was sent an ACK may be wrong */
};

static const char side_names[] = {[END_A] = 'A', [END_B] = 'B'};

struct check {
    const struct figure *f;
    enum end us;
    bool lab;     /* the peer's application is ours to command */
    bool between; /* neither end is ours: both are kernels, and we hold the wire between them */
};

static enum status fault_at_cell(const struct check *c, const struct figure_row *r, enum end side,
                                 struct fault *fault, const char *text)
{
    const struct figure_cell *cell = view_cell(r, side);
    return figure_fault(fault, c->f->name, cell->line, cell->column, "%s", text);
}

static enum status fault_at_segment(const struct check *c, const struct figure_row *r,
                                    struct fault *fault, const char *text)
{
    return figure_fault(fault, c->f->name, r->segment_line, r->segment_column, "%s", text);
}

/* Segments that arrive without having left. */

/* The first item behind what can have happened before item `at`: all of a repeated block can. */
static size_t horizon(const struct figure *f, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (f->items[i].kind == FIGURE_REPEAT && f->items[i].to > at)
            return f->items[i].to;
    }
    return at;
}

static enum status check_arrival(const struct check *c, size_t at, struct fault *fault)
{
    const struct figure_row *r = &c->f->items[at].row;
    enum end from = view_sender(r);
    const struct figure_cell *cell = view_cell(r, from);
    bool old = cell->states == STATE_SET_NONE; /* one that was sent before the figure */
    bool crafted = cell->duplicate || (old && from == c->us);
    if (!r->has_segment || view_leaves(r, from) || (crafted && !c->between))
        return STATUS_OK;
    for (size_t i = 0; i < horizon(c->f, at); i++) {
        const struct figure_item *item = &c->f->items[i];
        if (item->kind == FIGURE_ROW && view_leaves(&item->row, from) &&
            view_sender(&item->row) == from && match_figured(&item->row.segment, &r->segment))
            return STATUS_OK;
    }
    if (c->between)
        return fault_at_segment(c, r, fault,
                                "this segment arrives without having left, expected a row before "
                                "in which it leaves: the wire can only copy what it has seen");
    return fault_at_segment(c, r, fault,
                            old ? "the peer cannot be made to send an old duplicate, expected "
                                  "this in our column"
                                : "this segment arrives without having left, expected (duplicate) "
                                  "or a row before in which it leaves");
}

/* Acknowledgments. The numbers of an end are known by what it sends, by (send n,receive n), and,
 * where a figure begins in the middle of a connection, by the first ACK of the other end. */

struct numbers {
    bool used;   /* some number of this end is known */
    bool symbol; /* the symbol is one of them */
    bool near;   /* a plain number within a window is one of them */
    bool any_plain;
};

static void see_number(struct numbers *n, const struct figure_number *seen,
                       const struct figure_number *ack)
{
    if (!seen->given)
        return;
    n->used = true;
    bool plain = seen->symbol[0] == '\0';
    n->symbol = n->symbol || (!plain && strcmp(seen->symbol, ack->symbol) == 0);
    n->any_plain = n->any_plain || plain;
    int32_t distance = seq_diff(seq_of(ack->value), seq_of(seen->value));
    n->near = n->near || (plain && distance >= -WINDOW && distance <= WINDOW);
}

static bool has_ack(const struct figure_segment *s)
{
    return s->ack.given && (!s->has_flags || (s->flags & FLAG_ACK) != 0);
}

static struct numbers numbers_of(const struct figure *f, enum end side, size_t at,
                                 const struct figure_number *ack)
{
    struct numbers n = {0};
    for (size_t i = 0; i < f->count; i++) {
        const struct figure_row *r = &f->items[i].row;
        bool used = n.used;
        if (f->items[i].kind != FIGURE_ROW)
            continue;
        see_number(&n, &view_cell(r, side)->send, ack);
        see_number(&n, &view_cell(r, end_other(side))->receive, ack);
        if (r->has_segment && view_sender(r) == side)
            see_number(&n, &r->segment.seq, ack);
        if (r->has_segment && view_sender(r) != side && i < at && has_ack(&r->segment))
            see_number(&n, &r->segment.ack, ack);
        if (i >= at)
            n.used = used; /* only what came before has bound the space */
    }
    return n;
}

/* Whether an end's first state is synchronized or not shown: then it has numbers of its own that
 * the figure may not show. */
static bool begins_inside(const struct figure *f, enum end side)
{
    for (size_t i = 0; i < f->count; i++) {
        state_set states = view_cell(&f->items[i].row, side)->states;
        if (f->items[i].kind != FIGURE_ROW || states == STATE_SET_NONE)
            continue;
        return i != 0 || state_set_synchronized(states);
    }
    return true;
}

static enum status check_ack(const struct check *c, size_t at, struct fault *fault)
{
    const struct figure_row *r = &c->f->items[at].row;
    const struct figure_number *ack = &r->segment.ack;
    char text[128];
    if (!r->has_segment || !has_ack(&r->segment))
        return STATUS_OK;
    enum end acknowledged = end_other(view_sender(r));
    struct numbers n = numbers_of(c->f, acknowledged, at, ack);
    if (ack->symbol[0] != '\0') {
        if (!n.used || n.symbol)
            return STATUS_OK;
        (void)snprintf(text, sizeof(text),
                       "an ACK of %s, which %c never sends, expected a number of its own",
                       ack->symbol, side_names[acknowledged]);
        return fault_at_segment(c, r, fault, text);
    }
    if (c->between || acknowledged != c->us || !n.used || !n.any_plain || n.near ||
        begins_inside(c->f, c->us))
        return STATUS_OK;
    (void)snprintf(text, sizeof(text),
                   "an ACK of %" PRIu32 ", near which %c sends nothing, expected a number of its "
                   "own",
                   ack->value, side_names[acknowledged]);
    return fault_at_segment(c, r, fault, text);
}

/* Events and times. */

/* What only one who crafts segments and owns ports can do. */
static enum status check_abilities(const struct check *c, const struct figure_row *r,
                                   struct fault *fault)
{
    enum end peer = end_other(c->us);
    for (enum end side = END_A; c->between && side <= END_B; side++) {
        enum figure_event e = view_cell(r, side)->event;
        if (e == FIGURE_OTHER_PORT || e == FIGURE_FIRST_PORT)
            return fault_at_cell(
                c, r, side, fault,
                "a kernel has one port in a figure, expected tcpshake at this end");
    }
    if (c->between)
        return STATUS_OK;
    if (figure_call(view_cell(r, peer)) == CALL_CRASH && !c->lab)
        return fault_at_cell(c, r, peer, fault,
                             "the peer cannot be made to crash, expected this in our column, or "
                             "the lab's peer");
    if (view_cell(r, peer)->duplicate)
        return fault_at_cell(c, r, peer, fault,
                             "the peer cannot be made to send an old duplicate, expected this in "
                             "our column");
    return STATUS_OK;
}

static enum status check_events(const struct check *c, const struct figure_row *r,
                                struct fault *fault)
{
    for (enum end side = END_A; side <= END_B; side++) {
        bool syn =
            view_leaves(r, side) && (!r->segment.has_flags || (r->segment.flags & FLAG_SYN) != 0);
        if (view_cell(r, side)->event == FIGURE_NEW_ISN && r->has_segment && !syn)
            return fault_at_cell(c, r, side, fault,
                                 "(new ISN) beside a segment that is no SYN of this end");
        const struct figure_cell *far = view_cell(r, end_other(side));
        if (far->duplicate && view_sender(r) == side)
            return fault_at_cell(c, r, end_other(side), fault,
                                 "(duplicate) at the end that this segment goes to, expected it "
                                 "at the other");
    }
    return check_abilities(c, r, fault);
}

static enum status check_times(const struct check *c, const struct figure_row *r,
                               struct fault *fault)
{
    if (!c->between && (r->within_ns != 0 || r->after_ns != 0) && r->has_segment &&
        view_sender(r) == c->us)
        return fault_at_segment(c, r, fault,
                                "[after] and [within] are about what the peer sends, expected "
                                "(wait 1s) in our column of a row before");
    return STATUS_OK;
}

/* Alternatives. */

static enum status check_alternative(const struct check *c, size_t at, struct fault *fault)
{
    const struct figure_item *first = &c->f->items[at + 1];
    enum end peer = end_other(c->us);
    if (first->row.silence_ns != 0 || view_leaves(&first->row, peer) ||
        (c->between && view_leaves(&first->row, c->us)))
        return STATUS_OK;
    return figure_fault(fault, c->f->name, first->line, first->column,
                        "an alternative that does not begin with what %c does, expected a segment "
                        "of its or [silence 3s]",
                        side_names[peer]);
}

/* States. */

/* Which states the ends can be in after each row, as far as what is shown decides. Nothing here is
 * stricter than RFC 9293: what an application does, time-outs and resets need not be shown;
 * segments that open or close must be. */

/* One end, between two rows. */
struct reach {
    state_set states; /* it may be in one of these */
    state_set shown;  /* what its column said last */
    /* What has happened to it since its column said something new: the control bits of all
     * segments, and calls. The RFC's own figures show a state late now and then. */
    uint16_t sent, received;
    bool opened, closed;
};

/* Whether something that was shown, or need not be shown, leads along an edge of RFC 9293
 * Figure 5. */
static bool may_go(const struct reach *e, enum state from, enum state to)
{
    bool syn = (e->received & FLAG_SYN) != 0, ack = (e->received & FLAG_ACK) != 0;
    bool fin = (e->received & FLAG_FIN) != 0, closes = e->closed || (e->sent & FLAG_FIN) != 0;
    switch (to) {
    case STATE_CLOSED:
        return true; /* CLOSE, ABORT, a time-out, a reset */
    case STATE_LISTEN:
        return true; /* passive OPEN; back from SYN-RECEIVED */
    case STATE_SYN_SENT:
        return e->opened || (e->sent & FLAG_SYN) != 0;
    case STATE_SYN_RECEIVED:
        return syn;
    case STATE_ESTABLISHED:
        return ack && (from == STATE_SYN_RECEIVED || syn);
    case STATE_FIN_WAIT_1:
    case STATE_LAST_ACK:
        return closes;
    case STATE_FIN_WAIT_2:
        return ack;
    case STATE_CLOSE_WAIT:
    case STATE_CLOSING:
        return fin;
    case STATE_TIME_WAIT:
        return from == STATE_CLOSING ? ack : fin;
    case STATE_COUNT:
        break;
    }
    return false;
}

static bool is_edge(enum state from, enum state to)
{
#define EDGE(one, next)                                                                            \
    if (from == STATE_##one && to == STATE_##next)                                                 \
        return true;
#include "tcp/states.def"
    return false;
}

static state_set follow(const struct reach *e)
{
    state_set seen = e->states;
    for (;;) {
        state_set found = seen;
        for (enum state from = STATE_CLOSED; from < STATE_COUNT; from++) {
            for (enum state to = STATE_CLOSED; to < STATE_COUNT; to++) {
                if (state_set_has(seen, from) && is_edge(from, to) && may_go(e, from, to))
                    found |= STATE_SET(to);
            }
        }
        if (found == seen)
            return seen;
        seen = found;
    }
}

/* The end goes through a row; `cell` is its column, `sends` and `receives` whether the segment
 * leaves and reaches it there. False if what the column shows cannot be. */
static bool go_through(struct reach *e, const struct figure_cell *cell,
                       const struct figure_segment *s, bool sends, bool receives)
{
    uint16_t flags = s->has_flags ? s->flags : FLAG_ALL; /* not given: it may have been any */
    if (sends)
        e->sent |= flags;
    if (receives)
        e->received |= flags;
    e->opened = e->opened || figure_call(cell) == CALL_CONNECT;
    e->closed = e->closed || figure_call(cell) == CALL_CLOSE;
    e->states = follow(e);
    if (cell->states == STATE_SET_NONE)
        return true;
    if ((e->states & cell->states) == STATE_SET_NONE)
        return false;
    e->states &= cell->states;
    if (cell->states != e->shown) {
        e->shown = cell->states;
        e->sent = e->received = 0;
        e->opened = e->closed = false;
    }
    return true;
}

/* What is possible where two ways meet. */
static struct reach either(const struct reach *a, const struct reach *b)
{
    return (struct reach){
        .states = a->states | b->states,
        .shown = a->shown == b->shown ? a->shown : STATE_SET_NONE,
        .sent = a->sent | b->sent,
        .received = a->received | b->received,
        .opened = a->opened || b->opened,
        .closed = a->closed || b->closed,
    };
}

struct both {
    struct reach end[2];
};

static enum status check_states(const struct check *c, const struct figure_row *r,
                                struct both *ends, struct fault *fault)
{
    for (enum end side = END_A; side <= END_B; side++) {
        char now[STATE_SET_TEXT_MAX], possible[STATE_SET_TEXT_MAX];
        const struct figure_cell *cell = view_cell(r, side);
        struct reach *e = &ends->end[side];
        if (go_through(e, cell, &r->segment, view_leaves(r, side), view_reaches(r, side)))
            continue;
        return figure_fault(fault, c->f->name, cell->line, cell->column,
                            "%c cannot be in %s here, expected %s or a segment before that leads "
                            "there",
                            side_names[side], state_set_format(cell->states, now),
                            state_set_format(e->states, possible));
    }
    return STATUS_OK;
}

static void meet(struct both *a, const struct both *b)
{
    a->end[END_A] = either(&a->end[END_A], &b->end[END_A]);
    a->end[END_B] = either(&a->end[END_B], &b->end[END_B]);
}

static enum status check_row(const struct check *c, size_t at, struct fault *fault)
{
    const struct figure_row *r = &c->f->items[at].row;
    enum status s = check_arrival(c, at, fault);
    if (s == STATUS_OK)
        s = check_ack(c, at, fault);
    if (s == STATUS_OK)
        s = check_events(c, r, fault);
    return s == STATUS_OK ? check_times(c, r, fault) : s;
}

static enum status check_all(const struct check *c, struct fault *fault)
{
    const struct figure *f = c->f;
    struct both now = {{{.states = STATE_SET_ALL}, {.states = STATE_SET_ALL}}}, fork = {0},
                met = {0};
    bool first_way = true;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < f->count; i++) {
        const struct figure_item *item = &f->items[i];
        bool ends_way = item->kind == FIGURE_OR ||
                        (item->kind == FIGURE_END && f->items[item->to].kind == FIGURE_EITHER);
        if (ends_way) {
            if (first_way)
                met = now;
            else
                meet(&met, &now);
            first_way = false;
            now = item->kind == FIGURE_OR ? fork : met;
        }
        if (item->kind == FIGURE_EITHER) {
            fork = now;
            first_way = true;
        }
        if (item->kind == FIGURE_EITHER || item->kind == FIGURE_OR)
            s = check_alternative(c, i, fault);
        if (item->kind != FIGURE_ROW)
            continue;
        s = check_row(c, i, fault);
        if (s == STATUS_OK)
            s = check_states(c, &item->row, &now, fault);
    }
    return s;
}

enum status figure_check(const struct figure *f, enum end us, struct fault *fault)
{
    const struct check c = {.f = f, .us = us};
    return check_all(&c, fault);
}

enum status figure_check_in_lab(const struct figure *f, enum end us, struct fault *fault)
{
    const struct check c = {.f = f, .us = us, .lab = true};
    return check_all(&c, fault);
}

enum status figure_check_between(const struct figure *f, struct fault *fault)
{
    const struct check c = {.f = f, .between = true};
    return check_all(&c, fault);
}
