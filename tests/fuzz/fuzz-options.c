/* Any octets parse as options, and what was understood survives being laid out anew. */
#include "fuzz.h"

#include <string.h>

#include "base/bytes.h"
#include "wire/options.h"

static bool same_values(const struct options *a, const struct options *b)
{
    return a->has_mss == b->has_mss && a->mss == b->mss && a->has_wscale == b->has_wscale &&
           a->wscale == b->wscale && a->sack_permitted == b->sack_permitted &&
           a->has_timestamps == b->has_timestamps && a->ts_val == b->ts_val &&
           a->ts_ecr == b->ts_ecr;
}

static void rebuild(const struct options *o)
{
    static const char *const layouts[] = {"MSTNW", "MNWNNST", "MNWST", "NNTMSW"};
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        struct options built = *o, back;
        fuzz_require(options_build(&built, layouts[i], NULL) == STATUS_OK);
        fuzz_require(built.raw_len % 4 == 0 && built.raw_len <= OPTIONS_MAX);
        options_parse(&back, built.raw, built.raw_len);
        fuzz_require(!back.malformed && same_values(o, &back));
    }
}

/* The value of timestamps stands where it is said to, and nowhere else. */
static void find_ts_val(const struct options *o)
{
    size_t at = OPTIONS_MAX;
    fuzz_require(options_ts_val(o, &at) == o->has_timestamps);
    if (o->has_timestamps)
        fuzz_require(at + 8 <= o->raw_len && bytes_be32(o->raw + at) == o->ts_val);
}

/* The input taken as a layout: refused, or sane whatever it says. */
static void build_any(const struct options *o, const uint8_t *data, size_t n)
{
    char layout[OPTIONS_MAX + 8];
    size_t len = n < sizeof(layout) - 1 ? n : sizeof(layout) - 1;
    struct options built = *o;
    memcpy(layout, data, len);
    layout[len] = '\0';
    if (options_build(&built, layout, NULL) == STATUS_OK) {
        struct options back;
        fuzz_require(built.raw_len % 4 == 0 && built.raw_len <= OPTIONS_MAX);
        options_parse(&back, built.raw, built.raw_len);
        fuzz_require(!back.malformed);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct options o;
    options_parse(&o, data, n);
    fuzz_require(o.raw_len == (n < OPTIONS_MAX ? n : OPTIONS_MAX));
    fuzz_require(n == 0 || memcmp(o.raw, data, o.raw_len) == 0);
    fuzz_require(o.sack_count <= OPTIONS_SACK_MAX);
    size_t cap = n != 0 ? (size_t)data[0] + 1 : 1;
    char *text = malloc(cap);
    if (text == NULL)
        return 0;
    fuzz_require(strlen(options_format(&o, text, cap)) < cap);
    free(text);
    rebuild(&o);
    find_ts_val(&o);
    if (n != 0)
        build_any(&o, data, n);
    return 0;
}
