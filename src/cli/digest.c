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

static json_t *number(uint64_t v)
{
    return json_integer(v <= INT64_MAX ? (json_int_t)v : INT64_MAX);
}

static json_t *three_places(double v)
{
    return json_real(round(v * 1000) / 1000);
}

/* Text out of a file: a character that was cut in its middle is spelt out. */
static json_t *words(const char *s)
{
    struct text safe;
    text_init(&safe);
    prose_safe(&safe, s, strlen(s));
    json_t *v = safe.failed ? NULL : json_stringn(safe.data != NULL ? safe.data : "", safe.len);
    text_done(&safe);
    return v;
}

static json_t *outcomes(const struct digest *d)
{
    json_t *o = json_object();
    for (enum outcome i = OUTCOME_OPEN; i < DIGEST_OUTCOMES; i++)
        (void)json_object_set_new(o, facts_outcome_word(i), number(d->outcomes[i]));
    return o;
}

static json_t *ends(const struct digest *d)
{
    json_t *o = json_object();
    for (enum schedule_end i = SCHEDULE_SILENCE; i < DIGEST_ENDS; i++)
        (void)json_object_set_new(o, schedule_end_name(i), number(d->ends[i]));
    return o;
}

static json_t *mean(double sum, uint64_t n)
{
    return n != 0 ? result_seconds(sum / (double)n) : json_null();
}

static json_t *schedule(const struct signature *s)
{
    char text[SIGNATURE_TEXT_MAX];
    json_t *nearest = json_null();
    if (s->stack[0] != '\0')
        nearest = json_pack("{s:o, s:o, s:b}", "stack", words(s->stack), "distance",
                            three_places(s->distance), "fits", s->fits);
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "schedule",
                     words(signature_format(s, text)), "targets", number(s->targets), "incomplete",
                     number(s->incomplete), "retransmissions", number(s->retransmissions), "end",
                     schedule_end_name(s->end), "first_s", mean(s->first_s, s->modelled), "factor",
                     mean(s->factor, s->factored), "cap_s", mean(s->cap_s, s->capped), "nearest",
                     nearest);
}

static json_t *schedules(const struct signatures *t)
{
    json_t *all = json_array();
    for (size_t i = 0; i < t->count; i++)
        (void)json_array_append_new(all, schedule(&t->rows[i]));
    return all;
}

static json_t *worst(const struct digest *d)
{
    json_t *all = json_array();
    for (size_t i = 0; i < d->worst_count; i++) {
        const struct digest_worst *w = &d->worst[i];
        (void)json_array_append_new(
            all, json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "session", number(w->session),
                           "target", words(w->target), "outcome", facts_outcome_word(w->outcome),
                           "syns", number(w->syns), "segments_back", number(w->segments_back),
                           "octets_back", number(w->octets_back)));
    }
    return all;
}

json_t *digest_json(const struct digest *d)
{
    json_t *o = json_pack("{s:i, s:s, s:s}", "v", 1, "type", "summary", "command", "survey");
    const struct {
        const char *key;
        json_t *value;
    } keys[] = {
        {"targets", number(d->targets)},
        {"outcomes", outcomes(d)},
        {"syns", number(d->syns)},
        {"segments_back", number(d->segments_back)},
        {"octets_back", number(d->octets_back)},
        {"rtt_us", result_distribution(&d->rtt)},
        {"ends", ends(d)},
        {"incomplete", number(d->incomplete)},
        {"schedules", schedules(&d->schedules)},
        {"schedules_left_out", number(d->schedules.left_out)},
        {"worst", worst(d)},
        {"files", number(d->files)},
        {"refused_lines", number(d->refused)},
        {"doubles", number(d->doubles)},
        {"unchecked", number(d->unchecked)},
        {"unended", number(d->unended)},
        {"mixed", json_boolean(d->mixed)},
    };
    bool ok = o != NULL;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        ok = json_object_set_new(o, keys[i].key, keys[i].value) == 0 && ok;
    if (ok)
        return o;
    json_decref(o);
    return NULL;
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

static int print(const struct digest *d, bool json)
{
    struct text out;
    text_init(&out);
    if (json) {
        json_t *record = digest_json(d);
        char *line = json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(15));
        text_printf(&out, "%s\n", line != NULL ? line : "");
        out.failed = out.failed || line == NULL;
        free(line);
        json_decref(record);
    } else {
        digest_text(d, &out);
    }
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
        return print(d, json) == EXIT_AS_EXPECTED ? code : EXIT_TROUBLE;
    return code != EXIT_AS_EXPECTED ? code
                                    : command_fail("survey", "there is no record to summarise");
}

int digest_files(const char *const *files, size_t n, bool json)
{
    if (n == 0)
        return command_fail("survey",
                            "--summarise takes files of records, or - for standard input");
    struct digest *d = digest_new();
    char *line = malloc(LINE_MOST);
    int code = take_files(d, line, files, n, json);
    free(line);
    digest_free(d);
    return code;
}
