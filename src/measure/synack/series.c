/* See series.h. */
#include "measure/synack/series.h"

#include <math.h>

#include "base/clock.h"
#include "event/result.h"

enum {
    NEAREST_SHOWN = 3
};
/* For peers that no row of stacks.def is of. */
#define LEAST_PATIENCE (15 * CLOCK_S)
/* No retransmission timer is shorter; what follows faster is a duplicate made on the way. */
#define LEAST_GAP (20 * CLOCK_MS)

int64_t series_until(const struct schedule *s, int64_t late_ns, bool settles, int64_t listen_ns)
{
    int64_t wait = schedule_explain_patience(s, late_ns, settles ? 3 : 1);
    int64_t quiet = s->last_ns + (wait > LEAST_PATIENCE ? wait : LEAST_PATIENCE);
    int64_t cap = s->first_ns + listen_ns;
    return quiet < cap ? quiet : cap;
}

bool series_is_over(const struct schedule *s, int64_t late_ns, int64_t now_ns)
{
    int64_t wait = schedule_explain_patience(s, late_ns, 0);
    return now_ns - s->last_ns >= (wait > LEAST_PATIENCE ? wait : LEAST_PATIENCE);
}

bool series_doubtful(const struct schedule *s, int64_t late_ns)
{
    struct schedule_explanations x;
    schedule_explain(s, late_ns, &x);
    return schedule_explain_doubtful(&x, late_ns);
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
                              char buffer[SCHEDULE_EXPLAIN_TEXT_MAX])
{
    struct schedule_explanations x;
    if (s->outcome != OUTCOME_OPEN)
        return NULL;
    if (s->ended == SERIES_ENDED_USER)
        return "interrupted";
    if (s->ended == SERIES_ENDED_LISTEN)
        return "--listen ran out";
    if (f->capture_dropped > 0)
        return "the capture lost packets";
    schedule_explain(&s->schedule, s->late_ns, &x);
    return schedule_explain_complete(&x, &s->schedule, s->late_ns, buffer) ? NULL : buffer;
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
        result_line(r, "end", "silence for %s, past what known schedules would send", quiet);
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

/* From the first SYN,ACK on, as --listen counts; NAN: listening does not tell. */
static double needs_s(const struct schedule *c, const struct schedule_explanation *e)
{
    return e->needs_ns == CLOCK_NEVER
               ? NAN
               : ceil((double)(c->last_ns - c->first_ns + e->needs_ns) / (double)CLOCK_S);
}

static void report_explanation(const struct schedule *c, const struct schedule_explanation *e,
                               bool alternative, struct result *r)
{
    result_begin(r, NULL);
    result_set_text(r, "stack", e->row->name);
    result_set_real(r, "distance", round(e->distance * 1000) / 1000);
    if (e->explains)
        result_set_integer(r, "missing", schedule_explain_missing(e));
    if (alternative) {
        result_set_seconds(r, "needs_listen_s", needs_s(c, e));
    } else {
        result_set_flag(r, "fits", e->usual);
        result_set_text(r, "source", e->row->source);
        if (e->explains)
            result_set_integer(r, "tries", e->tries);
        result_set_integer(r, "default_tries", schedule_explain_default(e->row));
    }
    result_end(r);
}

/* "0.004  Windows 98, NT 4; FreeBSD 4 to 8 [published; 2 tries, its default is 3]": those of one
 * schedule, from `e` on. */
static void line_of(const char *label, const struct schedule_explanation *e, size_t n,
                    struct result *r)
{
    char words[SCHEDULE_EXPLAIN_TEXT_MAX];
    struct text names = {0};
    for (size_t i = 0; i < n; i++)
        text_printf(&names, "%s%s", i != 0 ? "; " : "", e[i].row->name);
    schedule_explain_words(e, words);
    result_line(r, label, "%.3f  %s [%s%s%s%s]", e->distance, names.data, e->row->source,
                e->usual ? "; fits" : "", words[0] != '\0' ? "; " : "", words);
    text_done(&names);
}

static void lines_of_nearest(const struct schedule *c, const struct schedule_explanations *x,
                             struct result *r)
{
    size_t first = x->named > 0 ? x->named : 1, shown = first;
    size_t last = x->named > 0 ? x->likely : NEAREST_SHOWN;
    line_of("nearest", x->list, first, r);
    for (; shown < last && shown < first + NEAREST_SHOWN; shown++)
        line_of(x->named > 0 && shown == first ? "or" : "", &x->list[shown], 1, r);
    if (shown < last)
        result_line(r, "", "%zu more, which --json lists", last - shown);
    double least = NAN;
    for (size_t i = first; x->named > 0 && i < x->likely; i++)
        least = fmin(least, needs_s(c, &x->list[i]));
    if (!isnan(least) && c->end != SCHEDULE_TRUNCATED)
        result_line(r, "settle", "silence till %.0f s after the first SYN,ACK would tell more",
                    least);
}

/* One gap or none names nobody. */
static void report_nearest(const struct schedule *c, const struct schedule_explanations *x,
                           struct result *r)
{
    bool named = x->named > 0 || (x->likely == 0 && c->count > 1);
    result_begin_list(r, "nearest");
    for (size_t i = 0; named && i < (x->named > NEAREST_SHOWN ? x->named : NEAREST_SHOWN); i++)
        report_explanation(c, &x->list[i], false, r);
    result_end_list(r);
    result_begin_list(r, "alternatives");
    for (size_t i = x->named; x->named > 0 && i < x->likely; i++)
        report_explanation(c, &x->list[i], true, r);
    result_end_list(r);
    if (named)
        lines_of_nearest(c, x, r);
    else if (c->count > 0)
        result_line(r, "nearest", "one gap names nobody");
}

static void report_incomplete(const struct series *s, const struct facts *f, struct result *r)
{
    char reason[SCHEDULE_EXPLAIN_TEXT_MAX];
    const char *why = series_incomplete(s, f, reason);
    if (why == NULL)
        result_set_null(r, "incomplete");
    else
        result_set_text(r, "incomplete", why);
    if (why == reason && s->schedule.count > 0)
        result_line(r, "warning", "not all of it may have been seen: %s", why);
}

static void report_doubts(const struct series *s, struct result *r)
{
    char late[32];
    result_begin_list(r, "warnings");
    if (s->schedule.count == 0 && s->schedule.end == SCHEDULE_SILENCE) {
        result_set_text(r, NULL, "no-retransmission");
        result_line(r, "warning",
                    "no retransmission at all: SYN cookies, a peer that is set to none "
                    "(Linux: tcp_synack_retries=0), or all of them were lost");
    }
    if (s->doubtful) {
        result_set_text(r, NULL, "late");
        result_line(r, "warning",
                    "the first SYN,ACK came after %s and may be the second: no round trip is told",
                    clock_format(s->late_ns, late, sizeof(late)));
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
    struct schedule_explanations x;
    struct facts known = *f;
    if (s->doubtful)
        known.rtt_ns = 0;
    facts_outcome(&known, s->outcome, "answered one SYN, which was never acknowledged", &s->icmp,
                  r);
    if (s->outcome == OUTCOME_OPEN) {
        result_set_flag(r, "doubtful", s->doubtful);
        facts_peer(f, &s->syn_ack, r);
        report_gaps(&s->schedule, r);
        report_end(s, r);
        report_model(&s->schedule, r);
        schedule_explain(&s->schedule, s->late_ns, &x);
        report_nearest(&s->schedule, &x, r);
        report_doubts(s, r);
        report_incomplete(s, f, r);
    } else if (s->outcome == OUTCOME_CLOSED) {
        facts_reset(f, r);
    }
    facts_trust(f, r);
}
