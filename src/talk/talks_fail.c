/* When this host fails, many conversations end at once: see talks.h. */
#include "talk/talks.h"

static bool any_runs(const struct talks *t)
{
    const struct talks_entry *e = talks_oldest(t);
    while (e != NULL && talk_done(&e->talk))
        e = talks_younger(e);
    return e != NULL;
}

void talks_fail(struct talks *t, const char *why, int64_t now_ns)
{
    struct fault ignored = {""};
    if (t->link.send == NULL || talks_over(t))
        return;
    t->broken = true;
    for (struct talks_entry *e = talks_oldest(t); e != NULL; e = talks_younger(e))
        talk_broken(&e->talk, why, now_ns);
    (void)talks_stop(t, now_ns, &ignored);
    /* What still waits for something does so in vain. */
    for (struct talks_entry *e = talks_oldest(t); any_runs(t) && e != NULL; e = talks_younger(e)) {
        talk_finish(&e->talk);
        e->talk.ours.outbox.queued = 0;
        talks_settle(t, e);
    }
    (void)talks_tick(t, now_ns, &ignored);
}
