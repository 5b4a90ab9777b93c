/* See staged_act.h. */
#include "measure/play/staged_act.h"

#include "figure/needs.h"
#include "talk/emission.h"
#include "measure/play/staged_row.h"

static void cue(struct talk *p, enum end end, enum call what, const void *data, size_t n)
{
    struct staged *s = staged_of(p);
    struct fault fault = {0};
    s->cued[end] |= 1u << what;
    if (talk_call(p, end, what, data, n, &fault) != STATUS_OK)
        staged_row_find(s, EVENT_LINE_UNKNOWN, "%s", fault.text);
}

/* --- The beginning --- */

static state_set first_states(const struct figure *f, enum end end)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->items[i].kind == FIGURE_ROW)
            return view_cell(&f->items[i].row, end)->states;
    }
    return STATE_SET_NONE;
}

static bool is_to_listen(const struct staged *s, enum end end)
{
    if (end == END_B && s->figure->needs & FIGURE_NEEDS_NOTHING)
        return false;
    if (needs_connection(s->figure))
        return end == END_B;
    return state_set_only(first_states(s->figure, end)) == STATE_LISTEN;
}

void staged_act_begin(struct talk *p)
{
    const struct staged *s = staged_of(p);
    struct fault ignored = {0}; /* that it is so already */
    for (enum end end = END_A; end <= END_B; end++) {
        bool listens = p->truth[end] == STATE_LISTEN;
        if (is_to_listen(s, end) && !listens)
            (void)talk_call(p, end, CALL_LISTEN, NULL, 0, &ignored);
        else if (!is_to_listen(s, end) && listens)
            (void)talk_call(p, end, CALL_STOP_LISTENING, NULL, 0, &ignored);
    }
}

void staged_act_open(struct talk *p)
{
    cue(p, END_A, CALL_CONNECT, NULL, 0);
    staged_of(p)->cued[END_A] = 0; /* this one the figure does not know of */
}

/* --- The columns --- */

static void tie(struct staged *s, enum end end, const struct figure_number *n)
{
    seq_t known;
    if (n->given && s->sent[end].known && !bind_lookup(&s->bind, end, n, &known))
        (void)bind_set(&s->bind, end, n, s->sent[end].nxt);
}

void staged_act_columns(struct talk *p)
{
    struct staged *s = staged_of(p);
    for (enum end end = END_A; end <= END_B; end++) {
        const struct figure_cell *cell = view_cell(s->row.row, end);
        switch (cell->event) {
        case FIGURE_CALL:
            cue(p, end, cell->call, cell->text, cell->text_len);
            break;
        case FIGURE_NUMBERS: /* all that has left an end has reached the other one */
            tie(s, end, &cell->send);
            tie(s, end_other(end), &cell->receive);
            break;
        case FIGURE_NOTHING:
        case FIGURE_REMARK:
        case FIGURE_TWO_MSL:
        case FIGURE_WAIT:
        case FIGURE_OTHER_PORT:
        case FIGURE_FIRST_PORT:
        case FIGURE_NEW_ISN:
            break;
        }
    }
}

void staged_act_implied(struct talk *p)
{
    struct staged *s = staged_of(p);
    static const uint8_t filler[EMISSION_DATA_MAX];
    const struct figure_segment *f = &s->row.row->segment;
    enum end from = view_sender(s->row.row);
    uint32_t len = f->has_len ? f->len : f->has_data ? 1 : 0;
    const unsigned cued = s->cued[from];
    if (matched_shows_again(&s->seen[from], &s->bind, from, f))
        return;
    if ((f->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN && !(cued & 1u << CALL_CONNECT))
        cue(p, from, CALL_CONNECT, NULL, 0);
    if (len > 0 && !(cued & 1u << CALL_SEND))
        cue(p, from, CALL_SEND, filler, len < sizeof(filler) ? len : sizeof(filler));
    if (f->flags & FLAG_FIN && !(cued & 1u << CALL_CLOSE))
        cue(p, from, CALL_CLOSE, NULL, 0);
}
