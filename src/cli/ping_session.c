/* See ping_session.h. */
#include "cli/ping_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/record.h"
#include "net/live_survey.h"
#include "measure/ping/ping_log.h"
#include "measure/backlog/rotation.h"
#include "render/sparkline.h"

enum {
    WINDOW = 65536, /* SYNs that may wait for an answer at once */
    PORTS_LEAST = 16,
    RATE_LEAST = 1000,
    TITLE_MAX = 80,
};
#define LIVE_EVERY (100 * CLOCK_MS)

/* All that one run holds. */
struct stage {
    const struct ping_session *p;
    struct record record;
    struct ping_log log;
    struct rotation turns;
    bool started;   /* `turns` has begun, with the first question for a turn */
    int64_t now_ns; /* of the last that was told */
    struct sparkline spark;
    struct sparkline_facts facts;
    char title[TITLE_MAX];
    struct ping_count *total; /* of several targets, for the live line */
    bool plain;               /* in ASCII */
    bool fresh;               /* there is something new for it */
    struct survey survey;
};

/* --- The live line --- */

static void keep_for_line(struct stage *st, const struct survey_end *e)
{
    bool answered = e->outcome == OUTCOME_OPEN || e->outcome == OUTCOME_CLOSED;
    if (!st->p->live || e->outcome == OUTCOME_INTERRUPTED)
        return;
    if (answered && e->findings->rtt_ns > 0)
        st->facts.last_ns = e->findings->rtt_ns;
    if (!answered || e->findings->rtt_ns > 0)
        sparkline_put(&st->spark, answered ? e->findings->rtt_ns : -1);
    st->fresh = true;
}

static const struct ping_count *so_far(struct stage *st)
{
    if (st->log.target_count == 1)
        return &st->log.counts[0];
    ping_log_total(&st->log, st->total);
    return st->total;
}

static void draw(struct stage *st)
{
    const struct ping_count *c = so_far(st);
    struct text line;
    if (!st->fresh)
        return;
    st->fresh = false;
    st->facts.p50_ns = c->rtt.count != 0 ? histogram_percentile(&c->rtt, 50) : -1;
    st->facts.p99_ns = c->rtt.count != 0 ? histogram_percentile(&c->rtt, 99) : -1;
    st->facts.answered = ping_count_answered(c);
    st->facts.transmitted = c->transmitted;
    text_init(&line);
    sparkline_line(&st->spark, &st->facts, output_progress_columns(), st->plain, &line);
    if (!line.failed && line.len != 0)
        output_progress(&st->record.output, line.data);
    text_done(&line);
}

static void name_line(struct stage *st)
{
    char address[ENDPOINT_TEXT_MAX];
    const struct ping_log_target *first = &st->p->list->targets[0];
    const char *name = first->name != NULL ? first->name : endpoint_format(&first->at, address);
    if (st->p->list->count == 1)
        (void)snprintf(st->title, sizeof(st->title), "%s", name);
    else
        (void)snprintf(st->title, sizeof(st->title), "%zu targets", st->p->list->count);
    st->facts = (struct sparkline_facts){.title = st->title, .last_ns = -1};
    sparkline_init(&st->spark);
    st->plain = !output_progress_utf8(); /* now: later no file can be opened */
}

/* --- What the engine asks and tells --- */

static enum survey_supply supply(void *arg, int64_t now_ns, struct survey_target *t, int64_t *at_ns)
{
    struct stage *st = arg;
    const struct ping_session *p = st->p;
    size_t who;
    uint64_t number;
    if (!st->started) {
        st->started = true;
        int64_t end =
            p->options->deadline_ns == CLOCK_NEVER ? CLOCK_NEVER : now_ns + p->options->deadline_ns;
        rotation_init(&st->turns, p->list->count, p->count, p->interval_ns, now_ns, end);
    }
    if (st->record.timeline.status != STATUS_OK) /* nobody can read what we find */
        return SURVEY_NO_MORE;
    switch (rotation_take(&st->turns, now_ns, &who, &number, at_ns)) {
    case ROTATION_OVER:
        return SURVEY_NO_MORE;
    case ROTATION_LATER:
        return SURVEY_LATER;
    case ROTATION_NOW:
        break;
    }
    *t = (struct survey_target){
        .session = (uint32_t)who + 1, .number = (uint32_t)number, .at = p->list->targets[who].at};
    return SURVEY_NEXT;
}

static void ended(void *arg, const struct survey_end *e)
{
    struct stage *st = arg;
    st->now_ns = e->t_ns > st->now_ns ? e->t_ns : st->now_ns;
    if (e->ping != NULL)
        ping_log_take(&st->log, e->session, e->ping, e->findings, e->t_ns);
    else
        ping_log_trouble(&st->log, e->session, e->findings,
                         e->trouble != NULL ? e->trouble : "no probe", e->t_ns);
    keep_for_line(st, e);
}

static void progress(void *arg, int64_t now_ns)
{
    struct stage *st = arg;
    (void)now_ns;
    draw(st);
}

/* SIGQUIT: the statistics so far, in one piece. */
static void asked(void *arg, int64_t now_ns)
{
    struct stage *st = arg;
    struct text t;
    (void)now_ns;
    text_init(&t);
    ping_log_text(&st->log, &t);
    output_progress_clear(&st->record.output);
    if (!t.failed && t.len != 0)
        (void)fwrite(t.data, 1, t.len, stderr);
    (void)fflush(stderr);
    st->fresh = true;
    text_done(&t);
}

static void remark(void *arg, const char *line)
{
    struct stage *st = arg;
    record_asked(&st->record, line);
}

/* --- The run --- */

/* A port is not used again while its last SYN may still be answered, and rather later: then no
 * answer can be taken for another's. */
static unsigned ports_for(const struct ping_session *p)
{
    int64_t wanted = p->options->wait_ns / p->interval_ns + 2;
    if (p->options->sport != 0)
        return 1;
    if (wanted > SURVEY_PORTS_MAX)
        return SURVEY_PORTS_MAX;
    return wanted < PORTS_LEAST ? PORTS_LEAST : (unsigned)wanted;
}

/* Packets a second that the engine may not exceed: twice the SYNs and their resets, so that the
 * turns are what sets the pace. */
static uint64_t rate_for(const struct ping_session *p)
{
    uint64_t rate = 4 * p->list->count * (uint64_t)CLOCK_S / (uint64_t)p->interval_ns;
    if (rate < RATE_LEAST)
        return RATE_LEAST;
    return rate < TX_PLAIN_RATE ? rate : TX_PLAIN_RATE;
}

static struct live_survey *open_live(struct stage *st, struct fault *fault)
{
    const struct arguments *o = st->p->options;
    struct live_survey_config config = {
        .out = arguments_outlet(o, &st->p->list->targets[0].at.ip, rate_for(st->p)),
        .sport = o->sport,
        .ports = ports_for(st->p),
        .key = hash_key_of_seed(st->record.seed),
        .supply_fd = -1,
        .progress = st->p->live ? progress : NULL,
        .progress_ns = LIVE_EVERY,
        .asked = asked,
        .remark = remark,
        .arg = st,
    };
    config.out.scope_id = st->p->list->scope_id;
    config.out.alike = ping_list_is_alike(st->p->list);
    return live_survey_open(&config, fault);
}

static int64_t monotonic(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * CLOCK_S + t.tv_nsec;
}

static enum status run_live(struct stage *st, struct live_survey *live, int *code,
                            struct fault *fault)
{
    const struct arguments *o = st->p->options;
    const struct survey_config config = {
        .command = "ping",
        .rules = {.wait_ns = o->wait_ns},
        .key = hash_key_of_seed(st->record.seed),
        .repeatable = o->has_seed,
        .rate = rate_for(st->p),
        .window = WINDOW,
        .supply = supply,
        .ended = ended,
        .arg = st,
    };
    int64_t start = monotonic();
    enum status s = live_survey_run(live, &st->survey, &config, o->deadline_ns, fault);
    if (st->p->live && s == STATUS_OK) {
        draw(st);
        output_progress_keep(&st->record.output);
    }
    output_progress_clear(&st->record.output);
    /* The deadline stops it too, and is no interruption. */
    bool interrupted = st->survey.stopping && monotonic() - start < o->deadline_ns;
    if (s == STATUS_OK)
        *code = ping_log_end(&st->log, interrupted, st->now_ns);
    survey_done(&st->survey);
    return s;
}

static enum status stage_run(struct stage *st, int *code, struct fault *fault)
{
    const struct ping_session *p = st->p;
    enum status s = record_open(&st->record, fault);
    if (s != STATUS_OK)
        return s;
    struct live_survey *live = open_live(st, fault);
    if (live == NULL)
        return STATUS_SYSTEM;
    const struct run_info info = {.command = "ping",
                                  .targets = p->list->count,
                                  .interface = live_survey_route(live)->ifname,
                                  .clock = live_survey_clock(live)};
    s = record_begin(&st->record, &info, &p->list->targets[0].at, p->argc, p->argv, fault);
    if (s == STATUS_OK)
        s = run_live(st, live, code, fault);
    live_survey_free(live);
    return s;
}

int ping_session(const struct ping_session *p)
{
    struct fault fault = {0};
    int code = EXIT_TROUBLE;
    struct stage *st = calloc(1, sizeof(*st));
    struct ping_count *total = malloc(sizeof(*total));
    enum status s = STATUS_NO_MEMORY;
    if (st != NULL && total != NULL) {
        st->p = p;
        st->total = total;
        record_init(&st->record, p->options);
        name_line(st);
        if (ping_log_init(&st->log, &st->record.timeline, p->list->targets, p->list->count,
                          p->options->wait_ns)) {
            st->log.verbose = p->options->verbose;
            st->log.counts_only = p->options->quiet && !p->options->json;
            s = stage_run(st, &code, &fault);
        } else {
            (void)fault_set(&fault, s, "out of memory");
        }
        ping_log_done(&st->log);
        s = record_close(&st->record, s, &fault);
    } else {
        (void)fault_set(&fault, s, "out of memory");
    }
    free(total);
    free(st);
    return s == STATUS_OK ? code : command_fail("ping", "%s", fault.text);
}
