/* What an arriving segment is to our end: the rows that RFC 9293 3.10.7, RFC 5961 and RFC 7323 set
 * down, one by one, and then every segment of a grid against the RFC's text, written down once more
 * in plain integers counted from RCV.NXT and SND.NXT. */
#include "tcp.h"

#include "tcp/classify.h"

#define ISS seq_of(0xffffffff)
#define IRS seq_of(0xfffffe00)

/* `seq` counts from RCV.NXT, `ack` from SND.NXT. */
static struct segment at(const struct tcb *t, int32_t seq, int32_t ack, unsigned flags,
                         uint32_t len)
{
    return unit_segment(seq_add(t->rcv_nxt, (uint32_t)seq), seq_add(t->snd_nxt, (uint32_t)ack),
                        flags, len);
}

struct row {
    int32_t seq, ack;
    unsigned flags;
    uint32_t len;
    enum input in;
    enum state then;
    enum reply reply;
};

static void check(const struct tcb *t, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct row *r = &rows[i];
        struct tcb after = *t;
        struct segment seg = at(t, r->seq, r->ack, r->flags, r->len);
        assert_int_equal(classify_segment(t, &seg), r->in);
        struct arrival a = tcb_arrive(&after, &seg);
        assert_int_equal(after.state, r->then);
        assert_int_equal(a.reply, r->reply);
    }
}

#define CHECK(t, rows) check(t, rows, sizeof(rows) / sizeof((rows)[0]))
#define S(name)        STATE_##name

/* --- Row by row --- */

UNIT_TEST(closed)
{
    const struct tcb t = unit_tcb(STATE_CLOSED, false, ISS, IRS);
    static const struct row rows[] = {
        {5, 5, FLAG_RST, 0, INPUT_RST, S(CLOSED), REPLY_NOTHING},
        {5, 5, FLAG_RST | FLAG_ACK, 0, INPUT_RST, S(CLOSED), REPLY_NOTHING},
        {5, 5, FLAG_SYN, 0, INPUT_NO_ACK, S(CLOSED), REPLY_RST_ACK},
        {5, 5, 0, 0, INPUT_NO_ACK, S(CLOSED), REPLY_RST_ACK},
        {5, 5, FLAG_SYN | FLAG_ACK, 0, INPUT_ACK_UNACCEPTABLE, S(CLOSED), REPLY_RST},
        {5, 5, FLAG_ACK, 9, INPUT_ACK_UNACCEPTABLE, S(CLOSED), REPLY_RST},
    };
    CHECK(&t, rows);
}

/* Rows 1 and 2: what the resets of a closed port look like. */
UNIT_TEST(resets_of_a_closed_port)
{
    const struct tcb t = unit_tcb(STATE_CLOSED, false, ISS, IRS);
    struct segment out = {0};
    struct segment seg = unit_segment(seq_of(0xffffffff), seq_of(77), FLAG_SYN | FLAG_FIN, 3);
    tcb_fill(&t, REPLY_RST_ACK, &seg, &out);
    assert_int_equal(out.seq.v, 0);
    assert_int_equal(out.ack.v, 4); /* SYN, three octets, FIN */
    assert_int_equal(out.flags, FLAG_RST | FLAG_ACK);
    tcb_fill(&t, REPLY_RST, &seg, &out);
    assert_int_equal(out.seq.v, 77);
    assert_int_equal(out.flags, FLAG_RST);
}

UNIT_TEST(listen_state)
{
    const struct tcb t = unit_tcb(STATE_LISTEN, true, ISS, IRS);
    static const struct row rows[] = {
        {5, 5, FLAG_RST, 0, INPUT_RST_IGNORED, S(LISTEN), REPLY_NOTHING},
        {5, 5, FLAG_RST | FLAG_ACK | FLAG_SYN, 0, INPUT_RST_IGNORED, S(LISTEN), REPLY_NOTHING},
        {5, 5, FLAG_ACK, 0, INPUT_ACK_UNACCEPTABLE, S(LISTEN), REPLY_RST},
        {5, 5, FLAG_ACK | FLAG_SYN, 0, INPUT_ACK_UNACCEPTABLE, S(LISTEN), REPLY_RST},
        {5, 5, FLAG_ACK | FLAG_FIN, 3, INPUT_ACK_UNACCEPTABLE, S(LISTEN), REPLY_RST},
        {5, 5, FLAG_SYN, 0, INPUT_SYN, S(SYN_RECEIVED), REPLY_SYN_ACK},
        {5, 5, FLAG_SYN | FLAG_FIN, 2, INPUT_SYN, S(SYN_RECEIVED), REPLY_SYN_ACK},
        {5, 5, FLAG_SYN | FLAG_RST, 0, INPUT_RST_IGNORED, S(LISTEN), REPLY_NOTHING},
        {5, 5, 0, 0, INPUT_OTHER, S(LISTEN), REPLY_NOTHING},
        {5, 5, FLAG_FIN | FLAG_PSH | FLAG_URG, 0, INPUT_OTHER, S(LISTEN), REPLY_NOTHING},
    };
    CHECK(&t, rows);
}

UNIT_TEST(syn_sent)
{
    const struct tcb t = unit_tcb(STATE_SYN_SENT, false, ISS, IRS);
    static const struct row rows[] = {
        {0, 0, FLAG_SYN | FLAG_ACK, 0, INPUT_SYN_ACK, S(ESTABLISHED), REPLY_ACK},
        {0, -1, FLAG_SYN | FLAG_ACK, 0, INPUT_ACK_UNACCEPTABLE, S(SYN_SENT), REPLY_RST},
        {0, 1, FLAG_SYN | FLAG_ACK, 0, INPUT_ACK_UNACCEPTABLE, S(SYN_SENT), REPLY_RST},
        {0, 1, FLAG_ACK, 0, INPUT_ACK_UNACCEPTABLE, S(SYN_SENT), REPLY_RST},
        {0, 0, FLAG_ACK, 0, INPUT_OTHER, S(SYN_SENT), REPLY_NOTHING},
        {0, 0, FLAG_ACK | FLAG_FIN, 4, INPUT_OTHER, S(SYN_SENT), REPLY_NOTHING},
        {0, 0, FLAG_FIN, 0, INPUT_OTHER, S(SYN_SENT), REPLY_NOTHING},
        {0, 0, 0, 4, INPUT_OTHER, S(SYN_SENT), REPLY_NOTHING},
        {0, 7, FLAG_SYN, 0, INPUT_SYN, S(SYN_RECEIVED), REPLY_SYN_ACK},
        {9, 0, FLAG_RST | FLAG_ACK, 0, INPUT_RST, S(CLOSED), REPLY_NOTHING},
        {0, 1, FLAG_RST | FLAG_ACK, 0, INPUT_RST_IGNORED, S(SYN_SENT), REPLY_NOTHING},
        {0, -1, FLAG_RST | FLAG_ACK, 0, INPUT_RST_IGNORED, S(SYN_SENT), REPLY_NOTHING},
        {0, 0, FLAG_RST, 0, INPUT_RST_IGNORED, S(SYN_SENT), REPLY_NOTHING},
    };
    CHECK(&t, rows);
}

UNIT_TEST(syn_received_passively)
{
    const struct tcb t = unit_tcb(STATE_SYN_RECEIVED, true, ISS, IRS);
    static const struct row rows[] = {
        {0, 0, FLAG_ACK, 0, INPUT_ACK_NEW, S(ESTABLISHED), REPLY_NOTHING},
        {0, 1, FLAG_ACK, 0, INPUT_ACK_UNACCEPTABLE, S(SYN_RECEIVED), REPLY_RST},
        {0, -1, FLAG_ACK, 0, INPUT_ACK_UNACCEPTABLE, S(SYN_RECEIVED), REPLY_RST},
        {-1, 0, FLAG_SYN, 0, INPUT_OUTSIDE, S(SYN_RECEIVED), REPLY_ACK},
        {-1, 0, FLAG_SYN | FLAG_ACK, 0, INPUT_OUTSIDE, S(SYN_RECEIVED), REPLY_ACK},
        {UNIT_WINDOW, 0, FLAG_SYN, 0, INPUT_OUTSIDE, S(SYN_RECEIVED), REPLY_ACK},
        {10, 0, FLAG_SYN, 0, INPUT_SYN, S(LISTEN), REPLY_NOTHING},
        {10, 0, FLAG_SYN | FLAG_ACK, 0, INPUT_SYN, S(LISTEN), REPLY_NOTHING},
        {0, 0, FLAG_RST, 0, INPUT_RST_TO_LISTEN, S(LISTEN), REPLY_NOTHING},
        {0, 99, FLAG_RST | FLAG_ACK, 0, INPUT_RST_TO_LISTEN, S(LISTEN), REPLY_NOTHING},
        {1, 0, FLAG_RST, 0, INPUT_RST_IN_WINDOW, S(SYN_RECEIVED), REPLY_ACK},
        {-1, 0, FLAG_RST, 0, INPUT_RST_IGNORED, S(SYN_RECEIVED), REPLY_NOTHING},
        {0, 0, 0, 0, INPUT_NO_ACK, S(SYN_RECEIVED), REPLY_NOTHING},
        {0, 0, FLAG_ACK, 5, INPUT_ACK_NEW, S(ESTABLISHED), REPLY_ACK},
        {0, 0, FLAG_ACK | FLAG_FIN, 0, INPUT_ACK_NEW, S(CLOSE_WAIT), REPLY_ACK},
    };
    CHECK(&t, rows);
}

/* A simultaneous open (Figure 7): the SYN,ACK completes it although its SYN is old (MUST-10). */
UNIT_TEST(syn_received_actively)
{
    const struct tcb t = unit_tcb(STATE_SYN_RECEIVED, false, ISS, IRS);
    static const struct row rows[] = {
        {-1, 0, FLAG_SYN | FLAG_ACK, 0, INPUT_ACK_NEW, S(ESTABLISHED), REPLY_NOTHING},
        {-1, -1, FLAG_SYN | FLAG_ACK, 0, INPUT_OUTSIDE, S(SYN_RECEIVED), REPLY_ACK},
        {-1, 1, FLAG_SYN | FLAG_ACK, 0, INPUT_OUTSIDE, S(SYN_RECEIVED), REPLY_ACK},
        {-2, 0, FLAG_SYN | FLAG_ACK, 0, INPUT_OUTSIDE, S(SYN_RECEIVED), REPLY_ACK},
        {-1, 0, FLAG_SYN, 0, INPUT_OUTSIDE, S(SYN_RECEIVED), REPLY_ACK},
        {-1, 0, FLAG_SYN | FLAG_ACK | FLAG_RST, 0, INPUT_RST_IGNORED, S(SYN_RECEIVED),
         REPLY_NOTHING},
        {0, 0, FLAG_ACK, 0, INPUT_ACK_NEW, S(ESTABLISHED), REPLY_NOTHING},
        {10, 0, FLAG_SYN, 0, INPUT_SYN_LATE, S(SYN_RECEIVED), REPLY_ACK},
        {0, 0, FLAG_RST, 0, INPUT_RST, S(CLOSED), REPLY_NOTHING},
        {1, 0, FLAG_RST, 0, INPUT_RST_IN_WINDOW, S(SYN_RECEIVED), REPLY_ACK},
        {UNIT_WINDOW, 0, FLAG_RST, 0, INPUT_RST_IGNORED, S(SYN_RECEIVED), REPLY_NOTHING},
    };
    CHECK(&t, rows);
}

/* Resets in every state with a connection: RFC 5961 3.2. */
UNIT_TEST(resets_must_be_exact)
{
    for (enum state s = STATE_ESTABLISHED; s < STATE_COUNT; s++) {
        const struct tcb t = unit_tcb(s, true, ISS, IRS);
        const struct row rows[] = {
            {0, 0, FLAG_RST, 0, INPUT_RST, S(CLOSED), REPLY_NOTHING},
            {0, 4711, FLAG_RST | FLAG_ACK, 0, INPUT_RST, S(CLOSED), REPLY_NOTHING},
            {0, 0, FLAG_RST | FLAG_SYN, 0, INPUT_RST, S(CLOSED), REPLY_NOTHING},
            {1, 0, FLAG_RST, 0, INPUT_RST_IN_WINDOW, s, REPLY_ACK},
            {UNIT_WINDOW - 1, 0, FLAG_RST, 0, INPUT_RST_IN_WINDOW, s, REPLY_ACK},
            {UNIT_WINDOW, 0, FLAG_RST, 0, INPUT_RST_IGNORED, s, REPLY_NOTHING},
            {-1, 0, FLAG_RST, 0, INPUT_RST_IGNORED, s, REPLY_NOTHING},
            {INT32_MIN, 0, FLAG_RST, 0, INPUT_RST_IGNORED, s, REPLY_NOTHING},
        };
        CHECK(&t, rows);
    }
}

/* RFC 5961 4.2: whatever the number, a SYN gets the challenge; one beyond the window too. */
UNIT_TEST(a_late_syn_is_challenged)
{
    for (enum state s = STATE_ESTABLISHED; s < STATE_COUNT; s++) {
        const struct tcb t = unit_tcb(s, true, ISS, IRS);
        const struct row rows[] = {
            {0, 0, FLAG_SYN, 0, INPUT_SYN_LATE, s, REPLY_ACK},
            {9, 0, FLAG_SYN | FLAG_ACK, 0, INPUT_SYN_LATE, s, REPLY_ACK},
            {UNIT_WINDOW, 0, FLAG_SYN, 0, INPUT_OUTSIDE, s, REPLY_ACK},
            {-9, 0, FLAG_SYN | FLAG_ACK, 0, INPUT_OUTSIDE, s, REPLY_ACK},
        };
        CHECK(&t, rows);
    }
}

/* Table 6 and the ACK's own window, RFC 5961 5.2. */
UNIT_TEST(numbers_out_of_place)
{
    for (enum state s = STATE_ESTABLISHED; s < STATE_COUNT; s++) {
        const struct tcb t = unit_tcb(s, true, ISS, IRS);
        const bool fin = t.fin_sent && !t.fin_acked;
        const int32_t una = seq_diff(t.snd_una, t.snd_nxt);
        const struct row rows[] = {
            {-1, 0, FLAG_ACK, 0, INPUT_OUTSIDE, s, REPLY_ACK},
            {-1, 0, FLAG_ACK, 1, INPUT_OUTSIDE, s, REPLY_ACK},
            {UNIT_WINDOW, 0, FLAG_ACK, 0, INPUT_OUTSIDE, s, REPLY_ACK},
            {0, 0, FLAG_FIN, 0, INPUT_NO_ACK, s, REPLY_NOTHING},
            {0, 0, FLAG_PSH, 5, INPUT_NO_ACK, s, REPLY_NOTHING},
            {0, 1, FLAG_ACK, 0, INPUT_ACK_FUTURE, s, REPLY_ACK},
            {0, INT32_MAX, FLAG_ACK, 5, INPUT_ACK_FUTURE, s, REPLY_ACK},
            {0, una - UNIT_WINDOW, FLAG_ACK, 0, INPUT_ACK_DUPLICATE, s, REPLY_NOTHING},
            {0, una - UNIT_WINDOW - 1, FLAG_ACK, 0, INPUT_ACK_ANCIENT, s, REPLY_ACK},
            {0, una, FLAG_ACK, 0, INPUT_ACK_DUPLICATE, s, REPLY_NOTHING},
        };
        CHECK(&t, rows);
        struct segment all = at(&t, 0, 0, FLAG_ACK, 0);
        assert_int_equal(classify_segment(&t, &all), fin ? INPUT_ACK_OF_FIN : INPUT_ACK_DUPLICATE);
    }
}

UNIT_TEST(a_closed_window_takes_no_more_than_acknowledgements)
{
    struct tcb t = unit_tcb(STATE_ESTABLISHED, false, ISS, IRS);
    t.rcv_wnd = 0;
    static const struct row rows[] = {
        {0, 0, FLAG_ACK, 0, INPUT_ACK_DUPLICATE, S(ESTABLISHED), REPLY_NOTHING},
        {0, 0, FLAG_ACK, 1, INPUT_OUTSIDE, S(ESTABLISHED), REPLY_ACK},
        {0, 0, FLAG_ACK | FLAG_FIN, 0, INPUT_OUTSIDE, S(ESTABLISHED), REPLY_ACK},
        {1, 0, FLAG_ACK, 0, INPUT_OUTSIDE, S(ESTABLISHED), REPLY_ACK},
        {0, 0, FLAG_RST, 0, INPUT_RST, S(CLOSED), REPLY_NOTHING},
        {1, 0, FLAG_RST, 0, INPUT_RST_IGNORED, S(ESTABLISHED), REPLY_NOTHING},
    };
    CHECK(&t, rows);
}

/* Rows 47, 52 to 54, 58 to 60 and 66. */
UNIT_TEST(fins)
{
    static const struct {
        enum state s, then;
        bool covers_ours;
        enum reply reply;
    } cases[] = {
        {STATE_ESTABLISHED, STATE_CLOSE_WAIT, true, REPLY_ACK},
        {STATE_FIN_WAIT_1, STATE_CLOSING, false, REPLY_ACK},
        {STATE_FIN_WAIT_1, STATE_TIME_WAIT, true, REPLY_ACK},
        {STATE_FIN_WAIT_2, STATE_TIME_WAIT, true, REPLY_ACK},
        {STATE_CLOSE_WAIT, STATE_CLOSE_WAIT, true, REPLY_NOTHING},
        {STATE_TIME_WAIT, STATE_TIME_WAIT, true, REPLY_NOTHING},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tcb t = unit_tcb(cases[i].s, true, ISS, IRS);
        struct segment seg = at(&t, 0, cases[i].covers_ours ? 0 : -1, FLAG_FIN | FLAG_ACK, 0);
        struct arrival a = tcb_arrive(&t, &seg);
        assert_int_equal(t.state, cases[i].then);
        assert_int_equal(a.reply, cases[i].reply);
    }
    struct tcb waiting = unit_tcb(STATE_TIME_WAIT, true, ISS, IRS);
    struct segment again = at(&waiting, -1, 0, FLAG_FIN | FLAG_ACK, 0);
    assert_int_equal(tcb_arrive(&waiting, &again).reply, REPLY_ACK);
}

/* The ACK that ends LAST-ACK may bring what nobody is left to take. */
UNIT_TEST(the_last_ack_with_a_load)
{
    struct tcb t = unit_tcb(STATE_LAST_ACK, true, ISS, IRS);
    struct segment seg = at(&t, 0, 0, FLAG_FIN | FLAG_ACK, 5);
    struct arrival a = tcb_arrive(&t, &seg);
    assert_int_equal(t.state, STATE_CLOSED);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.reply, REPLY_NOTHING);
}

/* --- Timestamps, RFC 7323 --- */

static struct tcb with_timestamps(uint32_t recent)
{
    struct tcb t;
    tcb_init(&t, ISS, UNIT_WINDOW, true, false, 0);
    unit_call(&t, CALL_CONNECT, REPLY_SYN);
    struct segment seg = unit_segment(IRS, t.snd_nxt, FLAG_SYN | FLAG_ACK, 0);
    seg.opt.has_timestamps = true;
    seg.opt.ts_val = recent;
    (void)tcb_arrive(&t, &seg);
    assert_true(t.timestamps);
    struct segment ack = unit_segment(t.snd_nxt, t.rcv_nxt, FLAG_ACK, 0);
    tcb_left(&t, &ack); /* Last.ACK.sent, RFC 7323 4.3 */
    return t;
}

UNIT_TEST(old_timestamps)
{
    static const uint32_t recent[] = {100, 0, 0x80000000, 3};
    for (size_t i = 0; i < sizeof(recent) / sizeof(recent[0]); i++) {
        struct tcb t = with_timestamps(recent[i]);
        struct segment seg = at(&t, 0, 0, FLAG_ACK, 5);
        seg.opt.has_timestamps = true;
        seg.opt.ts_val = recent[i] - 1;
        assert_int_equal(classify_segment(&t, &seg), INPUT_OUTSIDE);
        seg.opt.ts_val = recent[i];
        assert_int_equal(classify_segment(&t, &seg), INPUT_ACK_DUPLICATE);
        seg.opt.ts_val = recent[i] + 1000;
        (void)tcb_arrive(&t, &seg);
        assert_int_equal(t.ts_recent, recent[i] + 1000);
        struct segment rst = at(&t, 0, 0, FLAG_RST, 0); /* 5.2: never judged by its timestamp */
        rst.opt.has_timestamps = true;
        rst.opt.ts_val = recent[i] - 1;
        assert_int_equal(classify_segment(&t, &rst), INPUT_RST);
    }
}

/* 4.3: the timestamp of what lies ahead of RCV.NXT is not the one to echo. */
UNIT_TEST(timestamps_from_behind_a_gap)
{
    struct tcb t = with_timestamps(100);
    struct segment seg = at(&t, 1, 0, FLAG_ACK, 5);
    seg.opt.has_timestamps = true;
    seg.opt.ts_val = 200;
    (void)tcb_arrive(&t, &seg);
    assert_int_equal(t.ts_recent, 100);
}

/* --- The grid --- */

/* 3.10.7.4 in integers: `seq` from RCV.NXT, `ack`, `una` and `iss` from SND.NXT. */
static enum input by_the_book(const struct tcb *t, int64_t seq, int64_t ack, unsigned flags,
                              int64_t len)
{
    int64_t wnd = t->rcv_wnd, una = seq_diff(t->snd_una, t->snd_nxt);
    int64_t seg_len = len + ((flags & FLAG_SYN) != 0) + ((flags & FLAG_FIN) != 0);
    bool first = 0 <= seq && seq < wnd, last = 0 <= seq + seg_len - 1 && seq + seg_len - 1 < wnd;
    bool ours = t->state == STATE_SYN_RECEIVED && t->passive;
    bool acceptable = seg_len == 0 ? (wnd == 0 ? seq == 0 : first) : wnd > 0 && (first || last);

    if (t->state == STATE_SYN_RECEIVED && !t->passive && (flags & FLAG_SYN) && (flags & FLAG_ACK) &&
        !(flags & FLAG_RST) && seq == -1 && una < ack && ack <= 0)
        return INPUT_ACK_NEW; /* Figure 7 */
    if (!acceptable)
        return flags & FLAG_RST ? INPUT_RST_IGNORED : INPUT_OUTSIDE;
    if (flags & FLAG_RST)
        return seq != 0 ? INPUT_RST_IN_WINDOW : ours ? INPUT_RST_TO_LISTEN : INPUT_RST;
    if (flags & FLAG_SYN)
        return ours ? INPUT_SYN : INPUT_SYN_LATE;
    if (!(flags & FLAG_ACK))
        return INPUT_NO_ACK;
    if (t->state == STATE_SYN_RECEIVED)
        return una < ack && ack <= 0 ? INPUT_ACK_NEW : INPUT_ACK_UNACCEPTABLE;
    if (ack > 0)
        return INPUT_ACK_FUTURE;
    if (ack < una - (int64_t)t->max_snd_wnd)
        return INPUT_ACK_ANCIENT;
    if (ack <= una)
        return INPUT_ACK_DUPLICATE;
    return t->fin_sent && !t->fin_acked && ack == 0 ? INPUT_ACK_OF_FIN : INPUT_ACK_NEW;
}

static const int32_t seqs[] = {
    -100000, -UNIT_WINDOW - 1, -UNIT_WINDOW, -UNIT_WINDOW + 1, -3,     -2,     -1, 0, 1, 2,
    500,     UNIT_WINDOW - 1,  UNIT_WINDOW,  UNIT_WINDOW + 1,  100000, 1 << 30};
static const int32_t acks[] = {-(1 << 30),
                               -100000,
                               -UNIT_WINDOW - 102,
                               -UNIT_WINDOW - 101,
                               -UNIT_WINDOW - 100,
                               -UNIT_WINDOW - 99,
                               -UNIT_WINDOW - 2,
                               -UNIT_WINDOW - 1,
                               -UNIT_WINDOW,
                               -UNIT_WINDOW + 1,
                               -102,
                               -101,
                               -100,
                               -99,
                               -2,
                               -1,
                               0,
                               1,
                               2,
                               100000,
                               1 << 30};

static void against_the_book(const struct tcb *t)
{
    static const uint32_t lens[] = {0, 1, 2, UNIT_WINDOW - 1, UNIT_WINDOW, UNIT_WINDOW + 1};
    for (unsigned flags = 0; flags < 0x20; flags++) {
        for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
            for (size_t k = 0; k < sizeof(acks) / sizeof(acks[0]); k++) {
                for (size_t l = 0; l < sizeof(lens) / sizeof(lens[0]); l++) {
                    struct segment seg = at(t, seqs[i], acks[k], flags, lens[l]);
                    assert_int_equal(classify_segment(t, &seg),
                                     by_the_book(t, seqs[i], acks[k], flags, lens[l]));
                }
            }
        }
    }
}

UNIT_TEST(every_segment_of_a_grid)
{
    static const uint32_t starts[] = {1,          0xffffffff, 0xfffffffe,
                                      0xffffff80, 0x7fffffff, 0x80000000};
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        seq_t iss = seq_of(starts[i]), irs = seq_of(starts[(i + 2) % 6]);
        for (enum state s = STATE_SYN_RECEIVED; s < STATE_COUNT; s++) {
            for (int passive = 0; passive < 2; passive++) {
                struct tcb t = unit_tcb(s, passive != 0, iss, irs);
                against_the_book(&t);
                t.rcv_wnd = 0;
                against_the_book(&t);
                if (s != STATE_ESTABLISHED && s != STATE_CLOSE_WAIT)
                    continue;
                (void)unit_leaves_data(&t, 100);
                against_the_book(&t);
                t.rcv_wnd = 1;
                against_the_book(&t);
            }
        }
    }
}
