/* See result.h. */
#include "event/result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_DIGITS JSON_REAL_PRECISION(15)

bool result_init(struct result *r)
{
    *r = (struct result){.fields = json_object()};
    r->into = r->fields;
    text_init(&r->text);
    text_init(&r->json);
    return r->fields != NULL;
}

void result_init_direct(struct result *r)
{
    r->direct = r->bare = true;
    r->exit_code = 0;
    text_clear(&r->json);
}

void result_done(struct result *r)
{
    json_decref(r->fields);
    text_done(&r->text);
    text_done(&r->json);
    r->fields = r->into = NULL;
}

/* --- Written out at once --- */

static void put(struct result *r, const char *s)
{
    text_put(&r->json, s, strlen(s));
}

/* Keys are the program's own: nothing in them needs an escape. */
static void put_key(struct result *r, const char *key)
{
    bool first = r->json.len > 0 && r->json.data[r->json.len - 1] == '{';
    put(r, first ? "\"" : ",\"");
    put(r, key);
    put(r, "\":");
}

static void put_integer(struct result *r, int64_t value)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (value < 0)
        digits[--at] = '-';
    text_put(&r->json, digits + at, sizeof(digits) - at);
}

static void put_value(struct result *r, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_DIGITS);
    put(r, text != NULL ? text : "null");
    free(text);
}

static bool is_plain(const char *s)
{
    for (; *s != '\0'; s++)
        if (*s < ' ' || *s > '~' || *s == '"' || *s == '\\')
            return false;
    return true;
}

/* Three decimals, as a real number of theirs is written: no zeros at the end but the first. */
static void put_us(struct result *r, int64_t ns)
{
    char fraction[] = {'.', (char)('0' + ns % 1000 / 100), (char)('0' + ns % 100 / 10),
                       (char)('0' + ns % 10)};
    size_t n = sizeof(fraction);
    while (n > 2 && fraction[n - 1] == '0')
        n--;
    put_integer(r, ns / 1000);
    text_put(&r->json, fraction, n);
}

/* --- Keys --- */

void result_set(struct result *r, const char *key, json_t *value)
{
    if (!r->direct) {
        (void)json_object_set_new(r->into, key, value != NULL ? value : json_null());
        return;
    }
    put_key(r, key);
    if (value != NULL)
        put_value(r, value);
    else
        put(r, "null");
    json_decref(value);
}

void result_set_integer(struct result *r, const char *key, int64_t value)
{
    if (!r->direct) {
        result_set(r, key, json_integer(value));
        return;
    }
    put_key(r, key);
    put_integer(r, value);
}

void result_set_flag(struct result *r, const char *key, bool value)
{
    if (!r->direct) {
        result_set(r, key, json_boolean(value));
        return;
    }
    put_key(r, key);
    put(r, value ? "true" : "false");
}

void result_set_text(struct result *r, const char *key, const char *value)
{
    if (!r->direct || !is_plain(value)) {
        result_set(r, key, json_string(value));
        return;
    }
    put_key(r, key);
    put(r, "\"");
    put(r, value);
    put(r, "\"");
}

void result_set_us(struct result *r, const char *key, int64_t ns)
{
    if (!r->direct || ns < 0) {
        result_set(r, key, result_us(ns));
        return;
    }
    put_key(r, key);
    put_us(r, ns);
}

void result_set_null(struct result *r, const char *key)
{
    result_set(r, key, NULL);
}

void result_begin(struct result *r, const char *key)
{
    if (r->direct) {
        put_key(r, key);
        put(r, "{");
        return;
    }
    json_t *object = json_object();
    result_set(r, key, object);
    r->into = object;
}

void result_end(struct result *r)
{
    if (r->direct)
        put(r, "}");
    r->into = r->fields;
}

void result_line(struct result *r, const char *label, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    if (r->bare)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    text_printf(&r->text, "%s\t%s\n", label, line);
}

json_t *result_us(int64_t ns)
{
    return json_real((double)ns / 1000);
}

json_t *result_seconds(double s)
{
    return json_real(round(s * 1e6) / 1e6);
}

json_t *result_distribution(const struct histogram *h)
{
    const struct {
        const char *key;
        int64_t ns;
    } parts[] = {
        {"min", h->min_ns},
        {"avg", llround(h->mean_ns)},
        {"max", h->max_ns},
        {"mdev", llround(histogram_mdev(h))},
        {"p50", histogram_percentile(h, 50)},
        {"p95", histogram_percentile(h, 95)},
        {"p99", histogram_percentile(h, 99)},
    };
    if (h->count == 0)
        return json_null();
    json_t *all = json_object();
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        (void)json_object_set_new(all, parts[i].key, result_us(parts[i].ns));
    return all;
}
