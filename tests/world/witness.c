/* See witness.h. */
#include "witness.h"

static enum status witness_close(struct sink *s, struct fault *fault)
{
    (void)s;
    (void)fault;
    return STATUS_OK;
}

static void witness_free(struct sink *s)
{
    (void)s;
}

void witness_init(struct witness *w, witness_event *event)
{
    w->ops = (struct sink_ops){.name = "witness",
                               .streams = true,
                               .event = event,
                               .close = witness_close,
                               .free = witness_free};
    w->sink.ops = &w->ops;
}
