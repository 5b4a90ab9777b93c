/* See digest.h. */
#include "cli/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const record_types[] = {"run",   "segment", "line",   "note",
                                           "fault", "result",  "summary"};

struct digest *digest_new(void)
{
    struct digest *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return NULL;
    histogram_init(&d->rtt);
    signature_init(&d->schedules);
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

void digest_refuse(struct digest *d)
{
    d->refused++;
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

/* The record's place in record_types, their number if it is none. */
static size_t type_of(const json_t *record)
{
    const size_t n = sizeof(record_types) / sizeof(record_types[0]);
    const char *type = json_string_value(json_object_get(record, "type"));
    const json_t *version = json_object_get(record, "v");
    size_t i = 0;
    if (type == NULL || !json_is_integer(version) || json_integer_value(version) != 1)
        return n;
    while (i < n && strcmp(record_types[i], type) != 0)
        i++;
    return i;
}

static enum status take(struct digest *d, const json_t *record, struct fault *fault)
{
    size_t type = type_of(record);
    if (type == sizeof(record_types) / sizeof(record_types[0]))
        return fault_set(fault, STATUS_MALFORMED, "JSON, but no record of version 1");
    if (strcmp(record_types[type], "result") == 0)
        return take_result(d, record, fault);
    d->others++;
    if (strcmp(record_types[type], "run") == 0)
        take_run(d, record);
    else if (strcmp(record_types[type], "summary") == 0)
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
