/* See synack.h. A listener in SYN-RECEIVED repeats its SYN,ACK by RFC 6298 until it gives up
 * (RFC 9293 3.10.8); when and how often is its own choice and shows in the gaps. Exactly one SYN is
 * sent: a second would re-arm the peer's timer. */
#include "probe/synack.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "event/result.h"

enum {
    NEAREST_SHOWN = 3
};
#define LEAST_PATIENCE (15 * CLOCK_S)
/* No retransmission timer is shorter; what follows faster is a duplicate made on the way. */
#define LEAST_GAP (20 * CLOCK_MS)

static struct synack *state_of(const struct exchange *x)
{
    return x->state;
}

static void start(struct exchange *x)
{
    schedule_init(&state_of(x)->schedule);
    exchange_open(x);
}

static void left(struct exchange *x, const struct segment *seg)
{
    if (seg->flags & FLAG_SYN)
        exchange_wake_at(x, x->now_ns + state_of(x)->reply_wait_ns);
}

/* When listening ends if nothing more comes: patience, but no longer than --listen allows. */
static void listen_on(struct exchange *x)
{
    const struct synack *s = state_of(x);
    int64_t quiet = s->schedule.last_ns + schedule_patience(&s->schedule, LEAST_PATIENCE);
    int64_t cap = s->schedule.first_ns + s->listen_ns;
    exchange_wake_at(x, quiet < cap ? quiet : cap);
}

/* The peer's half-open entry is freed by the reset that exactly matches its RCV.NXT, which is what
 * its SYN,ACK acknowledged (RFC 9293 3.10.7.4, RFC 5961 3.2). */
static void end(struct exchange *x, enum synack_ended how, enum schedule_end schedule_end)
{
    struct synack *s = state_of(x);
    s->ended = how;
    s->stopped_ns = x->now_ns;
    schedule_finish(&s->schedule, schedule_end, x->now_ns);
    if (s->outcome == OUTCOME_OPEN && how != SYNACK_ENDED_PEER)
        exchange_reset(x, s->syn_ack.ack, "frees the peer's half-open entry");
    else if (how != SYNACK_ENDED_PEER && exchange_half_open(x))
        exchange_reset(x, seq_add(x->tcb.iss, 1),
                       "in case our SYN arrived: nothing is left half open");
    exchange_finish(x);
}

static void first_answer(struct exchange *x, const struct segment *seg)
{
    struct synack *s = state_of(x);
    s->outcome = OUTCOME_OPEN;
    s->syn_ack = *seg;
    s->syn_ack.raw = NULL;
    s->syn_ack.raw_len = 0;
    schedule_arrival(&s->schedule, x->now_ns);
    x->only_listens = true;
    listen_on(x);
}

static void another(struct exchange *x, const struct segment *seg)
{
    struct synack *s = state_of(x);
    if (!seq_eq(seg->seq, s->syn_ack.seq)) {
        s->other_isn++;
        exchange_note(x, "a SYN,ACK with another ISN: SYN cookies, or a second responder");
        return;
    }
    /* Two copies within a moment are one retransmission; but a schedule may begin with a gap of
     * zero, so the copy is counted and shown. */
    if (x->now_ns - s->schedule.last_ns < LEAST_GAP) {
        s->duplicates++;
        exchange_note(x, "a duplicate, not a retransmission: no timer is that fast");
        return;
    }
    schedule_arrival(&s->schedule, x->now_ns);
    exchange_note(x, "retransmission %zu of the SYN,ACK", s->schedule.count);
    listen_on(x);
}

/* Whether the segment belongs to the half-open connection: what comes out of nowhere ends nothing.
 */
static bool at_the_right_place(const struct synack *s, const struct segment *seg)
{
    return seq_eq(seg->seq, seq_add(s->syn_ack.seq, 1)) || seq_eq(seg->seq, s->syn_ack.seq);
}

static void received(struct exchange *x, const struct segment *seg, const struct arrival *a)
{
    struct synack *s = state_of(x);
    const uint16_t syn_ack = FLAG_SYN | FLAG_ACK;

    if (s->outcome == OUTCOME_NONE) {
        if (a->inputs[0] == INPUT_SYN_ACK) {
            first_answer(x, seg);
        } else if (a->inputs[0] == INPUT_RST) {
            s->outcome = OUTCOME_CLOSED;
            end(x, SYNACK_ENDED_PEER, SCHEDULE_RST_ACK);
        }
        return;
    }
    if (seg->checksum == SEGMENT_CHECKSUM_BAD)
        return;
    if (seg->flags & FLAG_RST) {
        if (at_the_right_place(s, seg))
            end(x, SYNACK_ENDED_PEER, seg->flags & FLAG_ACK ? SCHEDULE_RST_ACK : SCHEDULE_RST);
    } else if ((seg->flags & syn_ack) == syn_ack) {
        if (seq_eq(seg->ack, s->syn_ack.ack))
            another(x, seg);
    } else if (seg->flags & FLAG_FIN && at_the_right_place(s, seg)) {
        end(x, SYNACK_ENDED_PEER, SCHEDULE_FIN);
    }
}

static void timer(struct exchange *x)
{
    struct synack *s = state_of(x);
    if (s->outcome == OUTCOME_NONE) {
        s->outcome = OUTCOME_FILTERED;
        end(x, SYNACK_ENDED_PATIENCE, SCHEDULE_TRUNCATED);
        return;
    }
    bool cap = x->now_ns - s->schedule.last_ns < schedule_patience(&s->schedule, LEAST_PATIENCE);
    end(x, cap ? SYNACK_ENDED_LISTEN : SYNACK_ENDED_PATIENCE,
        cap ? SCHEDULE_TRUNCATED : SCHEDULE_SILENCE);
}

static void unreachable(struct exchange *x, const struct icmp_error *e)
{
    struct synack *s = state_of(x);
    if (s->outcome != OUTCOME_NONE) {
        exchange_note(x, "ICMP: %s", icmp_describe(e->ip_version, e->type, e->code));
        return;
    }
    s->outcome = OUTCOME_UNREACHABLE;
    s->icmp = *e;
    end(x, SYNACK_ENDED_PEER, SCHEDULE_TRUNCATED);
}

static void stop(struct exchange *x, enum probe_stop why)
{
    struct synack *s = state_of(x);
    if (s->outcome == OUTCOME_NONE)
        s->outcome = why == PROBE_STOP_INTERRUPT ? OUTCOME_INTERRUPTED : OUTCOME_FILTERED;
    end(x, why == PROBE_STOP_INTERRUPT ? SYNACK_ENDED_USER : SYNACK_ENDED_LISTEN,
        SCHEDULE_TRUNCATED);
}

/* --- The result --- */

static void report_gaps(const struct schedule *c, struct result *r)
{
    struct text line = {0};
    json_t *gaps = json_array();
    for (size_t i = 0; i < c->count; i++) {
        (void)json_array_append_new(gaps, result_us(c->gaps[i]));
        text_printf(&line, "%s%.6f", i != 0 ? "  " : "", (double)c->gaps[i] / (double)CLOCK_S);
    }
    result_set(r, "gaps_us", gaps);
    result_set(r, "retransmissions", json_integer((json_int_t)c->count + (json_int_t)c->overflown));
    if (c->count > 0)
        result_line(r, "gaps", "%s s", line.data);
    text_done(&line);
}

static const char *const ended_by[] = {
    [SYNACK_ENDED_PATIENCE] = "patience",
    [SYNACK_ENDED_PEER] = "peer",
    [SYNACK_ENDED_LISTEN] = "listen",
    [SYNACK_ENDED_USER] = "interrupt",
};

static void report_end_in_words(const struct synack *s, struct result *r)
{
    char quiet[32];
    const struct schedule *c = &s->schedule;
    clock_format(s->stopped_ns - c->last_ns, quiet, sizeof(quiet));
    switch (c->end) {
    case SCHEDULE_SILENCE:
        result_line(r, "end", "silence for %s, %s", quiet,
                    c->count != 0 ? "more than twice the last gap" : "after the first SYN,ACK");
        break;
    case SCHEDULE_RST:
        result_line(r, "end", "the peer's RST");
        break;
    case SCHEDULE_RST_ACK:
        result_line(r, "end", "the peer's RST,ACK");
        break;
    case SCHEDULE_FIN:
        result_line(r, "end", "the peer's FIN");
        break;
    case SCHEDULE_TRUNCATED:
        result_line(r, "end", "truncated after %s of silence: %s, and more may have come", quiet,
                    s->ended == SYNACK_ENDED_USER ? "interrupted" : "--listen or -w ran out");
        break;
    }
}

static void report_end(const struct synack *s, struct result *r)
{
    const struct schedule *c = &s->schedule;
    int64_t waited = s->stopped_ns - c->first_ns;
    bool by_peer = s->ended == SYNACK_ENDED_PEER;
    int64_t lived = (by_peer ? c->end_ns : c->last_ns) - c->first_ns;
    char text[32];

    result_set(r, "end", json_string(schedule_end_name(c->end)));
    result_set(r, "ended_by", json_string(ended_by[s->ended]));
    result_set(r, "end_gap_us", by_peer ? result_us(c->end_ns - c->last_ns) : json_null());
    result_set(r, "waited_s", result_seconds((double)waited / (double)CLOCK_S));
    result_set(r, "lived_s", result_seconds((double)lived / (double)CLOCK_S));
    report_end_in_words(s, r);
    if (lived > 0)
        result_line(r, "lived", "the half-open entry, at least %s",
                    clock_format(lived, text, sizeof(text)));
}

static void report_model(const struct schedule *c, struct result *r)
{
    if (c->count == 0) {
        result_set(r, "model", json_null());
        return;
    }
    struct schedule_model m = schedule_fit(c);
    result_set(r, "model",
               json_pack("{s:o, s:o, s:o, s:b}", "first_s", result_seconds(m.first_s), "factor",
                         m.factor > 0 ? result_seconds(m.factor) : json_null(), "cap_s",
                         m.cap_s > 0 ? result_seconds(m.cap_s) : json_null(), "fits", m.fits));
    if (!m.fits)
        result_line(r, "model", "no geometric series fits within max(4 ms, 12.5 %%)");
    else if (m.factor <= 0)
        result_line(r, "model", "first gap %.3f s; one gap tells no factor", m.first_s);
    else if (m.cap_s > 0)
        result_line(r, "model", "first gap %.3f s, times %.3f each, never above %.3f s", m.first_s,
                    m.factor, m.cap_s);
    else
        result_line(r, "model", "first gap %.3f s, times %.3f each", m.first_s, m.factor);
}

static void report_nearest(const struct schedule *c, struct result *r)
{
    struct schedule_near near[NEAREST_SHOWN];
    size_t n = schedule_nearest(c, near, NEAREST_SHOWN);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(
            list, json_pack("{s:s, s:o, s:b, s:s}", "stack", near[i].stack, "distance",
                            json_real(round(near[i].distance * 1000) / 1000), "fits", near[i].fits,
                            "source", near[i].source));
        result_line(r, i == 0 ? "nearest" : "", "%.3f  %s [%s%s]", near[i].distance, near[i].stack,
                    near[i].source, near[i].fits ? "; fits" : "");
    }
    result_set(r, "nearest", list);
}

static void report_doubts(const struct synack *s, struct result *r)
{
    json_t *warnings = json_array();
    if (s->schedule.count == 0 && s->schedule.end == SCHEDULE_SILENCE) {
        (void)json_array_append_new(warnings, json_string("no-retransmission"));
        result_line(r, "warning",
                    "no retransmission at all: SYN cookies, or a peer that is set "
                    "to none (Linux: tcp_synack_retries=0)");
    }
    if (s->other_isn > 0) {
        (void)json_array_append_new(warnings, json_string("other-isn"));
        result_line(r, "warning", "%u SYN,ACKs had another ISN: SYN cookies, or a second responder",
                    s->other_isn);
    }
    if (s->duplicates > 0) {
        (void)json_array_append_new(warnings, json_string("duplicates"));
        result_line(r, "warning", "%u SYN,ACKs came twice within 20 ms and count once",
                    s->duplicates);
    }
    result_set(r, "warnings", warnings);
}

static void report_series(const struct exchange *x, struct result *r)
{
    const struct synack *s = state_of(x);
    findings_peer(x, &s->syn_ack, r);
    report_gaps(&s->schedule, r);
    report_end(s, r);
    report_model(&s->schedule, r);
    report_nearest(&s->schedule, r);
    report_doubts(s, r);
}

static void report(const struct exchange *x, struct result *r)
{
    const struct synack *s = state_of(x);
    findings_outcome(x, s->outcome, "answered one SYN, which was never acknowledged", &s->icmp, r);
    if (s->outcome == OUTCOME_OPEN)
        report_series(x, r);
    findings_trust(x, r);
}

static void progress(const struct exchange *x, int64_t now_ns, char *out, size_t cap)
{
    const struct synack *s = state_of(x);
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

void synack_report_spread(const struct synack *const *s, size_t n, struct result *r)
{
    json_t *spread = json_array();
    for (size_t gap = 0;; gap++) {
        int64_t least = INT64_MAX, most = 0;
        size_t have = 0;
        for (size_t i = 0; i < n; i++) {
            if (gap >= s[i]->schedule.count)
                continue;
            int64_t g = s[i]->schedule.gaps[gap];
            least = g < least ? g : least;
            most = g > most ? g : most;
            have++;
        }
        if (have == 0)
            break;
        (void)json_array_append_new(spread,
                                    json_pack("{s:i, s:o, s:o}", "measured", (int)have, "min_us",
                                              result_us(least), "max_us", result_us(most)));
        result_line(r, gap == 0 ? "spread" : "", "gap %zu: %.6f to %.6f s in %zu of %zu", gap + 1,
                    (double)least / (double)CLOCK_S, (double)most / (double)CLOCK_S, have, n);
    }
    result_set(r, "spread", spread);
}

const struct probe *synack_probe(void)
{
    static const struct probe probe = {
        .name = "synack",
        .withholds = true,
        .start = start,
        .left = left,
        .received = received,
        .timer = timer,
        .unreachable = unreachable,
        .stop = stop,
        .report = report,
        .progress = progress,
    };
    return &probe;
}
