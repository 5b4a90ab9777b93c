/* See stamps.h. What the system's clock is ahead of the run's by, looked at with each packet, shows
 * a step exactly. A stamp that cannot be, of the future or from before the run, shows one that has
 * been undone since, to within the time that reading takes. */
#include "net/stamps.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"

#define LEAST_STEP (10 * CLOCK_MS)
#define SLEW       1000    /* at most one part in so many, twice what adjtime does */
#define UNREAD     CLOCK_S /* a packet of before the step may be read so long after it */

void stamps_init(struct stamps *s, int64_t now_ns)
{
    *s = (struct stamps){.looked_ns = now_ns, .stepped_ns = INT64_MIN / 2, .began_ns = now_ns};
}

static void was_set(struct stamps *s, int64_t step_ns, int64_t now_ns)
{
    s->before_ns = s->shift_ns;
    s->shift_ns += step_ns;
    s->stepped_ns = now_ns;
}

static int64_t noticed(struct stamps *s, int64_t now_ns, int64_t system_ns)
{
    int64_t ahead = system_ns - now_ns, step = ahead - s->ahead_ns;
    bool set = llabs(step) > LEAST_STEP + (now_ns - s->looked_ns) / SLEW;
    s->ahead_ns = ahead;
    s->looked_ns = now_ns;
    if (!set)
        return 0;
    was_set(s, step, now_ns);
    return step;
}

static bool cannot_be(const struct stamps *s, int64_t t_ns, int64_t at_ns, int64_t system_ns)
{
    return t_ns - s->odd_ns > system_ns + LEAST_STEP || at_ns < s->began_ns - CLOCK_S;
}

/* Around a step either may be meant; packets are read soon. */
static int64_t nearest(const struct stamps *s, int64_t t_ns, int64_t now_ns)
{
    int64_t after = t_ns - s->shift_ns, before = t_ns - s->before_ns;
    bool old = now_ns - s->stepped_ns < UNREAD && llabs(now_ns - before) < llabs(now_ns - after);
    return old ? before : after;
}

int64_t stamps_correct(struct stamps *s, int64_t t_ns, int64_t now_ns, int64_t system_ns,
                       int64_t *step_ns)
{
    *step_ns = noticed(s, now_ns, system_ns);
    int64_t at = nearest(s, t_ns, now_ns);
    /* One of before a step back is of the future too, for a while. */
    bool recent = now_ns - s->stepped_ns < UNREAD;
    if (recent || !cannot_be(s, t_ns, at, system_ns))
        return at;
    *step_ns = t_ns - s->shift_ns - now_ns;
    was_set(s, *step_ns, now_ns);
    s->odd_ns += *step_ns;
    return now_ns;
}
