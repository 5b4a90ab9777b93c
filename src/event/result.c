/* See result.h. */
#include "event/result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

void result_done(struct result *r)
{
    text_done(&r->json);
    text_done(&r->text);
}

void result_clear(struct result *r)
{
    text_clear(&r->json);
    text_clear(&r->text);
    r->exit_code = 0;
}

static void put(struct result *r, const char *s)
{
    text_put(&r->json, s, strlen(s));
}

static void put_key(struct result *r, const char *key)
{
    const struct text *t = &r->json;
    if (t->len > 0 && t->data[t->len - 1] != '{' && t->data[t->len - 1] != '[')
        put(r, ",");
    if (key == NULL)
        return;
    put(r, "\"");
    put(r, key);
    put(r, "\":");
}

static void put_digits(struct result *r, uint64_t rest)
{
    char digits[24];
    size_t at = sizeof(digits);
    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    text_put(&r->json, digits + at, sizeof(digits) - at);
}

/* Puts the sign and answers the rest. */
static uint64_t put_sign(struct result *r, int64_t value)
{
    if (value >= 0)
        return (uint64_t)value;
    put(r, "-");
    return -(uint64_t)value;
}

void result_set_integer(struct result *r, const char *key, int64_t value)
{
    put_key(r, key);
    put_digits(r, put_sign(r, value));
}

void result_set_count(struct result *r, const char *key, uint64_t n)
{
    result_set_integer(r, key, n <= INT64_MAX ? (int64_t)n : INT64_MAX);
}

/* A real number has a point or an exponent; of JSON's exponents the shortest. */
void result_set_real(struct result *r, const char *key, double value)
{
    char text[40];
    put_key(r, key);
    if (!isfinite(value)) {
        put(r, "null");
        return;
    }
    (void)snprintf(text, sizeof(text), "%.15g", value);
    char *e = strchr(text, 'e');
    if (e == NULL) {
        put(r, text);
        put(r, strchr(text, '.') == NULL ? ".0" : "");
        return;
    }
    text_put(&r->json, text, (size_t)(e - text));
    put(r, e[1] == '-' ? "e-" : "e");
    put(r, e + 2 + strspn(e + 2, "0"));
}

void result_set_seconds(struct result *r, const char *key, double s)
{
    result_set_real(r, key, round(s * 1e6) / 1e6);
}

/* As a real number is written, without its cost: no zeros at the end but the first. */
void result_set_us(struct result *r, const char *key, int64_t ns)
{
    if (ns == CLOCK_NEVER) {
        result_set_null(r, key);
        return;
    }
    put_key(r, key);
    uint64_t n = put_sign(r, ns);
    const char fraction[] = {'.', (char)('0' + n % 1000 / 100), (char)('0' + n % 100 / 10),
                             (char)('0' + n % 10)};
    size_t len = sizeof(fraction);
    while (len > 2 && fraction[len - 1] == '0')
        len--;
    put_digits(r, n / 1000);
    text_put(&r->json, fraction, len);
}

void result_set_distribution(struct result *r, const char *key, const struct histogram *h)
{
    if (h->count == 0) {
        result_set_null(r, key);
        return;
    }
    result_begin(r, key);
    result_set_us(r, "min", h->min_ns);
    result_set_us(r, "avg", llround(h->mean_ns));
    result_set_us(r, "max", h->max_ns);
    result_set_us(r, "mdev", llround(histogram_mdev(h)));
    result_set_us(r, "p50", histogram_percentile(h, 50));
    result_set_us(r, "p95", histogram_percentile(h, 95));
    result_set_us(r, "p99", histogram_percentile(h, 99));
    result_end(r);
}

void result_set_flag(struct result *r, const char *key, bool value)
{
    put_key(r, key);
    put(r, value ? "true" : "false");
}

static bool needs_escape(char c)
{
    return (unsigned char)c < ' ' || c == '"' || c == '\\';
}

void result_set_text(struct result *r, const char *key, const char *value)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    put_key(r, key);
    if (value == NULL || !text_is_utf8(value)) {
        put(r, "null");
        return;
    }
    put(r, "\"");
    while (*value != '\0') {
        size_t plain = 0;
        while (value[plain] != '\0' && !needs_escape(value[plain]))
            plain++;
        text_put(&r->json, value, plain);
        value += plain;
        if (*value == '\0')
            break;
        const char *known = strchr(escaped, *value);
        if (known != NULL)
            text_printf(&r->json, "\\%c", letters[known - escaped]);
        else
            text_printf(&r->json, "\\u%04X", (unsigned)*value);
        value++;
    }
    put(r, "\"");
}

void result_set_null(struct result *r, const char *key)
{
    put_key(r, key);
    put(r, "null");
}

void result_begin(struct result *r, const char *key)
{
    put_key(r, key);
    put(r, "{");
}

void result_end(struct result *r)
{
    put(r, "}");
}

void result_begin_list(struct result *r, const char *key)
{
    put_key(r, key);
    put(r, "[");
}

void result_end_list(struct result *r)
{
    put(r, "]");
}

void result_set_options(struct result *r, const char *key, const struct options *opt)
{
    result_begin(r, key);
    if (opt->has_mss)
        result_set_integer(r, "mss", opt->mss);
    if (opt->has_wscale)
        result_set_integer(r, "wscale", opt->wscale);
    if (opt->sack_permitted)
        result_set_flag(r, "sack_permitted", true);
    if (opt->has_timestamps) {
        result_set_integer(r, "ts_val", opt->ts_val);
        result_set_integer(r, "ts_ecr", opt->ts_ecr);
    }
    if (opt->sack_count != 0) {
        result_begin_list(r, "sack");
        for (uint8_t i = 0; i < opt->sack_count; i++) {
            result_begin_list(r, NULL);
            result_set_integer(r, NULL, opt->sack[i].left.v);
            result_set_integer(r, NULL, opt->sack[i].right.v);
            result_end_list(r);
        }
        result_end_list(r);
    }
    if (opt->has_fastopen)
        result_set_flag(r, "fastopen", true);
    if (opt->malformed)
        result_set_flag(r, "malformed", true);
    result_end(r);
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
