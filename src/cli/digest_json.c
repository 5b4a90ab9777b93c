/* The digest of a survey as a record: see digest.h and "survey_summary" in
 * doc/tcpshake.schema.json. */
#include <math.h>
#include <string.h>

#include "cli/digest.h"
#include "event/result.h"
#include "render/prose.h"

static void set_count(struct result *r, const char *key, uint64_t v)
{
    result_set_integer(r, key, v <= INT64_MAX ? (int64_t)v : INT64_MAX);
}

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
    result_end(r);
}

static void set_schedule(struct result *r, const struct signature *s)
{
    char text[SIGNATURE_TEXT_MAX];
    result_begin(r, NULL);
    set_words(r, "schedule", signature_format(s, text));
    set_count(r, "targets", s->targets);
    set_count(r, "incomplete", s->incomplete);
    set_count(r, "retransmissions", s->retransmissions);
    result_set_text(r, "end", observation_end_name(s->end));
    set_mean(r, "first_s", s->first_s, s->modelled);
    set_mean(r, "factor", s->factor, s->factored);
    set_mean(r, "cap_s", s->cap_s, s->capped);
    set_nearest(r, s);
    result_end(r);
}

static void set_worst(struct result *r, const struct digest_worst *w)
{
    result_begin(r, NULL);
    set_count(r, "session", w->session);
    set_words(r, "target", w->target);
    result_set_text(r, "outcome", observation_outcome_name(w->outcome));
    set_count(r, "syns", w->syns);
    set_count(r, "segments_back", w->segments_back);
    set_count(r, "octets_back", w->octets_back);
    result_end(r);
}

static void set_measured(struct result *r, const struct digest *d)
{
    set_count(r, "targets", d->targets);
    result_begin(r, "outcomes");
    for (enum observation_outcome i = 0; i < OBSERVATION_OUTCOMES; i++)
        set_count(r, observation_outcome_name(i), d->outcomes[i]);
    result_end(r);
    set_count(r, "syns", d->syns);
    set_count(r, "segments_back", d->segments_back);
    set_count(r, "octets_back", d->octets_back);
    result_set_distribution(r, "rtt_us", &d->rtt);
    result_begin(r, "ends");
    for (enum observation_end i = 0; i < OBSERVATION_ENDS; i++)
        set_count(r, observation_end_name(i), d->ends[i]);
    result_end(r);
    set_count(r, "incomplete", d->incomplete);
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
        set_schedule(r, &d->schedules.rows[i]);
    result_end_list(r);
    set_count(r, "schedules_left_out", d->schedules.left_out);
    result_begin_list(r, "worst");
    for (size_t i = 0; i < d->worst_count; i++)
        set_worst(r, &d->worst[i]);
    result_end_list(r);
    set_count(r, "files", d->files);
    set_count(r, "refused_lines", d->refused);
    set_count(r, "doubles", d->doubles);
    set_count(r, "unchecked", d->unchecked);
    set_count(r, "unended", d->unended);
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
