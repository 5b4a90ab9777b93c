/* Schedules that are the same, counted together in a table that has a fixed number of rows. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/digest.h"

enum {
    GAPS_SHOWN = 6
};

/* To steps of about a tenth, in which whole and half numbers of each power of ten lie in the
 * middle of what is rounded to them. */
static double rounded(double v)
{
    if (!(v > 1e-6))
        return 0;
    double decade = pow(10, floor(log10(v)));
    double lead = v / decade;
    double step = lead < 1.95 ? 0.1 : lead < 4.9 ? 0.25 : 0.5;
    return round(lead / step) * step * decade;
}

char *signature_number(double v, char *out, size_t cap)
{
    v = rounded(v);
    double digits = v > 0 ? 2 - floor(log10(v)) : 0;
    (void)snprintf(out, cap, "%.*f", digits > 0 ? (int)fmin(digits, 8) : 0, v);
    size_t n = strlen(out);
    if (strchr(out, '.') != NULL) {
        while (out[n - 1] == '0')
            out[--n] = '\0';
        if (out[n - 1] == '.')
            out[--n] = '\0';
    }
    if (v > 0 && v < 10 && strchr(out, '.') == NULL && n + 2 < cap)
        memcpy(out + n, ".0", 3);
    return out;
}

static void format_gaps(const json_t *gaps, char *out, size_t cap)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(gaps) && used + 16 < cap; i++) {
        char number[24];
        if (i == GAPS_SHOWN) {
            (void)snprintf(out + used, cap - used, " ...");
            return;
        }
        double us = json_number_value(json_array_get(gaps, i));
        signature_number(us * (double)CLOCK_US / (double)CLOCK_S, number, sizeof(number));
        int n = snprintf(out + used, cap - used, "%s%.10s", i != 0 ? " " : "", number);
        used += n > 0 ? (size_t)n : 0;
    }
}

static void format_model(const struct schedule_model *m, char *out, size_t cap)
{
    char first[24], times[24] = "", most[24] = "";
    signature_number(m->first_s, first, sizeof(first));
    if (m->factor > 0)
        signature_number(m->factor, times, sizeof(times));
    if (m->cap_s > 0)
        signature_number(m->cap_s, most, sizeof(most));
    (void)snprintf(out, cap, "%s s%s%s%s%s%s", first, times[0] != '\0' ? " x " : "", times,
                   most[0] != '\0' ? " up to " : "", most, most[0] != '\0' ? " s" : "");
}

static void format_count(uint64_t n, enum schedule_end end, const char *series, char *out,
                         size_t cap)
{
    const char *how = schedule_end_name(end);
    if (n == 0)
        (void)snprintf(out, cap, "no retransmission, %s", how);
    else if (n == 1)
        (void)snprintf(out, cap, "%s, once, %s", series, how);
    else
        (void)snprintf(out, cap, "%s, %" PRIu64 " times, %s", series, n, how);
}

/* What is far from any number of its own: a stack whose timing it is is named by itself, for the
 * noise of a group may lie across the edge of a step. */
static void make_key(const struct observation *o, const char *gaps, char key[SIGNATURE_TEXT_MAX])
{
    char series[SIGNATURE_TEXT_MAX];
    if (o->stack != NULL && o->stack_explains)
        (void)snprintf(series, sizeof(series), "=%.60s", o->stack);
    else if (o->modelled && o->model.fits)
        format_model(&o->model, series, sizeof(series));
    else
        (void)snprintf(series, sizeof(series), "%s s", gaps);
    format_count(o->retransmissions, o->end, series, key, SIGNATURE_TEXT_MAX);
}

/* The row of that key, perhaps a new one; NULL: there is no more room. */
static struct signature *row_of(struct signatures *t, const struct observation *o, const char *gaps,
                                const char *key)
{
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->rows[i].key, key) == 0)
            return &t->rows[i];
    }
    if (t->count == SIGNATURE_ROWS)
        return NULL;
    struct signature *s = &t->rows[t->count++];
    *s = (struct signature){.retransmissions = o->retransmissions, .end = o->end};
    (void)snprintf(s->gaps, sizeof(s->gaps), "%s", gaps);
    (void)snprintf(s->key, sizeof(s->key), "%s", key);
    return s;
}

static void add_model(struct signature *s, const struct observation *o)
{
    if (!o->modelled || !o->model.fits)
        return;
    s->modelled++;
    s->first_s += o->model.first_s;
    s->factored += o->model.factor > 0;
    s->factor += o->model.factor;
    s->capped += o->model.cap_s > 0;
    s->cap_s += o->model.cap_s;
}

void signature_count(struct signatures *t, const struct observation *o)
{
    char gaps[sizeof(t->rows[0].gaps)], key[SIGNATURE_TEXT_MAX];
    format_gaps(o->gaps, gaps, sizeof(gaps));
    make_key(o, gaps, key);
    struct signature *s = row_of(t, o, gaps, key);
    if (s == NULL) {
        t->left_out++;
        return;
    }
    if (s->targets < SIGNATURE_HOSTS)
        (void)snprintf(s->hosts[s->targets], sizeof(s->hosts[0]), "%s", o->target);
    s->targets++;
    s->incomplete += o->incomplete;
    add_model(s, o);
    if (o->stack != NULL && (s->stack[0] == '\0' || o->distance < s->distance)) {
        (void)snprintf(s->stack, sizeof(s->stack), "%s", o->stack);
        s->distance = o->distance;
        s->fits = o->stack_fits;
        s->explains = o->stack_explains;
        s->usually = o->usually;
        s->alike = o->alike;
    }
}

static int more_first(const void *a, const void *b)
{
    const struct signature *x = a, *y = b;
    if (x->targets != y->targets)
        return x->targets < y->targets ? 1 : -1;
    return strcmp(x->key, y->key);
}

void signature_sort(struct signatures *t)
{
    qsort(t->rows, t->count, sizeof(t->rows[0]), more_first);
}

bool signature_is_rare(const struct signature *s, uint64_t listened)
{
    return s->targets == 1 || s->targets <= listened / 100;
}

size_t signature_hosts(const struct signature *s)
{
    return s->targets < SIGNATURE_HOSTS ? (size_t)s->targets : SIGNATURE_HOSTS;
}

char *signature_format(const struct signature *s, char out[SIGNATURE_TEXT_MAX])
{
    char series[SIGNATURE_TEXT_MAX];
    if (s->modelled != 0 && 2 * s->modelled >= s->targets) {
        const struct schedule_model mean = {
            .first_s = s->first_s / (double)s->modelled,
            .factor = s->factored != 0 ? s->factor / (double)s->factored : 0,
            .cap_s = 2 * s->capped >= s->modelled ? s->cap_s / (double)s->capped : 0,
        };
        format_model(&mean, series, sizeof(series));
    } else {
        (void)snprintf(series, sizeof(series), "%s s", s->gaps);
    }
    format_count(s->retransmissions, s->end, series, out, SIGNATURE_TEXT_MAX);
    return out;
}
