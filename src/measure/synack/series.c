/* See series.h. */
#include "measure/synack/series.h"

#include <math.h>

#include "base/clock.h"
#include "event/result.h"

enum {
    NEAREST_SHOWN = 3
};
#define LEAST_PATIENCE (15 * CLOCK_S)
/* No retransmission timer is shorter; what follows faster is a duplicate made on the way. */
#define LEAST_GAP (20 * CLOCK_MS)

int64_t series_until(int64_t first_ns, int64_t last_ns, int64_t last_gap_ns, int64_t listen_ns)
{
    int64_t quiet = last_ns + schedule_patience(last_gap_ns, LEAST_PATIENCE);
    int64_t cap = first_ns + listen_ns;
    return quiet < cap ? quiet : cap;
}

bool series_is_over(int64_t last_ns, int64_t last_gap_ns, int64_t now_ns)
{
    return now_ns - last_ns >= schedule_patience(last_gap_ns, LEAST_PATIENCE);
}

/* What comes out of nowhere ends nothing. */
static bool at_the_right_place(seq_t irs, const struct segment *seg)
{
    return seq_eq(seg->seq, seq_add(irs, 1)) || seq_eq(seg->seq, irs);
}

enum series_part series_judge(seq_t irs, seq_t ack, int64_t since_last_ns,
                              const struct segment *seg)
{
    const uint16_t syn_ack = FLAG_SYN | FLAG_ACK;
    if (seg->checksum == SEGMENT_CHECKSUM_BAD)
        return SERIES_NO_PART;
    if (seg->flags & FLAG_RST) {
        if (!at_the_right_place(irs, seg))
            return SERIES_NO_PART;
        return seg->flags & FLAG_ACK ? SERIES_RST_ACK : SERIES_RST;
    }
    if ((seg->flags & syn_ack) == syn_ack) {
        if (!seq_eq(seg->ack, ack))
            return SERIES_NO_PART;
        if (!seq_eq(seg->seq, irs))
            return SERIES_OTHER_ISN;
        /* Two copies within a moment are one retransmission; but a schedule may begin with a gap of
         * zero, so the copy is counted and shown. */
        return since_last_ns < LEAST_GAP ? SERIES_DUPLICATE : SERIES_AGAIN;
    }
    return seg->flags & FLAG_FIN && at_the_right_place(irs, seg) ? SERIES_FIN : SERIES_NO_PART;
}

enum schedule_end series_end_of(enum series_part part)
{
    return part == SERIES_RST       ? SCHEDULE_RST
           : part == SERIES_RST_ACK ? SCHEDULE_RST_ACK
                                    : SCHEDULE_FIN;
}

const char *series_incomplete(const struct series *s, const struct facts *f,
                              char buffer[SCHEDULE_LOSS_REASON_MAX])
{
    if (s->outcome != OUTCOME_OPEN)
        return NULL;
    if (s->ended == SERIES_ENDED_USER)
        return "interrupted";
    if (s->ended == SERIES_ENDED_LISTEN)
        return "--listen ran out";
    if (f->capture_dropped > 0)
        return "the capture lost packets";
    return schedule_loss_complete(&s->schedule, f->rtt_ns, buffer) ? NULL : buffer;
}

static void report_gaps(const struct schedule *c, struct result *r)
{
    struct text line = {0};
    result_begin_list(r, "gaps_us");
    for (size_t i = 0; i < c->count; i++) {
        result_set_us(r, NULL, c->gaps[i]);
        text_printf(&line, "%s%.6f", i != 0 ? "  " : "", (double)c->gaps[i] / (double)CLOCK_S);
    }
    result_end_list(r);
    result_set_integer(r, "retransmissions", (int64_t)c->count + (int64_t)c->overflown);
    if (c->count > 0)
        result_line(r, "gaps", "%s s", line.data);
    text_done(&line);
}

static const char *const ended_by[] = {
    [SERIES_ENDED_PATIENCE] = "patience",
    [SERIES_ENDED_PEER] = "peer",
    [SERIES_ENDED_LISTEN] = "listen",
    [SERIES_ENDED_USER] = "interrupt",
};

static void report_end_in_words(const struct series *s, struct result *r)
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
                    s->ended == SERIES_ENDED_USER ? "interrupted" : "--listen or -w ran out");
        break;
    }
}

static void report_end(const struct series *s, struct result *r)
{
    const struct schedule *c = &s->schedule;
    int64_t waited = s->stopped_ns - c->first_ns;
    bool by_peer = s->ended == SERIES_ENDED_PEER;
    int64_t lived = (by_peer ? c->end_ns : c->last_ns) - c->first_ns;
    char text[32];

    result_set_text(r, "end", schedule_end_name(c->end));
    result_set_text(r, "ended_by", ended_by[s->ended]);
    result_set_us(r, "end_gap_us", by_peer ? c->end_ns - c->last_ns : CLOCK_NEVER);
    result_set_seconds(r, "waited_s", (double)waited / (double)CLOCK_S);
    result_set_seconds(r, "lived_s", (double)lived / (double)CLOCK_S);
    report_end_in_words(s, r);
    if (lived > 0)
        result_line(r, "lived", "the half-open entry, at least %s",
                    clock_format(lived, text, sizeof(text)));
}

static void report_model(const struct schedule *c, struct result *r)
{
    if (c->count == 0) {
        result_set_null(r, "model");
        return;
    }
    struct schedule_model m = schedule_fit(c);
    result_begin(r, "model");
    result_set_seconds(r, "first_s", m.first_s);
    result_set_seconds(r, "factor", m.factor > 0 ? m.factor : NAN);
    result_set_seconds(r, "cap_s", m.cap_s > 0 ? m.cap_s : NAN);
    result_set_flag(r, "fits", m.fits);
    result_end(r);
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
    result_begin_list(r, "nearest");
    for (size_t i = 0; i < n; i++) {
        result_begin(r, NULL);
        result_set_text(r, "stack", near[i].stack);
        result_set_real(r, "distance", round(near[i].distance * 1000) / 1000);
        result_set_flag(r, "fits", near[i].fits);
        result_set_text(r, "source", near[i].source);
        result_end(r);
        result_line(r, i == 0 ? "nearest" : "", "%.3f  %s [%s%s]", near[i].distance, near[i].stack,
                    near[i].source, near[i].fits ? "; fits" : "");
    }
    result_end_list(r);
}

static void report_doubts(const struct series *s, struct result *r)
{
    result_begin_list(r, "warnings");
    if (s->schedule.count == 0 && s->schedule.end == SCHEDULE_SILENCE) {
        result_set_text(r, NULL, "no-retransmission");
        result_line(r, "warning",
                    "no retransmission at all: SYN cookies, or a peer that is set "
                    "to none (Linux: tcp_synack_retries=0)");
    }
    if (s->other_isn > 0) {
        result_set_text(r, NULL, "other-isn");
        result_line(r, "warning", "%u SYN,ACKs had another ISN: SYN cookies, or a second responder",
                    s->other_isn);
    }
    if (s->duplicates > 0) {
        result_set_text(r, NULL, "duplicates");
        result_line(r, "warning", "%u SYN,ACKs came twice within 20 ms and count once",
                    s->duplicates);
    }
    result_end_list(r);
}

void series_report(const struct series *s, const struct facts *f, struct result *r)
{
    facts_outcome(f, s->outcome, "answered one SYN, which was never acknowledged", &s->icmp, r);
    if (s->outcome == OUTCOME_OPEN) {
        facts_peer(f, &s->syn_ack, r);
        report_gaps(&s->schedule, r);
        report_end(s, r);
        report_model(&s->schedule, r);
        report_nearest(&s->schedule, r);
        report_doubts(s, r);
    } else if (s->outcome == OUTCOME_CLOSED) {
        facts_reset(f, r);
    }
    facts_trust(f, r);
}
