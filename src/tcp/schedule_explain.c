/* See schedule_explain.h. */
#include "tcp/schedule_explain.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum {
    CLEAR_BY = 4,    /* lies, and as many as the best has */
    MISSING_MAX = 6, /* ahead of the last arrival: more are not looked for */
    RARE = 2         /* lies that what is rarer than a loss counts */
};

/* What follows faster is taken for a copy of what came before: no timer is that fast. */
#define AS_ONE 0.02
/* RFC 6298 2.1 and 5.5: a peer sends its SYN,ACK again after a second; some do after half of one.
 */
#define LATE         CLOCK_S
#define PERHAPS_LATE (CLOCK_S / 2 - CLOCK_S / 16)
/* RFC 6298 2.5 lets a timer have a ceiling; Linux and BSD have this one, in seconds. */
#define CEILING 120.0

/* --- A row as a series without an end --- */

static bool ends_by_reset(const struct stack *row)
{
    return row->end != SCHEDULE_SILENCE;
}

unsigned schedule_explain_default(const struct stack *row)
{
    return (unsigned)(row->count - ends_by_reset(row));
}

/* Between sending `i` and the next, in seconds; sending 0 is the first SYN,ACK. Behind what the row
 * has, the factor between its last two goes on. */
static double gap_of(const struct stack *row, size_t i)
{
    if (i < row->count)
        return row->gaps[i];
    double last = row->gaps[row->count - 1], before = row->gaps[row->count - 2];
    double factor = fabs(last / before - 2) < 0.25 ? 2 : fmax(last / before, 1);
    return fmin(last * pow(factor, (double)(i + 1 - row->count)), fmax(last, CEILING));
}

/* A sending past which there is none. */
static size_t last_of(const struct stack *row)
{
    return ends_by_reset(row) ? row->count : SIZE_MAX;
}

static bool is_reset(const struct stack *row, size_t sending)
{
    return ends_by_reset(row) && sending == row->count;
}

/* What it costs that a sending was not seen: one of two copies is not missed. */
static unsigned cost(const struct stack *row, size_t sending)
{
    bool reset = is_reset(row, sending);
    bool copy = sending > 0 && !reset && gap_of(row, sending - 1) < AS_ONE;
    return copy || (!reset && gap_of(row, sending) < AS_ONE) ? 0 : 1;
}

static int64_t nanoseconds(double s)
{
    return llround(s * (double)CLOCK_S);
}

static double seconds(int64_t ns)
{
    return (double)ns / (double)CLOCK_S;
}

static double tolerance(double s)
{
    return seconds(schedule_tolerance(nanoseconds(s)));
}

/* By when what is expected after so long has come. */
static int64_t latest(double s)
{
    return nanoseconds(s + tolerance(s));
}

/* A factor of two between two gaps counts 1. The shift keeps gaps near zero comparable. */
static double gap_distance(double a, double b)
{
    static const double shift = 0.05;
    return fmin(1, fabs(log2((a + shift) / (b + shift))));
}

/* --- A row and a series side by side --- */

struct matching {
    const struct stack *row;
    const struct schedule *s;
    size_t arrivals; /* of the series, its reset included */
    bool reset;      /* the series ends by one */
};

/* How the arrivals behind some arrival are those of the row. */
struct match {
    unsigned missing; /* between them */
    double off;       /* sum of distances */
    bool strained, early;
    size_t last; /* sending, SYN,ACK, that the last of them is, or that the reset follows */
};

/* Of arrival `i` + 1 after arrival `i`, in seconds. */
static double gap_seen(const struct matching *m, size_t i)
{
    return seconds(i < m->s->count ? m->s->gaps[i] : m->s->end_ns - m->s->last_ns);
}

static bool better(const struct match *a, const struct match *b)
{
    unsigned x = a->missing + (a->early ? RARE : 0), y = b->missing + (b->early ? RARE : 0);
    return x != y ? x < y : a->off < b->off;
}

/* The best that begins with `arrival` being `sending`; false: there is none that misses no more
 * than `budget`. Where the reset is to come, one in place of a SYN,ACK will do: then less time was
 * allowed. */
static bool match_from(const struct matching *m, size_t sending, size_t arrival, unsigned budget,
                       struct match *best)
{
    bool found = false, reset = m->reset && arrival + 2 == m->arrivals;
    unsigned skipped = 0;
    double sum = 0;
    *best = (struct match){.last = sending};
    if (arrival + 1 == m->arrivals)
        return true;
    double seen = gap_seen(m, arrival);
    for (size_t next = sending + 1; next <= last_of(m->row) && skipped <= budget; next++) {
        struct match rest;
        sum += gap_of(m->row, next - 1);
        double off = seen - sum, most = tolerance(sum);
        if (off < -most)
            break;
        if (off <= most && (reset || !is_reset(m->row, next)) &&
            match_from(m, next, arrival + 1, budget - skipped, &rest)) {
            rest.missing += skipped;
            rest.off += gap_distance(seen, sum);
            rest.strained = rest.strained || fabs(off) > most / 2;
            rest.last -= reset;
            rest.early = rest.early || (reset && !is_reset(m->row, next));
            if (!found || better(&rest, best))
                *best = rest;
            found = true;
        }
        skipped += cost(m->row, next);
    }
    return found;
}

static unsigned lies(const struct schedule_explanation *e)
{
    return schedule_explain_missing(e) + e->late + (e->strained ? RARE : 0) + (e->early ? RARE : 0);
}

/* What of the row is missing behind the last arrival, or was still to come when listening ended. Of
 * a row that ends in silence nothing is: it was set to less. */
static void look_behind(const struct schedule *s, struct schedule_explanation *e)
{
    int64_t listened = s->end_ns - s->last_ns;
    bool to_reset = ends_by_reset(e->row);
    double after = 0;
    for (size_t i = e->tries + 1; i <= schedule_explain_default(e->row) + to_reset; i++) {
        after += gap_of(e->row, i - 1);
        e->cut = e->cut || latest(after) >= listened;
        if (e->cut || !to_reset)
            return;
        e->no_reset = is_reset(e->row, i);
        e->behind += e->no_reset ? 0 : cost(e->row, i);
    }
}

static void take_match(const struct matching *m, const struct match *found, size_t before,
                       struct schedule_explanation *e)
{
    e->explains = true;
    e->distance = m->arrivals > 1 ? found->off / (double)(m->arrivals - 1) : 0;
    e->before = (unsigned)before;
    e->between = found->missing;
    e->strained = found->strained;
    e->tries = (unsigned)found->last;
    e->early = found->early;
    if (!m->reset)
        look_behind(m->s, e);
    e->usual = schedule_explain_missing(e) == 0 && !e->cut && m->s->end == e->row->end &&
               e->tries == schedule_explain_default(e->row);
}

/* How many lies it takes that the answer to our SYN came when it did, and `sent_s` after the first.
 */
static unsigned lateness(int64_t late_ns, double sent_s)
{
    int64_t round_trip = late_ns - nanoseconds(sent_s);
    return late_ns <= 0 || round_trip < PERHAPS_LATE ? 0 : round_trip < LATE ? 1 : RARE;
}

/* The row with the fewest lies, for each sending that the first arrival may be. */
static struct schedule_explanation match_row(const struct matching *m, int64_t late_ns)
{
    struct schedule_explanation best = {.row = m->row};
    unsigned before = 0, first_lost = UINT_MAX;
    double sum = 0;
    for (size_t first = 0; first <= schedule_explain_default(m->row) && before <= MISSING_MAX;
         first++) {
        struct schedule_explanation e = {.row = m->row};
        struct match found;
        sum += first > 0 ? gap_of(m->row, first - 1) : 0;
        if (late_ns > 0 && seconds(late_ns) < sum - tolerance(sum))
            break;
        if (match_from(m, first, 0, MISSING_MAX - before, &found)) {
            e.late = lateness(late_ns, sum);
            take_match(m, &found, before, &e);
            first_lost = before > 0 && lies(&e) < first_lost ? lies(&e) : first_lost;
            if (!best.explains || lies(&e) < lies(&best))
                best = e;
        }
        before += cost(m->row, first);
    }
    best.first_lost = first_lost;
    return best;
}

/* The `i`-th gap with the `i`-th, as far as both go. */
static double unmatched_distance(const struct matching *m)
{
    size_t n = m->arrivals - 1 < m->row->count ? m->arrivals - 1 : m->row->count;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += gap_distance(gap_seen(m, i), m->row->gaps[i]);
    return n > 0 ? sum / (double)n : 1;
}

static struct schedule_explanation explain_by(const struct stack *row, const struct schedule *s,
                                              int64_t late_ns)
{
    bool reset = s->end == SCHEDULE_RST || s->end == SCHEDULE_RST_ACK;
    const struct matching m = {row, s, s->count + 1 + reset, reset};
    bool possible =
        s->begun && s->end != SCHEDULE_FIN && s->overflown == 0 && (!reset || s->end == row->end);
    struct schedule_explanation e = {.row = row};
    if (possible)
        e = match_row(&m, late_ns);
    if (!e.explains)
        e.distance = unmatched_distance(&m);
    return e;
}

/* --- All rows --- */

/* Less is better: whether it explains, lies, whether all is as by default, distance. */
static double rank(const struct schedule_explanation *e)
{
    if (!e->explains)
        return 1000 + e->distance;
    return lies(e) + (e->usual && e->late == 0 ? 0 : 0.5) + e->distance / 4;
}

static bool same_schedule(const struct stack *a, const struct stack *b)
{
    return a->end == b->end && a->count == b->count &&
           memcmp(a->gaps, b->gaps, a->count * sizeof(a->gaps[0])) == 0;
}

/* When, behind the last arrival, silence will have made it `most` lies. */
static int64_t settles(const struct schedule_explanation *e, unsigned most)
{
    unsigned n = lies(e) - e->behind - e->no_reset;
    double after = 0;
    if (n >= most)
        return 0;
    for (size_t i = e->tries + 1; ends_by_reset(e->row) && i <= last_of(e->row); i++) {
        after += gap_of(e->row, i - 1);
        n += cost(e->row, i);
        if (n >= most)
            return latest(after) + 1;
    }
    return CLOCK_NEVER;
}

/* How many lies put another out of the question. Where something was lost, more may have been. */
static unsigned clear_from(const struct schedule_explanation *best)
{
    return 2 * lies(best) + CLEAR_BY;
}

/* Who is out of the question, and who is the same. */
static void draw_lines(struct schedule_explanations *x, const struct schedule *s)
{
    const struct schedule_explanation *best = &x->list[0];
    bool reset = s->end == SCHEDULE_RST || s->end == SCHEDULE_RST_ACK;
    unsigned most = clear_from(best);
    if (!best->explains)
        return;
    for (struct schedule_explanation *e = x->list;
         x->likely < x->count && e->explains && lies(e) < most; e++) {
        e->needs_ns = reset ? CLOCK_NEVER : settles(e, most);
        x->likely++;
    }
    while (s->count + reset > 1 && x->named < x->likely &&
           same_schedule(x->list[x->named].row, best->row))
        x->named++;
}

void schedule_explain(const struct schedule *s, int64_t late_ns, struct schedule_explanations *out)
{
    *out = (struct schedule_explanations){.count = 0};
    for (size_t i = 0; i < schedule_stacks() && i < SCHEDULE_EXPLAIN_ROWS; i++) {
        const struct schedule_explanation e = explain_by(schedule_stack(i), s, late_ns);
        size_t at = out->count++;
        for (; at > 0 && rank(&out->list[at - 1]) > rank(&e); at--)
            out->list[at] = out->list[at - 1];
        out->list[at] = e;
    }
    draw_lines(out, s);
}

unsigned schedule_explain_missing(const struct schedule_explanation *e)
{
    return e->before + e->between + e->behind + e->no_reset;
}

bool schedule_explain_doubtful(const struct schedule_explanations *x, int64_t late_ns)
{
    for (size_t i = 0; i < x->likely; i++) {
        if (x->list[i].first_lost < clear_from(&x->list[0]))
            return true;
    }
    return late_ns >= (x->likely > 0 ? LATE : PERHAPS_LATE);
}

/* How long it takes until `losses` + 1 of what it would still send are missed: of its default
 * number, and one of those that it may be set to. */
static int64_t patience_with(const struct schedule_explanation *e, unsigned losses)
{
    size_t usually = schedule_explain_default(e->row);
    size_t end = (usually > e->tries ? usually : e->tries) + 1;
    double after = 0;
    end = end < last_of(e->row) ? end : last_of(e->row);
    for (size_t i = e->tries; i < end && i <= e->tries + losses; i++)
        after += gap_of(e->row, i);
    return latest(after);
}

/* What is nobody's, or only with something lost, may be a stack that nobody has measured. */
static int64_t patience_with_strangers(const struct schedule *s)
{
    int64_t next = (s->count > 1 ? 2 : 4) * schedule_last_gap(s);
    return next + schedule_tolerance(next);
}

int64_t schedule_explain_patience(const struct schedule *s, int64_t late_ns, unsigned losses)
{
    struct schedule_explanations x;
    struct schedule now = *s;
    int64_t most = 0;
    schedule_finish(&now, SCHEDULE_TRUNCATED, s->last_ns);
    schedule_explain(&now, late_ns, &x);
    if (x.likely == 0 || s->count < 3 || lies(&x.list[0]) > 0)
        most = patience_with_strangers(s);
    for (size_t i = 0; i < x.likely; i++) {
        int64_t wait = patience_with(&x.list[i], losses);
        most = wait > most ? wait : most;
    }
    return most;
}

/* --- In words --- */

static void put(char *out, bool is, const char *what)
{
    size_t used = strlen(out);
    if (is)
        (void)snprintf(out + used, SCHEDULE_EXPLAIN_TEXT_MAX - used, "%s%s", used > 0 ? "; " : "",
                       what);
}

static void put_missing(char *out, unsigned n, const char *where)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%u missing %s", n, where);
    put(out, n > 0, text);
}

char *schedule_explain_words(const struct schedule_explanation *e,
                             char out[SCHEDULE_EXPLAIN_TEXT_MAX])
{
    unsigned usually = schedule_explain_default(e->row);
    out[0] = '\0';
    if (!e->explains)
        return out;
    if (e->tries != usually && !e->cut && e->behind == 0)
        (void)snprintf(out, SCHEDULE_EXPLAIN_TEXT_MAX, "%u %s, its default is %u", e->tries,
                       e->tries == 1 ? "try" : "tries", usually);
    put_missing(out, e->before, "at the beginning");
    put_missing(out, e->between, "in the middle");
    put_missing(out, e->behind, "at the end");
    put(out, e->no_reset, "its reset missing");
    put(out, e->cut, "as far as was listened");
    put(out, e->late > 0,
        e->late < RARE ? "a round trip of half a second" : "a round trip of a second");
    return out;
}

/* The first that has something missing where it cannot be a setting; NULL: none. */
static const struct schedule_explanation *lacking(const struct schedule_explanations *x)
{
    for (size_t i = 0; i < x->likely; i++) {
        const struct schedule_explanation *e = &x->list[i];
        if (e->before + e->between > 0 || (i == 0 && schedule_explain_missing(e) > 0))
            return e;
    }
    return NULL;
}

bool schedule_explain_complete(const struct schedule_explanations *x, const struct schedule *s,
                               int64_t late_ns, char reason[SCHEDULE_EXPLAIN_TEXT_MAX])
{
    char words[SCHEDULE_EXPLAIN_TEXT_MAX];
    const struct schedule_explanation *e = lacking(x);
    const char *why = "";
    if (s->count == 0)
        why = "no retransmission was seen: none was sent (SYN cookies, or set to none), or they "
              "were lost";
    else if (x->likely == 0)
        why = "no known schedule: whether something was lost cannot be told";
    else if (late_ns <= 0)
        why = "the round trip is not known: the first SYN,ACK may have been lost";
    else if (e == NULL && schedule_explain_doubtful(x, late_ns))
        why = "the answer came late: the first SYN,ACK may have been lost";
    (void)snprintf(reason, SCHEDULE_EXPLAIN_TEXT_MAX, "%s", why);
    if (e != NULL && why[0] == '\0')
        (void)snprintf(reason, SCHEDULE_EXPLAIN_TEXT_MAX, "%s %s: %.200s",
                       e == &x->list[0] ? "as" : "perhaps", e->row->name,
                       schedule_explain_words(e, words));
    return reason[0] == '\0';
}
