/* See play.h. Here is what the conversation calls; the rest is in the parts. */
#include "measure/play/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "event/result.h"
#include "figure/view.h"
#include "measure/play/play_parts.h"
#include "talk/facts.h"

#define HANDSHAKE_WITHIN (5 * CLOCK_S)
#define HANDSHAKE_CALM   (20 * CLOCK_MS) /* nothing is on its way any more */

/* --- The beginning --- */

static void begin(struct play *p)
{
    p->phase = PLAY_NEXT;
    p->mark_ns = p->ends.x->now_ns;
    play_walk(p);
}

static void begin_behind_a_handshake(struct play *p)
{
    talk_remark(p->ends.x, "a handshake that the figure does not show went before");
    begin(p);
}

/* --- Before its end --- */

static void stop_at_row(struct play *p, const char *why)
{
    if (p->phase == PLAY_OVER)
        return;
    if (p->phase == PLAY_HANDSHAKE) {
        play_row_trouble(p, "the handshake before the figure failed",
                         p->row.why[0] != '\0' ? p->row.why : why);
    } else if (p->phase != PLAY_NEXT) {
        play_row_find(p, EVENT_LINE_UNKNOWN, "%s", why);
        play_row_tell(p, &p->row);
    }
    play_walk_end(p);
}

void play_done(struct play *p)
{
    for (enum end end = END_A; end <= END_B; end++)
        inbox_done(&p->inbox[end]);
    while (p->held_count > 0)
        free(p->held[--p->held_count].ip);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --- The handshake before a figure that begins in a connection --- */

static void follow_the_figure(struct talk *x)
{
    struct play *p = x->state;
    ours_follow_script(x, true);
    p->ends.past.before_crash = x->ours.tcb;
    p->dropped = x->capture_dropped;
    if (x->segments[END_A] == 0) {
        begin(p);
        return;
    }
    ends_syn_answered(&p->ends);
    p->ends.past.acked = true;
    p->ends.past.ack = x->ours.tcb.snd_una;
    play_again_note_ack(p);
    begin_behind_a_handshake(p);
}

static void shake_hands(struct talk *x)
{
    struct play *p = x->state;
    if (talk_is_wire(x)) {
        p->until_ns = x->now_ns + HANDSHAKE_WITHIN;
        play_act_open(p);
        talk_wake_at(x, x->now_ns + HANDSHAKE_CALM);
    } else {
        ours_open(x);
        play_wait(p, PLAY_HANDSHAKE, x->now_ns + p->reply_wait_ns);
    }
}

/* What was passed on last may not have been taken when it was: the kernels are asked again. */
static void see_hands_shaken(struct talk *x)
{
    struct play *p = x->state;
    if (x->truth[END_A] == STATE_ESTABLISHED && x->truth[END_B] == STATE_ESTABLISHED)
        begin_behind_a_handshake(p);
    else if (x->now_ns >= p->until_ns)
        stop_at_row(p, "the two kernels did not get to ESTABLISHED");
    else
        talk_wake_at(x, earlier(x->now_ns + HANDSHAKE_CALM, p->until_ns));
}

/* --- What the conversation calls --- */

static void start(struct talk *x)
{
    struct play *p = x->state;
    struct fault fault = {0};
    p->ends = (struct ends){.x = x, .us = p->us};
    p->hoped = CALL_COUNT;
    bind_init(&p->bind);
    if (talk_is_wire(x))
        play_act_begin(p);
    else if (p->figure->needs & FIGURE_NEEDS_NOTHING &&
             ends_kind(&p->ends, end_other(p->us)) == TALK_ASKED &&
             ends_call(&p->ends, end_other(p->us), CALL_STOP_LISTENING, NULL, 0, &fault) !=
                 STATUS_OK)
        talk_note(x, "%s", fault.text);
    if (view_needs_connection(p->figure))
        shake_hands(x);
    else if (talk_is_wire(x))
        begin(p);
    else
        follow_the_figure(x);
}

static void stop(struct talk *x, enum script_stop why)
{
    struct play *p = x->state;
    stop_at_row(p, why == SCRIPT_STOP_INTERRUPT  ? "interrupted"
                   : why == SCRIPT_STOP_DEADLINE ? "-w has run out"
                                                 : "no answer after all our retransmissions");
    if (x->state != p) /* there is an heir */
        x->script->stop(x, why);
}

static void unreachable(struct talk *x, const struct icmp_error *e)
{
    struct play *p = x->state;
    char why[ICMP_TEXT_MAX];
    if (p->phase != PLAY_AWAIT && p->phase != PLAY_HANDSHAKE && x->segments[END_A] > 0)
        return;
    stop_at_row(p, icmp_say(e, why));
}

/* Between two kernels it is seen as it comes, and arrives when its turn is; where one end is ours
 * it is also seen then. */
static void came(struct talk *x, enum end from, const struct segment *seg, int64_t t_ns)
{
    struct play *p = x->state;
    const bool lossless = talk_is_wire(x);
    const enum end end = ends_of(&p->ends, from);
    if (lossless)
        talk_seen(x, from, seg, t_ns);
    play_walk_time_is(p, t_ns);
    if (p->phase == PLAY_HANDSHAKE && lossless) {
        ends_pass(&p->ends, end, seg);
        talk_wake_at(x, earlier(x->now_ns + HANDSHAKE_CALM, p->until_ns));
        return;
    }
    bool plays = lossless || (p->phase != PLAY_HANDSHAKE && p->phase != PLAY_OVER);
    if (plays && inbox_add(&p->inbox[end], seg, t_ns, x->capture_dropped))
        play_walk(p);
    else if (lossless)
        stop_at_row(p, "more came than can be kept");
    else
        talk_passes(x, from, seg, t_ns);
}

static void left(struct talk *x, const struct segment *seg)
{
    struct play *p = x->state;
    const struct outgoing *o = &x->ours.outbox.current;
    const size_t tag = o->kind == OUTGOING_SCRIPTED ? o->script.tag : SIZE_MAX;
    ends_left(&p->ends);
    if (p->phase == PLAY_HANDSHAKE && x->ours.tcb.state == STATE_ESTABLISHED &&
        x->ours.outbox.queued == 0) {
        follow_the_figure(x);
    } else if (p->phase == PLAY_LEAVING && tag == p->row.item) {
        play_again_note(p, &o->script);
        play_walk_left(p, seg);
    } else if (tag == PLAY_TAG_AGAIN) {
        play_again_left(p);
        play_walk_left_again(p);
    } else if (p->phase == PLAY_PROBE) {
        play_walk_left_probe(p);
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
    if (p->phase == PLAY_HANDSHAKE && talk_is_wire(x)) {
        see_hands_shaken(x);
    } else if (p->phase == PLAY_HANDSHAKE) {
        stop_at_row(p, "no answer to our SYN");
    } else if (p->phase == PLAY_OVER) {
        x->ours.outbox.queued = 0; /* what has not left by now is in the way */
        play_walk_end_other_port(p);
    } else {
        play_walk_time_up(p);
    }
}

static void report(const struct talk *x, struct result *r)
{
    const struct play *p = x->state;
    const struct facts f = facts_of(x);
    facts_ends(&f, r);
    play_row_report(p, r);
    if (talk_is_wire(x))
        facts_capture(&f, r);
    else
        facts_trust(&f, r);
}

static void progress(const struct talk *x, int64_t now_ns, char *out, size_t cap)
{
    play_awaits_progress(x->state, now_ns, out, cap);
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
        .progress = progress,
    };
    return &script;
}

/* --- The row --- */

static enum status take_end(void *field, const char *arg, struct fault *fault)
{
    enum end *us = field;
    bool a = strcmp(arg, "A") == 0 || strcmp(arg, "a") == 0;
    if (!a && strcmp(arg, "B") != 0 && strcmp(arg, "b") != 0)
        return fault_set(fault, STATUS_MALFORMED, "--as takes A or B, not '%s'", arg);
    *us = a ? END_A : END_B;
    return STATUS_OK;
}

static const struct measure_option options[] = {
    {"as", 0, 6, MEASURE_TAKEN, "A|B", "Which of the figure's ends we are (default A)",
     "Which of the two ends we are (default A).", .take = take_end,
     .field = MEASURE_FIELD(struct play, us), .given = MEASURE_FIELD(struct play, us_given)},
    {"say", 0, 6, MEASURE_OCTETS, "TEXT",
     "Say this to a peer that must be made to talk or to close; \\r \\n \\t \\0 \\\\ \\xHH are "
     "escapes, @FILE reads a file",
     "Say this to a peer that closes or talks only when it has been told something, when the "
     "figure "
     "has it close or talk.\n_TEXT_ is as for *open*.",
     .field = MEASURE_FIELD(struct play, say_len)},
    {"keep-going", 0, 6, MEASURE_FLAG, NULL, "Go on after a line that is not as figured", NULL,
     .field = MEASURE_FIELD(struct play, keep_going)},
    {0},
};

static const struct measure_key keys[] = {
    {"figure", "word", "its name in the library, or of its file", "", NULL},
    {"title", "string", NULL, "", NULL},
    {"verdict", "as-figured|deviates|unknown",
     "unknown: nothing deviates, and not every line could be judged", "", NULL},
    {"alternative", "word?",
     "the names of the alternatives that were found, with a comma and a blank between; null when "
     "there is none",
     "", NULL},
    {"first_deviation", "first_line",
     "line, source_line, text and rfc (the section of the broken rule, where it is known), or null",
     "", NULL},
    {"first_unknown", "first_line", "line, source_line, text, or null", "", NULL},
    {"lines", "{=}", "how many lines turned out how; those of a repetition count each time", "",
     NULL},
    {"lines.ok", "count", NULL, "", NULL},
    {"lines.deviates", "count", NULL, "", NULL},
    {"lines.unknown", "count", NULL, "", NULL},
    {"lines.not_reached", "count", NULL, "", NULL},
    {"outcome", "never", NULL, NULL, NULL},
    {"capture_dropped", "count", NULL, "", NULL},
    {0},
};

/* The verdict, the first lines and the counts say the same. */
static const char agreement[] =
    "{\"allOf\":["
    "{\"if\":{\"properties\":{\"verdict\":{\"const\":\"deviates\"}}},"
    "\"then\":{\"properties\":{\"first_deviation\":{\"type\":\"object\"}}},"
    "\"else\":{\"properties\":{\"first_deviation\":{\"type\":\"null\"}}}},"
    "{\"if\":{\"properties\":{\"verdict\":{\"const\":\"as-figured\"}}},"
    "\"then\":{\"properties\":{\"first_unknown\":{\"type\":\"null\"},"
    "\"lines\":{\"properties\":{\"deviates\":{\"const\":0},\"unknown\":{\"const\":0},"
    "\"not_reached\":{\"const\":0}}}}}}]}";

static const struct measure_record records[] = {{"play", NULL, keys, agreement, false}, {0}};

const struct measure play_measure = {
    .name = "play",
    .operands = "FIGURE [TARGET]",
    .summary = "a figure of RFC 9293, or your own, run against a peer",
    .about = "Runs a figure, the ladder notation of RFC 9293, against a peer: sends what our end "
             "of it sends, awaits what the other end sends, and holds both columns against what "
             "happens. FIGURE is one of the library ('tcpshake figures' lists it) or a file.",
    .statuses = "Exit status: 0 as figured, 1 deviates, 2 usage or system error, 3 unknown.",
    .carrier = MEASURE_FIGURE,
    .can = MEASURE_LAB_EYES,
    .run = {.wait_ns = 8 * CLOCK_S, .deadline_ns = 5 * CLOCK_MIN, .tries = 3, .sessions = 1},
    .options = options,
    .records = records,
    .size = sizeof(struct play),
    .wait = MEASURE_FIELD(struct play, reply_wait_ns),
    .octets = MEASURE_FIELD(struct play, say),
    .lab_app = "cue",
};
