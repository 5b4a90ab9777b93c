/* See ping_count.h. */
#include "measure/ping/ping_count.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "event/result.h"

void ping_count_init(struct ping_count *c)
{
    memset(c, 0, sizeof(*c));
    histogram_init(&c->rtt);
}

static void take_rtt(struct ping_count *c, int64_t rtt_ns)
{
    if (c->rtt.count > 0) {
        c->steps++;
        c->steps_ns += fabs((double)rtt_ns - (double)c->last_rtt_ns);
    }
    c->last_rtt_ns = rtt_ns;
    histogram_record(&c->rtt, rtt_ns);
}

static void widen(struct ping_count *c, int64_t from_ns, int64_t to_ns)
{
    if (c->first_ns == 0 || from_ns < c->first_ns)
        c->first_ns = from_ns;
    if (to_ns > c->last_ns)
        c->last_ns = to_ns;
}

void ping_count_take(struct ping_count *c, const struct ping *p, int64_t rtt_ns, int64_t t_ns)
{
    c->transmitted++;
    c->open += p->outcome == OUTCOME_OPEN;
    c->closed += p->outcome == OUTCOME_CLOSED;
    c->unreachable += p->outcome == OUTCOME_UNREACHABLE;
    c->filtered += p->outcome == OUTCOME_FILTERED;
    c->awaited += p->outcome == OUTCOME_NONE || p->outcome == OUTCOME_INTERRUPTED;
    c->duplicates += p->duplicates;
    c->doubtful += p->doubtful;
    if (rtt_ns > 0 && !p->doubtful)
        take_rtt(c, rtt_ns);
    widen(c, p->sent_ns, t_ns);
}

void ping_count_add(struct ping_count *c, const struct ping_count *from)
{
    c->transmitted += from->transmitted;
    c->open += from->open;
    c->closed += from->closed;
    c->unreachable += from->unreachable;
    c->filtered += from->filtered;
    c->awaited += from->awaited;
    c->unsent += from->unsent;
    c->duplicates += from->duplicates;
    c->doubtful += from->doubtful;
    c->steps += from->steps;
    c->steps_ns += from->steps_ns;
    histogram_merge(&c->rtt, &from->rtt);
    if (from->transmitted != 0)
        widen(c, from->first_ns, from->last_ns);
}

uint64_t ping_count_answered(const struct ping_count *c)
{
    return c->open + c->closed;
}

double ping_count_loss(const struct ping_count *c)
{
    uint64_t judged = c->transmitted - c->awaited;
    return judged != 0 ? (double)(c->unreachable + c->filtered) / (double)judged : 0;
}

double ping_count_jitter(const struct ping_count *c)
{
    return c->steps != 0 ? c->steps_ns / (double)c->steps : 0;
}

int ping_count_exit(const struct ping_count *c)
{
    if (c->open > 0)
        return 0;
    return c->closed > 0 ? 1 : 3;
}

static void set_count(struct result *r, const char *key, uint64_t n)
{
    result_set_integer(r, key, (int64_t)n);
}

void ping_count_keys(const struct ping_count *c, struct result *r)
{
    set_count(r, "transmitted", c->transmitted);
    set_count(r, "answered", ping_count_answered(c));
    set_count(r, "open", c->open);
    set_count(r, "closed", c->closed);
    set_count(r, "unreachable", c->unreachable);
    set_count(r, "filtered", c->filtered);
    set_count(r, "awaited", c->awaited);
    set_count(r, "unsent", c->unsent);
    set_count(r, "duplicates", c->duplicates);
    set_count(r, "doubtful", c->doubtful);
    result_set_seconds(r, "loss", ping_count_loss(c)); /* six decimals do here too */
    result_set_distribution(r, "rtt_us", &c->rtt);
    result_set_us(r, "jitter_us", c->steps != 0 ? llround(ping_count_jitter(c)) : CLOCK_NEVER);
    result_set_seconds(r, "elapsed_s", (double)(c->last_ns - c->first_ns) / (double)CLOCK_S);
}

static double ms(double ns)
{
    return ns / (double)CLOCK_MS;
}

static double percentile_ms(const struct histogram *h, double percent)
{
    return ms((double)histogram_percentile(h, percent));
}

static void put_rtt(const struct ping_count *c, struct text *t)
{
    const struct histogram *h = &c->rtt;
    text_printf(t, "rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", ms((double)h->min_ns),
                ms(h->mean_ns), ms((double)h->max_ns), ms(histogram_mdev(h)));
    text_printf(t, "rtt p50/p95/p99 = %.3f/%.3f/%.3f ms", percentile_ms(h, 50),
                percentile_ms(h, 95), percentile_ms(h, 99));
    if (c->steps != 0)
        text_printf(t, ", jitter %.3f ms", ms(ping_count_jitter(c)));
    text_printf(t, "\n");
}

/* "3 answered (2 open, 1 closed)": what it consists of only where that is not said already. */
static void put_answered(const struct ping_count *c, struct text *t)
{
    text_printf(t, "%" PRIu64 " answered", ping_count_answered(c));
    if (c->open != 0 && c->closed != 0)
        text_printf(t, " (%" PRIu64 " open, %" PRIu64 " closed)", c->open, c->closed);
    else if (ping_count_answered(c) != 0)
        text_printf(t, " (%s)", c->open != 0 ? "open" : "closed");
}

static void put_if_any(struct text *t, const char **before, uint64_t n, const char *what)
{
    if (n == 0)
        return;
    text_printf(t, "%s%" PRIu64 " %s", *before, n, what);
    *before = ", ";
}

/* What there usually is none of, in a line of its own. */
static void put_rare(const struct ping_count *c, struct text *t)
{
    const char *before = "";
    put_if_any(t, &before, c->unreachable, "unreachable");
    put_if_any(t, &before, c->awaited, "still awaited");
    put_if_any(t, &before, c->unsent, "could not be sent");
    put_if_any(t, &before, c->doubtful, "answered too late for an rtt");
    put_if_any(t, &before, c->duplicates, c->duplicates == 1 ? "duplicate" : "duplicates");
    text_printf(t, "%s", before[0] != '\0' ? "\n" : "");
}

void ping_count_text(const struct ping_count *c, const char *title, struct text *t)
{
    text_printf(t, "--- %s ping statistics ---\n", title);
    text_printf(t, "%" PRIu64 " SYN%s transmitted, ", c->transmitted,
                c->transmitted == 1 ? "" : "s");
    put_answered(c, t);
    text_printf(t, ", %.4g%% loss, %.3f s\n", 100 * ping_count_loss(c),
                (double)(c->last_ns - c->first_ns) / (double)CLOCK_S);
    put_rare(c, t);
    if (c->rtt.count != 0)
        put_rtt(c, t);
}
