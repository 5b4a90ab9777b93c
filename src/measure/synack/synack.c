/* See synack.h. A listener in SYN-RECEIVED repeats its SYN,ACK by RFC 6298 until it gives up
 * (RFC 9293 3.10.8); when and how often is its own choice and shows in the gaps. Exactly one SYN is
 * sent: a second would re-arm the peer's timer. */
#include "measure/synack/synack.h"

#include <stdio.h>

#include "base/clock.h"
#include "event/result.h"

static struct synack *state_of(const struct talk *x)
{
    return x->state;
}

static void start(struct talk *x)
{
    schedule_init(&state_of(x)->series.schedule);
    ours_follow_script(x, true); /* one SYN: a second would re-arm the peer's timer */
    ours_open(x);
}

/* Nothing arrives at our end, which stays in SYN-SENT: what it would answer would end the series.
 */
static void came(struct talk *x, enum end from, const struct segment *seg, int64_t t_ns)
{
    talk_seen(x, from, seg, t_ns);
}

static void left(struct talk *x, const struct segment *seg)
{
    if (!(seg->flags & FLAG_SYN))
        return;
    state_of(x)->sent_ns = x->now_ns;
    talk_wake_at(x, x->now_ns + state_of(x)->reply_wait_ns);
}

static void listen_on(struct talk *x)
{
    const struct synack *s = state_of(x);
    talk_wake_at(x, series_until(&s->series.schedule, s->series.late_ns, s->settles, s->listen_ns));
}

/* The peer's half-open entry is freed by the reset that exactly matches its RCV.NXT, which is what
 * its SYN,ACK acknowledged (RFC 9293 3.10.7.4, RFC 5961 3.2). */
static void finish(struct talk *x, enum series_ended how, enum schedule_end schedule_end)
{
    struct series *s = &state_of(x)->series;
    s->ended = how;
    s->stopped_ns = x->now_ns;
    schedule_finish(&s->schedule, schedule_end, x->now_ns);
    s->doubtful = s->outcome == OUTCOME_OPEN && series_doubtful(&s->schedule, s->late_ns);
    if (s->outcome == OUTCOME_OPEN && how != SERIES_ENDED_PEER)
        ours_reset(x, s->syn_ack.ack, "frees the peer's half-open entry");
    else if (how != SERIES_ENDED_PEER && ours_half_open(x))
        ours_reset(x, seq_add(x->ours.tcb.iss, 1),
                   "in case our SYN arrived: nothing is left half open");
    talk_finish(x);
}

static void first_answer(struct talk *x, const struct segment *seg)
{
    struct series *s = &state_of(x)->series;
    s->outcome = OUTCOME_OPEN;
    s->syn_ack = *seg;
    s->syn_ack.raw = NULL;
    s->syn_ack.raw_len = 0;
    s->late_ns = state_of(x)->sent_ns != 0 ? x->now_ns - state_of(x)->sent_ns : 0;
    schedule_arrival(&s->schedule, x->now_ns);
    x->only_listens = true;
    listen_on(x);
}

static void another(struct talk *x, enum series_part part)
{
    struct series *s = &state_of(x)->series;
    switch (part) {
    case SERIES_NO_PART:
        return;
    case SERIES_OTHER_ISN:
        s->other_isn++;
        talk_note(x, "a SYN,ACK with another ISN: SYN cookies, or a second responder");
        return;
    case SERIES_DUPLICATE:
        s->duplicates++;
        talk_note(x, "a duplicate, not a retransmission: no timer is that fast");
        return;
    case SERIES_AGAIN:
        schedule_arrival(&s->schedule, x->now_ns);
        talk_note(x, "retransmission %zu of the SYN,ACK", s->schedule.count);
        listen_on(x);
        return;
    case SERIES_RST:
    case SERIES_RST_ACK:
    case SERIES_FIN:
        finish(x, SERIES_ENDED_PEER, series_end_of(part));
        return;
    }
}

static void received(struct talk *x, const struct segment *seg, const struct arrival *a)
{
    struct series *s = &state_of(x)->series;
    if (s->outcome == OUTCOME_NONE) {
        if (a->inputs[0] == INPUT_SYN_ACK) {
            first_answer(x, seg);
        } else if (a->inputs[0] == INPUT_RST) {
            s->outcome = OUTCOME_CLOSED;
            finish(x, SERIES_ENDED_PEER, SCHEDULE_RST_ACK);
        }
        return;
    }
    another(x, series_judge(s->syn_ack.seq, s->syn_ack.ack, x->now_ns - s->schedule.last_ns, seg));
}

static void timer(struct talk *x)
{
    struct series *s = &state_of(x)->series;
    if (s->outcome == OUTCOME_NONE) {
        s->outcome = facts_unanswered(x);
        finish(x, SERIES_ENDED_PATIENCE, SCHEDULE_TRUNCATED);
        return;
    }
    bool over = series_is_over(&s->schedule, s->late_ns, x->now_ns);
    finish(x, over ? SERIES_ENDED_PATIENCE : SERIES_ENDED_LISTEN,
           over ? SCHEDULE_SILENCE : SCHEDULE_TRUNCATED);
}

static void unreachable(struct talk *x, const struct icmp_error *e)
{
    struct series *s = &state_of(x)->series;
    if (s->outcome != OUTCOME_NONE) {
        talk_note(x, "ICMP: %s", icmp_describe(e->ip_version, e->type, e->code));
        return;
    }
    s->outcome = OUTCOME_UNREACHABLE;
    s->icmp = *e;
    finish(x, SERIES_ENDED_PEER, SCHEDULE_TRUNCATED);
}

static void stop(struct talk *x, enum script_stop why)
{
    struct series *s = &state_of(x)->series;
    if (s->outcome == OUTCOME_NONE)
        s->outcome = why == SCRIPT_STOP_INTERRUPT ? OUTCOME_INTERRUPTED : facts_unanswered(x);
    finish(x, why == SCRIPT_STOP_INTERRUPT ? SERIES_ENDED_USER : SERIES_ENDED_LISTEN,
           SCHEDULE_TRUNCATED);
}

/* --- The result --- */

static void report(const struct talk *x, struct result *r)
{
    const struct facts f = facts_of(x);
    series_report(&state_of(x)->series, &f, r);
}

static void progress(const struct talk *x, int64_t now_ns, char *out, size_t cap)
{
    const struct series *s = &state_of(x)->series;
    size_t used = 0;
    if (s->outcome != OUTCOME_OPEN) {
        (void)snprintf(out, cap, "waiting for the first SYN,ACK");
        return;
    }
    used += (size_t)snprintf(out, cap, "gaps");
    for (size_t i = 0; i < s->schedule.count && used + 40 < cap; i++)
        used += (size_t)snprintf(out + used, cap - used, " %.3f",
                                 (double)s->schedule.gaps[i] / (double)CLOCK_S);
    int64_t left_ns = x->wake_at == CLOCK_NEVER ? 0 : x->wake_at - now_ns;
    (void)snprintf(out + used, cap - used, "%s; at most %.0f s more if silent",
                   s->schedule.count != 0 ? " s" : " none yet", (double)left_ns / (double)CLOCK_S);
}

/* Of each gap, over several sessions: from which to which it was. */
static void summarise(void *const *states, size_t n, struct result *r)
{
    struct synack *const *s = (struct synack *const *)states;
    result_begin_list(r, "spread");
    for (size_t gap = 0;; gap++) {
        int64_t least = INT64_MAX, most = 0;
        size_t have = 0;
        for (size_t i = 0; i < n; i++) {
            if (gap >= s[i]->series.schedule.count)
                continue;
            int64_t g = s[i]->series.schedule.gaps[gap];
            least = g < least ? g : least;
            most = g > most ? g : most;
            have++;
        }
        if (have == 0)
            break;
        result_begin(r, NULL);
        result_set_integer(r, "measured", (int64_t)have);
        result_set_us(r, "min_us", least);
        result_set_us(r, "max_us", most);
        result_end(r);
        result_line(r, gap == 0 ? "spread" : "", "gap %zu: %.6f to %.6f s in %zu of %zu", gap + 1,
                    (double)least / (double)CLOCK_S, (double)most / (double)CLOCK_S, have, n);
    }
    result_end_list(r);
}

static const struct script script = {
    .name = "synack",
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

/* --- The row --- */

static const struct measure_option options[] = {
    {"listen", 0, 6, MEASURE_DURATION, "TIME",
     "Listen no longer than this after the first SYN-ACK (default 300s)",
     "Listen no longer than this after the first SYN-ACK (default 300s).\n"
     "If that ends the listening, the result says _truncated_.",
     .field = MEASURE_FIELD(struct synack, listen_ns)},
    {"settle", 0, 6, MEASURE_FLAG, NULL,
     "Listen on where that tells the schedule from another that lost three in a row",
     "Listen on, within *--listen*, where that would tell the schedule from another one that lost "
     "three SYN-ACKs in a row; without it, from one that lost one.\n"
     "A Linux listener then takes nearly five minutes, not two and a half.",
     .field = MEASURE_FIELD(struct synack, settles)},
    {"repeat", 0, 6, MEASURE_NUMBER, "N",
     "Measure N times, one after the other, each from a fresh port, and show the spread",
     "Measure _N_ times, 1 to 100, one after the other, each from a fresh port, and show the "
     "spread of each gap.",
     1, 100, .of_run = true, .field = MEASURE_FIELD(struct measure_run, sessions)},
    {0},
};

static const struct measure_key keys[] = {
    {"outcome", "outcome", NULL, "", NULL},
    {"rtt_us", "microseconds?", NULL, "", NULL},
    {"doubtful", "boolean",
     "the first SYN-ACK seen may be one that was sent again, because the first was lost: no RTT",
     NULL, NULL},
    {"retransmissions", "count", NULL, "outcome=open", "retransmissions"},
    {"gaps_us", "[microseconds]", "from each SYN-ACK to the next", "outcome=open", "gaps_us"},
    {"end", "silence|rst|rst-ack|fin|truncated", NULL, "outcome=open", "end"},
    {"ended_by", "patience|peer|listen|interrupt",
     "who ended the listening: patience (silence past what known schedules would send), the peer, "
     "--listen, or the user",
     "outcome=open", "ended_by"},
    {"waited_s", "seconds", NULL, "outcome=open", "waited_s"},
    {"end_gap_us", "microseconds?", "from the last SYN-ACK to the peer's ending segment", NULL,
     NULL},
    {"lived_s", "seconds", "how long the half-open entry was seen to live", NULL, NULL},
    {"model", "{}?", "the geometric series fitted to the gaps; null without a gap", "outcome=open",
     NULL},
    {"model.first_s", "seconds", NULL, "", "model_first_s"},
    {"model.factor", "number?", NULL, "", "model_factor"},
    {"model.cap_s", "number?", NULL, "", "model_cap_s"},
    {"model.fits", "boolean", NULL, "", "model_fits"},
    {"nearest", "[{}]",
     "known schedules, those that explain the series first, then by distance; empty where there is "
     "one gap or none; a distance, not a claim",
     "outcome=open", NULL},
    {"nearest.stack", "string", NULL, "", "nearest"},
    {"nearest.distance", "positive", "of the timing alone", "", "nearest_distance"},
    {"nearest.fits", "boolean", "every gap, the number and the end", NULL, NULL},
    {"nearest.source", "string", NULL, NULL, NULL},
    {"nearest.missing", "count",
     "how many segments it supposes missing; not there: it does not explain the series", NULL,
     NULL},
    {"nearest.tries", "count", "how many retransmissions the peer then sent", NULL, NULL},
    {"nearest.default_tries", "count", "how many that stack sends by default", NULL, NULL},
    {"alternatives", "[{}]",
     "explanations that nothing puts out of the question, beside the nearest and those of its very "
     "schedule",
     NULL, NULL},
    {"alternatives.stack", "string", NULL, "", NULL},
    {"alternatives.missing", "count", "how many segments it supposes missing", "", NULL},
    {"alternatives.distance", "positive", NULL, "", NULL},
    {"alternatives.needs_listen_s", "number?",
     "silence till so long after the first SYN-ACK would rule it out; null: no silence would", "",
     NULL},
    {"warnings", "[string]", "no-retransmission, late, other-isn, duplicates", NULL, NULL},
    {"incomplete", "string?",
     "null when the series lacks nothing at its beginning or in its middle; else why that cannot "
     "be "
     "said",
     NULL, "incomplete"},
    {"kernel_quiet", "boolean", NULL, "", NULL},
    {"capture_dropped", "count", NULL, "", NULL},
    {0},
};

static const struct measure_key summary_keys[] = {
    {"spread", "[{}]", "with --repeat: each gap", NULL, NULL},
    {"spread.measured", "count", "how often there was one", "", NULL},
    {"spread.min_us", "microseconds", NULL, "", NULL},
    {"spread.max_us", "microseconds", NULL, "", NULL},
    {0},
};

static const struct measure_record records[] = {
    {"synack", NULL, keys, NULL, false}, {"synack_summary", NULL, summary_keys, NULL, false}, {0}};

static const struct synack defaults = {.listen_ns = 300 * CLOCK_S};

const struct measure synack_measure = {
    .name = "synack",
    .summary = "how the peer retransmits its SYN-ACK: the gaps, their model, the end",
    .about = "Sends exactly one SYN, never acknowledges the answer, and measures how the peer "
             "retransmits its SYN-ACK. The half-open entry is reset at the end.",
    .statuses = "Exit status: 0 measured, 1 closed, 2 usage or system error, 3 no answer.",
    .carrier = MEASURE_TALK,
    .can = MEASURE_MANY | MEASURE_LAB_EYES | MEASURE_ONE_SYN,
    .run = {.wait_ns = 8 * CLOCK_S, .deadline_ns = CLOCK_NEVER, .tries = 1, .sessions = 1},
    .options = options,
    .records = records,
    .size = sizeof(struct synack),
    .state = &defaults,
    .wait = MEASURE_FIELD(struct synack, reply_wait_ns),
    .script = &script,
    .summarise = summarise,
};
