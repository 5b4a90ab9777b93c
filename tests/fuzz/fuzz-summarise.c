/* Any octets, taken line by line, are records that count or lines that are refused with a reason;
 * what comes out adds up, is harmless to a terminal, and is JSON. */
#include "fuzz.h"

#include <string.h>

#include "cli/digest.h"
#include "render/prose.h"

static uint64_t sum(const uint64_t *n, size_t count)
{
    uint64_t all = 0;
    for (size_t i = 0; i < count; i++)
        all += n[i];
    return all;
}

static void adds_up(const struct digest *d)
{
    const struct signatures *t = &d->schedules;
    uint64_t in_rows = t->left_out;
    for (size_t i = 0; i < t->count; i++) {
        in_rows += t->rows[i].targets;
        fuzz_require(t->rows[i].targets != 0);
        fuzz_require(i == 0 || t->rows[i].targets <= t->rows[i - 1].targets);
    }
    fuzz_require(sum(d->outcomes, DIGEST_OUTCOMES) == d->targets);
    fuzz_require(sum(d->ends, DIGEST_ENDS) == d->listened);
    fuzz_require(in_rows == d->listened);
    fuzz_require(d->rtt.count <= d->targets && d->counted <= d->targets);
    fuzz_require(d->worst_count <= DIGEST_WORST);
}

static void is_harmless(const struct text *out)
{
    struct text safe;
    const char *end;
    fuzz_require(!out->failed && out->len != 0);
    for (const char *line = out->data; *line != '\0'; line = end + 1) {
        end = strchr(line, '\n');
        fuzz_require(end != NULL && end - line < 200);
        text_init(&safe);
        prose_safe(&safe, line, (size_t)(end - line));
        fuzz_require(safe.len == (size_t)(end - line));
        text_done(&safe);
    }
}

static void is_told(const struct digest *d)
{
    struct text out;
    text_init(&out);
    digest_text(d, &out);
    is_harmless(&out);
    text_done(&out);
    text_init(&out);
    digest_json(d, &out);
    json_t *record = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    fuzz_require(record != NULL);
    json_decref(record);
    text_done(&out);
}

/* From a block of its own size, so that a read past the end of the line is seen. */
static void take(struct digest *d, const uint8_t *data, size_t n)
{
    struct fault fault = {""};
    uint64_t refused = d->refused, doubles = d->doubles;
    char *line = malloc(n + (n == 0));
    fuzz_require(line != NULL);
    if (n != 0)
        memcpy(line, data, n);
    enum status s = digest_line(d, line, n, &fault);
    fuzz_require((s == STATUS_MALFORMED) == (d->refused == refused + 1));
    fuzz_require((s == STATUS_NOT_OURS) == (d->doubles == doubles + 1));
    fuzz_require((s == STATUS_OK) == (fault.text[0] == '\0'));
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct digest *d = digest_new();
    if (d == NULL)
        return 0;
    d->outliers = n % 2 != 0;
    digest_file(d);
    for (size_t at = 0; at < n;) {
        const uint8_t *end = memchr(data + at, '\n', n - at);
        size_t len = end != NULL ? (size_t)(end - data) - at : n - at;
        take(d, data + at, len);
        at += len + 1;
    }
    (void)digest_end(d);
    adds_up(d);
    is_told(d);
    digest_free(d);
    return 0;
}
