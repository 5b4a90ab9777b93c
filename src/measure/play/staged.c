/* See staged.h. Here is what the pair calls; the rest is in the parts. */
#include "measure/play/staged.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "figure/needs.h"
#include "talk/facts.h"
#include "measure/play/staged_act.h"
#include "measure/play/staged_row.h"
#include "measure/play/staged_walk.h"
#include "measure/play/staged_wire.h"

#define HANDSHAKE_WITHIN (5 * CLOCK_S)
#define HANDSHAKE_CALM   (20 * CLOCK_MS) /* nothing is on its way any more */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --- The beginning --- */

static void begin(struct talk *p)
{
    struct staged *s = staged_of(p);
    s->phase = STAGED_NEXT;
    s->mark_ns = p->now_ns;
    staged_walk(p);
}

static void start(struct talk *p)
{
    struct staged *s = staged_of(p);
    bind_init(&s->bind);
    staged_act_begin(p);
    if (!needs_connection(s->figure)) {
        begin(p);
        return;
    }
    s->until_ns = p->now_ns + HANDSHAKE_WITHIN;
    staged_act_open(p);
    talk_wake_at(p, p->now_ns + HANDSHAKE_CALM);
}

static void shake_hands(struct talk *p, enum end from, const struct segment *seg)
{
    staged_wire_pass(p, from, seg);
    talk_wake_at(p, earlier(p->now_ns + HANDSHAKE_CALM, staged_of(p)->until_ns));
}

/* --- Before its end --- */

static void stop_at_row(struct talk *p, const char *why)
{
    struct staged *s = staged_of(p);
    if (s->phase == STAGED_OVER)
        return;
    if (s->phase == STAGED_HANDSHAKE) {
        verdict_trouble(&s->tally, "the handshake before the figure failed",
                        s->row.why[0] != '\0' ? s->row.why : why);
    } else if (s->phase != STAGED_NEXT) {
        staged_row_find(s, EVENT_LINE_UNKNOWN, "%s", why);
        staged_row_tell(p, &s->row);
    }
    staged_walk_end(p);
}

static void stop(struct talk *p, enum script_stop why)
{
    stop_at_row(p, why == SCRIPT_STOP_DEADLINE ? "-w has run out" : "interrupted");
}

/* --- Segments and time --- */

static void came(struct talk *p, enum end from, const struct segment *seg, int64_t t_ns)
{
    struct staged *s = staged_of(p);
    talk_seen(p, from, seg, t_ns);
    if (s->phase == STAGED_HANDSHAKE) {
        shake_hands(p, from, seg);
        return;
    }
    if (!seg_queue_add(&s->inbox[from], seg, t_ns, p->capture_dropped)) {
        stop_at_row(p, "more came than can be kept");
        return;
    }
    staged_walk(p);
}

/* What was passed on last may not have been taken when it was: the kernels are asked again. */
static void see_hands_shaken(struct talk *p)
{
    const struct staged *s = staged_of(p);
    if (p->truth[END_A] == STATE_ESTABLISHED && p->truth[END_B] == STATE_ESTABLISHED) {
        talk_remark(p, "a handshake that the figure does not show went before");
        begin(p);
    } else if (p->now_ns >= s->until_ns) {
        stop_at_row(p, "the two kernels did not get to ESTABLISHED");
    } else {
        talk_wake_at(p, earlier(p->now_ns + HANDSHAKE_CALM, s->until_ns));
    }
}

static void timer(struct talk *p)
{
    if (staged_of(p)->phase == STAGED_HANDSHAKE)
        see_hands_shaken(p);
    else
        staged_walk_time_up(p);
}

/* --- The script --- */

static void report(const struct talk *p, struct result *r)
{
    const struct staged *s = p->state;
    const struct facts f = facts_of(p);
    facts_ends(&f, r);
    verdict_report(&s->tally, s->figure, r);
    facts_capture(&f, r);
}

static void progress(const struct talk *p, int64_t now_ns, char *out, size_t cap)
{
    const struct staged *s = p->state;
    char rest[32];
    out[0] = '\0';
    if (s->phase == STAGED_NEXT || s->phase == STAGED_OVER)
        return;
    (void)clock_format(s->until_ns > now_ns ? s->until_ns - now_ns : 0, rest, sizeof(rest));
    (void)snprintf(out, cap, "line %u: waiting, %s left",
                   s->row.row != NULL ? s->row.row->number : 0, rest);
}

void staged_done(struct staged *s)
{
    for (enum end end = END_A; end <= END_B; end++)
        seg_queue_done(&s->inbox[end]);
    while (s->held_count > 0)
        free(s->held[--s->held_count].ip);
}

const struct script *staged_script(void)
{
    static const struct script script = {
        .name = "play",
        .start = start,
        .came = came,
        .timer = timer,
        .stop = stop,
        .report = report,
        .progress = progress,
    };
    return &script;
}
