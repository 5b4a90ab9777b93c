/* What the columns of a row make happen: our calls, what applications are told to do, and the
 * segment that is ours to send. */
#include "measure/play/play_parts.h"

#include "figure/view.h"
#include "talk/emission.h"

/* --- An end that is not ours --- */

/* --say: a stranger's application closes or talks when it has been told something. */
static void say_to_the_peer(struct play *p)
{
    const struct tcb *own = &p->ends.x->ours.tcb;
    if (p->said || p->say_len == 0)
        return;
    p->said = true;
    struct scripted say = {.data = p->say,
                           .usual_win = true,
                           .usual_ttl = true,
                           .ours = true,
                           .call = CALL_COUNT,
                           .tag = SIZE_MAX};
    say.seg.seq = own->snd_nxt;
    say.seg.ack = own->rcv_nxt;
    say.seg.flags = FLAG_PSH | FLAG_ACK;
    say.seg.len = (uint32_t)(p->say_len < EMISSION_DATA_MAX ? p->say_len : EMISSION_DATA_MAX);
    bind_shift(&p->bind, p->us, say.seg.len);
    (void)talk_send(p->ends.x, &say, "--say, which the figure does not show");
}

static void cue(struct play *p, enum end end, enum call what, const void *data, size_t n)
{
    struct fault fault = {0};
    if (play_kind(p, end) == TALK_INFERRED) {
        p->hoped = what;
        if (what == CALL_CLOSE || what == CALL_SEND)
            say_to_the_peer(p);
        return;
    }
    p->cued[end] |= 1u << what;
    play_row_rule_of_call(p, what);
    if (ends_call(&p->ends, end, what, data, n, &fault) != STATUS_OK)
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s", fault.text);
}

static void cue_once(struct play *p, enum end end, enum call what, const void *data, size_t n)
{
    if (!(p->cued[end] & 1u << what))
        cue(p, end, what, data, n);
}

/* Many figures show what an end sends and not the call behind it. A retransmission needs none. */
void play_act_implied(struct play *p)
{
    static const uint8_t filler[EMISSION_DATA_MAX];
    const struct figure_segment *f = &p->row.row->segment;
    enum end from = view_sender(p->row.row);
    uint32_t len = f->has_len ? f->len : f->has_data ? 1 : 0;
    if (inbox_shows_again(&p->inbox[from], &p->bind, from, f))
        return;
    if ((f->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN)
        cue_once(p, from, CALL_CONNECT, NULL, 0);
    if (len > 0)
        cue_once(p, from, CALL_SEND, filler, len < sizeof(filler) ? len : sizeof(filler));
    if (f->flags & FLAG_FIN)
        cue_once(p, from, CALL_CLOSE, NULL, 0);
}

/* --- The beginning between two kernels --- */

static state_set first_states(const struct figure *f, enum end end)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->items[i].kind == FIGURE_ROW)
            return view_cell(&f->items[i].row, end)->states;
    }
    return STATE_SET_NONE;
}

static bool is_to_listen(const struct play *p, enum end end)
{
    if (end == END_B && p->figure->needs & FIGURE_NEEDS_NOTHING)
        return false;
    if (view_needs_connection(p->figure))
        return end == END_B;
    return state_set_only(first_states(p->figure, end)) == STATE_LISTEN;
}

void play_act_begin(struct play *p)
{
    struct fault ignored = {0}; /* that it is so already */
    for (enum end end = END_A; end <= END_B; end++) {
        bool listens = p->ends.x->truth[end] == STATE_LISTEN;
        if (is_to_listen(p, end) && !listens)
            (void)ends_call(&p->ends, end, CALL_LISTEN, NULL, 0, &ignored);
        else if (!is_to_listen(p, end) && listens)
            (void)ends_call(&p->ends, end, CALL_STOP_LISTENING, NULL, 0, &ignored);
    }
}

void play_act_open(struct play *p)
{
    cue(p, END_A, CALL_CONNECT, NULL, 0);
    p->cued[END_A] = 0; /* this one the figure does not know of */
}

/* --- Our column --- */

void play_act_change_port(struct play *p)
{
    const struct bind now = p->bind;
    const struct play_again again = p->again;
    ends_change_port(&p->ends);
    p->bind = p->aside;
    p->aside = now;
    p->again = p->again_aside;
    p->again_aside = again;
    p->on_other_port = !p->on_other_port;
    p->used_other_port = true;
}

/* A figure that begins with LISTEN in our column need not show the call. */
static bool begins_in_listen(const struct talk *x, const struct figure_cell *cell)
{
    return x->ours.tcb.state == STATE_CLOSED && x->segments[END_A] == 0 &&
           state_set_only(cell->states) == STATE_LISTEN;
}

static void act_ourselves(struct play *p, const struct figure_cell *cell)
{
    struct talk *x = p->ends.x;
    if (figure_call(cell) == CALL_LISTEN || begins_in_listen(x, cell)) {
        ends_listen(&p->ends);
    } else if (cell->event == (p->on_other_port ? FIGURE_FIRST_PORT : FIGURE_OTHER_PORT)) {
        play_act_change_port(p);
    } else if (figure_call(cell) == CALL_ABORT) {
        p->abort_called = true;
    } else if (figure_call(cell) == CALL_CRASH) {
        ends_renew(&p->ends, x->config.iss);
    } else if (cell->event == FIGURE_TWO_MSL) {
        ours_time_out(x, INPUT_TIME_WAIT_TIMEOUT);
    } else if (figure_call(cell) == CALL_SEND) {
        p->filler = cell->text;
        p->filler_len = cell->text_len;
    }
}

/* --- Both columns --- */

static void tie(struct play *p, enum end end, const struct figure_number *n)
{
    seq_t known, nxt;
    if (n->given && !bind_lookup(&p->bind, end, n, &known) && ends_next(&p->ends, end, &nxt))
        (void)bind_set(&p->bind, end, n, nxt);
}

static void act_column(struct play *p, enum end end)
{
    const struct figure_cell *cell = view_cell(p->row.row, end);
    if (cell->event == FIGURE_NUMBERS) { /* all that has left an end has reached the other one */
        tie(p, end, &cell->send);
        tie(p, end_other(end), &cell->receive);
    }
    if (play_kind(p, end) == TALK_OURS)
        act_ourselves(p, cell);
    else if (cell->event == FIGURE_CALL)
        cue(p, end, cell->call, cell->text, cell->text_len);
}

/* Ours first. */
void play_act_columns(struct play *p)
{
    act_column(p, p->us);
    act_column(p, end_other(p->us));
}

/* --- Our segment --- */

static enum emission_kind kind_of_emission(const struct play *p)
{
    const struct figure_row *row = p->row.row;
    if (view_cell(row, p->us)->duplicate || !view_leaves(row, p->us))
        return EMISSION_DUPLICATE;
    return p->abort_called ? EMISSION_ABORT : EMISSION_REGULAR;
}

/* What (say "text") has put there, as far as it is enough; else zeros. */
static void fill(const struct play *p, struct scripted *s)
{
    static const uint8_t zeros[EMISSION_DATA_MAX];
    s->data = zeros;
    if (s->seg.len == 0 || p->filler == NULL)
        return;
    if (!p->row.row->segment.has_len)
        s->seg.len = (uint32_t)p->filler_len;
    if (s->seg.len <= p->filler_len)
        s->data = (const uint8_t *)p->filler;
}

static void compose(struct play *p, struct scripted *s)
{
    const struct tcb *own = &p->ends.x->ours.tcb;
    bool opens = emission_of(&p->row.row->segment, kind_of_emission(p), p->us, own, &p->bind, s);
    if (opens && (own->state == STATE_CLOSED || !seq_eq(own->iss, s->seg.seq)))
        ends_renew(&p->ends, s->seg.seq);
    if (s->seg.flags & FLAG_RST)
        p->abort_called = false;
    fill(p, s);
    s->tag = p->row.item;
}

bool play_act_has_room(const struct play *p)
{
    const struct figure_segment *f = &p->row.row->segment;
    const struct tcb *own = &p->ends.x->ours.tcb;
    size_t len = f->has_len ? f->len : !f->has_data ? 0 : p->filler != NULL ? p->filler_len : 1;
    bool sends = own->state == STATE_ESTABLISHED || own->state == STATE_CLOSE_WAIT;
    bool old = kind_of_emission(p) == EMISSION_DUPLICATE;
    return len == 0 || old || !sends || own->snd_nxt.v - own->snd_una.v + len <= own->snd_wnd;
}

bool play_act_send(struct play *p)
{
    struct scripted s;
    compose(p, &s);
    play_again_before(p, &s);
    return talk_send(p->ends.x, &s, NULL);
}

void play_act_hold_back(struct play *p)
{
    struct scripted s;
    compose(p, &s);
    ours_hold_back(p->ends.x, &s);
}
