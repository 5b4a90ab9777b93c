/* See play.h. Here is what the conversation calls; the rest is in the parts. */
#include "measure/play/play.h"

#include <stdio.h>

#include "base/clock.h"
#include "event/result.h"
#include "figure/needs.h"
#include "talk/facts.h"
#include "measure/play/play_end.h"
#include "measure/play/play_row.h"
#include "measure/play/play_walk.h"
#include "measure/play/play_words.h"

/* --- The beginning --- */

static void begin(struct talk *x)
{
    struct play *p = play_of(x);
    ours_follow_script(x, true);
    if (x->segments[END_A] > 0) {
        talk_remark(x, "a handshake that the figure does not show went before");
        p->acked = true;
        p->ack = x->ours.tcb.snd_una;
    }
    p->phase = PLAY_NEXT;
    p->before_crash = x->ours.tcb;
    p->mark_ns = x->now_ns;
    p->dropped = x->capture_dropped;
    play_walk(x);
}

static void start(struct talk *x)
{
    struct play *p = play_of(x);
    struct fault fault = {0};
    bind_init(&p->bind);
    if (p->figure->needs & FIGURE_NEEDS_NOTHING && p->peer_side != NULL &&
        p->peer_side->call(p->peer_side->arg, &x->config.local, CALL_STOP_LISTENING, NULL, 0,
                           &fault) != STATUS_OK)
        talk_note(x, "%s", fault.text);
    if (!needs_connection(p->figure)) {
        begin(x);
        return;
    }
    ours_open(x);
    play_walk_wait(x, PLAY_HANDSHAKE, x->now_ns + p->reply_wait_ns);
}

/* --- Before its end --- */

static void stop_at_row(struct talk *x, const char *why)
{
    struct play *p = play_of(x);
    if (p->phase == PLAY_OVER)
        return;
    if (p->phase == PLAY_HANDSHAKE) {
        verdict_trouble(&p->tally, "the handshake before the figure failed", why);
    } else if (p->phase != PLAY_NEXT) {
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s", why);
        play_row_tell(x, &p->row);
    }
    play_end(x);
}

static void stop(struct talk *x, enum script_stop why)
{
    stop_at_row(x, why == SCRIPT_STOP_INTERRUPT  ? "interrupted"
                   : why == SCRIPT_STOP_DEADLINE ? "-w has run out"
                                                 : "no answer after all our retransmissions");
}

static void unreachable(struct talk *x, const struct icmp_error *e)
{
    const struct play *p = play_of(x);
    char from[ADDRESS_TEXT_MAX], why[PLAY_TEXT_MAX];
    if (p->phase != PLAY_AWAIT && p->phase != PLAY_HANDSHAKE && x->segments[END_A] > 0)
        return;
    (void)snprintf(why, sizeof(why), "%s says: %s", address_format(&e->from, from),
                   icmp_describe(e->ip_version, e->type, e->code));
    stop_at_row(x, why);
}

/* --- Segments and time --- */

static void came(struct talk *x, enum end from, const struct segment *seg, int64_t t_ns)
{
    struct play *p = play_of(x);
    bool plays = p->phase != PLAY_HANDSHAKE && p->phase != PLAY_OVER;
    if (plays && seg_queue_add(&p->inbox, seg, t_ns, x->capture_dropped))
        play_walk(x);
    else
        talk_passes(x, from, seg, t_ns);
}

static void left(struct talk *x, const struct segment *seg)
{
    switch (play_of(x)->phase) {
    case PLAY_HANDSHAKE:
        if (x->ours.tcb.state == STATE_ESTABLISHED && x->ours.outbox.queued == 0)
            begin(x);
        break;
    case PLAY_LEAVING:
        play_walk_left(x, seg);
        break;
    case PLAY_OVER:
        play_end_other_port(x);
        break;
    case PLAY_NEXT:
    case PLAY_PAUSE:
    case PLAY_AWAIT:
    case PLAY_SILENCE:
    case PLAY_SETTLE:
        break;
    }
}

static void received(struct talk *x, const struct segment *seg, const struct arrival *a)
{
    (void)seg;
    if (play_of(x)->phase == PLAY_HANDSHAKE && a->to == STATE_CLOSED)
        stop_at_row(x, "the peer answered our SYN with a reset");
}

static void timer(struct talk *x)
{
    switch (play_of(x)->phase) {
    case PLAY_HANDSHAKE:
        stop_at_row(x, "no answer to our SYN");
        break;
    case PLAY_OVER:
        x->ours.outbox.queued = 0; /* what has not left by now is in the way */
        play_end_other_port(x);
        break;
    case PLAY_NEXT:
    case PLAY_PAUSE:
    case PLAY_LEAVING:
    case PLAY_AWAIT:
    case PLAY_SILENCE:
    case PLAY_SETTLE:
        play_walk_time_up(x);
        break;
    }
}

/* --- The probe --- */

static void report(const struct talk *x, struct result *r)
{
    const struct play *p = play_of(x);
    const struct facts f = facts_of(x);
    facts_ends(&f, r);
    verdict_report(&p->tally, p->figure, r);
    facts_trust(&f, r);
}

void play_done(struct play *p)
{
    seg_queue_done(&p->inbox);
    seg_queue_done(&p->withheld);
}

const struct script *play_script(void)
{
    static const struct script script = {
        .name = "play",
        .start = start,
        .came = came,
        .left = left,
        .received = received,
        .timer = timer,
        .unreachable = unreachable,
        .stop = stop,
        .report = report,
        .progress = play_words_progress,
    };
    return &script;
}
