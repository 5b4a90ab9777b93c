/* See rotation.h. */
#include "measure/ping/rotation.h"

#include "base/clock.h"

/* A busy machine's scheduler may take as long; what that delays is made up for. */
#define HICCUP (20 * CLOCK_MS)

void rotation_init(struct rotation *t, size_t targets, uint64_t rounds, int64_t interval_ns,
                   int64_t start_ns, int64_t end_ns)
{
    *t = (struct rotation){.interval_ns = interval_ns,
                           .targets = targets,
                           .rounds = rounds,
                           .start_ns = start_ns,
                           .end_ns = end_ns};
}

/* When the next turn is due. An interval is at most a week and targets are few: no overflow within
 * a round; the start moves along with the rounds. */
static int64_t due_at(const struct rotation *t)
{
    return t->start_ns + t->interval_ns * (int64_t)t->next / (int64_t)t->targets;
}

static void advance(struct rotation *t)
{
    t->next++;
    if (t->next < t->targets)
        return;
    t->next = 0;
    t->round++;
    t->start_ns += t->interval_ns;
}

enum rotation_answer rotation_take(struct rotation *t, int64_t now_ns, size_t *target,
                                   uint64_t *number, int64_t *at_ns)
{
    if (now_ns >= t->end_ns || (t->rounds != 0 && t->round == t->rounds))
        return ROTATION_OVER;
    int64_t due = due_at(t);
    if (now_ns < due) {
        *at_ns = due < t->end_ns ? due : t->end_ns;
        return ROTATION_LATER;
    }
    if (now_ns - due > t->interval_ns && now_ns - due > HICCUP)
        t->start_ns += now_ns - due;
    *target = t->next;
    *number = t->round + 1;
    advance(t);
    return ROTATION_NOW;
}
