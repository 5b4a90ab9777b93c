/* See play_act.h. */
#include "measure/play/play_act.h"

#include "talk/asked.h"
#include "talk/emission.h"
#include "measure/play/play_row.h"

/* --- Our column --- */

static void renew(struct talk *x, seq_t iss)
{
    play_of(x)->before_crash = x->ours.tcb;
    ours_renew(x, iss);
}

static void listen_ourselves(struct talk *x)
{
    if (x->ours.tcb.state == STATE_CLOSED) /* of the last connection nothing is left */
        ours_renew(x, x->config.iss);
    ours_call(x, CALL_LISTEN);
}

static void tie(struct play *p, enum end side, const struct figure_number *n, seq_t wire)
{
    seq_t known;
    if (n->given && !bind_lookup(&p->bind, side, n, &known))
        (void)bind_set(&p->bind, side, n, wire);
}

/* (send 300,receive 100): SND.NXT and RCV.NXT of the end, as they were before any crash. */
static void tie_numbers(struct talk *x, const struct figure_cell *cell, bool own)
{
    struct play *p = play_of(x);
    const struct tcb *t = x->ours.tcb.state == STATE_CLOSED ? &p->before_crash : &x->ours.tcb;
    tie(p, own ? p->us : play_them(p), &cell->send, own ? t->snd_nxt : t->rcv_nxt);
    tie(p, own ? play_them(p) : p->us, &cell->receive, own ? t->rcv_nxt : t->snd_nxt);
}

void play_act_change_port(struct talk *x)
{
    struct play *p = play_of(x);
    const struct play_aside now = {p->bind, p->before_crash, p->acked, p->ack};
    ours_change_port(x);
    p->bind = p->aside.bind;
    p->before_crash = p->aside.before_crash;
    p->acked = p->aside.acked;
    p->ack = p->aside.ack;
    p->aside = now;
    p->on_other_port = !p->on_other_port;
    p->used_other_port = true;
}

/* A figure that begins with LISTEN in our column need not show the call. */
static bool begins_in_listen(const struct talk *x, const struct figure_cell *cell)
{
    return x->ours.tcb.state == STATE_CLOSED && x->segments[END_A] == 0 &&
           state_set_only(cell->states) == STATE_LISTEN;
}

static void act_ourselves(struct talk *x, const struct figure_cell *cell)
{
    struct play *p = play_of(x);
    if (figure_call(cell) == CALL_LISTEN || begins_in_listen(x, cell)) {
        listen_ourselves(x);
    } else if (cell->event == (p->on_other_port ? FIGURE_FIRST_PORT : FIGURE_OTHER_PORT)) {
        play_act_change_port(x);
    } else if (figure_call(cell) == CALL_ABORT) {
        p->abort_called = true;
    } else if (figure_call(cell) == CALL_CRASH) {
        renew(x, x->config.iss);
    } else if (cell->event == FIGURE_TWO_MSL) {
        ours_time_out(x, INPUT_TIME_WAIT_TIMEOUT);
    } else if (cell->event == FIGURE_NUMBERS) {
        tie_numbers(x, cell, true);
    } else if (figure_call(cell) == CALL_SEND) {
        p->filler = cell->text;
        p->filler_len = cell->text_len;
    }
}

/* --- The peer's column --- */

/* --say: a stranger's application closes or talks when it has been told something. */
static void say_to_the_peer(struct talk *x)
{
    struct play *p = play_of(x);
    if (p->said || p->say_len == 0)
        return;
    p->said = true;
    struct scripted say = {.data = p->say,
                           .usual_win = true,
                           .usual_ttl = true,
                           .ours = true,
                           .call = CALL_COUNT,
                           .tag = SIZE_MAX};
    say.seg.seq = x->ours.tcb.snd_nxt;
    say.seg.ack = x->ours.tcb.rcv_nxt;
    say.seg.flags = FLAG_PSH | FLAG_ACK;
    say.seg.len = (uint32_t)(p->say_len < EMISSION_DATA_MAX ? p->say_len : EMISSION_DATA_MAX);
    bind_shift(&p->bind, p->us, say.seg.len);
    (void)talk_send(x, &say, "--say, which the figure does not show");
}

/* What it is told it may do at any moment now, whatever the peer's segments show before. */
static void expect_call(struct talk *x, enum call what)
{
    if (what == CALL_CONNECT) /* it connects from the port it listened on */
        asked_prompted(x, CALL_STOP_LISTENING);
    if (what != CALL_LISTEN)
        asked_prompted(x, what);
}

static void cue(struct talk *x, enum call what, const void *data, size_t n)
{
    struct play *p = play_of(x);
    struct fault fault = {0};
    if (p->peer_side == NULL) {
        if (what == CALL_CLOSE || what == CALL_SEND)
            say_to_the_peer(x);
        return;
    }
    p->cued |= 1u << what;
    expect_call(x, what);
    if (p->peer_side->call(p->peer_side->arg, &x->config.local, what, data, n, &fault) != STATUS_OK)
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s", fault.text);
}

static bool was_cued(const struct play *p, enum call what)
{
    return (p->cued & 1u << what) != 0;
}

void play_act_columns(struct talk *x)
{
    const struct view *v = &play_of(x)->row.view;
    act_ourselves(x, v->own);
    if (v->peer->event == FIGURE_NUMBERS)
        tie_numbers(x, v->peer, false);
    else if (v->peer->event == FIGURE_CALL)
        cue(x, v->peer->call, v->peer->text, v->peer->text_len);
}

/* Many figures show what the peer sends and not the call behind it. A retransmission needs none. */
void play_act_implied(struct talk *x)
{
    struct play *p = play_of(x);
    const struct figure_segment *f = &p->row.view.row->segment;
    static const uint8_t filler[EMISSION_DATA_MAX];
    uint32_t len = f->has_len ? f->len : f->has_data ? 1 : 0;
    if (matched_shows_again(&p->seen, &p->bind, play_them(p), f))
        return;
    if ((f->flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN && !was_cued(p, CALL_CONNECT))
        cue(x, CALL_CONNECT, NULL, 0);
    if (len > 0 && !was_cued(p, CALL_SEND))
        cue(x, CALL_SEND, filler, len < sizeof(filler) ? len : sizeof(filler));
    if (f->flags & FLAG_FIN && !was_cued(p, CALL_CLOSE))
        cue(x, CALL_CLOSE, NULL, 0);
}

/* --- Our segment --- */

static enum emission_kind kind_of_emission(const struct play *p)
{
    if (p->row.view.own->duplicate || p->row.view.leg == VIEW_RELEASE)
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
    if (!p->row.view.row->segment.has_len)
        s->seg.len = (uint32_t)p->filler_len;
    if (s->seg.len <= p->filler_len)
        s->data = (const uint8_t *)p->filler;
}

static void compose(struct talk *x, struct scripted *s)
{
    struct play *p = play_of(x);
    bool opens = emission_of(&p->row.view.row->segment, kind_of_emission(p), p->us, &x->ours.tcb,
                             &p->bind, s);
    if (opens && (x->ours.tcb.state == STATE_CLOSED || !seq_eq(x->ours.tcb.iss, s->seg.seq)))
        renew(x, s->seg.seq);
    if (s->seg.flags & FLAG_RST)
        p->abort_called = false;
    fill(p, s);
    s->tag = p->row.item;
}

bool play_act_send(struct talk *x)
{
    struct scripted s;
    compose(x, &s);
    return talk_send(x, &s, NULL);
}

void play_act_hold_back(struct talk *x)
{
    struct scripted s;
    compose(x, &s);
    ours_hold_back(x, &s);
}
