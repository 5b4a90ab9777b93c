/* See play.h. Here is what the conversation calls; the rest is in the parts. */
#include "measure/play/play.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "event/result.h"
#include "figure/needs.h"
#include "measure/play/play_act.h"
#include "measure/play/play_row.h"
#include "measure/play/play_walk.h"
#include "measure/play/play_words.h"
#include "talk/facts.h"

#define HANDSHAKE_WITHIN (5 * CLOCK_S)
#define HANDSHAKE_CALM   (20 * CLOCK_MS) /* nothing is on its way any more */

/* --- The beginning --- */

static void begin(struct play *p)
{
    p->phase = PLAY_NEXT;
    p->mark_ns = ends_now(&p->ends);
    play_walk(p);
}

static void begin_behind_a_handshake(struct play *p)
{
    ends_remark(&p->ends, "a handshake that the figure does not show went before");
    begin(p);
}

/* --- Before its end --- */

static void stop_at_row(struct play *p, const char *why)
{
    if (p->phase == PLAY_OVER)
        return;
    if (p->phase == PLAY_HANDSHAKE) {
        verdict_trouble(&p->tally, "the handshake before the figure failed",
                        p->row.why[0] != '\0' ? p->row.why : why);
    } else if (p->phase != PLAY_NEXT) {
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s", why);
        play_row_tell(p, &p->row);
    }
    play_walk_end(p);
}

static void stop_because(struct play *p, enum script_stop why)
{
    stop_at_row(p, why == SCRIPT_STOP_INTERRUPT  ? "interrupted"
                   : why == SCRIPT_STOP_DEADLINE ? "-w has run out"
                                                 : "no answer after all our retransmissions");
}

void play_done(struct play *p)
{
    for (enum end end = END_A; end <= END_B; end++)
        seg_queue_done(&p->inbox[end]);
    while (p->held_count > 0)
        free(p->held[--p->held_count].ip);
}

/* --- Where one end is ours --- */

static void follow_the_figure(struct talk *x)
{
    struct play *p = x->state;
    talk_follow_script(x, true);
    p->ends.past.before_crash = x->tcb;
    p->dropped = x->capture_dropped;
    if (x->segments_sent == 0) {
        begin(p);
        return;
    }
    p->ends.past.acked = true;
    p->ends.past.ack = x->tcb.snd_una;
    begin_behind_a_handshake(p);
}

static void start(struct talk *x)
{
    struct play *p = x->state;
    struct fault fault = {0};
    p->ends = (struct ends){.x = x, .us = p->us, .upper = p->peer_side};
    bind_init(&p->bind);
    if (p->figure->needs & FIGURE_NEEDS_NOTHING && p->peer_side != NULL &&
        ends_shut(&p->ends, end_other(p->us), &fault) != STATUS_OK)
        talk_note(x, "%s", fault.text);
    if (!needs_connection(p->figure)) {
        follow_the_figure(x);
        return;
    }
    talk_open(x);
    play_walk_wait(p, PLAY_HANDSHAKE, x->now_ns + p->reply_wait_ns);
}

static void stop(struct talk *x, enum script_stop why)
{
    struct play *p = x->state;
    stop_because(p, why);
    if (x->state != p) /* there is an heir */
        x->script->stop(x, why);
}

static void unreachable(struct talk *x, const struct icmp_error *e)
{
    struct play *p = x->state;
    char from[ADDRESS_TEXT_MAX], why[PLAY_TEXT_MAX];
    if (p->phase != PLAY_AWAIT && p->phase != PLAY_HANDSHAKE && x->segments_sent > 0)
        return;
    (void)snprintf(why, sizeof(why), "%s says: %s", address_format(&e->from, from),
                   icmp_describe(e->ip_version, e->type, e->code));
    stop_at_row(p, why);
}

static bool offered(struct talk *x, const struct segment *seg, int64_t t_ns)
{
    struct play *p = x->state;
    play_walk_time_is(p, t_ns);
    if (p->phase == PLAY_HANDSHAKE || p->phase == PLAY_OVER)
        return true;
    if (!seg_queue_add(&p->inbox[end_other(p->us)], seg, t_ns, x->capture_dropped))
        return true;
    play_walk(p);
    return false;
}

static void left(struct talk *x, const struct segment *seg)
{
    struct play *p = x->state;
    ends_left(&p->ends);
    if (p->phase == PLAY_HANDSHAKE && x->tcb.state == STATE_ESTABLISHED && x->outbox.queued == 0) {
        follow_the_figure(x);
    } else if (p->phase == PLAY_LEAVING) {
        const struct outgoing *o = &x->outbox.current;
        if (o->kind == OUTGOING_SCRIPTED && o->script.tag == p->row.item)
            play_walk_left(p, seg);
    } else if (p->phase == PLAY_OVER) {
        play_walk_end_other_port(p);
    }
}

static void received(struct talk *x, const struct segment *seg, const struct arrival *a)
{
    struct play *p = x->state;
    (void)seg;
    if (p->phase == PLAY_HANDSHAKE && a->to == STATE_CLOSED)
        stop_at_row(p, "the peer answered our SYN with a reset");
}

static void timer(struct talk *x)
{
    struct play *p = x->state;
    if (p->phase == PLAY_HANDSHAKE) {
        stop_at_row(p, "no answer to our SYN");
    } else if (p->phase == PLAY_OVER) {
        x->outbox.queued = 0; /* what has not left by now is in the way */
        play_walk_end_other_port(p);
    } else {
        play_walk_time_up(p);
    }
}

static void report(const struct talk *x, struct result *r)
{
    const struct play *p = x->state;
    const struct facts f = facts_of(x);
    char target[ENDPOINT_TEXT_MAX], local[ENDPOINT_TEXT_MAX];
    result_set(r, "command", json_string("play"));
    result_set(r, "target", json_string(endpoint_format(&x->config.remote, target)));
    result_set(r, "local", json_string(endpoint_format(&x->config.local, local)));
    verdict_report(&p->tally, p->figure, r);
    facts_trust(&f, r);
}

static void progress(const struct talk *x, int64_t now_ns, char *out, size_t cap)
{
    play_words_progress(x->state, now_ns, out, cap);
}

const struct script *play_script(void)
{
    static const struct script script = {
        .name = "play",
        .start = start,
        .offered = offered,
        .left = left,
        .received = received,
        .timer = timer,
        .unreachable = unreachable,
        .stop = stop,
        .report = report,
        .progress = progress,
    };
    return &script;
}

/* --- Where neither is --- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void start_between(struct pair *wire)
{
    struct play *p = wire->state;
    p->ends = (struct ends){.wire = wire};
    bind_init(&p->bind);
    play_act_begin(p);
    if (!needs_connection(p->figure)) {
        begin(p);
        return;
    }
    p->until_ns = wire->now_ns + HANDSHAKE_WITHIN;
    play_act_open(p);
    pair_wake_at(wire, wire->now_ns + HANDSHAKE_CALM);
}

static void came(struct pair *wire, enum end from, const struct segment *seg, int64_t t_ns)
{
    struct play *p = wire->state;
    play_walk_time_is(p, t_ns);
    if (p->phase == PLAY_HANDSHAKE) {
        ends_pass(&p->ends, from, seg);
        pair_wake_at(wire, earlier(wire->now_ns + HANDSHAKE_CALM, p->until_ns));
    } else if (seg_queue_add(&p->inbox[from], seg, t_ns, wire->dropped)) {
        play_walk(p);
    } else {
        stop_at_row(p, "more came than can be kept");
    }
}

/* What was passed on last may not have been taken when it was: the kernels are asked again. */
static void see_hands_shaken(struct play *p)
{
    const struct pair *wire = p->ends.wire;
    if (wire->truth[END_A] == STATE_ESTABLISHED && wire->truth[END_B] == STATE_ESTABLISHED)
        begin_behind_a_handshake(p);
    else if (wire->now_ns >= p->until_ns)
        stop_at_row(p, "the two kernels did not get to ESTABLISHED");
    else
        ends_wake_at(&p->ends, earlier(wire->now_ns + HANDSHAKE_CALM, p->until_ns));
}

static void timer_between(struct pair *wire)
{
    struct play *p = wire->state;
    if (p->phase == PLAY_HANDSHAKE)
        see_hands_shaken(p);
    else
        play_walk_time_up(p);
}

static void stop_between(struct pair *wire, enum script_stop why)
{
    stop_because(wire->state, why);
}

static void report_between(const struct pair *wire, struct result *r)
{
    const struct play *p = wire->state;
    verdict_report(&p->tally, p->figure, r);
}

static void progress_between(const struct pair *wire, int64_t now_ns, char *out, size_t cap)
{
    play_words_progress(wire->state, now_ns, out, cap);
}

const struct pair_script *play_between(void)
{
    static const struct pair_script script = {
        .name = "play",
        .start = start_between,
        .came = came,
        .timer = timer_between,
        .stop = stop_between,
        .report = report_between,
        .progress = progress_between,
    };
    return &script;
}
