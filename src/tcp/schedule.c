/* See schedule.h. RFC 6298 5.5 makes the series geometric, 2.5 lets it have a ceiling; stacks
 * differ in the first gap, the count and the end. */
#include "tcp/schedule.h"

#include <math.h>

#include "base/clock.h"

static const struct stack stacks[] = {
#define COUNT_OF(...) (sizeof((const double[]){__VA_ARGS__}) / sizeof(double))
#define STACK(stack_name, how, from, ...)                                                          \
    {.name = (stack_name),                                                                         \
     .source = (from),                                                                             \
     .end = SCHEDULE_##how,                                                                        \
     .count = COUNT_OF(__VA_ARGS__),                                                               \
     .gaps = {__VA_ARGS__}},
#include "tcp/stacks.def"
#undef STACK
};

size_t schedule_stacks(void)
{
    return sizeof(stacks) / sizeof(stacks[0]);
}

const struct stack *schedule_stack(size_t i)
{
    return &stacks[i];
}

void schedule_init(struct schedule *s)
{
    *s = (struct schedule){.end = SCHEDULE_TRUNCATED};
}

void schedule_arrival(struct schedule *s, int64_t t_ns)
{
    if (!s->begun) {
        s->begun = true;
        s->first_ns = s->last_ns = t_ns;
        return;
    }
    if (s->count < SCHEDULE_GAPS_MAX)
        s->gaps[s->count++] = t_ns - s->last_ns;
    else
        s->overflown++;
    s->last_ns = t_ns;
}

void schedule_finish(struct schedule *s, enum schedule_end end, int64_t t_ns)
{
    s->end = end;
    s->end_ns = t_ns;
}

int64_t schedule_tolerance(int64_t gap_ns)
{
    return gap_ns / 8 > 4 * CLOCK_MS ? gap_ns / 8 : 4 * CLOCK_MS;
}

int64_t schedule_last_gap(const struct schedule *s)
{
    return s->count != 0 ? s->gaps[s->count - 1] : 0;
}

static double seconds(int64_t ns)
{
    return (double)ns / (double)CLOCK_S;
}

static bool within_tolerance(int64_t gap_ns, double expected_s)
{
    double off = fabs(seconds(gap_ns) - expected_s);
    return off <= seconds(schedule_tolerance((int64_t)(expected_s * (double)CLOCK_S)));
}

/* The straight line through (i, log gap) for the first `n` gaps: least squares. */
static struct schedule_model geometric(const struct schedule *s, size_t n)
{
    double si = 0, sii = 0, sy = 0, siy = 0;
    for (size_t i = 0; i < n; i++) {
        double x = (double)i, y = log(fmax(seconds(s->gaps[i]), 1e-6));
        si += x;
        sii += x * x;
        sy += y;
        siy += x * y;
    }
    double count = (double)n;
    double slope = n > 1 ? (count * siy - si * sy) / (count * sii - si * si) : 0;
    return (struct schedule_model){
        .first_s = exp((sy - slope * si) / count),
        .factor = n > 1 ? exp(slope) : 0,
    };
}

static double model_gap(const struct schedule_model *m, size_t i)
{
    double gap = m->factor > 0 ? m->first_s * pow(m->factor, (double)i) : m->first_s;
    return m->cap_s > 0 && gap > m->cap_s ? m->cap_s : gap;
}

static bool fits_all(const struct schedule *s, const struct schedule_model *m)
{
    for (size_t i = 0; i < s->count; i++) {
        if (!within_tolerance(s->gaps[i], model_gap(m, i)))
            return false;
    }
    return true;
}

static double mean_from(const struct schedule *s, size_t from)
{
    double sum = 0;
    for (size_t i = from; i < s->count; i++)
        sum += seconds(s->gaps[i]);
    return sum / (double)(s->count - from);
}

struct schedule_model schedule_fit(const struct schedule *s)
{
    if (s->count == 0)
        return (struct schedule_model){0};
    struct schedule_model whole = geometric(s, s->count);
    whole.fits = fits_all(s, &whole);
    if (whole.fits)
        return whole;
    /* The longest geometric beginning after which everything stays at a ceiling. */
    for (size_t n = s->count - 1; n >= 2; n--) {
        struct schedule_model m = geometric(s, n);
        m.cap_s = mean_from(s, n);
        m.fits = m.factor > 1 && fits_all(s, &m);
        if (m.fits)
            return m;
    }
    return whole;
}

const char *schedule_end_name(enum schedule_end end)
{
    static const char *const names[] = {
        [SCHEDULE_SILENCE] = "silence",     [SCHEDULE_RST] = "rst",
        [SCHEDULE_RST_ACK] = "rst-ack",     [SCHEDULE_FIN] = "fin",
        [SCHEDULE_TRUNCATED] = "truncated",
    };
    return names[end];
}
