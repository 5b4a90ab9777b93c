/* Very many targets, each probed once: the list, the network, the run, a record as each ends, and
 * the summary. */
#include "cli/carry.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/histogram.h"
#include "cli/digest.h"
#include "cli/survey_list.h"
#include "net/live_survey.h"
#include "event/result.h"
#include "measure/ping/ping.h"
#include "measure/survey/survey.h"

#define PROGRESS_EVERY CLOCK_S

enum {
    WINDOW_WHOLE = 1000 /* a whole conversation's state for each */
};

/* Everything that is opened for one survey. */
struct stage {
    struct session *s;
    const struct survey_asked *asked;
    struct survey_list list;
    struct survey survey;
    struct histogram rtt;
    struct result result; /* of the one that has just ended; its memory serves all */
    char lab_target[ENDPOINT_TEXT_MAX];
    const char *way; /* by which packets leave */
    int64_t began_ns, now_ns;
    uint64_t syns_before; /* at the last line of progress */
    int64_t told_ns;
    uint64_t unrecorded; /* ended, and told nobody: --answers, or interrupted under --resume */
};

/* --- What is told --- */

/* One SYN and its answer is a flow; anything else is a conversation. */
static bool is_whole(const struct survey_asked *a)
{
    return a->probe->script != NULL && !(a->probe->can & MEASURE_ONE_SYN);
}

static bool is_recorded(const struct stage *st, const struct survey_end *e)
{
    if (e->trouble != NULL)
        return true;
    if (st->asked->resume != NULL && (e->outcome == OUTCOME_INTERRUPTED ||
                                      (e->series != NULL && e->series->ended == SERIES_ENDED_USER)))
        return false;
    return !st->asked->answers || e->outcome == OUTCOME_OPEN || e->outcome == OUTCOME_CLOSED;
}

static void report_trouble(const struct survey_end *e, struct result *r)
{
    char target[ENDPOINT_TEXT_MAX], text[FLOW_STORE_NAME_MAX + 8];
    const struct endpoint *at = &e->facts->remote;
    if (e->name != NULL)
        (void)snprintf(text, sizeof(text), "%s:%u", e->name, at->port);
    result_set_text(r, "command", e->facts->command);
    result_set_text(r, "target", e->name != NULL ? text : endpoint_format(at, target));
    result_set_text(r, "outcome", "error");
    result_set_text(r, "reason", e->trouble);
}

static void report(const struct stage *st, const struct survey_end *e, struct result *r)
{
    if (e->trouble != NULL) {
        report_trouble(e, r);
    } else if (e->exchange != NULL) {
        talk_report(e->exchange, r);
        if (e->name != NULL)
            result_set_text(r, "name", e->name);
    } else if (e->series != NULL) {
        series_report(e->series, e->facts, r);
    } else {
        ping_report(e->ping, e->facts, st->s->options.run.wait_ns, r);
    }
    result_set_integer(r, "syns", e->syns);
    result_set_integer(r, "segments_back", e->segments_back);
    result_set_count(r, "octets_back", e->octets_back);
}

static void ended(void *arg, const struct survey_end *e)
{
    struct stage *st = arg;
    int64_t rtt = e->exchange != NULL ? e->exchange->ours.rtt_ns : e->facts->rtt_ns;
    st->now_ns = e->t_ns;
    if (e->trouble == NULL && rtt > 0)
        histogram_record(&st->rtt, rtt);
    if (!is_recorded(st, e)) {
        st->unrecorded++;
        return;
    }
    result_clear(&st->result);
    st->result.bare = true;
    report(st, e, &st->result);
    (void)timeline_append(&st->s->record.timeline, (struct event){.kind = EVENT_VERDICT,
                                                                  .session = e->session,
                                                                  .t_ns = e->t_ns,
                                                                  .result = &st->result});
}

static void sum_up(struct stage *st)
{
    const struct survey_counts *c = &st->survey.counts;
    const struct targets_counts *t = targets_counts(st->list.targets);
    const uint64_t *o = c->outcomes;
    struct result r = {0};
    double elapsed = (double)(st->now_ns - st->began_ns) / (double)CLOCK_S;
    result_set_text(&r, "command", st->s->measure->name);
    result_set_count(&r, "targets", c->ended);
    result_begin(&r, "outcomes");
    result_set_count(&r, "open", o[OUTCOME_OPEN]);
    result_set_count(&r, "closed", o[OUTCOME_CLOSED]);
    result_set_count(&r, "filtered", o[OUTCOME_FILTERED]);
    result_set_count(&r, "unreachable", o[OUTCOME_UNREACHABLE]);
    result_set_count(&r, "error",
                     o[OUTCOME_INTERRUPTED] + o[OUTCOME_NONE] + o[OUTCOME_NOT_ASKED] + c->troubled);
    result_end(&r);
    result_set_count(&r, "syns", c->syns);
    result_set_count(&r, "resets", c->resets);
    result_set_count(&r, "segments_back", c->segments_back);
    result_set_count(&r, "octets_back", c->octets_back);
    result_set_distribution(&r, "rtt_us", &st->rtt);
    result_set_seconds(&r, "elapsed_s", elapsed > 0 ? elapsed : 0);
    result_set_text(&r, "sent_by", st->way);
    result_set_count(&r, "resumed", st->list.resumed);
    result_set_count(&r, "unrecorded", st->unrecorded);
    result_set_count(&r, "bad_lines", t->bad_lines);
    result_set_count(&r, "excluded", t->excluded);
    result_set_count(&r, "special", t->special);
    result_set_count(&r, "unresolved", t->unresolved);
    result_set_count(&r, "strays", c->strays);
    result_set_count(&r, "window_full", c->window_full);
    result_set_count(&r, "send_full", c->full);
    result_set_count(&r, "send_dropped", c->unsent_dropped);
    result_set_count(&r, "capture_dropped", c->dropped);
    result_set_count(&r, "resets_given_up", c->unsent);
    (void)timeline_append(&st->s->record.timeline,
                          (struct event){.kind = EVENT_SUMMARY, .t_ns = st->now_ns, .result = &r});
    result_done(&r);
}

/* --- How it goes --- */

static void spell_left(double s, char *out, size_t cap)
{
    static const struct {
        unsigned s, part;
        char name, part_name;
    } units[] = {{60, 1, 'm', 's'}, {3600, 60, 'h', 'm'}, {86400, 3600, 'd', 'h'}};
    const double most = 1e9; /* no number of days is told that nobody will wait for */
    uint64_t left = (uint64_t)(s < most ? s : most);
    (void)snprintf(out, cap, "%" PRIu64 " s", left);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && left >= units[i].s; i++)
        (void)snprintf(out, cap, "%" PRIu64 "%c%02" PRIu64 "%c", left / units[i].s, units[i].name,
                       left % units[i].s / units[i].part, units[i].part_name);
}

/* In as many columns as there are, with shorter words where it takes them; 0: no matter how many.
 */
static void progress_line(struct stage *st, int64_t now_ns, size_t columns, char *out, size_t cap)
{
    const struct survey_counts *c = &st->survey.counts;
    uint64_t total = targets_total(st->list.targets), done = st->list.resumed + c->ended;
    uint32_t under_way = st->survey.in_flight;
    double dt = (double)(now_ns - st->told_ns) / (double)CLOCK_S;
    double rate = dt > 0 ? (double)(c->syns - st->syns_before) / dt : 0;
    char last[64] = "", left[24], of[40] = "";
    st->syns_before = c->syns;
    st->told_ns = now_ns;
    if (total > 0)
        (void)snprintf(of, sizeof(of), " of %" PRIu64, total);
    if (st->survey.stopping) {
        (void)snprintf(last, sizeof(last), ", resetting");
    } else if (total > done + under_way && rate > 0) {
        spell_left((double)(total - done - under_way) / rate, left, sizeof(left));
        (void)snprintf(last, sizeof(last), ", last SYN in %s", left);
    }
    int n = snprintf(
        out, cap, "%" PRIu64 "%s done, %" PRIu32 " in flight, %.0f SYN/s, %" PRIu64 " answered%s",
        done, of, under_way, rate, c->answered, last);
    if (columns == 0 || (size_t)n <= columns)
        return;
    n = snprintf(out, cap, "%" PRIu64 "%s, %" PRIu32 " in flight, %.0f/s, %" PRIu64 " answers%s",
                 done, of, under_way, rate, c->answered, last);
    if ((size_t)n > columns && columns < cap)
        out[columns] = '\0';
}

static void progress(void *arg, int64_t now_ns)
{
    struct stage *st = arg;
    char line[200];
    progress_line(st, now_ns, record_progress_columns(), line, sizeof(line));
    record_tell(&st->s->record, line);
}

static void tell_so_far(void *arg, int64_t now_ns)
{
    struct stage *st = arg;
    char line[200];
    progress_line(st, now_ns, 0, line, sizeof(line));
    record_asked(&st->s->record, line);
}

static void remark(void *arg, const char *line)
{
    struct stage *st = arg;
    record_clear_progress(&st->s->record);
    (void)fprintf(stderr, "tcpshake survey: %s\n", line);
}

/* --- The run --- */

/* What is under way would be for nothing. */
static enum survey_supply end_early(struct stage *st, int64_t now_ns)
{
    if (!st->survey.stopping)
        survey_stop(&st->survey, now_ns);
    return SURVEY_NO_MORE;
}

static enum survey_supply supply(void *arg, int64_t now_ns, struct survey_target *t, int64_t *at_ns)
{
    struct stage *st = arg;
    if (st->s->record.timeline.status != STATUS_OK)
        return end_early(st, now_ns); /* nobody takes the records: told when it is closed */
    if (st->survey.talks.sending.first == NULL)
        survey_list_left(&st->list, st->survey.batch_count, st->survey.flushed_ns);
    enum survey_supply s = survey_list_next(&st->list, now_ns, t, at_ns);
    return st->list.disagrees ? end_early(st, now_ns) : s;
}

/* In the lab its peer is the target where there is none. */
static void add_lab_target(struct stage *st)
{
    struct arguments *a = &st->s->options;
    if (st->s->context->lab == NULL || a->word_count > 0 || st->asked->file != NULL)
        return;
    a->words[a->word_count++] = endpoint_format(lab_at(st->s->context->lab, END_B), st->lab_target);
}

static enum status run_live(struct stage *st, struct fault *fault)
{
    const struct survey_asked *o = st->asked;
    const struct arguments *a = &st->s->options;
    struct session *s = st->s;
    uint64_t window = is_whole(o) && !o->has_window ? WINDOW_WHOLE : o->window;
    struct live_survey_config live_config = {
        .out = arguments_tx(a, survey_list_first(&st->list), o->rate),
        .sport = a->sport,
        .ports = 1,
        .key = hash_key_of_seed(st->s->record.seed),
        .supply_fd = targets_fd(st->list.targets),
        .progress = record_progress(&s->record) != NULL ? progress : NULL,
        .progress_ns = PROGRESS_EVERY,
        .asked = tell_so_far,
        .remark = remark,
        .arg = st,
    };
    const struct talk_config open = {
        .like = a->like,
        .win = live_config.out.win,
        .ttl = live_config.out.ttl,
        .timestamps = a->timestamps,
        .rfc_peer = a->rfc_peer,
        .tries = (unsigned)o->probe->run.tries,
        .deadline_ns = o->probe->run.deadline_ns,
    };
    const struct survey_config config = {
        .command = o->probe->name,
        .open = is_whole(o) ? &open : NULL,
        .probe = o->probe,
        .rules = {.listens = o->probe->script != NULL && !is_whole(o),
                  .settles = o->settle,
                  .wait_ns = a->run.wait_ns,
                  .listen_ns = o->listen_ns},
        .key = hash_key_of_seed(st->s->record.seed),
        .repeatable = a->has_seed,
        .rate = o->rate,
        .window = (uint32_t)window,
        .supply = supply,
        .ended = ended,
        .arg = st,
    };
    live_config.out.whole = is_whole(o);
    struct live_survey *live = live_survey_open(&live_config, fault);
    if (live == NULL)
        return STATUS_SYSTEM;
    const struct run_info info = {.target = st->list.identity,
                                  .interface = live_survey_route(live)->ifname,
                                  .clock = live_survey_clock(live)};
    enum status status = o->resume != NULL ? resume_cut(&st->list.resume, fault) : STATUS_OK;
    if (status == STATUS_OK)
        status = record_begin(&s->record, &info, NULL, fault);
    st->way = live_survey_way(live);
    st->began_ns = st->now_ns = st->told_ns = live_survey_now(live);
    if (status == STATUS_OK)
        status = live_survey_run(live, &st->survey, &config, a->run.deadline_ns, fault);
    st->now_ns = live_survey_now(live);
    live_survey_free(live);
    return status;
}

static int exit_code(const struct stage *st)
{
    const uint64_t *o = st->survey.counts.outcomes;
    if (survey_list_first(&st->list) == NULL)
        return EXIT_AS_EXPECTED;
    if (st->survey.stopping)
        return EXIT_OTHERWISE;
    return o[OUTCOME_OPEN] + o[OUTCOME_CLOSED] > 0 ? EXIT_AS_EXPECTED : EXIT_NO_ANSWER;
}

static enum status run(struct session *s, struct fault *fault)
{
    struct stage *st = s->stage;
    const struct hash_key key = hash_key_of_seed(s->record.seed);
    enum status status = survey_list_open(&st->list, &key, fault);
    if (status != STATUS_OK)
        return status;
    if (survey_list_first(&st->list) == NULL) { /* everything has its record */
        s->exit_code = exit_code(st);
        return resume_cut(&st->list.resume, fault);
    }
    status = run_live(st, fault);
    if (status == STATUS_OK && st->list.status != STATUS_OK) {
        *fault = st->list.fault;
        status = st->list.status;
    }
    if (status == STATUS_OK)
        sum_up(st);
    s->exit_code = exit_code(st);
    return status;
}

static void done(struct session *s)
{
    struct stage *st = s->stage;
    survey_list_done(&st->list);
    survey_done(&st->survey);
    result_done(&st->result);
}

/* --- What it is asked for --- */

/* What means nothing here, or does not go together. */
static enum status check_options(const struct session *s, const struct survey_asked *a,
                                 struct fault *fault)
{
    static const char why[] = "means nothing for many targets";
    static const struct measure_refusal refused[] = {
        {"pcapng", why}, {"mermaid", why}, {"isn", why}, {"dry-run", why}, {NULL, NULL}};
    const struct measure_refusal *r = arguments_refused(&s->options, refused);
    if (r != NULL)
        return fault_set(fault, STATUS_MALFORMED, "--%s %s", r->option, r->why);
    if (a->listen_ns > FLOW_LISTEN_MAX)
        return fault_set(fault, STATUS_MALFORMED,
                         "--listen: at most 400 s where there are many targets");
    if (s->options.word_count == 0 && a->file == NULL && s->context->lab == NULL)
        return fault_set(fault, STATUS_MALFORMED,
                         "no target; write hosts, networks or ranges, or -f FILE with one a line, "
                         "or put 'lab' before the command");
    if (a->rate > TX_PLAIN_RATE && !a->authorised)
        return fault_set(fault, STATUS_MALFORMED,
                         "more than %d packets a second take --i-am-authorised: they are felt by "
                         "those who get them",
                         TX_PLAIN_RATE);
    if (a->csv && a->resume != NULL)
        return fault_set(fault, STATUS_MALFORMED, "--resume needs records: leave --csv out");
    if (a->answers && a->resume != NULL)
        return fault_set(fault, STATUS_MALFORMED,
                         "--resume needs a record of every target: leave --answers out");
    return STATUS_OK;
}

static enum status find(struct session *s, struct fault *fault)
{
    struct stage *st = s->stage;
    struct arguments *a = &s->options;
    st->s = s;
    st->asked = s->state;
    st->list.options = a;
    st->list.asked = st->asked;
    st->list.tell = remark;
    st->list.arg = st;
    histogram_init(&st->rtt);
    enum status status = survey_list_ports(&st->list, fault);
    if (status == STATUS_OK && st->asked->summarise) {
        s->over = true;
        s->exit_code = digest_files(a->words, a->word_count, a->json, st->asked->outliers);
        return STATUS_OK;
    }
    if (status == STATUS_OK)
        status = check_options(s, st->asked, fault);
    if (status != STATUS_OK)
        return status;
    a->csv = st->asked->csv;
    a->json = !a->csv;
    a->records = st->asked->resume;
    add_lab_target(st);
    status = survey_list_find(&st->list, fault);
    s->record.seed_known = st->list.resume.begun;
    s->record.seed = st->list.resume.seed;
    s->record.append_fd = st->list.resume.fd;
    return status;
}

const struct carrier carry_list = {
    .stage = sizeof(struct stage), .find = find, .run = run, .done = done};
