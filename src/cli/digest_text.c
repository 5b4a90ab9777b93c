/* The digest of a survey for people: see digest.h. A label stands in the first column where
 * something new begins; counts stand right-aligned before what they count. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/digest.h"
#include "render/prose.h"

enum {
    SCHEDULES_SHOWN = 12,
    BARS_MAX = 24, /* rows of the histogram */
    BARS_MOST = 15,
    BAR_CELLS = 40
};

static double percent(uint64_t part, uint64_t whole)
{
    return whole != 0 ? 100 * (double)part / (double)whole : 0;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void label(struct text *out, const char *what)
{
    text_printf(out, "%-10s ", what);
}

/* "outcome      123  45.6 %  " */
static void share(struct text *out, const char *what, uint64_t n, uint64_t whole)
{
    text_printf(out, "%-10s %9" PRIu64 " %5.1f %%  ", what, n, percent(n, whole));
}

/* Text out of a file, as much of it as has room at the end of a line. */
static void put_rest(struct text *out, const char *s)
{
    struct text safe;
    text_init(&safe);
    prose_safe(&safe, s, strlen(s));
    if (safe.len != 0)
        text_put(out, safe.data, prose_line(safe.data, safe.len, 36));
    text_put(out, "\n", 1);
    text_done(&safe);
}

static void put_targets(const struct digest *d, struct text *out)
{
    const char *what = "outcome";
    label(out, "targets");
    text_printf(out, "%" PRIu64 " in %" PRIu64 " file%s\n", d->targets, d->files, plural(d->files));
    for (enum outcome i = OUTCOME_OPEN; i < DIGEST_OUTCOMES; i++) {
        if (d->outcomes[i] == 0)
            continue;
        share(out, what, d->outcomes[i], d->targets);
        text_printf(out, "%s\n", facts_outcome_word(i));
        what = "";
    }
}

static void put_ends(const struct digest *d, struct text *out)
{
    const char *what = "end";
    for (enum schedule_end i = SCHEDULE_SILENCE; i < DIGEST_ENDS; i++) {
        if (d->ends[i] == 0)
            continue;
        share(out, what, d->ends[i], d->listened);
        text_printf(out, "%s\n", schedule_end_name(i));
        what = "";
    }
}

static void put_schedule(const struct signature *s, const char *what, uint64_t whole,
                         struct text *out)
{
    char text[SIGNATURE_TEXT_MAX];
    share(out, what, s->targets, whole);
    text_printf(out, "%.50s\n", signature_format(s, text));
    if (s->stack[0] == '\0')
        return;
    prose_blank(out, 30);
    if (s->fits)
        text_printf(out, "fits ");
    else if (s->explains)
        text_printf(out, "timing of ");
    else
        text_printf(out, "nearest %.2f ", s->distance < 100 ? s->distance : 100.0);
    put_rest(out, s->stack);
    if (s->alike > 1) {
        prose_blank(out, 30);
        text_printf(out, "and of %" PRIu64 " more\n", s->alike - 1);
    }
    if (s->explains && !s->fits && s->usually != 0) {
        prose_blank(out, 30);
        text_printf(out, "by default %" PRIu64 " times\n", s->usually);
    }
}

static void put_schedules(const struct digest *d, struct text *out)
{
    const struct signatures *t = &d->schedules;
    uint64_t rest = 0;
    for (size_t i = 0; i < t->count; i++) {
        if (i < SCHEDULES_SHOWN)
            put_schedule(&t->rows[i], i == 0 ? "schedule" : "", d->listened, out);
        else
            rest += t->rows[i].targets;
    }
    if (t->count > SCHEDULES_SHOWN) {
        share(out, "", rest, d->listened);
        text_printf(out, "%zu more schedules, which --json lists\n", t->count - SCHEDULES_SHOWN);
    }
    if (d->incomplete != 0) {
        share(out, "", d->incomplete, d->listened);
        text_printf(out, "of all: perhaps incomplete; the records say why\n");
    }
    if (t->left_out != 0) {
        share(out, "", t->left_out, d->listened);
        text_printf(out, "others: only %d schedules are counted\n", SIGNATURE_ROWS);
    }
}

static void put_outliers(const struct digest *d, struct text *out)
{
    const char *what = "outliers";
    for (size_t i = 0; d->outliers && i < d->schedules.count; i++) {
        const struct signature *s = &d->schedules.rows[i];
        if (!signature_is_rare(s, d->listened))
            continue;
        put_schedule(s, what, d->listened, out);
        for (size_t k = 0; k < signature_hosts(s); k++) {
            prose_blank(out, 30);
            put_rest(out, s->hosts[k]);
        }
        if (s->targets > signature_hosts(s)) {
            prose_blank(out, 30);
            text_printf(out, "%" PRIu64 " more\n", s->targets - signature_hosts(s));
        }
        what = "";
    }
}

/* The next of 1, 2, 5, 10, 20, 50... */
static int64_t next_edge(int64_t ns)
{
    int64_t lead = ns;
    while (lead >= 10)
        lead /= 10;
    return lead == 2 ? ns / 2 * 5 : ns * 2;
}

static int64_t edge_below(int64_t ns, bool decades)
{
    int64_t edge = 1;
    for (int64_t next = edge; next <= ns; next = decades ? next * 10 : next_edge(next))
        edge = next;
    return edge;
}

/* The lower edges of the bars from `min` to `max`, at most BARS_MAX. */
static size_t edges(int64_t min, int64_t max, int64_t out[BARS_MAX])
{
    size_t n = 0;
    for (bool decades = false;; decades = true) {
        n = 0;
        for (int64_t e = edge_below(min, decades); e <= max || n == 0;
             e = decades ? e * 10 : next_edge(e)) {
            if (n < BARS_MAX)
                out[n] = e;
            n++;
        }
        if (decades || n <= BARS_MOST)
            break;
    }
    if (n > 3)
        return n < BARS_MAX ? n : BARS_MAX;
    int64_t step = edge_below((max - min) / 5, false);
    n = 0;
    for (int64_t e = min - min % step; e <= max && n < BARS_MAX; e += step)
        out[n++] = e;
    return n;
}

static void put_bars(const struct histogram *h, struct text *out)
{
    int64_t from[BARS_MAX];
    uint64_t counts[BARS_MAX], most = 1;
    size_t n = edges(h->min_ns, h->max_ns, from);
    for (size_t i = 0; i < n; i++) {
        uint64_t below = i != 0 ? histogram_below(h, from[i]) : 0;
        uint64_t upto = i + 1 < n ? histogram_below(h, from[i + 1]) : h->count;
        counts[i] = upto - below;
        most = counts[i] > most ? counts[i] : most;
    }
    for (size_t i = 0; i < n; i++) {
        char text[32];
        size_t cells = (size_t)((double)counts[i] / (double)most * BAR_CELLS);
        text_printf(out, "%-10s %9" PRIu64 " %12s ", "", counts[i],
                    clock_format(from[i], text, sizeof(text)));
        for (size_t k = 0; k < cells + (cells == 0 && counts[i] != 0); k++)
            text_put(out, "#", 1);
        while (out->data[out->len - 1] == ' ')
            out->len--;
        text_put(out, "\n", 1);
    }
}

static void put_rtt(const struct histogram *h, struct text *out)
{
    const struct {
        const char *name;
        int64_t ns;
    } parts[] = {
        {"min", h->min_ns},
        {"p50", histogram_percentile(h, 50)},
        {"p95", histogram_percentile(h, 95)},
        {"p99", histogram_percentile(h, 99)},
        {"max", h->max_ns},
        {"mean", (int64_t)h->mean_ns},
        {"mdev", (int64_t)histogram_mdev(h)},
    };
    if (h->count == 0)
        return;
    label(out, "rtt");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char text[32];
        if (i == 4) {
            text_put(out, ",\n", 2);
            label(out, "");
        }
        text_printf(out, "%s%s %s", i % 4 == 0 ? "" : ", ", parts[i].name,
                    clock_format(parts[i].ns, text, sizeof(text)));
    }
    text_printf(out, ", of %" PRIu64 "\n", h->count);
    put_bars(h, out);
}

static double each(uint64_t what, uint64_t syns)
{
    return syns != 0 ? (double)what / (double)syns : 0;
}

static void put_amplification(const struct digest *d, struct text *out)
{
    if (d->counted == 0)
        return;
    label(out, "came back");
    text_printf(out, "%.2f segments, %.1f octets for each of %" PRIu64 " SYNs\n",
                each(d->segments_back, d->syns), each(d->octets_back, d->syns), d->syns);
    for (size_t i = 0; i < d->worst_count; i++) {
        const struct digest_worst *w = &d->worst[i];
        label(out, i == 0 ? "most" : "");
        text_printf(out, "%9.2f %9.1f  %s ", each(w->segments_back, w->syns),
                    each(w->octets_back, w->syns), facts_outcome_word(w->outcome));
        put_rest(out, w->target);
    }
}

static void put_doubts(const struct digest *d, struct text *out)
{
    const struct {
        uint64_t n;
        const char *one, *many;
    } doubts[] = {
        {d->refused, "line is no record", "lines are no records"},
        {d->doubles, "record of a session that had one is not counted",
         "records of sessions that had one are not counted"},
        {d->unended, "file ends before its survey does", "files end before their surveys do"},
        {d->unchecked, "session was not looked at for a second record",
         "sessions were not looked at for a second record"},
    };
    for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++) {
        if (doubts[i].n == 0)
            continue;
        label(out, "warning");
        text_printf(out, "%" PRIu64 " %s\n", doubts[i].n,
                    doubts[i].n == 1 ? doubts[i].one : doubts[i].many);
    }
    if (d->mixed) {
        label(out, "warning");
        text_printf(out, "surveys with different seeds: not looked at for second records\n");
    }
}

void digest_text(const struct digest *d, struct text *out)
{
    put_targets(d, out);
    put_ends(d, out);
    put_schedules(d, out);
    put_outliers(d, out);
    put_rtt(&d->rtt, out);
    put_amplification(d, out);
    put_doubts(d, out);
}
