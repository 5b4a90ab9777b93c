/* A few targets asked again and again, each in its turn: opens what is needed, has the engine send
 * a SYN for each turn, and tells each probe, the live line and the statistics as they come. */
#include "cli/carry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/ping_list.h"
#include "net/live_survey.h"
#include "net/loop.h"
#include "measure/ping/ping_log.h"
#include "measure/ping/rotation.h"
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
    struct session *s;
    const struct ping_asked *asked;
    struct ping_list list;
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
    if (!st->asked->live || e->outcome == OUTCOME_INTERRUPTED)
        return;
    if (answered && e->facts->rtt_ns > 0)
        st->facts.last_ns = e->facts->rtt_ns;
    if (!answered || e->facts->rtt_ns > 0)
        sparkline_put(&st->spark, answered ? e->facts->rtt_ns : -1);
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
    sparkline_line(&st->spark, &st->facts, record_progress_columns(), st->plain, &line);
    if (!line.failed && line.len != 0)
        record_tell(&st->s->record, line.data);
    text_done(&line);
}

static void name_line(struct stage *st)
{
    char address[ENDPOINT_TEXT_MAX];
    const struct ping_log_target *first = &st->list.targets[0];
    const char *name = first->name != NULL ? first->name : endpoint_format(&first->at, address);
    if (st->list.count == 1)
        (void)snprintf(st->title, sizeof(st->title), "%s", name);
    else
        (void)snprintf(st->title, sizeof(st->title), "%zu targets", st->list.count);
    st->facts = (struct sparkline_facts){.title = st->title, .last_ns = -1};
    sparkline_init(&st->spark);
    st->plain = !record_progress_utf8(); /* now: later no file can be opened */
}

/* --- What the engine asks and tells --- */

static enum survey_supply supply(void *arg, int64_t now_ns, struct survey_target *t, int64_t *at_ns)
{
    struct stage *st = arg;
    const struct measure_run *r = &st->s->options.run;
    size_t who;
    uint64_t number;
    if (!st->started) {
        st->started = true;
        int64_t end = r->deadline_ns == CLOCK_NEVER ? CLOCK_NEVER : now_ns + r->deadline_ns;
        rotation_init(&st->turns, st->list.count, st->asked->count, st->asked->interval_ns, now_ns,
                      end);
    }
    if (st->s->record.timeline.status != STATUS_OK) /* nobody can read what we find */
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
        .session = (uint32_t)who + 1, .number = (uint32_t)number, .at = st->list.targets[who].at};
    return SURVEY_NEXT;
}

static void ended(void *arg, const struct survey_end *e)
{
    struct stage *st = arg;
    st->now_ns = e->t_ns > st->now_ns ? e->t_ns : st->now_ns;
    if (e->ping != NULL)
        ping_log_take(&st->log, e->session, e->ping, e->facts, e->t_ns);
    else
        ping_log_trouble(&st->log, e->session, e->facts,
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
static void tell_so_far(void *arg, int64_t now_ns)
{
    struct stage *st = arg;
    struct text t;
    (void)now_ns;
    text_init(&t);
    ping_log_text(&st->log, &t);
    record_clear_progress(&st->s->record);
    if (!t.failed && t.len != 0)
        (void)fwrite(t.data, 1, t.len, stderr);
    (void)fflush(stderr);
    st->fresh = true;
    text_done(&t);
}

static void remark(void *arg, const char *line)
{
    struct stage *st = arg;
    record_asked(&st->s->record, line);
}

/* --- The run --- */

/* A port is not used again while its last SYN may still be answered, and rather later: then no
 * answer can be taken for another's. More than there are probes are of no use. */
static unsigned ports_for(const struct stage *st)
{
    const struct arguments *o = &st->s->options;
    int64_t wanted = o->run.wait_ns / st->asked->interval_ns + 2;
    wanted = wanted < PORTS_LEAST ? PORTS_LEAST : wanted;
    wanted = wanted > SURVEY_PORTS_MAX ? SURVEY_PORTS_MAX : wanted;
    if (o->sport != 0)
        return 1;
    return st->asked->count != 0 && st->asked->count < (uint64_t)wanted ? (unsigned)st->asked->count
                                                                        : (unsigned)wanted;
}

/* Packets a second that the engine may not exceed: twice the SYNs and their resets, so that the
 * turns are what sets the pace. */
static uint64_t rate_for(const struct stage *st)
{
    uint64_t rate = 4 * st->list.count * (uint64_t)CLOCK_S / (uint64_t)st->asked->interval_ns;
    if (rate < RATE_LEAST)
        return RATE_LEAST;
    return rate < TX_PLAIN_RATE ? rate : TX_PLAIN_RATE;
}

static struct live_survey *open_live(struct stage *st, struct fault *fault)
{
    const struct arguments *o = &st->s->options;
    struct live_survey_config config = {
        .out = arguments_tx(o, &st->list.targets[0].at.ip, rate_for(st)),
        .sport = o->sport,
        .ports = ports_for(st),
        .key = hash_key_of_seed(st->s->record.seed),
        .supply_fd = -1,
        .progress = st->asked->live ? progress : NULL,
        .progress_ns = LIVE_EVERY,
        .asked = tell_so_far,
        .remark = remark,
        .arg = st,
    };
    config.out.scope_id = st->list.scope_id;
    config.out.alike = ping_list_is_alike(&st->list);
    return live_survey_open(&config, fault);
}

static enum status run_live(struct stage *st, struct live_survey *live, struct fault *fault)
{
    const struct arguments *o = &st->s->options;
    const struct survey_config config = {
        .command = "ping",
        .rules = {.wait_ns = o->run.wait_ns},
        .key = hash_key_of_seed(st->s->record.seed),
        .repeatable = o->has_seed,
        .rate = rate_for(st),
        .window = WINDOW,
        .supply = supply,
        .ended = ended,
        .arg = st,
    };
    int64_t start = loop_clock(CLOCK_MONOTONIC);
    enum status s = live_survey_run(live, &st->survey, &config, o->run.deadline_ns, fault);
    if (st->asked->live && s == STATUS_OK) {
        draw(st);
        record_keep_progress(&st->s->record);
    }
    /* The deadline stops it too, and is no interruption. */
    bool interrupted =
        st->survey.stopping && loop_clock(CLOCK_MONOTONIC) - start < o->run.deadline_ns;
    if (s == STATUS_OK)
        st->s->exit_code = ping_log_end(&st->log, interrupted, st->now_ns);
    survey_done(&st->survey);
    return s;
}

static enum status run_stage(struct stage *st, struct fault *fault)
{
    struct session *s = st->s;
    struct live_survey *live = open_live(st, fault);
    if (live == NULL)
        return STATUS_SYSTEM;
    const struct run_info info = {.targets = st->list.count,
                                  .interface = live_survey_route(live)->ifname,
                                  .clock = live_survey_clock(live)};
    enum status status = record_begin(&s->record, &info, &st->list.targets[0].at, fault);
    if (status == STATUS_OK)
        status = run_live(st, live, fault);
    live_survey_free(live);
    return status;
}

static enum status run(struct session *s, struct fault *fault)
{
    struct stage *st = s->stage;
    st->total = malloc(sizeof(*st->total));
    name_line(st);
    if (st->total == NULL || !ping_log_init(&st->log, &s->record.timeline, st->list.targets,
                                            st->list.count, s->options.run.wait_ns))
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    st->log.verbose = s->options.verbose;
    st->log.counts_only = s->options.quiet && !s->options.json;
    return run_stage(st, fault);
}

static void done(struct session *s)
{
    struct stage *st = s->stage;
    ping_log_done(&st->log);
    free(st->total);
    ping_list_done(&st->list);
}

/* --- Whom it asks --- */

/* Nobody is asked faster than the engine sends: a SYN and a reset each. */
static enum status check_pace(const struct stage *st, struct fault *fault)
{
    const int64_t least = 2 * CLOCK_S / TX_PLAIN_RATE * (int64_t)st->list.count;
    if (st->asked->interval_ns >= least)
        return STATUS_OK;
    return fault_set(fault, STATUS_MALFORMED,
                     "%zu targets need an --interval of %gms at least: more than %d SYNs a second "
                     "are a survey's",
                     st->list.count, (double)least / (double)CLOCK_MS, TX_PLAIN_RATE / 2);
}

static void complain(void *arg, const char *text)
{
    const struct session *s = arg;
    (void)fprintf(stderr, "tcpshake %s: %s\n", s->measure->name, text);
}

static enum status find_targets(struct session *s, struct ping_list *list, const char *file,
                                struct fault *fault)
{
    const struct arguments *o = &s->options;
    enum status status = STATUS_OK;
    if (o->word_count == 0 && file == NULL && s->context->lab != NULL)
        status = ping_list_add(list, o, lab_at(s->context->lab, END_B), 0, NULL, fault);
    if (status == STATUS_OK)
        status = ping_list_words(list, o, fault);
    if (status == STATUS_OK && file != NULL)
        status = ping_list_file(list, o, file, complain, s, fault);
    if (status != STATUS_OK || list->count > 0)
        return status;
    if (file != NULL)
        return fault_set(fault, STATUS_MALFORMED, "no target in %s",
                         strcmp(file, "-") == 0 ? "standard input" : file);
    return fault_set(fault, STATUS_MALFORMED, CARRY_NO_TARGET);
}

static enum status find(struct session *s, struct fault *fault)
{
    struct stage *st = s->stage;
    st->s = s;
    st->asked = s->state;
    if (st->asked->live && !isatty(STDERR_FILENO))
        return fault_set(fault, STATUS_MALFORMED,
                         "--live needs a terminal on standard error to draw on");
    s->options.stamped = st->asked->stamped;
    s->options.quiet = s->options.quiet || st->asked->live;
    enum status status = find_targets(s, &st->list, st->asked->file, fault);
    return status == STATUS_OK ? check_pace(st, fault) : status;
}

const struct carrier carry_turns = {
    .stage = sizeof(struct stage), .find = find, .run = run, .done = done};
