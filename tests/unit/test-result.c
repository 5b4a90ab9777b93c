/* What a result writes is what jansson writes of the same value, and a result that memory did not
 * suffice for is not written as if it were whole. */
#include "unit.h"

#include <float.h>
#include <jansson.h>
#include <math.h>

#include "base/clock.h"
#include "event/result.h"
#include "render/render.h"

/* Compares what stands under "k" with this value as jansson writes it, and begins anew. */
static void writes(struct result *r, json_t *value)
{
    char *plain = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    struct text whole = {0};
    assert_non_null(plain);
    text_printf(&whole, "\"k\":%s", plain);
    assert_false(r->json.failed);
    assert_string_equal(r->json.data, whole.data);
    free(plain);
    text_done(&whole);
    json_decref(value);
    result_clear(r);
}

UNIT_TEST(integers)
{
    static const int64_t values[] = {0, 1, -1, 9, 10, 4294967296, INT64_MAX, INT64_MIN};
    struct result r = {0};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        result_set_integer(&r, "k", values[i]);
        writes(&r, json_integer(values[i]));
    }
    result_done(&r);
}

UNIT_TEST(reals)
{
    static const double values[] = {0,      -0.0,    1,    -1,     0.1,     1.0 / 3,
                                    1e15,   1e16,    1e-4, 1e-5,   1e20,    1.5e100,
                                    1e-100, -2.5e-7, 100,  123456, DBL_MAX, DBL_MIN};
    static const double no_numbers[] = {NAN, INFINITY, -INFINITY};
    struct result r = {0};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        result_set_real(&r, "k", values[i]);
        writes(&r, json_real(values[i]));
    }
    for (size_t i = 0; i < sizeof(no_numbers) / sizeof(no_numbers[0]); i++) {
        result_set_real(&r, "k", no_numbers[i]);
        writes(&r, json_null());
        result_set_seconds(&r, "k", no_numbers[i]);
        writes(&r, json_null());
    }
    result_set_seconds(&r, "k", 1.23456789);
    writes(&r, json_real(1.234568));
    result_done(&r);
}

UNIT_TEST(microseconds)
{
    static const int64_t values[] = {0,    1,  10,    999,  1000,  1001,          1010,
                                     1100, -1, -1500, -999, 31200, 5 * CLOCK_MIN, 987654321987};
    struct result r = {0};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        result_set_us(&r, "k", values[i]);
        writes(&r, json_real((double)values[i] / 1000));
    }
    result_set_us(&r, "k", CLOCK_NEVER);
    writes(&r, json_null());
    result_done(&r);
}

UNIT_TEST(texts)
{
    static const char *const values[] = {"",
                                         "plain",
                                         "a\"b\\c/d",
                                         "\b\f\n\r\t",
                                         "gr\xc3\xbc\xc3\x9f",
                                         "\xe2\x82\xac",
                                         "\xf0\x90\x8d\x88",
                                         "\x7f",
                                         "ends in {",
                                         "["};
    static const char *const no_utf8[] = {"\x80", "a\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82"};
    struct result r = {0};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        result_set_text(&r, "k", values[i]);
        writes(&r, json_string(values[i]));
    }
    for (char c = 1; c < 0x7f; c++) {
        const char one[] = {'<', c, '>', '\0'};
        result_set_text(&r, "k", one);
        writes(&r, json_string(one));
    }
    for (size_t i = 0; i < sizeof(no_utf8) / sizeof(no_utf8[0]); i++) {
        assert_null(json_string(no_utf8[i]));
        result_set_text(&r, "k", no_utf8[i]);
        writes(&r, json_null());
    }
    result_set_text(&r, "k", NULL);
    writes(&r, json_null());
    result_done(&r);
}

UNIT_TEST(nested)
{
    struct result r = {0};
    result_begin(&r, "object");
    result_end(&r);
    result_begin_list(&r, "list");
    result_end_list(&r);
    result_begin_list(&r, "deep");
    result_begin(&r, NULL);
    result_set_text(&r, "a", "{");
    result_set_flag(&r, "b", true);
    result_begin_list(&r, "c");
    result_set_integer(&r, NULL, 1);
    result_set_null(&r, NULL);
    result_set_us(&r, NULL, 1500);
    result_end_list(&r);
    result_end(&r);
    result_begin(&r, NULL);
    result_end(&r);
    result_end_list(&r);
    result_set_flag(&r, "last", false);
    assert_string_equal(r.json.data, "\"object\":{},\"list\":[],"
                                     "\"deep\":[{\"a\":\"{\",\"b\":true,\"c\":[1,null,1.5]},{}],"
                                     "\"last\":false");
    result_done(&r);
}

/* --- Without memory --- */

static enum status take(void *arg, const void *data, size_t n, struct fault *fault)
{
    size_t *octets = arg;
    (void)data;
    (void)fault;
    *octets += n;
    return STATUS_OK;
}

/* The sink takes a result whose keys or lines are not whole for what it is. */
static void refuses(struct sink *s, bool keys, bool lines)
{
    static const struct run_info run = {.interface = "simulated"};
    struct result r = {.json.failed = keys, .text.failed = lines};
    struct fault fault = {0};
    s->run = &run;
    assert_int_equal(s->ops->event(s, &(struct event){.kind = EVENT_VERDICT, .result = &r}, &fault),
                     STATUS_NO_MEMORY);
    s->ops->free(s);
}

UNIT_TEST(nothing_of_half_a_result)
{
    size_t octets = 0;
    const struct writer out = {take, &octets};
    const struct style wide = {.columns = 80}, brief = {.columns = 80, .brief = true};
    refuses(ndjson_new(out), true, false);
    refuses(csv_new(out), true, false);
    refuses(ladder_new(out, wide), false, true);
    refuses(ladder_new(out, brief), false, true);
    refuses(figure_text_new(out, wide), false, true);
    refuses(ping_text_new(out, wide), false, true);
    assert_int_equal(octets, 0);
}
