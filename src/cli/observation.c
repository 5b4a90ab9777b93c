/* What one result record of a survey says. Keys that are there have to be what the schema says;
 * those that are not leave their part of the observation out. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "cli/digest.h"

static bool is_absent(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return v == NULL || json_is_null(v);
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
    if (is_absent(o, key))
        return true;
    *out = json_number_value(v);
    return json_is_number(v) && *out >= 0 && *out <= most;
}

static bool read_outcome(struct observation *o, const json_t *record)
{
    const char *word = json_string_value(json_object_get(record, "outcome"));
    o->outcome = OUTCOME_OPEN;
    while (o->outcome < DIGEST_OUTCOMES &&
           (word == NULL || strcmp(word, facts_outcome_word(o->outcome)) != 0))
        o->outcome++;
    return o->outcome < DIGEST_OUTCOMES;
}

static bool read_end(struct observation *o, const json_t *record)
{
    const char *word = json_string_value(json_object_get(record, "end"));
    o->end = SCHEDULE_SILENCE;
    while (o->end < DIGEST_ENDS && (word == NULL || strcmp(word, schedule_end_name(o->end)) != 0))
        o->end++;
    return o->end < DIGEST_ENDS;
}

static bool read_gaps(struct observation *o, const json_t *record)
{
    o->gaps = json_object_get(record, "gaps_us");
    for (size_t i = 0; i < json_array_size(o->gaps); i++) {
        const json_t *gap = json_array_get(o->gaps, i);
        if (!json_is_number(gap) || !(json_number_value(gap) >= 0))
            return false;
    }
    return json_is_array(o->gaps);
}

static bool read_model(struct observation *o, const json_t *record)
{
    const double longest = 1e9; /* seconds, and times */
    const json_t *model = json_object_get(record, "model");
    if (is_absent(record, "model"))
        return true;
    o->modelled = true;
    o->model.fits = json_is_true(json_object_get(model, "fits"));
    return number_of(model, "first_s", longest, &o->model.first_s) &&
           number_of(model, "factor", longest, &o->model.factor) &&
           number_of(model, "cap_s", longest, &o->model.cap_s);
}

/* Of the list how many say the same as its first. */
static uint64_t alike(const json_t *list)
{
    uint64_t n = 1;
    const json_t *first = json_array_get(list, 0);
    for (const json_t *next; (next = json_array_get(list, n)) != NULL; n++) {
        if (!json_equal(json_object_get(first, "fits"), json_object_get(next, "fits")) ||
            !json_equal(json_object_get(first, "missing"), json_object_get(next, "missing")) ||
            !json_equal(json_object_get(first, "distance"), json_object_get(next, "distance")))
            break;
    }
    return n;
}

static bool read_nearest(struct observation *o, const json_t *record)
{
    const json_t *nearest = json_array_get(json_object_get(record, "nearest"), 0);
    if (nearest == NULL)
        return true;
    o->stack = json_string_value(json_object_get(nearest, "stack"));
    o->stack_fits = json_is_true(json_object_get(nearest, "fits"));
    uint64_t missing = 0;
    o->stack_explains = o->stack_fits || (count_of(nearest, "missing", UINT32_MAX, &missing) &&
                                          missing == 0 && o->end != SCHEDULE_TRUNCATED);
    (void)count_of(nearest, "default_tries", UINT32_MAX, &o->usually);
    o->alike = alike(json_object_get(record, "nearest"));
    return o->stack != NULL && number_of(nearest, "distance", 1e9, &o->distance);
}

static bool read_rtt(struct observation *o, const json_t *record)
{
    const double week_us = 7 * 24 * 60 * (double)CLOCK_MIN / (double)CLOCK_US;
    double us;
    if (!number_of(record, "rtt_us", week_us, &us))
        return false;
    o->rtt_ns = is_absent(record, "rtt_us") ? -1 : llround(us * (double)CLOCK_US);
    return true;
}

/* These return the key that is not as it should be; NULL: all are. */

static const char *read_series(struct observation *o, const json_t *record)
{
    o->listened = !is_absent(record, "end");
    if (!o->listened)
        return NULL;
    o->incomplete = !is_absent(record, "incomplete");
    if (!read_end(o, record))
        return "end";
    if (!count_of(record, "retransmissions", UINT32_MAX, &o->retransmissions))
        return "retransmissions";
    if (!read_gaps(o, record))
        return "gaps_us";
    if (!read_model(o, record))
        return "model";
    if (!read_nearest(o, record))
        return "nearest";
    return o->incomplete && !json_is_string(json_object_get(record, "incomplete")) ? "incomplete"
                                                                                   : NULL;
}

static const char *read_amplification(struct observation *o, const json_t *record)
{
    o->counted = !is_absent(record, "syns");
    if (!o->counted)
        return NULL;
    if (!count_of(record, "syns", UINT32_MAX, &o->syns))
        return "syns";
    if (!count_of(record, "segments_back", UINT32_MAX, &o->segments_back))
        return "segments_back";
    return count_of(record, "octets_back", UINT32_MAX * UINT64_C(65535), &o->octets_back)
               ? NULL
               : "octets_back";
}

static const char *read_all(struct observation *o, const json_t *record)
{
    const uint64_t most = UINT64_C(1) << 53; /* what is exact wherever JSON is read */
    *o = (struct observation){.target = json_string_value(json_object_get(record, "target"))};
    if (!count_of(record, "session", most, &o->session) || o->session == 0)
        return "session";
    if (o->target == NULL)
        return "target";
    if (!read_outcome(o, record))
        return "outcome";
    if (!read_rtt(o, record))
        return "rtt_us";
    const char *wrong = read_amplification(o, record);
    return wrong != NULL ? wrong : read_series(o, record);
}

enum status observation_read(struct observation *o, const json_t *record, struct fault *fault)
{
    const char *wrong = read_all(o, record);
    if (wrong == NULL)
        return STATUS_OK;
    return fault_set(fault, STATUS_MALFORMED,
                     "no result of a survey: \"%s\" is not as it should be", wrong);
}
