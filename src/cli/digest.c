/* See digest.h. A line is held once, up to a length that no record of ours has. */
#include "cli/digest.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "event/result.h"
#include "render/prose.h"

enum {
    LINE_MOST = 1 << 20, /* octets */
    TOLD_MOST = 10       /* complaints a file; the others are counted */
};

struct digest *digest_new(void)
{
    struct digest *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return NULL;
    histogram_init(&d->rtt);
    return d;
}

void digest_free(struct digest *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < sizeof(d->seen) / sizeof(d->seen[0]); i++)
        free(d->seen[i]);
    free(d);
}

static void leave_file(struct digest *d)
{
    d->unended += d->running;
    d->running = false;
}

void digest_file(struct digest *d)
{
    leave_file(d);
    d->files++;
}

static void take_run(struct digest *d, const json_t *record)
{
    const json_t *seed = json_object_get(record, "seed");
    d->running = true;
    if (!json_is_integer(seed))
        return;
    d->mixed = d->mixed || (d->has_seed && d->seed != json_integer_value(seed));
    d->has_seed = true;
    d->seed = json_integer_value(seed);
}

static uint64_t *leaf_of(struct digest *d, uint64_t session)
{
    uint64_t **leaf = &d->seen[session / DIGEST_LEAF];
    if (*leaf == NULL)
        *leaf = calloc(DIGEST_LEAF / 64, sizeof(**leaf));
    return *leaf;
}

/* Whether this is the first record of the session, as far as that is looked at. */
static bool is_first(struct digest *d, uint64_t session)
{
    if (d->mixed)
        return true;
    uint64_t *leaf = session < DIGEST_SESSIONS ? leaf_of(d, session) : NULL;
    if (leaf == NULL) {
        d->unchecked++;
        return true;
    }
    uint64_t *word = &leaf[session % DIGEST_LEAF / 64];
    uint64_t bit = UINT64_C(1) << session % 64;
    bool first = (*word & bit) == 0;
    *word |= bit;
    return first;
}

static double octets_a_syn(const struct digest_worst *w)
{
    return w->syns != 0 ? (double)w->octets_back / (double)w->syns : 0;
}

static void note_worst(struct digest *d, const struct observation *o)
{
    struct digest_worst w = {.session = o->session,
                             .outcome = o->outcome,
                             .syns = o->syns,
                             .segments_back = o->segments_back,
                             .octets_back = o->octets_back};
    size_t at = d->worst_count;
    while (at > 0 && octets_a_syn(&d->worst[at - 1]) < octets_a_syn(&w))
        at--;
    if (at == DIGEST_WORST || w.octets_back == 0 || w.syns == 0)
        return;
    (void)snprintf(w.target, sizeof(w.target), "%s", o->target);
    d->worst_count += d->worst_count < DIGEST_WORST;
    memmove(&d->worst[at + 1], &d->worst[at], (d->worst_count - at - 1) * sizeof(w));
    d->worst[at] = w;
}

static void count(struct digest *d, const struct observation *o)
{
    d->targets++;
    d->outcomes[o->outcome]++;
    if (o->rtt_ns >= 0)
        histogram_record(&d->rtt, o->rtt_ns);
    if (o->listened) {
        d->listened++;
        d->ends[o->end]++;
        d->incomplete += o->incomplete;
        signature_count(&d->schedules, o);
    }
    if (o->counted) {
        d->counted++;
        d->syns += o->syns;
        d->segments_back += o->segments_back;
        d->octets_back += o->octets_back;
        note_worst(d, o);
    }
}

static enum status take_result(struct digest *d, const json_t *record, struct fault *fault)
{
    struct observation o;
    enum status s = observation_read(&o, record, fault);
    if (s != STATUS_OK)
        return s;
    if (!is_first(d, o.session)) {
        d->doubles++;
        return fault_set(fault, STATUS_NOT_OURS,
                         "session %" PRIu64 " has a record already; this one is not counted",
                         o.session);
    }
    count(d, &o);
    return STATUS_OK;
}

/* One of the program's; NULL: something else. */
static const char *type_of(const json_t *record)
{
    static const char *const types[] = {"run",   "segment", "line",   "note",
                                        "fault", "result",  "summary"};
    const char *type = json_string_value(json_object_get(record, "type"));
    const json_t *version = json_object_get(record, "v");
    if (type == NULL || !json_is_integer(version) || json_integer_value(version) != 1)
        return NULL;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i], type) == 0)
            return types[i];
    }
    return NULL;
}

static enum status take(struct digest *d, const json_t *record, struct fault *fault)
{
    const char *type = type_of(record);
    if (type == NULL)
        return fault_set(fault, STATUS_MALFORMED, "JSON, but no record of version 1");
    if (strcmp(type, "result") == 0)
        return take_result(d, record, fault);
    d->others++;
    if (strcmp(type, "run") == 0)
        take_run(d, record);
    else if (strcmp(type, "summary") == 0)
        d->running = false;
    return STATUS_OK;
}

enum status digest_line(struct digest *d, const char *line, size_t n, struct fault *fault)
{
    json_t *record = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
    enum status s = record != NULL
                        ? take(d, record, fault)
                        : fault_set(fault, STATUS_MALFORMED, "no JSON: torn, or something else");
    json_decref(record);
    d->refused += s == STATUS_MALFORMED;
    return s;
}

bool digest_end(struct digest *d)
{
    leave_file(d);
    signature_sort(&d->schedules);
    return d->targets + d->others + d->doubles != 0;
}

/* --- As a record --- */

/* Text out of a file: a character that was cut in its middle is spelt out. */
static void set_words(struct result *r, const char *key, const char *s)
{
    struct text safe = {0};
    prose_safe(&safe, s, strlen(s));
    result_set_text(r, key, safe.data != NULL ? safe.data : "");
    r->json.failed = r->json.failed || safe.failed;
    text_done(&safe);
}

static void set_mean(struct result *r, const char *key, double sum, uint64_t n)
{
    result_set_seconds(r, key, n != 0 ? sum / (double)n : NAN);
}

static void set_nearest(struct result *r, const struct signature *s)
{
    if (s->stack[0] == '\0') {
        result_set_null(r, "nearest");
        return;
    }
    result_begin(r, "nearest");
    set_words(r, "stack", s->stack);
    result_set_real(r, "distance", round(s->distance * 1000) / 1000);
    result_set_flag(r, "fits", s->fits);
    if (s->usually != 0)
        result_set_count(r, "default_tries", s->usually);
    if (s->alike > 1)
        result_set_count(r, "alike", s->alike);
    result_end(r);
}

static void set_schedule(struct result *r, const struct digest *d, const struct signature *s)
{
    char text[SIGNATURE_TEXT_MAX];
    result_begin(r, NULL);
    set_words(r, "schedule", signature_format(s, text));
    result_set_count(r, "targets", s->targets);
    result_set_count(r, "incomplete", s->incomplete);
    result_set_count(r, "retransmissions", s->retransmissions);
    result_set_text(r, "end", schedule_end_name(s->end));
    set_mean(r, "first_s", s->first_s, s->modelled);
    set_mean(r, "factor", s->factor, s->factored);
    set_mean(r, "cap_s", s->cap_s, s->capped);
    set_nearest(r, s);
    if (d->outliers && signature_is_rare(s, d->listened)) {
        result_begin_list(r, "hosts");
        for (size_t i = 0; i < signature_hosts(s); i++)
            set_words(r, NULL, s->hosts[i]);
        result_end_list(r);
    }
    result_end(r);
}

static void set_worst(struct result *r, const struct digest_worst *w)
{
    result_begin(r, NULL);
    result_set_count(r, "session", w->session);
    set_words(r, "target", w->target);
    result_set_text(r, "outcome", facts_outcome_word(w->outcome));
    result_set_count(r, "syns", w->syns);
    result_set_count(r, "segments_back", w->segments_back);
    result_set_count(r, "octets_back", w->octets_back);
    result_end(r);
}

static void set_measured(struct result *r, const struct digest *d)
{
    result_set_count(r, "targets", d->targets);
    result_begin(r, "outcomes");
    for (enum outcome i = OUTCOME_OPEN; i < DIGEST_OUTCOMES; i++)
        result_set_count(r, facts_outcome_word(i), d->outcomes[i]);
    result_end(r);
    result_set_count(r, "syns", d->syns);
    result_set_count(r, "segments_back", d->segments_back);
    result_set_count(r, "octets_back", d->octets_back);
    result_set_distribution(r, "rtt_us", &d->rtt);
    result_begin(r, "ends");
    for (enum schedule_end i = SCHEDULE_SILENCE; i < DIGEST_ENDS; i++)
        result_set_count(r, schedule_end_name(i), d->ends[i]);
    result_end(r);
    result_set_count(r, "incomplete", d->incomplete);
}

static void set_all(struct result *r, const struct digest *d)
{
    result_begin(r, NULL);
    result_set_integer(r, "v", 1);
    result_set_text(r, "type", "summary");
    result_set_text(r, "command", "survey");
    set_measured(r, d);
    result_begin_list(r, "schedules");
    for (size_t i = 0; i < d->schedules.count; i++)
        set_schedule(r, d, &d->schedules.rows[i]);
    result_end_list(r);
    result_set_count(r, "schedules_left_out", d->schedules.left_out);
    result_begin_list(r, "worst");
    for (size_t i = 0; i < d->worst_count; i++)
        set_worst(r, &d->worst[i]);
    result_end_list(r);
    result_set_count(r, "files", d->files);
    result_set_count(r, "refused_lines", d->refused);
    result_set_count(r, "doubles", d->doubles);
    result_set_count(r, "unchecked", d->unchecked);
    result_set_count(r, "unended", d->unended);
    result_set_flag(r, "mixed", d->mixed);
    result_end(r);
}

void digest_json(const struct digest *d, struct text *out)
{
    struct result record = {0};
    set_all(&record, d);
    text_put(out, record.json.data, record.json.len);
    text_put(out, "\n", 1);
    out->failed = out->failed || record.json.failed;
    result_done(&record);
}

/* --- Of files --- */

struct reader {
    const char *name;
    FILE *file;
    char *line; /* of LINE_MOST */
    size_t len; /* more than that: nothing of it is of use */
    bool whole; /* it ended with a line feed */
    uint64_t number, complaints;
};

static bool next_line(struct reader *r)
{
    int c = getc_unlocked(r->file);
    if (c == EOF)
        return false;
    r->number++;
    for (r->len = 0; c != EOF && c != '\n'; c = getc_unlocked(r->file)) {
        if (r->len < LINE_MOST)
            r->line[r->len] = (char)c;
        r->len++;
    }
    r->whole = c != EOF;
    return true;
}

static void take_line(struct reader *r, struct digest *d)
{
    struct fault fault;
    const char *wrong = "no record: the line is longer than 1 MB";
    if (r->len > LINE_MOST) {
        d->refused++;
    } else {
        enum status s = digest_line(d, r->line, r->len, &fault);
        if (s == STATUS_OK)
            return;
        bool torn = s == STATUS_MALFORMED && !r->whole;
        wrong = torn ? "no record: torn, the file ends within it" : fault.text;
    }
    if (r->complaints++ < TOLD_MOST)
        (void)command_fail("survey", "%s:%" PRIu64 ": %s", r->name, r->number, wrong);
}

/* EXIT_AS_EXPECTED unless the file could not be read to its end. */
static int take_file(const char *name, char *line, struct digest *d)
{
    bool is_stdin = strcmp(name, "-") == 0;
    struct reader r = {.name = is_stdin ? "standard input" : name,
                       .file = is_stdin ? stdin : fopen(name, "rbe"),
                       .line = line};
    if (r.file == NULL)
        return command_fail("survey", "cannot read %s: %s", r.name, strerror(errno));
    digest_file(d);
    errno = 0;
    while (next_line(&r))
        take_line(&r, d);
    int wrong = ferror(r.file) ? errno : 0;
    if (r.complaints > TOLD_MOST)
        (void)command_fail("survey", "%s: %" PRIu64 " more such lines", r.name,
                           r.complaints - TOLD_MOST);
    if (!is_stdin)
        (void)fclose(r.file);
    return wrong == 0 ? EXIT_AS_EXPECTED
                      : command_fail("survey", "cannot read %s: %s", r.name, strerror(wrong));
}

static int print_digest(const struct digest *d, bool json)
{
    struct text out;
    text_init(&out);
    if (json)
        digest_json(d, &out);
    else
        digest_text(d, &out);
    return command_print("survey", &out);
}

static int take_files(struct digest *d, char *line, const char *const *files, size_t n, bool json)
{
    int code = EXIT_AS_EXPECTED;
    if (d == NULL || line == NULL)
        return command_fail("survey", "out of memory");
    for (size_t i = 0; i < n; i++) {
        if (take_file(files[i], line, d) != EXIT_AS_EXPECTED)
            code = EXIT_TROUBLE;
    }
    if (digest_end(d))
        return print_digest(d, json) == EXIT_AS_EXPECTED ? code : EXIT_TROUBLE;
    return code != EXIT_AS_EXPECTED ? code
                                    : command_fail("survey", "there is no record to summarise");
}

int digest_files(const char *const *files, size_t n, bool json, bool outliers)
{
    if (n == 0)
        return command_fail("survey",
                            "--summarise takes files of records, or - for standard input");
    struct digest *d = digest_new();
    char *line = malloc(LINE_MOST);
    if (d != NULL)
        d->outliers = outliers;
    int code = take_files(d, line, files, n, json);
    free(line);
    digest_free(d);
    return code;
}
