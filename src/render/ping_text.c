/* Text for people who know ping: a line a probe, as it ends, and the statistics at the end. With -q
 * these alone. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "event/result.h"
#include "render/prose.h"
#include "render/render.h"

static const char more[] = "more"; /* the label of what only -v shows */

struct ping_text {
    struct sink sink;
    struct style style;
    struct text text; /* what is not written yet */
    bool told;        /* a probe's line is out: a blank line before the statistics */
};

static enum status open_pinged(struct sink *s, const struct run_info *run, struct fault *fault)
{
    struct ping_text *p = (struct ping_text *)s;
    text_printf(&p->text, "PING ");
    prose_safe(&p->text, run->target, strlen(run->target));
    if (run->targets > 1)
        text_printf(&p->text, " and %zu more", run->targets - 1);
    text_printf(&p->text, " by SYN (");
    prose_safe(&p->text, run->interface, strlen(run->interface));
    text_printf(&p->text, "), times: %s\n", run->clock);
    if (p->style.verbose)
        text_printf(&p->text, "--seed %" PRIu64 " repeats it\n", run->seed);
    return prose_write(&p->sink, &p->text, fault);
}

/* The verdict stands in brackets at the end of a probe's line. */
static void put_tinted(struct ping_text *p, const char *text, size_t len)
{
    struct text safe = {0};
    prose_safe(&safe, text, len);
    const char *line = safe.data != NULL ? safe.data : "";
    const char *open = memrchr(line, '[', safe.len);
    size_t n = safe.len, before = open != NULL ? (size_t)(open - line) : n;
    bool good = strcmp(line + before, "[open]") == 0;
    text_put(&p->text, line, before);
    if (before < n)
        prose_put(&p->text, &p->style, good ? PROSE_STATE : PROSE_ALARM, line + before, n - before);
    p->text.failed = p->text.failed || safe.failed;
    text_done(&safe);
}

/* "[1763730000.123456] ", as ping -D. */
static void put_stamp(struct ping_text *p, int64_t t_ns)
{
    if (p->style.stamped)
        text_printf(&p->text, "[%" PRId64 ".%06" PRId64 "] ", t_ns / CLOCK_S,
                    t_ns % CLOCK_S / CLOCK_US);
}

/* The lines of a probe's result: "\tLINE", and with -v what is labelled "more". */
static void put_probe(struct ping_text *p, const struct event *e)
{
    const char *at = e->result->text.data != NULL ? e->result->text.data : "";
    while (*at != '\0') {
        size_t n = strcspn(at, "\n"), label = strcspn(at, "\t\n");
        const char *text = at + label + (at[label] == '\t');
        size_t len = n - (size_t)(text - at);
        bool is_more = label == strlen(more) && memcmp(at, more, label) == 0;
        if (!is_more) {
            put_stamp(p, e->t_ns);
            put_tinted(p, text, len);
            text_put(&p->text, "\n", 1);
        } else if (p->style.verbose) {
            text_printf(&p->text, "    ");
            prose_put(&p->text, &p->style, PROSE_ASIDE, text, len);
            text_put(&p->text, "\n", 1);
        }
        p->told = true;
        at += n + (at[n] == '\n');
    }
}

/* A target's name in it may hold anything. */
static void put_statistics(struct ping_text *p, const struct result *r)
{
    const char *at = r->text.data != NULL ? r->text.data : "";
    if (p->told)
        text_put(&p->text, "\n", 1);
    while (*at != '\0') {
        size_t n = strcspn(at, "\n");
        prose_safe(&p->text, at, n);
        text_put(&p->text, "\n", 1);
        at += n + (at[n] == '\n');
    }
}

static enum status take_event(struct sink *s, const struct event *e, struct fault *fault)
{
    struct ping_text *p = (struct ping_text *)s;
    if (e->kind == EVENT_FAULT)
        prose_warning(&p->text, &p->style, NULL, e->fault.text);
    if (e->kind == EVENT_VERDICT && !p->style.brief)
        put_probe(p, e);
    if (e->kind == EVENT_SUMMARY)
        put_statistics(p, e->result);
    if (e->kind == EVENT_VERDICT || e->kind == EVENT_SUMMARY)
        p->text.failed = p->text.failed || e->result->text.failed;
    return prose_write(&p->sink, &p->text, fault);
}

static void free_pinged(struct sink *s)
{
    struct ping_text *p = (struct ping_text *)s;
    text_done(&p->text);
    free(p);
}

struct sink *ping_text_new(struct writer out, struct style style)
{
    static const struct sink_ops ops = {.name = "pinged",
                                        .streams = true,
                                        .open = open_pinged,
                                        .event = take_event,
                                        .free = free_pinged};
    struct ping_text *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->sink = (struct sink){.ops = &ops, .out = out, .keyless = true};
    p->style = style;
    return &p->sink;
}
