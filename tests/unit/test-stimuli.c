/* The stimuli, each held against the order of RFC 9293 3.10.7 in every state: what the row is there
 * is written down here once more, by the RFC's text. */
#include "tcp.h"

#include "tcp/classify.h"
#include "tcp/stimuli.h"

/* The checksum is right in all of them. */
#define NOTHING INPUT_BAD_CHECKSUM

#define ISS seq_of(0xffffffff)
#define IRS seq_of(0xfffffe00)

/* By state: where the section of the RFC is one for several states, so is the column. */
struct row {
    enum input closed, listen, syn_sent, syn_received;
    enum input idle;    /* ESTABLISHED, FIN-WAIT-2, CLOSE-WAIT, TIME-WAIT: nothing outstanding */
    enum input waits;   /* FIN-WAIT-1, CLOSING, LAST-ACK: a FIN is not acknowledged */
    enum input then[2]; /* what follows in ESTABLISHED: the text, the FIN; none: NOTHING */
};

/* Rows that are one and the same to 3.10.7. */
#define ANY_SYN(in, late)                                                                          \
    {                                                                                              \
        INPUT_NO_ACK, INPUT_SYN, INPUT_SYN, INPUT_##in, INPUT_##late, INPUT_##late,                \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define SYN_WITHIN  ANY_SYN(SYN, SYN_LATE)
#define SYN_OUTSIDE ANY_SYN(OUTSIDE, OUTSIDE)
#define ANY_RST(sent, in, late)                                                                    \
    {                                                                                              \
        INPUT_RST, INPUT_RST_IGNORED, INPUT_##sent, INPUT_##in, INPUT_##late, INPUT_##late,        \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define RST_EXACT(sent) ANY_RST(sent, RST_TO_LISTEN, RST)
#define RST_WITHIN      ANY_RST(RST_IGNORED, RST_IN_WINDOW, RST_IN_WINDOW)
#define RST_OUTSIDE     ANY_RST(RST_IGNORED, RST_IGNORED, RST_IGNORED)
#define WITH_ACK(sent, in, idle, waits, ...)                                                       \
    {                                                                                              \
        INPUT_ACK_UNACCEPTABLE, INPUT_ACK_UNACCEPTABLE, INPUT_##sent, INPUT_##in, INPUT_##idle,    \
            INPUT_##waits,                                                                         \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define ACK_ALL(...) WITH_ACK(OTHER, ACK_NEW, ACK_DUPLICATE, ACK_OF_FIN, __VA_ARGS__)
#define ACK_NONE(sent, ...)                                                                        \
    WITH_ACK(sent, ACK_UNACCEPTABLE, ACK_DUPLICATE, ACK_DUPLICATE, __VA_ARGS__)
#define ACK_TOO_MUCH         WITH_ACK(ACK_UNACCEPTABLE, ACK_UNACCEPTABLE, ACK_FUTURE, ACK_FUTURE, 0)
#define ACK_TOO_OLD          WITH_ACK(ACK_UNACCEPTABLE, ACK_UNACCEPTABLE, ACK_ANCIENT, ACK_ANCIENT, 0)
#define ACK_OUTSIDE          WITH_ACK(OTHER, OUTSIDE, OUTSIDE, OUTSIDE, 0)
#define SYN_ACK_WITHIN(sent) WITH_ACK(sent, SYN, SYN_LATE, SYN_LATE, 0)
#define SYN_ACK_OUTSIDE      WITH_ACK(SYN_ACK, OUTSIDE, OUTSIDE, OUTSIDE, 0)
#define WITHOUT_ACK                                                                                \
    {                                                                                              \
        INPUT_NO_ACK, INPUT_OTHER, INPUT_OTHER, INPUT_NO_ACK, INPUT_NO_ACK, INPUT_NO_ACK,          \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

static const struct row expected[STIMULI_COUNT] = {
    [STIMULUS_SYN_OLD] = SYN_OUTSIDE,
    [STIMULUS_SYN_AGAIN] = SYN_OUTSIDE,
    [STIMULUS_SYN_NEXT] = SYN_WITHIN,
    [STIMULUS_SYN_IN_WINDOW] = SYN_WITHIN,
    [STIMULUS_SYN_LAST] = SYN_WITHIN,
    [STIMULUS_SYN_EDGE] = SYN_OUTSIDE,
    [STIMULUS_SYN_FAR] = SYN_OUTSIDE,
    [STIMULUS_SYN_DATA] = SYN_WITHIN,
    [STIMULUS_SYN_FIN] = SYN_WITHIN,
    [STIMULUS_SYN_RST] = RST_EXACT(RST_IGNORED),
    [STIMULUS_SYN_ACK] = SYN_ACK_WITHIN(SYN_ACK),
    [STIMULUS_SYN_ACK_FUTURE] = SYN_ACK_WITHIN(ACK_UNACCEPTABLE),
    [STIMULUS_SYN_ACK_NOTHING] = SYN_ACK_WITHIN(ACK_UNACCEPTABLE),
    [STIMULUS_SYN_ACK_EDGE] = SYN_ACK_OUTSIDE,
    [STIMULUS_SYN_ACK_AGAIN] = SYN_ACK_OUTSIDE,
    [STIMULUS_SYN_ACK_RST] = RST_EXACT(RST),
    [STIMULUS_RST] = RST_EXACT(RST_IGNORED),
    [STIMULUS_RST_BEFORE] = RST_OUTSIDE,
    [STIMULUS_RST_AFTER] = RST_WITHIN,
    [STIMULUS_RST_IN_WINDOW] = RST_WITHIN,
    [STIMULUS_RST_LAST] = RST_WITHIN,
    [STIMULUS_RST_EDGE] = RST_OUTSIDE,
    [STIMULUS_RST_FAR] = RST_OUTSIDE,
    [STIMULUS_RST_DATA] = RST_EXACT(RST_IGNORED),
    [STIMULUS_RST_ACK] = RST_EXACT(RST),
    [STIMULUS_RST_ACK_FUTURE] = RST_EXACT(RST_IGNORED),
    [STIMULUS_ACK] = ACK_ALL(0),
    [STIMULUS_KEEPALIVE] = ACK_OUTSIDE,
    [STIMULUS_ACK_EDGE] = ACK_OUTSIDE,
    [STIMULUS_ACK_FAR] = ACK_OUTSIDE,
    [STIMULUS_ACK_FUTURE] = ACK_TOO_MUCH,
    [STIMULUS_ACK_OLD] = ACK_NONE(ACK_UNACCEPTABLE, 0),
    [STIMULUS_ACK_ANCIENT] = ACK_TOO_OLD,
    [STIMULUS_ACK_NOTHING] = ACK_NONE(ACK_UNACCEPTABLE, 0),
    [STIMULUS_OCTET_OLD] = ACK_OUTSIDE,
    [STIMULUS_OCTET_KEEPALIVE] = ACK_OUTSIDE,
    [STIMULUS_DATA] = ACK_ALL(INPUT_TEXT),
    [STIMULUS_OCTET] = ACK_ALL(INPUT_TEXT),
    [STIMULUS_DATA_NO_ACK] = WITHOUT_ACK,
    [STIMULUS_DATA_URG] = WITHOUT_ACK,
    [STIMULUS_DATA_FUTURE] = ACK_TOO_MUCH,
    [STIMULUS_DATA_ANCIENT] = ACK_TOO_OLD,
    [STIMULUS_DATA_OLD] = ACK_OUTSIDE,
    [STIMULUS_DATA_HALF_OLD] = ACK_ALL(INPUT_TEXT),
    [STIMULUS_DATA_GAP] = ACK_ALL(INPUT_TEXT_AHEAD),
    [STIMULUS_DATA_ACROSS] = ACK_ALL(INPUT_TEXT_AHEAD),
    [STIMULUS_DATA_EDGE] = ACK_OUTSIDE,
    [STIMULUS_DATA_FAR] = ACK_OUTSIDE,
    [STIMULUS_FIN] = ACK_ALL(INPUT_FIN),
    /* In SYN-RECEIVED and SYN-SENT SND.UNA is ISS, whose ACK acknowledges nothing. */
    [STIMULUS_FIN_UNACKED] = ACK_NONE(ACK_UNACCEPTABLE, INPUT_FIN),
    [STIMULUS_FIN_AGAIN] = ACK_OUTSIDE,
    [STIMULUS_FIN_FUTURE] = ACK_TOO_MUCH,
    [STIMULUS_FIN_EDGE] = ACK_OUTSIDE,
    [STIMULUS_FIN_FAR] = ACK_OUTSIDE,
    [STIMULUS_FIN_NO_ACK] = WITHOUT_ACK,
    [STIMULUS_DATA_FIN] = ACK_ALL(INPUT_TEXT, INPUT_FIN),
    [STIMULUS_NULL_BITS] = WITHOUT_ACK,
    [STIMULUS_XMAS] = WITHOUT_ACK,
};

static enum input input_expected(const struct row *r, enum state s)
{
    switch (s) {
    case STATE_CLOSED:
        return r->closed;
    case STATE_LISTEN:
        return r->listen;
    case STATE_SYN_SENT:
        return r->syn_sent;
    case STATE_SYN_RECEIVED:
        return r->syn_received;
    case STATE_FIN_WAIT_1:
    case STATE_CLOSING:
    case STATE_LAST_ACK:
        return r->waits;
    case STATE_ESTABLISHED:
    case STATE_FIN_WAIT_2:
    case STATE_CLOSE_WAIT:
    case STATE_TIME_WAIT:
    case STATE_COUNT:
        break;
    }
    return r->idle;
}

static struct segment segment(enum stimuli_id id, const struct tcb *peer)
{
    struct segment seg = stimuli_segment(id, peer);
    seg.ip_version = 4;
    seg.win = UNIT_WINDOW;
    return seg;
}

UNIT_TEST(every_row_in_every_state)
{
    for (enum stimuli_id id = 0; id < STIMULI_COUNT; id++) {
        for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
            const struct tcb t = unit_tcb(s, true, ISS, IRS);
            const struct segment seg = segment(id, &t);
            enum input in = classify_segment(&t, &seg), want = input_expected(&expected[id], s);
            if (in != want)
                fail_msg("%s in %s: %s, expected %s", stimuli_at(id)->name, state_name(s),
                         classify_describe(in), classify_describe(want));
        }
    }
}

UNIT_TEST(text_and_fin_in_established)
{
    for (enum stimuli_id id = 0; id < STIMULI_COUNT; id++) {
        struct tcb t = unit_tcb(STATE_ESTABLISHED, true, ISS, IRS);
        const struct segment seg = segment(id, &t);
        const struct arrival a = tcb_arrive(&t, &seg);
        for (size_t i = 0; i < 2; i++) {
            enum input in = i + 1 < a.count ? a.inputs[i + 1] : NOTHING;
            if (in != expected[id].then[i])
                fail_msg("%s: then %s", stimuli_at(id)->name, classify_describe(in));
        }
    }
}

/* Figure 7: what is out of the window after a passive OPEN ends a simultaneous one. */
UNIT_TEST(the_ack_of_a_simultaneous_open)
{
    const struct tcb t = unit_tcb(STATE_SYN_RECEIVED, false, ISS, IRS);
    const struct segment seg = segment(STIMULUS_SYN_ACK_AGAIN, &t);
    assert_int_equal(classify_segment(&t, &seg), INPUT_ACK_NEW);
}

UNIT_TEST(rows_are_whole)
{
    unsigned ranks = 0;
    for (enum stimuli_id id = 0; id < STIMULI_COUNT; id++) {
        const struct stimulus *s = stimuli_at(id);
        assert_non_null(s->name);
        assert_true(s->what != NULL && s->what[0] != '\0');
        assert_int_equal(s->ack != STIMULI_ACK_NONE, (s->flags & FLAG_ACK) != 0);
        for (enum stimuli_id other = 0; other < id; other++)
            assert_string_not_equal(s->name, stimuli_at(other)->name);
        ranks += s->rank != 0;
    }
    assert_true(ranks > 0);
    /* RFC 6191 takes a newer timestamp for a new connection. */
    assert_false(stimuli_at(STIMULUS_SYN_OLD)->stamped);
}
