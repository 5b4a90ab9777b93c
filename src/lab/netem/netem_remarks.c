/* See netem_remarks.h. */
#include "lab/netem/netem_remarks.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"

static bool next(void *arg, struct remarks_line *line)
{
    struct netem *w = arg;
    struct netem_report r;
    if (!netem_next(w, &r))
        return false;
    line->t_ns = r.t_ns;
    (void)netem_report_format(&r, &w->config.rules, line->text, sizeof(line->text));
    return true;
}

static enum status state_of(void *arg, struct fault *fault)
{
    return netem_state(arg, fault);
}

struct remarks_source netem_remarks(struct netem *w)
{
    return (struct remarks_source){.fd = w->fd, .next = next, .state = state_of, .arg = w};
}

char *netem_remarks_describe(const struct netem *w, char *out, size_t cap)
{
    char rule[NETEM_RULE_TEXT_MAX];
    size_t used = (size_t)snprintf(out, cap, "the wire:");
    for (size_t i = 0; i < w->config.rules.count && used < cap; i++)
        used += (size_t)snprintf(out + used, cap - used, " %s",
                                 netem_rule_format(&w->config.rules.rule[i], rule));
    if (w->config.rules.count == 0 && used < cap)
        used += (size_t)snprintf(out + used, cap - used, " no rules");
    if (used < cap)
        (void)snprintf(out + used, cap - used, "; lab --seed %" PRIu64 " repeats it",
                       w->config.seed);
    return out;
}

void netem_remarks_report(const struct netem *w, struct result *r)
{
    const uint64_t *n = w->hits;
    const struct {
        const char *name;
        uint64_t count;
    } verdicts[] = {
        {"lost", n[NETEM_LOSS] + n[NETEM_DROP]},
        {"held", n[NETEM_HOLD]},
        {"doubled", n[NETEM_DUP]},
        {"reordered", n[NETEM_REORDER]},
        {"corrupted", n[NETEM_CORRUPT]},
        {"overrun", w->unable + w->missed},
    };
    struct text line;
    text_init(&line);
    result_begin(r, "wire");
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        result_set_integer(r, verdicts[i].name, (int64_t)verdicts[i].count);
        if (verdicts[i].count != 0)
            text_printf(&line, "%s%" PRIu64 " %s", line.len != 0 ? ", " : "", verdicts[i].count,
                        verdicts[i].name);
    }
    result_end(r);
    if (line.len != 0 && !line.failed)
        result_line(r, "wire", "%s", line.data);
    text_done(&line);
}
