/* See ping_log.h. */
#include "measure/ping/ping_log.h"

#include <stdlib.h>

#include "event/result.h"

bool ping_log_init(struct ping_log *l, struct timeline *timeline,
                   const struct ping_log_target *targets, size_t n, int64_t wait_ns)
{
    *l = (struct ping_log){
        .timeline = timeline,
        .targets = targets,
        .target_count = n,
        .wait_ns = wait_ns,
        .counts = calloc(n, sizeof(*l->counts)),
    };
    for (size_t i = 0; l->counts != NULL && i < n; i++)
        ping_count_init(&l->counts[i]);
    return l->counts != NULL;
}

void ping_log_done(struct ping_log *l)
{
    free(l->counts);
    l->counts = NULL;
}

static void tell_fault(struct ping_log *l, uint32_t session, int64_t t_ns, enum event_fault fault,
                       const char *text)
{
    (void)timeline_append(l->timeline, (struct event){.session = session,
                                                      .t_ns = t_ns,
                                                      .kind = EVENT_FAULT,
                                                      .fault = {.fault = fault, .text = text}});
}

/* What spoils the measurement is told before the probe that it may have spoiled. */
static void tell_faults(struct ping_log *l, uint32_t session, const struct facts *f, int64_t t_ns)
{
    if (!f->kernel_quiet && !l->kernel_spoke) {
        l->kernel_spoke = true;
        tell_fault(l, session, t_ns, EVENT_FAULT_KERNEL_RST,
                   "this host's kernel has reset a connection of ours: it was not kept quiet");
    }
    if (f->capture_dropped > 0 && !l->dropped) {
        l->dropped = true;
        tell_fault(l, session, t_ns, EVENT_FAULT_CAPTURE_DROPPED,
                   "the capture has lost packets, and answers may be missing: each result says how "
                   "many in its time");
    }
}

static void out_of_memory(struct ping_log *l)
{
    if (l->timeline->status == STATUS_OK)
        l->timeline->status = fault_set(&l->timeline->fault, STATUS_NO_MEMORY, "out of memory");
}

static void tell_verdict(struct ping_log *l, uint32_t session, struct result *r, int64_t t_ns)
{
    (void)timeline_append(
        l->timeline,
        (struct event){.session = session, .t_ns = t_ns, .kind = EVENT_VERDICT, .result = r});
    result_done(r);
}

void ping_log_take(struct ping_log *l, uint32_t session, const struct ping *p,
                   const struct facts *f, int64_t t_ns)
{
    struct result r = {0};
    struct facts named = *f;
    if (session == 0 || session > l->target_count)
        return;
    named.name = l->targets[session - 1].name;
    ping_count_take(&l->counts[session - 1], p, f->rtt_ns, t_ns);
    tell_faults(l, session, f, t_ns);
    if (l->counts_only)
        return;
    r.keyless = timeline_keyless(l->timeline);
    ping_report(p, &named, l->wait_ns, &r);
    if (l->verbose)
        ping_more(p, &named, &r);
    tell_verdict(l, session, &r, t_ns);
}

void ping_log_trouble(struct ping_log *l, uint32_t session, const struct facts *f, const char *why,
                      int64_t t_ns)
{
    char target[ENDPOINT_TEXT_MAX];
    struct result r = {0};
    if (session == 0 || session > l->target_count)
        return;
    l->counts[session - 1].unsent++;
    endpoint_format(&f->remote, target);
    result_set_text(&r, "command", "ping");
    result_set_text(&r, "target", target);
    result_set_text(&r, "outcome", facts_outcome_word(OUTCOME_NONE));
    result_set_text(&r, "reason", why);
    result_line(&r, "", "%s: %s [error]", target, why);
    tell_verdict(l, session, &r, t_ns);
}

void ping_log_total(const struct ping_log *l, struct ping_count *total)
{
    ping_count_init(total);
    for (size_t i = 0; i < l->target_count; i++)
        ping_count_add(total, &l->counts[i]);
}

static const char *title_of(const struct ping_log_target *t, char address[ENDPOINT_TEXT_MAX])
{
    return t->name != NULL ? t->name : endpoint_format(&t->at, address);
}

void ping_log_text(const struct ping_log *l, struct text *t)
{
    char address[ENDPOINT_TEXT_MAX];
    for (size_t i = 0; i < l->target_count; i++)
        ping_count_text(&l->counts[i], title_of(&l->targets[i], address), t);
}

static void set_targets(const struct ping_log *l, struct result *r)
{
    result_begin_list(r, "targets");
    for (size_t i = 0; i < l->target_count; i++) {
        const struct ping_log_target *t = &l->targets[i];
        char address[ENDPOINT_TEXT_MAX];
        result_begin(r, NULL);
        result_set_integer(r, "session", (int64_t)i + 1);
        result_set_text(r, "target", endpoint_format(&t->at, address));
        if (t->name != NULL)
            result_set_text(r, "name", t->name);
        ping_count_keys(&l->counts[i], r);
        result_end(r);
    }
    result_end_list(r);
}

static void summarise(struct ping_log *l, const struct ping_count *total, bool interrupted,
                      struct result *r)
{
    r->exit_code = l->kernel_spoke ? 2 : ping_count_exit(total);
    result_set_text(r, "command", "ping");
    result_set_integer(r, "sessions", (int64_t)l->target_count);
    ping_count_keys(total, r);
    if (l->target_count > 1)
        set_targets(l, r);
    result_set_flag(r, "interrupted", interrupted);
    result_set_integer(r, "exit_code", r->exit_code);
    ping_log_text(l, &r->text);
}

int ping_log_end(struct ping_log *l, bool interrupted, int64_t t_ns)
{
    struct result r = {0};
    struct ping_count *total = malloc(sizeof(*total));
    int code = 2;
    if (total == NULL) {
        out_of_memory(l);
    } else {
        ping_log_total(l, total);
        summarise(l, total, interrupted, &r);
        code = r.exit_code;
        (void)timeline_append(l->timeline,
                              (struct event){.t_ns = t_ns, .kind = EVENT_SUMMARY, .result = &r});
        result_done(&r);
    }
    free(total);
    return code;
}
