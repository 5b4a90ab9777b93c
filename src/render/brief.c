/* The result without the ladder (-q): warnings and labelled lines only. */
#include <stdlib.h>

#include "render/render.h"
#include "render/report.h"

struct brief {
    struct sink sink;
    struct style style;
    struct text text; /* what is not written yet */
    bool wrote;       /* something is out already: a blank line before what follows */
};

static enum status flush(struct brief *b, struct fault *fault)
{
    if (b->text.failed)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    if (b->text.len == 0)
        return STATUS_OK;
    enum status s = STATUS_OK;
    if (b->wrote)
        s = b->sink.out.put(b->sink.out.arg, "\n", 1, fault);
    if (s == STATUS_OK)
        s = b->sink.out.put(b->sink.out.arg, b->text.data, b->text.len, fault);
    b->wrote = true;
    text_clear(&b->text);
    return s;
}

static enum status take_event(struct sink *s, const struct event *e, struct fault *fault)
{
    struct brief *b = (struct brief *)s;
    if (e->crowd && e->kind != EVENT_FAULT)
        return STATUS_OK;
    if (e->kind == EVENT_FAULT)
        report_warning(&b->text, &b->style, NULL, e->fault.text);
    if (e->kind != EVENT_VERDICT && e->kind != EVENT_SUMMARY)
        return STATUS_OK;
    report_result(&b->text, &b->style, e->result);
    return flush(b, fault);
}

static enum status close_brief(struct sink *s, struct fault *fault)
{
    return flush((struct brief *)s, fault);
}

static void free_brief(struct sink *s)
{
    struct brief *b = (struct brief *)s;
    text_done(&b->text);
    free(b);
}

struct sink *brief_new(struct writer out, struct style style)
{
    static const struct sink_ops ops = {.name = "brief",
                                        .streams = true,
                                        .event = take_event,
                                        .close = close_brief,
                                        .free = free_brief};
    struct brief *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    b->sink = (struct sink){.ops = &ops, .out = out};
    b->style = style;
    text_init(&b->text);
    return &b->sink;
}
