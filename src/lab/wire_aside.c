/* See wire_aside.h. */
#include "lab/wire_aside.h"

#include <inttypes.h>
#include <stdio.h>

static bool next(void *arg, struct aside_line *line)
{
    struct wire *w = arg;
    struct wire_report r;
    if (!wire_next(w, &r))
        return false;
    line->t_ns = r.t_ns;
    (void)wire_report_format(&r, &w->config.rules, line->text, sizeof(line->text));
    return true;
}

static enum status state(void *arg, struct fault *fault)
{
    return wire_state(arg, fault);
}

struct aside_source wire_aside(struct wire *w)
{
    return (struct aside_source){.fd = w->fd, .next = next, .state = state, .arg = w};
}

char *wire_aside_describe(const struct wire *w, char *out, size_t cap)
{
    char rule[WIRE_RULE_TEXT_MAX];
    size_t used = (size_t)snprintf(out, cap, "the wire:");
    for (size_t i = 0; i < w->config.rules.count && used < cap; i++)
        used += (size_t)snprintf(out + used, cap - used, " %s",
                                 wire_rule_format(&w->config.rules.rule[i], rule));
    if (w->config.rules.count == 0 && used < cap)
        used += (size_t)snprintf(out + used, cap - used, " no rules");
    if (used < cap)
        (void)snprintf(out + used, cap - used, "; lab --seed %" PRIu64 " repeats it",
                       w->config.seed);
    return out;
}
