/* The record: every event numbered and handed to every sink in order, the first failure kept, and
 * every sink closed once whatever happened to the others. */
#include "unit.h"

#include <math.h>

#include "base/clock.h"
#include "event/result.h"
#include "event/timeline.h"

struct probe_sink {
    struct sink sink;
    unsigned opened, events, closed, freed;
    uint32_t last_id;
    enum status on_open, on_event, on_close;
};

static enum status answer(enum status s, const char *text, struct fault *fault)
{
    return s == STATUS_OK ? s : fault_set(fault, s, "%s", text);
}

static enum status opens(struct sink *s, const struct run_info *run, struct fault *fault)
{
    struct probe_sink *p = (struct probe_sink *)s;
    p->opened++;
    assert_ptr_equal(s->run, run);
    return answer(p->on_open, "open", fault);
}

static enum status takes(struct sink *s, const struct event *e, struct fault *fault)
{
    struct probe_sink *p = (struct probe_sink *)s;
    p->events++;
    assert_int_equal(e->id, p->last_id + 1);
    p->last_id = e->id;
    return answer(p->on_event, "event", fault);
}

static enum status closes(struct sink *s, struct fault *fault)
{
    struct probe_sink *p = (struct probe_sink *)s;
    p->closed++;
    return answer(p->on_close, "close", fault);
}

static void frees(struct sink *s)
{
    ((struct probe_sink *)s)->freed++;
}

static const struct sink_ops ops = {"probe", true, opens, takes, closes, frees};
static const struct run_info run = {.command = "test"};

static void begin(struct timeline *t, struct probe_sink *sinks, size_t n)
{
    struct fault fault;
    timeline_init(t);
    for (size_t i = 0; i < n; i++) {
        sinks[i].sink.ops = &ops;
        assert_int_equal(timeline_add_sink(t, &sinks[i].sink, &fault), STATUS_OK);
    }
}

UNIT_TEST(every_event_reaches_every_sink)
{
    struct timeline t;
    struct fault fault;
    struct probe_sink sinks[3] = {{.opened = 0}};
    begin(&t, sinks, 3);
    assert_int_equal(timeline_open(&t, &run, &fault), STATUS_OK);
    for (uint32_t i = 1; i <= 100; i++)
        assert_int_equal(timeline_append(&t, (struct event){.kind = EVENT_NOTE, .text = ""}), i);
    assert_int_equal(timeline_close(&t, &fault), STATUS_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sinks[i].opened, 1);
        assert_int_equal(sinks[i].events, 100);
        assert_int_equal(sinks[i].closed, 1);
        assert_int_equal(sinks[i].freed, 1);
    }
    assert_int_equal(timeline_close(&t, &fault), STATUS_OK); /* nobody is closed twice */
    assert_int_equal(sinks[0].closed, 1);
}

UNIT_TEST(the_first_failure_is_kept)
{
    struct timeline t;
    struct fault fault;
    struct probe_sink sinks[3] = {{.on_close = STATUS_NO_MEMORY},
                                  {.on_event = STATUS_SYSTEM, .on_close = STATUS_MALFORMED},
                                  {.opened = 0}};
    begin(&t, sinks, 3);
    assert_int_equal(timeline_open(&t, &run, &fault), STATUS_OK);
    for (uint32_t i = 1; i <= 3; i++)
        assert_int_equal(timeline_append(&t, (struct event){.kind = EVENT_NOTE, .text = ""}), i);
    assert_int_equal(t.status, STATUS_SYSTEM);
    assert_int_equal(timeline_close(&t, &fault), STATUS_SYSTEM);
    assert_string_equal(fault.text, "event");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sinks[i].events, 3);
        assert_int_equal(sinks[i].closed, 1);
        assert_int_equal(sinks[i].freed, 1);
    }
}

UNIT_TEST(a_late_failure_counts_too)
{
    struct timeline t;
    struct fault fault;
    struct probe_sink sinks[2] = {{.opened = 0}, {.on_close = STATUS_SYSTEM}};
    begin(&t, sinks, 2);
    assert_int_equal(timeline_open(&t, &run, &fault), STATUS_OK);
    assert_int_equal(timeline_close(&t, &fault), STATUS_SYSTEM);
    assert_string_equal(fault.text, "close");
}

UNIT_TEST(failing_to_open)
{
    struct timeline t;
    struct fault fault;
    struct probe_sink sinks[2] = {{.on_open = STATUS_SYSTEM}, {.opened = 0}};
    begin(&t, sinks, 2);
    assert_int_equal(timeline_open(&t, &run, &fault), STATUS_SYSTEM);
    assert_string_equal(fault.text, "open");
    (void)timeline_close(&t, &fault);
    assert_int_equal(sinks[0].freed, 1);
    assert_int_equal(sinks[1].freed, 1);
}

UNIT_TEST(too_many_sinks)
{
    struct timeline t;
    struct fault fault;
    struct probe_sink sinks[TIMELINE_SINKS_MAX] = {{.opened = 0}}, extra = {.sink.ops = &ops};
    begin(&t, sinks, TIMELINE_SINKS_MAX);
    assert_int_equal(timeline_add_sink(&t, &extra.sink, &fault), STATUS_MALFORMED);
    assert_int_equal(extra.freed, 1); /* it was handed over all the same */
    assert_int_equal(timeline_add_sink(&t, NULL, &fault), STATUS_NO_MEMORY);
    assert_int_equal(timeline_close(&t, &fault), STATUS_OK);
}

UNIT_TEST(names_of_faults)
{
    for (enum event_fault f = EVENT_FAULT_KERNEL_RST; f <= EVENT_FAULT_MALFORMED; f++) {
        assert_non_null(event_fault_name(f));
        for (enum event_fault g = EVENT_FAULT_KERNEL_RST; g < f; g++)
            assert_string_not_equal(event_fault_name(f), event_fault_name(g));
    }
}

/* --- Results --- */

UNIT_TEST(a_result_has_keys_and_lines)
{
    struct result r = {0};
    result_set_us(&r, "rtt_us", 31234);
    result_set_null(&r, "nothing");
    result_set_seconds(&r, "waited_s", 1.00000049);
    result_line(&r, "rtt", "%d us", 31);
    result_line(&r, "", "more");
    assert_string_equal(r.json.data, "\"rtt_us\":31.234,\"nothing\":null,\"waited_s\":1.0");
    assert_string_equal(r.text.data, "rtt\t31 us\n\tmore\n");
    result_done(&r);
}

/* As JSON has it, whatever is set. */
UNIT_TEST(keys_are_written_at_once)
{
    struct result r = {0};
    result_begin(&r, NULL);
    result_set_integer(&r, "least", INT64_MIN);
    result_set_integer(&r, "most", INT64_MAX);
    result_begin_list(&r, "reals");
    result_set_real(&r, NULL, 0);
    result_set_real(&r, NULL, -31.25);
    result_set_real(&r, NULL, 1e-7);
    result_set_real(&r, NULL, 2.5e+20);
    result_set_real(&r, NULL, NAN);
    result_end_list(&r);
    result_begin_list(&r, "us");
    result_set_us(&r, NULL, -1500);
    result_set_us(&r, NULL, 7);
    result_set_us(&r, NULL, CLOCK_NEVER);
    result_end_list(&r);
    result_begin(&r, "texts");
    result_set_text(&r, "escaped", "a\"b\\c\n\t\x01\x7f");
    result_set_text(&r, "utf8", "\xc3\xa9");
    result_set_text(&r, "cut", "\xc3");
    result_set_text(&r, "none", NULL);
    result_end(&r);
    result_set_flag(&r, "flag", false);
    result_end(&r);
    assert_string_equal(r.json.data,
                        "{\"least\":-9223372036854775808,\"most\":9223372036854775807,"
                        "\"reals\":[0.0,-31.25,1e-7,2.5e20,null],\"us\":[-1.5,0.007,null],"
                        "\"texts\":{\"escaped\":\"a\\\"b\\\\c\\n\\t\\u0001\x7f\","
                        "\"utf8\":\"\xc3\xa9\",\"cut\":null,\"none\":null},\"flag\":false}");
    result_clear(&r);
    assert_string_equal(r.json.data, "");
    result_done(&r);
}
