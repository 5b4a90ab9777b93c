/* See wire_aside.h. */
#include "lab/wire_aside.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"

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

void wire_aside_report(const struct wire *w, struct result *r)
{
    const uint64_t *n = w->befallen;
    const struct {
        const char *name;
        uint64_t count;
    } fates[] = {
        {"lost", n[WIRE_LOSS] + n[WIRE_DROP]},
        {"held", n[WIRE_HOLD]},
        {"doubled", n[WIRE_DUP]},
        {"reordered", n[WIRE_REORDER]},
        {"corrupted", n[WIRE_CORRUPT]},
        {"overrun", w->unable + w->missed},
    };
    json_t *fields = json_object();
    struct text line;
    text_init(&line);
    for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
        (void)json_object_set_new(fields, fates[i].name, json_integer((json_int_t)fates[i].count));
        if (fates[i].count != 0)
            text_printf(&line, "%s%" PRIu64 " %s", line.len != 0 ? ", " : "", fates[i].count,
                        fates[i].name);
    }
    result_set(r, "wire", fields);
    if (line.len != 0 && !line.failed)
        result_line(r, "wire", "%s", line.data);
    text_done(&line);
}
