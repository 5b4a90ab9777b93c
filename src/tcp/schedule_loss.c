/* See schedule_loss.h. */
#include "tcp/schedule_loss.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"

enum {
    NOT_BELIEVED = SCHEDULE_LOSS_BELIEVED + 1,
    NAMED_MAX = 2 /* explanations that a reason spells out */
};

/* What follows faster is taken for a copy of what came before: no timer is that fast. */
#define AS_ONE 0.02
/* RFC 6298 2.1 and 5.5: a peer sends its SYN,ACK again after a second. */
#define LATE CLOCK_S

/* A row and a series side by side. Sendings of the row are numbered from 0, the first SYN,ACK; its
 * reset is one more. So are the arrivals of the series. */
struct matching {
    const struct stack *row;
    const struct schedule *s;
    size_t arrivals; /* of the series, its reset included */
    bool reset;      /* the series ends by a reset or FIN */
};

static bool ends_by_reset(enum schedule_end end)
{
    return end == SCHEDULE_RST || end == SCHEDULE_RST_ACK;
}

static bool is_reset(const struct matching *m, size_t sending)
{
    return sending == m->row->count && ends_by_reset(m->row->end);
}

static int64_t gap_before(const struct matching *m, size_t arrival)
{
    return arrival <= m->s->count ? m->s->gaps[arrival - 1] : m->s->end_ns - m->s->last_ns;
}

static int64_t nanoseconds(double s)
{
    return llround(s * (double)CLOCK_S);
}

/* What it costs that a sending was not seen: a copy is not missed. */
static unsigned cost(const struct matching *m, size_t sending)
{
    return sending > 0 && !is_reset(m, sending) && m->row->gaps[sending - 1] < AS_ONE ? 0 : 1;
}

/* Nothing was seen after `sending`: what of the row is missing? What would have come about when
 * listening ended may not have been sent yet. `before` are lost already. */
static unsigned lost_behind(const struct matching *m, size_t sending, unsigned before,
                            struct schedule_loss *l)
{
    int64_t listened = m->s->end_ns - m->s->last_ns;
    double after = 0;
    *l = (struct schedule_loss){.cut = m->s->end == SCHEDULE_TRUNCATED, .settles_ns = CLOCK_NEVER};
    while (sending++ < m->row->count) {
        after += m->row->gaps[sending - 1];
        int64_t expected = nanoseconds(after);
        expected += schedule_tolerance(expected);
        before += cost(m, sending);
        if (before == NOT_BELIEVED && l->settles_ns == CLOCK_NEVER)
            l->settles_ns = expected + 1;
        if (expected >= listened)
            l->cut = true;
        else if (is_reset(m, sending))
            l->reset = true;
        else
            l->syn_acks += cost(m, sending);
    }
    return l->syn_acks + l->reset;
}

/* The fewest losses behind `sending`, which was seen as `arrival`; NOT_BELIEVED: it does not fit.
 */
static unsigned fewest(const struct matching *m, size_t sending, size_t arrival, unsigned before,
                       struct schedule_loss *l)
{
    unsigned best = NOT_BELIEVED, skipped = 0;
    double sum = 0;
    *l = (struct schedule_loss){0};
    if (arrival + 1 == m->arrivals)
        return lost_behind(m, sending, before, l);
    for (size_t next = sending + 1; next <= m->row->count && skipped < best; next++) {
        struct schedule_loss rest;
        bool reset_arrives = m->reset && arrival + 2 == m->arrivals;
        sum += m->row->gaps[next - 1];
        int64_t expected = nanoseconds(sum), seen = gap_before(m, arrival + 1);
        if (seen + schedule_tolerance(expected) < expected)
            break;
        if (seen - expected <= schedule_tolerance(expected) && is_reset(m, next) == reset_arrives) {
            unsigned losses = skipped + fewest(m, next, arrival + 1, before + skipped, &rest);
            if (losses < best) {
                best = losses;
                *l = rest;
                l->syn_acks += skipped;
            }
        }
        skipped += cost(m, next);
    }
    return best;
}

bool schedule_loss_explains(const struct stack *row, const struct schedule *s, int64_t rtt_ns,
                            struct schedule_loss *l)
{
    bool reset = ends_by_reset(s->end);
    const struct matching m = {row, s, s->count + 1 + reset, reset};
    unsigned best = NOT_BELIEVED, skipped = 0;
    double late = 0;
    if (!s->begun || s->end == SCHEDULE_FIN || s->overflown > 0 || (reset && s->end != row->end))
        return false;
    for (size_t first = 0; first <= row->count && skipped < best && !is_reset(&m, first); first++) {
        struct schedule_loss rest;
        late += first > 0 ? row->gaps[first - 1] : 0;
        if (rtt_ns > 0 && rtt_ns + schedule_tolerance(nanoseconds(late)) < nanoseconds(late))
            break;
        unsigned losses = skipped + fewest(&m, first, 0, skipped, &rest);
        if (losses < best) {
            best = losses;
            *l = rest;
            l->syn_acks += skipped;
        }
        skipped += cost(&m, first);
    }
    return best < NOT_BELIEVED;
}

/* --- In words --- */

struct explanation {
    const struct stack *row;
    struct schedule_loss loss;
};

static unsigned losses_of(const struct schedule_loss *l)
{
    return l->syn_acks + l->reset;
}

static bool as_it_stands(const struct schedule_loss *l)
{
    return losses_of(l) == 0 && !l->cut;
}

/* "Linux 2.2 with 1 SYN,ACK and its reset lost" */
static void describe(const struct explanation *e, char *out, size_t cap)
{
    const struct schedule_loss *l = &e->loss;
    const char *name = e->row->name, *cut = l->cut ? " as far as was listened" : "";
    const char *plural = l->syn_acks == 1 ? "" : "s";
    if (as_it_stands(l))
        (void)snprintf(out, cap, "%s as it stands", name);
    else if (losses_of(l) == 0)
        (void)snprintf(out, cap, "%s%s", name, cut);
    else if (l->syn_acks == 0)
        (void)snprintf(out, cap, "%s with its reset lost%s", name, cut);
    else
        (void)snprintf(out, cap, "%s with %u SYN,ACK%s%s lost%s", name, l->syn_acks, plural,
                       l->reset ? " and its reset" : "", cut);
}

static unsigned rank(const struct explanation *e)
{
    return as_it_stands(&e->loss) ? 0 : 1 + losses_of(&e->loss);
}

/* All rows that explain it, those that stand first; the `max` likeliest are kept. Returns how many
 * there are, and in `*stand` those that are it as it is. */
static size_t explain(const struct schedule *s, int64_t rtt_ns, struct explanation *out, size_t max,
                      size_t *stand)
{
    size_t found = 0;
    *stand = 0;
    for (size_t i = 0; i < schedule_stacks(); i++) {
        struct explanation e = {.row = schedule_stack(i)};
        if (!schedule_loss_explains(e.row, s, rtt_ns, &e.loss))
            continue;
        *stand += as_it_stands(&e.loss);
        size_t at = found < max ? found : max;
        found++;
        for (; at > 0 && rank(&out[at - 1]) > rank(&e); at--) {
            if (at < max)
                out[at] = out[at - 1];
        }
        if (at < max)
            out[at] = e;
    }
    return found;
}

/* "as A as it stands; or as B with 1 SYN,ACK lost; or 2 others" */
static void name_them(const struct explanation *e, size_t found, char *reason)
{
    size_t used = 0;
    for (size_t i = 0; i < found && i < NAMED_MAX; i++) {
        char text[128];
        describe(&e[i], text, sizeof(text));
        used += (size_t)snprintf(reason + used, SCHEDULE_LOSS_REASON_MAX - used, "%sas %s",
                                 i > 0 ? "; or " : "", text);
    }
    if (found > NAMED_MAX)
        (void)snprintf(reason + used, SCHEDULE_LOSS_REASON_MAX - used, "; or %zu other%s",
                       found - NAMED_MAX, found > NAMED_MAX + 1 ? "s" : "");
}

bool schedule_loss_complete(const struct schedule *s, int64_t rtt_ns,
                            char reason[SCHEDULE_LOSS_REASON_MAX])
{
    struct explanation e[NAMED_MAX];
    size_t stand, found = explain(s, rtt_ns, e, NAMED_MAX, &stand);
    const char *why = "";
    if (s->count == 0)
        why = "no retransmission was seen: none was sent (SYN cookies), or they were lost";
    else if (found == 0)
        why = "no known schedule: whether something was lost cannot be told";
    else if (stand == found && rtt_ns <= 0)
        why = "the round trip is not known: the first SYN,ACK may have been lost";
    else if (stand == found && rtt_ns >= LATE)
        why = "the answer came late: the first SYN,ACK may have been lost";
    (void)snprintf(reason, SCHEDULE_LOSS_REASON_MAX, "%s", why);
    if (stand != found && why[0] == '\0')
        name_them(e, found, reason);
    return reason[0] == '\0';
}

/* When the next of the row is missed of which nothing is, behind the last arrival. */
static int64_t goes_on(const struct stack *row, const struct schedule *s)
{
    size_t next = s->count;
    int64_t expected = next < row->count ? nanoseconds(row->gaps[next]) : 0;
    return expected + schedule_tolerance(expected) + 1;
}

int64_t schedule_loss_settles(const struct schedule *s, int64_t rtt_ns)
{
    int64_t others = 0, begun = 0;
    bool stands = false;
    if (s->end != SCHEDULE_SILENCE || s->count == 0)
        return 0;
    for (size_t i = 0; i < schedule_stacks(); i++) {
        struct schedule_loss l;
        if (!schedule_loss_explains(schedule_stack(i), s, rtt_ns, &l))
            continue;
        if (as_it_stands(&l)) {
            stands = true;
            continue;
        }
        others = l.settles_ns > others ? l.settles_ns : others;
        int64_t next = losses_of(&l) == 0 ? goes_on(schedule_stack(i), s) : 0;
        begun = next > begun ? next : begun;
    }
    return !stands ? begun : others == CLOCK_NEVER ? 0 : others;
}
