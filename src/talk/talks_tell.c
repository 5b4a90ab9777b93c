/* The record and the result of one conversation among many: see talks.h. */
#include "event/result.h"
#include "talk/talks.h"

int talks_tell(struct talks *t, struct talks_entry *e, bool crowd, int64_t now_ns)
{
    const struct talks_observer *o = t->config.observer;
    struct talk *x = &e->talk;
    struct result r = {0};
    if (e->record == TALKS_KEPT)
        recorder_replay(&e->recorder, t->config.timeline, crowd);
    talk_report(x, &r);
    if (o != NULL)
        o->report(o->arg, x, &r);
    if (t->config.afterword != NULL)
        t->config.afterword(t->config.afterword_arg, &r);
    (void)timeline_append(t->config.timeline, (struct event){.kind = EVENT_VERDICT,
                                                             .session = x->config.session,
                                                             .t_ns = now_ns,
                                                             .crowd = crowd,
                                                             .result = &r});
    int exit_code = r.exit_code;
    result_done(&r);
    return exit_code;
}
