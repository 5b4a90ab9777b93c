/* The table of RFC 9293 3.10, the textbook walks of its figures where sequence numbers wrap, and
 * the variables that go with the states. */
#include "tcp.h"

#include "tcp/classify.h"

/* --- The table --- */

static void is_written(enum state s, const struct transition *x)
{
    assert_non_null(x->rfc);
    assert_int_equal(strncmp(x->rfc, "RFC 9293 3.", 11), 0);
    assert_in_range(x->next, STATE_CLOSED, STATE_COUNT - 1);
    if (x->next != s) /* one event is one edge of Figure 5 */
        assert_int_equal(state_between(s, x->next), STATE_SET_NONE);
}

UNIT_TEST(every_cell_is_written)
{
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        for (enum input in = INPUT_BAD_CHECKSUM; in < INPUT_COUNT; in++) {
            is_written(s, tcb_transition(s, in));
            assert_non_null(classify_describe(in));
        }
        for (enum call call = CALL_LISTEN; call < CALLS_OF_RFC; call++) {
            is_written(s, tcb_transition_of_call(s, call));
            assert_non_null(classify_call(call));
        }
    }
}

UNIT_TEST(what_never_happens_changes_nothing)
{
    size_t never = 0;
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        for (enum input in = INPUT_BAD_CHECKSUM; in < INPUT_COUNT; in++) {
            const struct transition *x = tcb_transition(s, in);
            if (!x->never)
                continue;
            never++;
            assert_int_equal(x->next, s);
            assert_int_equal(x->reply, REPLY_NOTHING);
            assert_in_range(in, INPUT_RST, INPUT_OTHER); /* a time-out can always happen */
        }
    }
    assert_true(never > 0);
}

/* 3.10.4, 3.10.5 and 3.10.8 by hand, for the calls that end a connection. */
UNIT_TEST(calls_that_end)
{
    static const struct {
        enum state next_close;
        enum reply close, abort;
    } expected[STATE_COUNT] = {
        [STATE_CLOSED] = {STATE_CLOSED, REPLY_REFUSED, REPLY_REFUSED},
        [STATE_LISTEN] = {STATE_CLOSED, REPLY_NOTHING, REPLY_NOTHING},
        [STATE_SYN_SENT] = {STATE_CLOSED, REPLY_NOTHING, REPLY_NOTHING},
        [STATE_SYN_RECEIVED] = {STATE_FIN_WAIT_1, REPLY_FIN, REPLY_RST_OWN},
        [STATE_ESTABLISHED] = {STATE_FIN_WAIT_1, REPLY_FIN, REPLY_RST_OWN},
        [STATE_FIN_WAIT_1] = {STATE_FIN_WAIT_1, REPLY_REFUSED, REPLY_RST_OWN},
        [STATE_FIN_WAIT_2] = {STATE_FIN_WAIT_2, REPLY_REFUSED, REPLY_RST_OWN},
        [STATE_CLOSE_WAIT] = {STATE_LAST_ACK, REPLY_FIN, REPLY_RST_OWN},
        [STATE_CLOSING] = {STATE_CLOSING, REPLY_REFUSED, REPLY_NOTHING},
        [STATE_LAST_ACK] = {STATE_LAST_ACK, REPLY_REFUSED, REPLY_NOTHING},
        [STATE_TIME_WAIT] = {STATE_TIME_WAIT, REPLY_REFUSED, REPLY_NOTHING},
    };
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        struct tcb t = unit_tcb(s, true, seq_of(1), seq_of(2)), u = t, v = t;
        assert_int_equal(tcb_call(&t, CALL_CLOSE).reply, expected[s].close);
        assert_int_equal(t.state, expected[s].next_close);
        assert_int_equal(tcb_call(&u, CALL_ABORT).reply, expected[s].abort);
        assert_int_equal(u.state, STATE_CLOSED);
        (void)tcb_time_out(&v, INPUT_USER_TIMEOUT);
        assert_int_equal(v.state, STATE_CLOSED);
    }
}

/* --- No segment is of a class that its state never meets --- */

enum {
    EDGES_MAX = 48
};

struct edges {
    seq_t at[EDGES_MAX];
    size_t count;
};

static void around(struct edges *e, seq_t middle)
{
    static const uint32_t off[] = {(uint32_t)-2, (uint32_t)-1, 0, 1, 2};
    for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
        e->at[e->count++] = seq_add(middle, off[i]);
}

static void far_off(struct edges *e, seq_t middle)
{
    e->at[e->count++] = seq_add(middle, UINT32_C(1) << 31);
    e->at[e->count++] = seq_add(middle, (UINT32_C(1) << 31) - 1);
    e->at[e->count++] = seq_add(middle, UINT32_C(3) << 30);
    e->at[e->count++] = seq_of(0);
}

static void expect_sane(const struct tcb *was, const struct tcb *t, const struct arrival *a)
{
    enum state s = was->state;
    assert_in_range(a->count, 1, 3);
    for (size_t i = 0; i < a->count; i++) {
        const struct transition *x = tcb_transition(s, a->inputs[i]);
        assert_false(x->never);
        s = x->next;
    }
    assert_int_equal(a->from, was->state);
    assert_int_equal(a->to, s);
    assert_int_equal(t->state, s);
    assert_true(a->rfc != NULL && a->why != NULL);
    assert_true(a->reply <= REPLY_RST_ACK);
    assert_true(seq_eq(t->snd_nxt, was->snd_nxt));
    bool opened = was->state <= STATE_SYN_SENT;
    assert_true(a->acked <= t->snd_nxt.v - was->snd_una.v);
    assert_int_equal(a->acked, t->snd_una.v - was->snd_una.v);
    if (!opened)
        assert_in_range(t->rcv_nxt.v - was->rcv_nxt.v, 0, was->rcv_wnd + 1);
    assert_true(a->text <= was->rcv_wnd);
}

static void one_tcb(const struct tcb *t)
{
    struct edges seqs = {.count = 0}, acks = {.count = 0};
    around(&seqs, t->rcv_nxt);
    around(&seqs, seq_add(t->rcv_nxt, t->rcv_wnd));
    around(&seqs, seq_of(t->rcv_nxt.v - UNIT_WINDOW));
    around(&seqs, t->irs);
    far_off(&seqs, t->rcv_nxt);
    around(&acks, t->snd_nxt);
    around(&acks, t->snd_una);
    around(&acks, t->iss);
    around(&acks, seq_of(t->snd_una.v - t->max_snd_wnd));
    far_off(&acks, t->snd_nxt);
    const uint32_t lens[] = {0, 1, UNIT_WINDOW, UNIT_WINDOW + 2};

    for (unsigned flags = 0; flags <= 0xff; flags++) {
        if (flags & (FLAG_PSH | FLAG_ECE | FLAG_CWR)) /* they decide nothing: see below */
            continue;
        for (size_t i = 0; i < seqs.count * acks.count * 4; i++) {
            struct segment seg = unit_segment(seqs.at[i / 4 / acks.count],
                                              acks.at[i / 4 % acks.count], flags, lens[i % 4]);
            struct tcb after = *t;
            struct arrival a = tcb_arrive(&after, &seg);
            expect_sane(t, &after, &a);
        }
    }
}

static const uint32_t starts[] = {1000, 0xffffffff, 0xfffffffe, 0xfffffc00, 0x7fffffff};

UNIT_TEST(the_classifier_knows_its_states)
{
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        seq_t iss = seq_of(starts[i]), irs = seq_of(starts[(i + 1) % 5]);
        for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
            for (int passive = 0; passive < 2; passive++) {
                struct tcb t = unit_tcb(s, passive != 0, iss, irs);
                one_tcb(&t);
                t.rcv_wnd = 0;
                one_tcb(&t);
                if (s == STATE_ESTABLISHED || s == STATE_CLOSE_WAIT) {
                    (void)unit_leaves_data(&t, 100);
                    one_tcb(&t);
                }
            }
        }
    }
}

UNIT_TEST(only_four_bits_decide)
{
    const unsigned deciding = FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK;
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        const struct tcb t = unit_tcb(s, true, seq_of(0xfffffff0), seq_of(0xfffffff8));
        for (unsigned flags = 0; flags <= FLAG_ALL; flags++) {
            struct segment odd = unit_segment(t.rcv_nxt, t.snd_nxt, flags, 3);
            struct segment plain = unit_segment(t.rcv_nxt, t.snd_nxt, flags & deciding, 3);
            struct tcb one = t, other = t;
            struct arrival a = tcb_arrive(&one, &odd), b = tcb_arrive(&other, &plain);
            assert_int_equal(a.inputs[0], b.inputs[0]);
            assert_int_equal(a.to, b.to);
            assert_int_equal(a.reply, b.reply);
            assert_true(seq_eq(one.rcv_nxt, other.rcv_nxt));
        }
    }
}

UNIT_TEST(a_wrong_checksum_changes_nothing)
{
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        const struct tcb t = unit_tcb(s, true, seq_of(5), seq_of(6));
        for (unsigned flags = 0; flags <= 0xff; flags++) {
            struct tcb after = t;
            struct segment seg = unit_segment(t.rcv_nxt, t.snd_nxt, flags, 1);
            seg.checksum = SEGMENT_CHECKSUM_BAD;
            struct arrival a = tcb_arrive(&after, &seg);
            assert_int_equal(a.inputs[0], INPUT_BAD_CHECKSUM);
            assert_int_equal(a.reply, REPLY_NOTHING);
            assert_memory_equal(&t, &after, sizeof(t));
        }
    }
}

/* --- The figures, with their numbers moved to where 32 bits end --- */

/* What the figures call 100 on A's side and 300 on B's. */
#define A(n) seq_of(0xffffffffu + (n)-100u)
#define B(n) seq_of(0xfffffffeu + (n)-300u)

static void expect_segment(struct segment s, unsigned flags, seq_t seq, seq_t ack)
{
    assert_int_equal(s.flags, flags);
    assert_int_equal(s.seq.v, seq.v);
    if (flags & FLAG_ACK)
        assert_int_equal(s.ack.v, ack.v);
    else
        assert_int_equal(s.ack.v, 0);
}

/* The segment arrives; what is answered, on its way. */
static struct segment hear(struct tcb *t, struct segment seg, enum state then, enum reply reply)
{
    struct arrival a = tcb_arrive(t, &seg);
    assert_int_equal(t->state, then);
    assert_int_equal(a.reply, reply);
    if (reply == REPLY_NOTHING)
        return (struct segment){0};
    return unit_leaves(t, reply, &seg);
}

static struct tcb fresh(seq_t iss, enum call open)
{
    struct tcb t;
    tcb_init(&t, iss, UNIT_WINDOW, false, false, 0);
    (void)tcb_call(&t, open);
    return t;
}

/* Both in ESTABLISHED, A about to send 100 and B 300. */
static void connected(struct tcb *a, struct tcb *b)
{
    *a = fresh(A(99), CALL_CONNECT);
    *b = fresh(B(299), CALL_LISTEN);
    struct segment s = hear(b, unit_leaves(a, REPLY_SYN, NULL), STATE_SYN_RECEIVED, REPLY_SYN_ACK);
    s = hear(a, s, STATE_ESTABLISHED, REPLY_ACK);
    (void)hear(b, s, STATE_ESTABLISHED, REPLY_NOTHING);
}

UNIT_TEST(figure_6)
{
    struct tcb a = fresh(A(100), CALL_CONNECT), b = fresh(B(300), CALL_LISTEN);
    struct segment s = unit_leaves(&a, REPLY_SYN, NULL);
    expect_segment(s, FLAG_SYN, A(100), seq_of(0));
    s = hear(&b, s, STATE_SYN_RECEIVED, REPLY_SYN_ACK);
    expect_segment(s, FLAG_SYN | FLAG_ACK, B(300), A(101));
    s = hear(&a, s, STATE_ESTABLISHED, REPLY_ACK);
    expect_segment(s, FLAG_ACK, A(101), B(301));
    (void)hear(&b, s, STATE_ESTABLISHED, REPLY_NOTHING);
    s = unit_leaves_data(&a, 10);
    expect_segment(s, FLAG_ACK, A(101), B(301)); /* the ACK has taken no number */
    s = hear(&b, s, STATE_ESTABLISHED, REPLY_ACK);
    expect_segment(s, FLAG_ACK, B(301), A(111));
    (void)hear(&a, s, STATE_ESTABLISHED, REPLY_NOTHING);
    assert_true(seq_eq(a.snd_una, a.snd_nxt));
}

UNIT_TEST(figure_7)
{
    struct tcb a = fresh(A(100), CALL_CONNECT), b = fresh(B(300), CALL_CONNECT);
    struct segment of_a = unit_leaves(&a, REPLY_SYN, NULL);
    struct segment of_b = unit_leaves(&b, REPLY_SYN, NULL);
    struct segment answer_a = hear(&a, of_b, STATE_SYN_RECEIVED, REPLY_SYN_ACK);
    struct segment answer_b = hear(&b, of_a, STATE_SYN_RECEIVED, REPLY_SYN_ACK);
    expect_segment(answer_a, FLAG_SYN | FLAG_ACK, A(100), B(301));
    expect_segment(answer_b, FLAG_SYN | FLAG_ACK, B(300), A(101));
    (void)hear(&a, answer_b, STATE_ESTABLISHED, REPLY_NOTHING);
    (void)hear(&b, answer_a, STATE_ESTABLISHED, REPLY_NOTHING);
    assert_true(seq_eq(a.snd_una, A(101)) && seq_eq(b.snd_una, B(301)));
    assert_true(seq_eq(a.rcv_nxt, B(301)) && seq_eq(b.rcv_nxt, A(101)));
}

UNIT_TEST(figure_8)
{
    struct tcb a = fresh(A(100), CALL_CONNECT), b = fresh(B(300), CALL_LISTEN);
    struct segment syn = unit_leaves(&a, REPLY_SYN, NULL);
    struct segment old = unit_segment(A(90), seq_of(0), FLAG_SYN, 0);
    struct segment s = hear(&b, old, STATE_SYN_RECEIVED, REPLY_SYN_ACK);
    expect_segment(s, FLAG_SYN | FLAG_ACK, B(300), A(91));
    s = hear(&a, s, STATE_SYN_SENT, REPLY_RST);
    expect_segment(s, FLAG_RST, A(91), seq_of(0));
    (void)hear(&b, s, STATE_LISTEN, REPLY_NOTHING);
    b = fresh(B(400), CALL_LISTEN);
    s = hear(&b, syn, STATE_SYN_RECEIVED, REPLY_SYN_ACK);
    expect_segment(s, FLAG_SYN | FLAG_ACK, B(400), A(101));
    s = hear(&a, s, STATE_ESTABLISHED, REPLY_ACK);
    expect_segment(s, FLAG_ACK, A(101), B(401));
    (void)hear(&b, s, STATE_ESTABLISHED, REPLY_NOTHING);
}

UNIT_TEST(figure_9)
{
    struct tcb a, b;
    connected(&a, &b);
    a = fresh(A(400), CALL_CONNECT); /* A crashed and opens anew */
    struct segment s = hear(&b, unit_leaves(&a, REPLY_SYN, NULL), STATE_ESTABLISHED, REPLY_ACK);
    expect_segment(s, FLAG_ACK, B(300), A(100));
    s = hear(&a, s, STATE_SYN_SENT, REPLY_RST);
    expect_segment(s, FLAG_RST, A(100), seq_of(0));
    (void)hear(&b, s, STATE_CLOSED, REPLY_NOTHING);
}

UNIT_TEST(figure_10)
{
    struct tcb a, b;
    connected(&a, &b);
    a.state = STATE_CLOSED; /* A crashed and knows nothing */
    struct segment s = unit_leaves_data(&b, 10);
    expect_segment(s, FLAG_ACK, B(300), A(100));
    s = hear(&a, s, STATE_CLOSED, REPLY_RST);
    expect_segment(s, FLAG_RST, A(100), seq_of(0));
    (void)hear(&b, s, STATE_CLOSED, REPLY_NOTHING);
}

UNIT_TEST(figure_11)
{
    struct tcb a = fresh(A(100), CALL_LISTEN), b = fresh(B(300), CALL_LISTEN);
    struct segment old = unit_segment(A(90), seq_of(0), FLAG_SYN, 0);
    struct segment s = hear(&b, old, STATE_SYN_RECEIVED, REPLY_SYN_ACK);
    expect_segment(s, FLAG_SYN | FLAG_ACK, B(300), A(91));
    s = hear(&a, s, STATE_LISTEN, REPLY_RST);
    expect_segment(s, FLAG_RST, A(91), seq_of(0));
    (void)hear(&b, s, STATE_LISTEN, REPLY_NOTHING);
}

UNIT_TEST(figure_12)
{
    struct tcb a, b;
    connected(&a, &b);
    assert_int_equal(tcb_call(&a, CALL_CLOSE).reply, REPLY_FIN);
    struct segment s = unit_leaves(&a, REPLY_FIN, NULL);
    assert_int_equal(a.state, STATE_FIN_WAIT_1);
    expect_segment(s, FLAG_FIN | FLAG_ACK, A(100), B(300));
    s = hear(&b, s, STATE_CLOSE_WAIT, REPLY_ACK);
    expect_segment(s, FLAG_ACK, B(300), A(101));
    (void)hear(&a, s, STATE_FIN_WAIT_2, REPLY_NOTHING);
    assert_int_equal(tcb_call(&b, CALL_CLOSE).reply, REPLY_FIN);
    s = unit_leaves(&b, REPLY_FIN, NULL);
    assert_int_equal(b.state, STATE_LAST_ACK);
    expect_segment(s, FLAG_FIN | FLAG_ACK, B(300), A(101));
    s = hear(&a, s, STATE_TIME_WAIT, REPLY_ACK);
    expect_segment(s, FLAG_ACK, A(101), B(301));
    (void)hear(&b, s, STATE_CLOSED, REPLY_NOTHING);
    (void)tcb_time_out(&a, INPUT_TIME_WAIT_TIMEOUT);
    assert_int_equal(a.state, STATE_CLOSED);
}

UNIT_TEST(figure_13)
{
    struct tcb a, b;
    connected(&a, &b);
    (void)tcb_call(&a, CALL_CLOSE);
    (void)tcb_call(&b, CALL_CLOSE);
    struct segment of_a = unit_leaves(&a, REPLY_FIN, NULL);
    struct segment of_b = unit_leaves(&b, REPLY_FIN, NULL);
    expect_segment(of_b, FLAG_FIN | FLAG_ACK, B(300), A(100));
    struct segment answer_a = hear(&a, of_b, STATE_CLOSING, REPLY_ACK);
    struct segment answer_b = hear(&b, of_a, STATE_CLOSING, REPLY_ACK);
    expect_segment(answer_a, FLAG_ACK, A(101), B(301));
    expect_segment(answer_b, FLAG_ACK, B(301), A(101));
    (void)hear(&a, answer_b, STATE_TIME_WAIT, REPLY_NOTHING);
    (void)hear(&b, answer_a, STATE_TIME_WAIT, REPLY_NOTHING);
}

/* --- The variables --- */

UNIT_TEST(one_segment_may_do_three_things)
{
    struct tcb t = unit_tcb(STATE_SYN_RECEIVED, true, seq_of(0xffffffff), seq_of(0xfffffffd));
    struct arrival a = unit_next(&t, FLAG_ACK | FLAG_FIN, 5);
    assert_int_equal(a.count, 3);
    assert_int_equal(a.inputs[0], INPUT_ACK_NEW);
    assert_int_equal(a.inputs[1], INPUT_TEXT);
    assert_int_equal(a.inputs[2], INPUT_FIN);
    assert_int_equal(a.to, STATE_CLOSE_WAIT);
    assert_int_equal(a.reply, REPLY_ACK);
    assert_int_equal(a.text, 5);
    assert_int_equal(t.rcv_nxt.v, 4); /* fffffffe ffffffff 0 1 2, and the FIN is 3 */
    assert_true(t.fin_received);
}

UNIT_TEST(only_new_data_in_the_window_is_taken)
{
    struct tcb t = unit_tcb(STATE_ESTABLISHED, false, seq_of(7), seq_of(0xfffffff0));
    seq_t nxt = t.rcv_nxt;
    struct segment seg = unit_segment(seq_of(nxt.v - 10), t.snd_nxt, FLAG_ACK, 30);
    struct arrival a = tcb_arrive(&t, &seg);
    assert_int_equal(a.text, 20);
    assert_int_equal(a.text_off, 10);
    assert_true(seq_eq(t.rcv_nxt, seq_add(nxt, 20)));

    seg = unit_segment(seq_add(t.rcv_nxt, 1), t.snd_nxt, FLAG_ACK | FLAG_FIN, 4); /* behind a gap */
    a = tcb_arrive(&t, &seg);
    assert_int_equal(a.text, 0);
    assert_int_equal(a.reply, REPLY_ACK);
    assert_int_equal(t.state, STATE_ESTABLISHED);

    nxt = t.rcv_nxt; /* more than the window, and a FIN behind it */
    seg = unit_segment(nxt, t.snd_nxt, FLAG_ACK | FLAG_FIN, UNIT_WINDOW + 1);
    a = tcb_arrive(&t, &seg);
    assert_int_equal(a.text, UNIT_WINDOW);
    assert_true(seq_eq(t.rcv_nxt, seq_add(nxt, UNIT_WINDOW)));
    assert_int_equal(t.state, STATE_ESTABLISHED);
}

UNIT_TEST(windows_are_scaled_as_agreed)
{
    for (int offered = 0; offered < 2; offered++) {
        struct tcb t;
        tcb_init(&t, seq_of(9), 1 << 20, false, true, 7);
        unit_call(&t, CALL_CONNECT, REPLY_SYN);
        assert_int_equal(tcb_window_field(&t, true), UINT16_MAX);
        struct segment seg = unit_segment(seq_of(70), t.snd_nxt, FLAG_SYN | FLAG_ACK, 0);
        seg.opt.has_wscale = offered != 0;
        seg.opt.wscale = 15; /* RFC 7323 2.3: to be taken as 14 */
        (void)tcb_arrive(&t, &seg);
        assert_int_equal(t.snd_wnd, UNIT_WINDOW); /* never scaled in a SYN */
        assert_int_equal(tcb_window_field(&t, false), offered ? (1 << 20) >> 7 : UINT16_MAX);
        (void)unit_next(&t, FLAG_ACK, 0);
        assert_int_equal(t.snd_wnd, offered ? UNIT_WINDOW << 14 : UNIT_WINDOW);
    }
}

UNIT_TEST(an_older_segment_says_nothing_of_the_window)
{
    struct tcb t = unit_tcb(STATE_ESTABLISHED, false, seq_of(0xffffff00), seq_of(0xfffffff0));
    (void)unit_leaves_data(&t, 50);
    (void)unit_next(&t, FLAG_ACK, 10);
    struct segment old = unit_segment(seq_of(t.rcv_nxt.v - 11), t.snd_nxt, FLAG_ACK, 12);
    old.win = 1;
    (void)tcb_arrive(&t, &old);
    assert_int_equal(t.snd_wnd, UNIT_WINDOW);
    struct segment late = unit_segment(t.rcv_nxt, seq_of(t.snd_una.v - 20), FLAG_ACK, 1);
    late.win = 2; /* 3.10.7.4 fifth: only SND.UNA =< SEG.ACK updates it */
    (void)tcb_arrive(&t, &late);
    assert_int_equal(t.snd_wnd, UNIT_WINDOW);
    struct segment newer = unit_segment(t.rcv_nxt, t.snd_nxt, FLAG_ACK, 0);
    newer.win = 3;
    (void)tcb_arrive(&t, &newer);
    assert_int_equal(t.snd_wnd, 3);
}

UNIT_TEST(the_mss_without_the_option)
{
    static const uint8_t version[] = {4, 6};
    for (size_t i = 0; i < 2; i++) {
        struct tcb t = unit_tcb(STATE_SYN_SENT, false, seq_of(1), seq_of(2));
        struct segment seg = unit_segment(seq_of(2), t.snd_nxt, FLAG_SYN | FLAG_ACK, 0);
        seg.ip_version = version[i];
        (void)tcb_arrive(&t, &seg);
        assert_int_equal(t.snd_mss, i == 0 ? 536 : 1220); /* MUST-15 */
    }
}

/* 3.10.2: SEND in LISTEN makes the connection an active one, whose reset is a refusal. */
UNIT_TEST(send_turns_passive_into_active)
{
    struct tcb t = unit_tcb(STATE_LISTEN, true, seq_of(1), seq_of(2));
    unit_call(&t, CALL_SEND, REPLY_SYN);
    assert_int_equal(t.state, STATE_SYN_SENT);
    struct segment syn = unit_segment(seq_of(70), seq_of(0), FLAG_SYN, 0);
    (void)hear(&t, syn, STATE_SYN_RECEIVED, REPLY_SYN_ACK);
    struct segment rst = unit_segment(seq_of(71), seq_of(0), FLAG_RST, 0);
    (void)hear(&t, rst, STATE_CLOSED, REPLY_NOTHING);
}

/* 3.10.7.3: what else a SYN,ACK carries is processed from the sixth step on. */
UNIT_TEST(an_answer_may_carry_more)
{
    struct tcb t = unit_tcb(STATE_SYN_SENT, false, seq_of(0xffffffff), seq_of(2));
    struct segment seg = unit_segment(seq_of(70), t.snd_nxt, FLAG_SYN | FLAG_ACK | FLAG_FIN, 9);
    struct arrival a = tcb_arrive(&t, &seg);
    assert_int_equal(a.inputs[0], INPUT_SYN_ACK);
    assert_int_equal(a.text, 9);
    assert_int_equal(a.reply, REPLY_ACK);
    assert_int_equal(t.state, STATE_CLOSE_WAIT);
    assert_int_equal(t.rcv_nxt.v, 81);
}
