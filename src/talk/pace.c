/* See pace.h. */
#include "talk/pace.h"

#include <math.h>

#include "base/clock.h"

/* How much of a delay is caught up. */
#define CATCH_UP     (10 * CLOCK_MS)
#define EASIER_EVERY CLOCK_S
/* What comes within this time of the last trouble is the same. */
#define SAME_TROUBLE (100 * CLOCK_MS)
/* Nobody asks again at once whether there is room. */
#define PAUSE  CLOCK_MS
#define LOWER  0.7
#define HIGHER 1.25

void pace_init(struct pace *p, uint64_t rate, int64_t now_ns)
{
    p->rate = rate;
    p->now_rate = (double)rate;
    p->next_ns = now_ns;
    p->easier_ns = CLOCK_NEVER;
    p->lower_ns = now_ns;
    p->in_second = 0;
    p->first = p->used = 0;
}

/* Of what left a second ago or longer nothing needs to be known. */
static void forget(struct pace *p, int64_t now_ns)
{
    while (p->used > 0 && p->log[p->first].left_ns + CLOCK_S <= now_ns) {
        p->in_second -= p->log[p->first].count;
        p->first = (p->first + 1) % PACE_LOG;
        p->used--;
    }
}

static double slot_ns(const struct pace *p)
{
    return (double)CLOCK_S / p->now_rate;
}

static void ease(struct pace *p, int64_t now_ns)
{
    if (now_ns < p->easier_ns)
        return;
    p->now_rate *= HIGHER;
    p->easier_ns = now_ns + EASIER_EVERY;
    if (p->now_rate >= (double)p->rate) {
        p->now_rate = (double)p->rate;
        p->easier_ns = CLOCK_NEVER;
    }
}

unsigned pace_allows(struct pace *p, unsigned most, int64_t now_ns)
{
    forget(p, now_ns);
    ease(p, now_ns);
    if (now_ns < p->next_ns)
        return 0;
    if (now_ns - p->next_ns > CATCH_UP)
        p->next_ns = now_ns - CATCH_UP;
    uint64_t room = p->rate > p->in_second ? p->rate - p->in_second : 0;
    double due = (double)(now_ns - p->next_ns) / slot_ns(p) + 1;
    uint64_t n = due < (double)most ? (uint64_t)due : most;
    return (unsigned)(n < room ? n : room);
}

void pace_left(struct pace *p, unsigned count, int64_t after_ns)
{
    if (count == 0)
        return;
    p->next_ns += (int64_t)((double)count * slot_ns(p));
    p->in_second += count;
    /* To have left later than it did only makes us wait longer. */
    uint32_t last = (p->first + p->used - 1) % PACE_LOG;
    if (p->used == PACE_LOG || (p->used > 0 && after_ns - p->log[last].began_ns < PACE_SLICE)) {
        p->log[last].left_ns = after_ns;
        p->log[last].count += count;
        return;
    }
    uint32_t at = (p->first + p->used++) % PACE_LOG;
    p->log[at].began_ns = p->log[at].left_ns = after_ns;
    p->log[at].count = count;
}

int64_t pace_next(const struct pace *p, unsigned count)
{
    double more = count - 1, within = floor((double)CATCH_UP / 2 / slot_ns(p));
    int64_t due = p->next_ns + (int64_t)((more < within ? more : within) * slot_ns(p));
    if (p->in_second < p->rate)
        return due;
    int64_t room = p->log[p->first].left_ns + CLOCK_S;
    return room > due ? room : due;
}

void pace_trouble(struct pace *p, int64_t now_ns)
{
    if (p->next_ns < now_ns + PAUSE)
        p->next_ns = now_ns + PAUSE;
    p->easier_ns = now_ns + EASIER_EVERY;
    if (now_ns < p->lower_ns)
        return;
    p->lower_ns = now_ns + SAME_TROUBLE;
    p->now_rate *= LOWER;
    if (p->now_rate < 1)
        p->now_rate = 1;
}
