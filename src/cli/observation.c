/* See observation.h. Keys that are there have to be what the schema says; those that are not
 * leave their part of the observation out. */
#include "cli/observation.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"

static const char *const outcome_names[] = {
    [OBSERVATION_OPEN] = "open",         [OBSERVATION_CLOSED] = "closed",
    [OBSERVATION_FILTERED] = "filtered", [OBSERVATION_UNREACHABLE] = "unreachable",
    [OBSERVATION_ERROR] = "error",
};

static const char *const end_names[] = {
    [OBSERVATION_SILENCE] = "silence",     [OBSERVATION_RST] = "rst",
    [OBSERVATION_RST_ACK] = "rst-ack",     [OBSERVATION_FIN] = "fin",
    [OBSERVATION_TRUNCATED] = "truncated",
};

const char *observation_outcome_name(enum observation_outcome outcome)
{
    return outcome_names[outcome];
}

const char *observation_end_name(enum observation_end end)
{
    return end_names[end];
}

static enum status refuse(struct fault *fault, const char *key)
{
    return fault_set(fault, STATUS_MALFORMED,
                     "no result of a survey: \"%s\" is not as it should be", key);
}

/* Index of the string at `key` among the names, `n` when it is none of them. */
static size_t word_of(const json_t *o, const char *key, const char *const *names, size_t n)
{
    const char *word = json_string_value(json_object_get(o, key));
    size_t i = 0;
    while (i < n && (word == NULL || strcmp(word, names[i]) != 0))
        i++;
    return i;
}

/* A whole number within [0, most]. */
static bool count_of(const json_t *o, const char *key, uint64_t most, uint64_t *out)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > most)
        return false;
    *out = (uint64_t)json_integer_value(v);
    return true;
}

/* A number within [0, most], or 0 when it is null or not there. */
static bool number_of(const json_t *o, const char *key, double most, double *out)
{
    const json_t *v = json_object_get(o, key);
    *out = 0;
    if (v == NULL || json_is_null(v))
        return true;
    *out = json_number_value(v);
    return json_is_number(v) && *out >= 0 && *out <= most;
}

static bool is_absent(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return v == NULL || json_is_null(v);
}

static enum status read_gaps(struct observation *o, const json_t *record, struct fault *fault)
{
    o->gaps = json_object_get(record, "gaps_us");
    if (!json_is_array(o->gaps))
        return refuse(fault, "gaps_us");
    for (size_t i = 0; i < json_array_size(o->gaps); i++) {
        const json_t *gap = json_array_get(o->gaps, i);
        if (!json_is_number(gap) || !(json_number_value(gap) >= 0))
            return refuse(fault, "gaps_us");
    }
    return STATUS_OK;
}

static enum status read_model(struct observation *o, const json_t *record, struct fault *fault)
{
    const double longest = 1e9; /* seconds, and times */
    const json_t *model = json_object_get(record, "model");
    if (is_absent(record, "model"))
        return STATUS_OK;
    o->modelled = true;
    o->model_fits = json_is_true(json_object_get(model, "fits"));
    if (!number_of(model, "first_s", longest, &o->first_s) ||
        !number_of(model, "factor", longest, &o->factor) ||
        !number_of(model, "cap_s", longest, &o->cap_s))
        return refuse(fault, "model");
    return STATUS_OK;
}

static enum status read_nearest(struct observation *o, const json_t *record, struct fault *fault)
{
    const json_t *nearest = json_array_get(json_object_get(record, "nearest"), 0);
    if (nearest == NULL)
        return STATUS_OK;
    o->stack = json_string_value(json_object_get(nearest, "stack"));
    o->stack_fits = json_is_true(json_object_get(nearest, "fits"));
    if (o->stack == NULL || !number_of(nearest, "distance", 1e9, &o->distance))
        return refuse(fault, "nearest");
    return STATUS_OK;
}

static enum status read_completeness(struct observation *o, const json_t *record,
                                     struct fault *fault)
{
    o->incomplete = !is_absent(record, "incomplete");
    if (o->incomplete && !json_is_string(json_object_get(record, "incomplete")))
        return refuse(fault, "incomplete");
    return STATUS_OK;
}

static enum status read_series(struct observation *o, const json_t *record, struct fault *fault)
{
    size_t end = word_of(record, "end", end_names, OBSERVATION_ENDS);
    if (is_absent(record, "end"))
        return STATUS_OK;
    if (end == OBSERVATION_ENDS)
        return refuse(fault, "end");
    o->listened = true;
    o->end = (enum observation_end)end;
    if (!count_of(record, "retransmissions", UINT32_MAX, &o->retransmissions))
        return refuse(fault, "retransmissions");
    enum status s = read_gaps(o, record, fault);
    if (s == STATUS_OK)
        s = read_model(o, record, fault);
    if (s == STATUS_OK)
        s = read_nearest(o, record, fault);
    return s == STATUS_OK ? read_completeness(o, record, fault) : s;
}

static enum status read_amplification(struct observation *o, const json_t *record,
                                      struct fault *fault)
{
    if (is_absent(record, "syns"))
        return STATUS_OK;
    o->counted = true;
    if (!count_of(record, "syns", UINT32_MAX, &o->syns))
        return refuse(fault, "syns");
    if (!count_of(record, "segments_back", UINT32_MAX, &o->segments_back))
        return refuse(fault, "segments_back");
    if (!count_of(record, "octets_back", UINT32_MAX * UINT64_C(65535), &o->octets_back))
        return refuse(fault, "octets_back");
    return STATUS_OK;
}

static enum status read_rtt(struct observation *o, const json_t *record, struct fault *fault)
{
    const double week_us = 7 * 24 * 60 * (double)CLOCK_MIN / (double)CLOCK_US;
    double us;
    o->rtt_ns = -1;
    if (is_absent(record, "rtt_us"))
        return STATUS_OK;
    if (!number_of(record, "rtt_us", week_us, &us))
        return refuse(fault, "rtt_us");
    o->rtt_ns = llround(us * (double)CLOCK_US);
    return STATUS_OK;
}

enum status observation_read(struct observation *o, const json_t *record, struct fault *fault)
{
    const uint64_t most = UINT64_C(1) << 53; /* what is exact wherever JSON is read */
    *o = (struct observation){0};
    if (!count_of(record, "session", most, &o->session) || o->session == 0)
        return refuse(fault, "session");
    o->target = json_string_value(json_object_get(record, "target"));
    if (o->target == NULL)
        return refuse(fault, "target");
    size_t outcome = word_of(record, "outcome", outcome_names, OBSERVATION_OUTCOMES);
    if (outcome == OBSERVATION_OUTCOMES)
        return refuse(fault, "outcome");
    o->outcome = (enum observation_outcome)outcome;
    enum status s = read_rtt(o, record, fault);
    if (s == STATUS_OK)
        s = read_amplification(o, record, fault);
    return s == STATUS_OK ? read_series(o, record, fault) : s;
}
