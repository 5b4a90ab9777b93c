/* What a recorder keeps is told again as it was: order, causes, octets and texts, though their
 * first owners are long gone. */
#include "unit.h"
#include "../world/witness.h"

#include <stdio.h>

#include "event/recorder.h"
#include "event/result.h"

enum {
    HEARD_MAX = 32
};

struct heard {
    struct witness witness; /* first */
    struct event events[HEARD_MAX];
    char texts[HEARD_MAX][32];
    uint8_t octets[HEARD_MAX];
    size_t count;
};

static enum status hear(struct sink *s, const struct event *e, struct fault *fault)
{
    struct heard *h = (struct heard *)s;
    (void)fault;
    assert_true(h->count < HEARD_MAX);
    h->events[h->count] = *e;
    if (e->kind == EVENT_NOTE)
        (void)snprintf(h->texts[h->count], sizeof(h->texts[0]), "%s", e->text);
    if (e->kind == EVENT_FAULT)
        (void)snprintf(h->texts[h->count], sizeof(h->texts[0]), "%s", e->fault.text);
    if (e->kind == EVENT_SENT && e->segment.seg.raw_len > 0)
        h->octets[h->count] = e->segment.seg.raw[0];
    h->count++;
    return STATUS_OK;
}

/* Everything it is lent is gone when it returns. */
static void fill(struct timeline *t)
{
    uint8_t *octet = unit_copy("\x45", 1);
    char *text = (char *)unit_copy("a remark", 9), *fault = (char *)unit_copy("a fault", 8);
    struct result r = {0};
    uint32_t sent =
        timeline_append(t, (struct event){.kind = EVENT_SENT,
                                          .session = 3,
                                          .t_ns = 11,
                                          .segment = {.seg = {.raw = octet, .raw_len = 1, .len = 1},
                                                      .retransmission = true}});
    (void)timeline_append(
        t, (struct event){.kind = EVENT_NOTE, .session = 3, .cause = sent, .text = text});
    (void)timeline_append(
        t,
        (struct event){.kind = EVENT_FAULT, .session = 3, .fault = {EVENT_FAULT_MALFORMED, fault}});
    (void)timeline_append(t, (struct event){.kind = EVENT_VERDICT, .session = 3, .result = &r});
    result_done(&r);
    free(octet);
    free(text);
    free(fault);
}

UNIT_TEST(told_again_as_it_was)
{
    struct recorder k;
    struct timeline from, to;
    struct heard *h = calloc(1, sizeof(*h));
    struct fault fault;
    assert_non_null(h);
    witness_init(&h->witness, hear);
    recorder_init(&k);
    timeline_init(&from);
    timeline_init(&to);
    assert_int_equal(timeline_add_sink(&from, &k.sink, &fault), STATUS_OK);
    assert_int_equal(timeline_add_sink(&to, &h->witness.sink, &fault), STATUS_OK);
    fill(&from);
    assert_int_equal(timeline_close(&from, &fault), STATUS_OK);
    (void)timeline_append(&to, (struct event){.kind = EVENT_NOTE, .text = "before"});
    recorder_replay(&k, &to, true);
    recorder_done(&k);

    assert_int_equal(h->count, 4); /* no verdict */
    assert_int_equal(h->events[1].kind, EVENT_SENT);
    assert_int_equal(h->events[1].id, 2);
    assert_int_equal(h->events[1].t_ns, 11);
    assert_int_equal(h->events[1].session, 3);
    assert_true(h->events[1].segment.retransmission);
    assert_int_equal(h->octets[1], 0x45);
    assert_int_equal(h->events[2].cause, 2); /* the segment, by its new number */
    assert_string_equal(h->texts[2], "a remark");
    assert_int_equal(h->events[3].cause, 0);
    assert_string_equal(h->texts[3], "a fault");
    assert_false(h->events[0].crowd);
    assert_true(h->events[1].crowd && h->events[2].crowd && h->events[3].crowd);
    free(h);
}

UNIT_TEST(many_are_kept)
{
    struct recorder k;
    struct timeline t;
    struct fault fault;
    recorder_init(&k);
    timeline_init(&t);
    assert_int_equal(timeline_add_sink(&t, &k.sink, &fault), STATUS_OK);
    for (unsigned i = 0; i < 1000; i++)
        fill(&t);
    assert_int_equal(k.count, 3000);
    recorder_done(&k);
    assert_int_equal(k.count, 0);
}
