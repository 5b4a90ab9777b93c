/* The digest of a survey as a record: see digest.h and "survey_summary" in
 * doc/tcpshake.schema.json. */
#include <math.h>
#include <string.h>

#include "cli/digest.h"
#include "event/result.h"
#include "render/prose.h"

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
    for (enum observation_outcome i = 0; i < OBSERVATION_OUTCOMES; i++)
        (void)json_object_set_new(o, observation_outcome_name(i), number(d->outcomes[i]));
    return o;
}

static json_t *ends(const struct digest *d)
{
    json_t *o = json_object();
    for (enum observation_end i = 0; i < OBSERVATION_ENDS; i++)
        (void)json_object_set_new(o, observation_end_name(i), number(d->ends[i]));
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
                     observation_end_name(s->end), "first_s", mean(s->first_s, s->modelled),
                     "factor", mean(s->factor, s->factored), "cap_s", mean(s->cap_s, s->capped),
                     "nearest", nearest);
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
        (void)json_array_append_new(all, json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "session",
                                                   number(w->session), "target", words(w->target),
                                                   "outcome", observation_outcome_name(w->outcome),
                                                   "syns", number(w->syns), "segments_back",
                                                   number(w->segments_back), "octets_back",
                                                   number(w->octets_back)));
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
