/* How the row turned out that the walk is at, and how the figure did: the verdict counts the rows.
 * And alternatives (either, or): all of them are awaited, and what comes decides. Each begins with
 * what the peer sends or with silence (figure/check). An alternative is named by the item that
 * opens it. */
#include "measure/play/play_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "event/result.h"
#include "figure/view.h"
#include "talk/ask.h"
#include "talk/line.h"

void play_row_enter(struct play *p, size_t item)
{
    p->row = (struct play_row){.item = item,
                               .row = &play_item(p, item)->row,
                               .dropped = p->dropped,
                               .back_ns = ends_back_ns(&p->ends),
                               .round_ns = ends_round_ns(&p->ends)};
    p->at = item + 1;
}

void play_row_crossed(struct play *p, const struct segment *seg, int64_t t_ns)
{
    struct play_row *row = &p->row;
    row->has_seg = true;
    row->seg = *seg;
    row->seg.raw = NULL;
    row->seg.raw_len = 0;
    row->t_ns = t_ns;
    for (enum end end = END_A; end <= END_B; end++)
        row->inferred[end] = ends_inferred(&p->ends, end);
}

void play_row_find(struct play *p, enum event_line_status status, const char *fmt, ...)
{
    va_list ap;
    if (p->row.status == EVENT_LINE_DEVIATES ||
        (p->row.status == EVENT_LINE_UNKNOWN && status == EVENT_LINE_UNKNOWN))
        return;
    p->row.status = status;
    p->row.derails = status == EVENT_LINE_DEVIATES;
    p->row.rfc = status == EVENT_LINE_DEVIATES ? p->rule : NULL;
    va_start(ap, fmt);
    (void)vsnprintf(p->row.why, sizeof(p->row.why), fmt, ap);
    va_end(ap);
}

void play_row_find_deviation(struct play *p, const char *what)
{
    char doubt[PLAY_TEXT_MAX];
    if (p->ends.x->capture_dropped > 0)
        play_row_find(p, EVENT_LINE_UNKNOWN,
                      "%s; but the capture has lost packets, which may explain it", what);
    else if (play_again_doubt(p, false, doubt))
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s; but %s", what, doubt);
    else if (p->again.other || p->row.unsure)
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s; but it may be another connection's", what);
    else if (p->tally.counts[EVENT_LINE_UNKNOWN] > 0)
        play_row_find(p, EVENT_LINE_UNKNOWN,
                      "%s; but an earlier line is not known to be as figured", what);
    else
        play_row_find(p, EVENT_LINE_DEVIATES, "%s", what);
}

void play_row_find_habit(struct play *p, enum play_habit habit, const char *what, const char *rfc)
{
    bool derails = p->row.derails;
    if (p->habits & 1u << habit)
        return;
    play_row_find_deviation(p, what);
    if (p->row.status != EVENT_LINE_DEVIATES || derails)
        return;
    p->habits |= 1u << habit;
    p->row.derails = false;
    p->row.rfc = rfc;
}

/* --- The rule --- */

/* That of the figure's own last state, for want of a better one: what the peer is in may be what
 * is wrong. */
void play_row_rule_of_segment(struct play *p, const struct segment *seg)
{
    const struct talk *x = p->ends.x;
    enum state s = state_set_only(p->was[end_other(p->us)]);
    p->rule = NULL;
    if (talk_is_wire(x) || s == STATE_COUNT)
        return;
    struct tcb t = ask_supposed(&x->infer.peer, &x->ours.tcb, s);
    p->rule = tcb_arrive(&t, seg).rfc;
}

void play_row_rule_of_call(struct play *p, enum call call)
{
    enum state s = state_set_only(p->was[end_other(p->us)]);
    if (!talk_is_wire(p->ends.x) && s != STATE_COUNT && call < CALLS_OF_RFC)
        p->rule = tcb_transition_of_call(s, call)->rfc;
}

/* --- The tally --- */

static void note_first(struct play_first *first, unsigned number, unsigned source_line,
                       const char *text, const char *rfc)
{
    if (first->known)
        return;
    first->rfc = rfc;
    first->known = true;
    first->number = number;
    first->source_line = source_line;
    (void)snprintf(first->text, sizeof(first->text), "%s", text != NULL ? text : "");
}

static void count_line(struct play_tally *t, const struct event_line *line, const char *rfc)
{
    t->counts[line->status]++;
    if (line->status == EVENT_LINE_DEVIATES)
        note_first(&t->first_deviation, line->number, line->source_line, line->text, rfc);
    else if (line->status == EVENT_LINE_UNKNOWN)
        note_first(&t->first_unknown, line->number, line->source_line, line->text, NULL);
}

static void name_alternative(struct play_tally *t, const struct figure_item *choice,
                             const struct figure_row *first, bool certain, const char *rfc)
{
    size_t used = strlen(t->alternatives);
    (void)snprintf(t->alternatives + used, sizeof(t->alternatives) - used, "%s%s",
                   used != 0 ? ", " : "", choice->name);
    if (choice->deviates && certain)
        note_first(&t->first_deviation, first->number, first->line, choice->name, rfc);
}

static state_set found(struct play *p, const struct play_row *row, enum end end)
{
    state_set set = row->found[end];
    struct fault ignored;
    if (row->status != EVENT_LINE_NOT_REACHED && play_kind(p, end) == TALK_OURS)
        (void)ends_states(&p->ends, end, &set, &ignored);
    return set;
}

void play_row_tell(struct play *p, const struct play_row *row)
{
    bool judged = row->status != EVENT_LINE_NOT_REACHED;
    struct line line;
    if (line_init(&line,
                  &(struct line_facts){
                      .row = row->row,
                      .status = row->status,
                      .a = found(p, row, END_A),
                      .b = found(p, row, END_B),
                      .seg = row->has_seg ? &row->seg : NULL,
                      .round = p->round,
                      .alternative = row->alternative,
                      .alternative_ends = judged && view_ends_alternative(p->figure, row->item),
                      .text = row->why[0] != '\0' ? row->why : NULL,
                  })) {
        ends_tell(&p->ends, &line.event, row->has_seg ? row->t_ns : p->ends.x->now_ns);
        count_line(&p->tally, &line.event, row->rfc);
    }
    line_done(&line);
}

/* --- Alternatives --- */

void play_row_enter_choice(struct play *p, size_t item)
{
    p->choosing = true;
    p->choice = item;
    play_row_enter(p, item + 1);
    p->at = view_block_end(p->figure, item) + 1;
}

/* The longest of what the alternatives begin with. */
static int64_t longest(const struct play *p, int64_t (*of)(const struct figure_row *row))
{
    int64_t most = 0;
    for (size_t i = p->choice; play_item(p, i)->kind != FIGURE_END; i = play_item(p, i)->to) {
        int64_t each = of(view_first_row(p->figure, i));
        most = each > most ? each : most;
    }
    return most;
}

int64_t play_row_latest(const struct figure_row *row)
{
    return row->after_ns + row->tolerance_ns + row->within_ns;
}

static int64_t silence_of(const struct figure_row *row)
{
    return row->silence_ns;
}

int64_t play_row_choice_latest(const struct play *p)
{
    return longest(p, play_row_latest);
}

int64_t play_row_choice_silence(const struct play *p)
{
    return longest(p, silence_of);
}

bool play_row_choice_silent(const struct play *p, size_t *i)
{
    for (*i = p->choice; p->choosing && play_item(p, *i)->kind != FIGURE_END;
         *i = play_item(p, *i)->to) {
        if (view_first_row(p->figure, *i)->silence_ns > 0)
            return true;
    }
    return false;
}

/* The first state that the alternative shows the peer in is not where it is. */
static bool is_refuted(struct play *p, size_t i)
{
    const enum end them = end_other(p->us);
    const state_set none = STATE_SET(STATE_CLOSED) | STATE_SET(STATE_LISTEN);
    struct fault ignored = {0};
    state_set shown = STATE_SET_NONE, is;
    for (size_t at = i + 1; shown == STATE_SET_NONE && play_item(p, at)->kind == FIGURE_ROW; at++)
        shown = view_cell(&play_item(p, at)->row, them)->states;
    if (ends_states(&p->ends, them, &is, &ignored) != STATUS_OK)
        is = ends_inferred(&p->ends, them);
    return shown != STATE_SET_NONE && (shown & is) == STATE_SET_NONE &&
           !(shown & none && is & none);
}

void play_row_choose(struct play *p, size_t i, const char *unsure)
{
    const struct figure_item *chosen = play_item(p, i);
    uint64_t dropped = p->ends.x->capture_dropped;
    bool missed = dropped > p->row.dropped;
    p->choosing = false;
    play_row_enter(p, i + 1);
    bool refuted = unsure != NULL && is_refuted(p, i);
    p->row.alternative = refuted ? NULL : chosen;
    p->row.unsure = unsure != NULL;
    if (unsure != NULL)
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s", unsure);
    else if (missed || (chosen->deviates && dropped > 0))
        play_row_find(p, EVENT_LINE_UNKNOWN,
                      "this alternative is what was seen, but the capture has lost packets");
    else if (chosen->deviates && p->tally.counts[EVENT_LINE_UNKNOWN] > 0)
        play_row_find(
            p, EVENT_LINE_UNKNOWN,
            "this alternative deviates, but an earlier line is not known to be as figured");
    if (!refuted)
        name_alternative(&p->tally, chosen, p->row.row, p->row.status == EVENT_LINE_OK, p->rule);
}

/* --- The verdict --- */

void play_row_trouble(struct play *p, const char *what, const char *why)
{
    char text[PLAY_TEXT_MAX];
    (void)snprintf(text, sizeof(text), "%s: %s", what, why);
    note_first(&p->tally.first_unknown, 0, 0, text, NULL);
}

static void set_line(struct result *r, const char *key, const struct play_first *l)
{
    if (!l->known) {
        result_set_null(r, key);
        return;
    }
    result_begin(r, key);
    result_set_integer(r, "line", l->number);
    result_set_integer(r, "source_line", l->source_line);
    result_set_text(r, "text", l->text);
    if (l->rfc != NULL)
        result_set_text(r, "rfc", l->rfc);
    result_end(r);
}

static void say_line(struct result *r, const char *label, const struct figure *f,
                     const struct play_first *l)
{
    const char *cite = l->rfc != NULL ? l->rfc : f->cite[0] != '\0' ? f->cite : f->name;
    if (l->known && l->number != 0)
        result_line(r, label, "line %u: %s (%s)", l->number, l->text, cite);
    else if (l->known && l->source_line != 0)
        result_line(r, label, "%s:%u: %s (%s)", f->name, l->source_line, l->text, cite);
    else if (l->known)
        result_line(r, label, "%s", l->text);
}

void play_row_report(const struct play *p, struct result *r)
{
    const struct play_tally *t = &p->tally;
    const struct figure *f = p->figure;
    const unsigned *n = t->counts;
    bool deviates = t->first_deviation.known;
    bool unknown = !deviates && (t->first_unknown.known || n[EVENT_LINE_NOT_REACHED] > 0);
    const char *verdict = deviates ? "deviates" : unknown ? "unknown" : "as-figured";

    result_set_text(r, "figure", f->name);
    result_set_text(r, "title", f->title);
    result_set_text(r, "verdict", verdict);
    result_set_text(r, "alternative", t->alternatives[0] != '\0' ? t->alternatives : NULL);
    set_line(r, "first_deviation", &t->first_deviation);
    set_line(r, "first_unknown", &t->first_unknown);
    result_begin(r, "lines");
    result_set_integer(r, "ok", n[EVENT_LINE_OK]);
    result_set_integer(r, "deviates", n[EVENT_LINE_DEVIATES]);
    result_set_integer(r, "unknown", n[EVENT_LINE_UNKNOWN]);
    result_set_integer(r, "not_reached", n[EVENT_LINE_NOT_REACHED]);
    result_end(r);
    result_line(r, verdict, "%s%s%s", f->name, f->title[0] != '\0' ? ": " : "", f->title);
    if (t->alternatives[0] != '\0')
        result_line(r, "found", "%s", t->alternatives);
    say_line(r, "deviation", f, &t->first_deviation);
    say_line(r, "unknown", f, &t->first_unknown);
    r->exit_code = deviates ? 1 : unknown ? 3 : 0;
}
