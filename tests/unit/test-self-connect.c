/* A socket's connection with itself, read from its segments: the states of RFC 9293 3.5 Figure 7
 * with both ends in one, the close of Figure 13 likewise, and what does not fit. */
#include "../keys.h"
#include "tcp.h"
#include "../world/witness.h"

#include <stdio.h>

#include "base/clock.h"
#include "measure/self_connect.h"

enum {
    ISS = 700,
    WORDS = 9,
    EVENTS_MAX = 64
};

/* What a sink keeps of the record. */
struct heard {
    struct witness witness; /* first */
    struct event events[EVENTS_MAX];
    size_t count;
    json_t *result, *summary;
};

static enum status keep(struct sink *s, const struct event *e, struct fault *fault)
{
    struct heard *h = (struct heard *)s;
    (void)fault;
    assert_true(h->count < EVENTS_MAX);
    h->events[h->count++] = *e;
    if (e->kind == EVENT_VERDICT)
        h->result = keys_of(e->result);
    if (e->kind == EVENT_SUMMARY)
        h->summary = keys_of(e->result);
    return STATUS_OK;
}

struct stage {
    struct heard heard;
    struct timeline timeline;
    struct self_connect self;
    struct self_connect_doings doings;
    int64_t now;
};

static struct stage *stage_new(void)
{
    static const uint8_t ip[] = {192, 0, 2, 1};
    struct stage *st = calloc(1, sizeof(*st));
    struct fault fault;
    assert_non_null(st);
    witness_init(&st->heard.witness, keep);
    st->now = CLOCK_S;
    timeline_init(&st->timeline);
    assert_int_equal(timeline_add_sink(&st->timeline, &st->heard.witness.sink, &fault), STATUS_OK);
    const struct endpoint at = {.ip = address_from_v4(ip), .port = 40000};
    self_connect_init(&st->self, &at, &st->timeline);
    st->doings = (struct self_connect_doings){.end = SELF_CONNECT_HAPPENED,
                                              .attempts = 10,
                                              .refused = 9,
                                              .kernel_known = true,
                                              .before = STATE_CLOSED,
                                              .connected = STATE_ESTABLISHED,
                                              .closed = STATE_TIME_WAIT,
                                              .said = WORDS,
                                              .heard = WORDS};
    return st;
}

static void stage_free(struct stage *st)
{
    json_decref(st->heard.result);
    json_decref(st->heard.summary);
    free(st);
}

#define STAGE_TEST(name) UNIT_TEST_OF(struct stage, st, stage_new(), stage_free, name)

static void crosses(struct stage *st, uint32_t seq, uint32_t ack, unsigned flags, uint32_t len)
{
    struct segment seg = unit_segment(seq_of(ISS + seq), seq_of(ISS + ack), flags, len);
    if ((flags & FLAG_ACK) == 0)
        seg.ack = seq_of(0);
    seg.src = seg.dst = st->self.at;
    st->now += CLOCK_US;
    self_connect_segment(&st->self, &st->doings, &seg, st->now);
}

/* As Linux does it. */
static void opens(struct stage *st)
{
    crosses(st, 0, 0, FLAG_SYN, 0);
    crosses(st, 0, 1, FLAG_SYN | FLAG_ACK, 0);
    crosses(st, 1, 1, FLAG_ACK, 0);
}

static void talks_and_closes(struct stage *st)
{
    crosses(st, 1, 1, FLAG_PSH | FLAG_ACK, WORDS);
    crosses(st, 1 + WORDS, 1 + WORDS, FLAG_ACK, 0);
    crosses(st, 1 + WORDS, 1 + WORDS, FLAG_FIN | FLAG_ACK, 0);
    crosses(st, 2 + WORDS, 2 + WORDS, FLAG_ACK, 0);
}

static unsigned count(const struct heard *h, enum event_kind kind)
{
    unsigned n = 0;
    for (size_t i = 0; i < h->count; i++)
        n += h->events[i].kind == kind;
    return n;
}

static void assert_path(const json_t *result, const char *expected)
{
    char path[256] = "";
    size_t i;
    const json_t *state;
    json_array_foreach(json_object_get(result, "own_path"), i, state)
    {
        size_t n = strlen(path);
        (void)snprintf(path + n, sizeof(path) - n, "%s%s", i != 0 ? " " : "",
                       json_string_value(state));
    }
    assert_string_equal(path, expected);
}

STAGE_TEST(one_socket_goes_through_both_ends_of_figure_7)
{
    opens(st);
    self_connect_truth(&st->self, st->doings.connected);
    talks_and_closes(st);
    self_connect_truth(&st->self, st->doings.closed);
    assert_int_equal(self_connect_conclude(&st->self, &st->doings, st->now), 0);
    assert_path(st->heard.result, "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING "
                                  "TIME-WAIT");
    assert_true(json_is_true(json_object_get(st->heard.result, "simultaneous_open")));
    assert_true(json_is_true(json_object_get(st->heard.result, "simultaneous_close")));
    assert_int_equal(json_integer_value(json_object_get(st->heard.result, "attempts")), 10);
    assert_true(json_real_value(json_object_get(st->heard.result, "rtt_us")) == 1.0);
    assert_int_equal(json_integer_value(json_object_get(st->heard.result, "happened_ns")),
                     CLOCK_S + CLOCK_US);
    assert_int_equal(count(&st->heard, EVENT_SENT), 7);
    assert_int_equal(count(&st->heard, EVENT_RECEIVED), 0);
    assert_int_equal(count(&st->heard, EVENT_ACTION), 2);
    assert_int_equal(count(&st->heard, EVENT_TRUTH), 2);
    assert_int_equal(count(&st->heard, EVENT_FAULT), 0);
}

/* A's column is the state in which a segment left, B's the one that it led to. */
STAGE_TEST(each_row_has_the_state_before_and_after)
{
    state_set at[ENDS] = {STATE_SET(STATE_CLOSED), STATE_SET_NONE};
    unsigned row = 0;
    static const struct {
        enum state own, peer;
    } rows[] = {
        {STATE_SYN_SENT, STATE_SYN_RECEIVED},   {STATE_SYN_RECEIVED, STATE_ESTABLISHED},
        {STATE_ESTABLISHED, STATE_ESTABLISHED}, {STATE_ESTABLISHED, STATE_ESTABLISHED},
        {STATE_ESTABLISHED, STATE_ESTABLISHED}, {STATE_FIN_WAIT_1, STATE_CLOSING},
        {STATE_CLOSING, STATE_TIME_WAIT},
    };
    opens(st);
    talks_and_closes(st);
    for (size_t i = 0; i <= st->heard.count; i++) {
        const struct event *e = &st->heard.events[i];
        if (i == st->heard.count || e->kind == EVENT_SENT) {
            if (row > 0) {
                assert_int_equal(at[END_A], STATE_SET(rows[row - 1].own));
                assert_int_equal(at[END_B], STATE_SET(rows[row - 1].peer));
            }
            row++;
        } else if (e->kind == EVENT_STATE) {
            assert_int_equal(e->change.from, at[e->change.end]);
            at[e->change.end] = e->change.to;
            assert_non_null(e->change.rfc);
        }
    }
    assert_int_equal(row - 1, 7);
}

STAGE_TEST(a_kernel_that_says_otherwise_is_a_fault)
{
    opens(st);
    self_connect_truth(&st->self, STATE_SYN_RECEIVED);
    assert_int_equal(count(&st->heard, EVENT_FAULT), 1);
    assert_int_equal(self_connect_conclude(&st->self, &st->doings, st->now), 2);
}

STAGE_TEST(a_reset_of_itself_is_a_fault)
{
    opens(st);
    crosses(st, 1, 1, FLAG_RST, 0);
    crosses(st, 0, 0, FLAG_SYN, 0); /* what comes then begins nothing */
    assert_int_equal(count(&st->heard, EVENT_FAULT), 1);
    assert_int_equal(self_connect_conclude(&st->self, &st->doings, st->now), 2);
}

STAGE_TEST(a_segment_again_is_marked)
{
    opens(st);
    crosses(st, 1, 1, FLAG_ACK, WORDS);
    crosses(st, 1, 1, FLAG_ACK, WORDS);
    unsigned again = 0;
    for (size_t i = 0; i < st->heard.count; i++)
        again +=
            st->heard.events[i].kind == EVENT_SENT && st->heard.events[i].segment.retransmission;
    assert_int_equal(again, 1);
    assert_int_equal(st->self.tcb.rcv_nxt.v, ISS + 1 + WORDS);
}

UNIT_TEST(no_success_is_told_by_its_reason)
{
    static const struct {
        enum self_connect_end end;
        const char *outcome;
        int exit_code;
    } ends[] = {{SELF_CONNECT_EXHAUSTED, "closed", 1},
                {SELF_CONNECT_DEADLINE, "closed", 1},
                {SELF_CONNECT_INTERRUPTED, "error", 3}};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct stage *st = stage_new();
        st->doings.end = ends[i].end;
        assert_int_equal(self_connect_conclude(&st->self, &st->doings, st->now), ends[i].exit_code);
        assert_string_equal(json_string_value(json_object_get(st->heard.result, "outcome")),
                            ends[i].outcome);
        assert_null(json_object_get(st->heard.result, "own_path"));
        assert_int_equal(json_integer_value(json_object_get(st->heard.summary, "exit_code")),
                         ends[i].exit_code);
        stage_free(st);
    }
}
