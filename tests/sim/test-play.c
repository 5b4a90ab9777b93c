/* Figures played from end to end on the simulated wire: what is as figured, what deviates, what
 * cannot be known, and what is left behind. Every case again with numbers that pass 2^32. */
#include "stage.h"

#define SYN_ACK (FLAG_SYN | FLAG_ACK)
#define FIN_ACK (FLAG_FIN | FLAG_ACK)

struct place {
    const char *name;
    uint32_t iss, irs;
};

static void set(struct stage *s, void *const *state, const char *figure)
{
    const struct place *place = *state;
    s->iss = place->iss;
    s->irs = place->irs;
    stage_init(s, END_A, figure);
}

static void set_as_b(struct stage *s, void *const *state, const char *figure)
{
    const struct place *place = *state;
    s->iss = place->iss;
    s->irs = place->irs;
    stage_init(s, END_B, figure);
}

static bool sent(const struct stage *s, unsigned flags, size_t n, uint32_t seq)
{
    const struct bench_event *e = bench_segment(&s->bench, EVENT_SENT, flags, n);
    return e != NULL && e->seg.seq.v == seq;
}

static struct stage *stage_of(struct bench *b)
{
    return (struct stage *)b;
}

#define HANDSHAKE                                                                                  \
    "1.  CLOSED                                               LISTEN\n"                            \
    "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"                      \
    "3.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"                      \
    "4.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK>      --> ESTABLISHED\n"

#define CONNECTED                                                                                  \
    "1.  ESTABLISHED                                          ESTABLISHED\n"                       \
    "                                                         (send 300,receive 100)\n"

/* --- As figured --- */

static void a_handshake(void **state)
{
    struct stage s;
    for (int manned = 0; manned < 2; manned++) {
        set(&s, state, HANDSHAKE);
        if (manned)
            stage_man(&s);
        stage_run(&s);
        stage_expect_lines(&s, "ok ok ok ok");
        stage_as_figured(&s);
        assert_true(sent(&s, FLAG_SYN, 0, s.iss) && sent(&s, FLAG_ACK, 0, s.iss + 1));
        assert_string_equal(s.bench.lines[0].wire, "");
        assert_false(s.bench.lines[0].stamped);
        assert_int_equal(s.bench.lines[2].t_ns, BENCH_START + BENCH_RTT);
        stage_expect_reset(&s, s.iss + 1);
        stage_done(&s);
    }
}

static void four_segments_close(void **state)
{
    struct stage s;
    set(&s, state,
        CONNECTED "2.  (Close)\n"
                  "    FIN-WAIT-1 --> <SEQ=100><ACK=300><CTL=FIN,ACK>  --> CLOSE-WAIT\n"
                  "3.  FIN-WAIT-2 <-- <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n"
                  "4.                                                      (Close)\n"
                  "    TIME-WAIT  <-- <SEQ=300><ACK=101><CTL=FIN,ACK>  <-- LAST-ACK\n"
                  "5.  TIME-WAIT  --> <SEQ=101><ACK=301><CTL=ACK>      --> CLOSED\n"
                  "6.  (2 MSL)\n"
                  "    CLOSED\n");
    stage_man(&s);
    stage_run(&s);
    stage_as_figured(&s);
    assert_int_equal(s.done_count, 1);
    assert_int_equal(s.done[0], CALL_CLOSE);
    assert_int_equal(bench_segments(&s.bench, EVENT_SENT, FLAG_RST), 0); /* nothing is left */
    stage_done(&s);
}

/* The SYN is held while the peer's is under way: it gets ours after line 4, not after line 2. */
static void simultaneous_open(void **state)
{
    struct stage s;
    set(&s, state,
        "1.  CLOSED                                           CLOSED\n"
        "2.  SYN-SENT     --> <SEQ=100><CTL=SYN>              ...\n"
        "3.  SYN-RECEIVED <-- <SEQ=300><CTL=SYN>              <-- SYN-SENT\n"
        "4.               ... <SEQ=100><CTL=SYN>              --> SYN-RECEIVED\n"
        "5.  SYN-RECEIVED --> <SEQ=100><ACK=301><CTL=SYN,ACK> ...\n"
        "6.  ESTABLISHED  <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <-- SYN-RECEIVED\n"
        "7.               ... <SEQ=100><ACK=301><CTL=SYN,ACK> --> ESTABLISHED\n");
    stage_man(&s);
    s.bench.host.refuses = true; /* does not listen */
    stage_run(&s);
    stage_as_figured(&s);
    const struct bench_event *theirs = bench_segment(&s.bench, EVENT_RECEIVED, FLAG_SYN, 0);
    const struct bench_event *ours = bench_segment(&s.bench, EVENT_SENT, FLAG_SYN, 0);
    assert_true(theirs != NULL && ours != NULL && theirs < ours);
    assert_int_equal(s.done_count, 1); /* a SYN of the peer's needs somebody to connect */
    assert_int_equal(s.done[0], CALL_CONNECT);
    stage_done(&s);
}

/* What is held and never released is lost. */
static void held_back_for_ever(void **state)
{
    struct stage s;
    set(&s, state,
        "1.  CLOSED                                               LISTEN\n"
        "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               ...\n"
        "3.  (wait 1s)\n"
        "    SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
        "4.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n");
    stage_run(&s);
    stage_as_figured(&s);
    assert_int_equal(bench_segments(&s.bench, EVENT_SENT, FLAG_SYN), 1);
    assert_int_equal(bench_segment(&s.bench, EVENT_SENT, FLAG_SYN, 0)->t_ns, BENCH_START + CLOCK_S);
    stage_done(&s);
}

/* Seen by the tap, and not by our end before the row that says so. */
static void withheld_and_delivered(void **state)
{
    struct stage s;
    set(&s, state,
        "1.  CLOSED                                               LISTEN\n"
        "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
        "3.  SYN-SENT    ... <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
        "4.  (forged)    ... <SEQ=101><ACK=999><CTL=ACK>      --> SYN-RECEIVED\n"
        "5.  SYN-SENT    <-- <SEQ=999><CTL=RST>               <-- SYN-RECEIVED\n"
        "6.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  ... SYN-RECEIVED\n"
        "7.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK>      --> ESTABLISHED\n");
    stage_man(&s);
    stage_run(&s);
    stage_as_figured(&s);
    assert_int_equal(bench_segments(&s.bench, EVENT_RECEIVED, SYN_ACK), 1);
    stage_expect_reset(&s, s.iss + 1);
    stage_done(&s);
}

static void data_in_both_directions(void **state)
{
    struct stage s;
    set(&s, state,
        CONNECTED "2.  (say \"hello\")\n"
                  "    ESTABLISHED --> <SEQ=100><ACK=300><DATA><CTL=PSH,ACK>    --> ESTABLISHED\n"
                  "3.  ESTABLISHED <-- <SEQ=300><ACK=105><CTL=ACK>              <-- ESTABLISHED\n"
                  "4.  ESTABLISHED <-- <SEQ=300><ACK=105><DATA=3><CTL=PSH,ACK>  <-- ESTABLISHED\n"
                  "5.  ESTABLISHED --> <SEQ=105><ACK=303><CTL=ACK>              --> ESTABLISHED\n");
    stage_man(&s);
    stage_run(&s);
    stage_as_figured(&s);
    assert_int_equal(s.bench.host.heard_len, 5);
    assert_memory_equal(s.bench.host.heard, "hello", 5);
    assert_int_equal(s.done_count, 1);
    assert_int_equal(s.done[0], CALL_SEND);
    stage_expect_reset(&s, s.iss + 6);
    stage_done(&s);
}

static void a_crash(void **state)
{
    struct stage s;
    set(&s, state,
        "1.  (CRASH)                                              (send 300,receive 100)\n"
        "2.  CLOSED                                               ESTABLISHED\n"
        "3.  SYN-SENT    --> <SEQ=400><CTL=SYN>               --> ESTABLISHED\n"
        "4.  SYN-SENT    <-- <SEQ=300><ACK=100><CTL=ACK>      <-- ESTABLISHED\n"
        "5.  SYN-SENT    --> <SEQ=100><CTL=RST>               -->\n"
        "6.  SYN-SENT                                             CLOSED|LISTEN\n");
    stage_run(&s);
    stage_as_figured(&s);
    assert_true(sent(&s, FLAG_SYN, 1, s.iss + 1 + 300)); /* 100 is the first number after the SYN */
    assert_true(sent(&s, FLAG_RST, 0, s.iss + 1));
    stage_done(&s);
}

static void a_closed_port(void **state)
{
    struct stage s;
    set(&s, state,
        "needs: nobody\n\n"
        "    TCP Peer A                                        TCP Peer B\n"
        "1.  CLOSED                                            CLOSED\n"
        "2.  SYN-SENT   --> <SEQ=100><CTL=SYN>             --> CLOSED\n"
        "3.  CLOSED     <-- <SEQ=0><ACK=101><CTL=RST,ACK>  <-- CLOSED\n");
    stage_man(&s);
    stage_run(&s);
    stage_as_figured(&s);
    assert_true(s.bench.host.refuses);
    assert_int_equal(bench_count(&s.bench, EVENT_SENT), 1);
    stage_done(&s);
}

static bool refuses_with_a_number(struct bench *b, const struct segment *seg)
{
    stage_says(stage_of(b), 0, FLAG_RST | FLAG_ACK, 77, seg->seq.v + 1, 0);
    return true;
}

/* The zero is meant: 77 is not A's 100 counted from somewhere else. */
static void a_closed_port_with_a_number_of_its_own(void **state)
{
    struct stage s;
    set(&s, state,
        "1.  CLOSED                                            CLOSED\n"
        "2.  SYN-SENT   --> <SEQ=100><CTL=SYN>             --> CLOSED\n"
        "3.  CLOSED     <-- <SEQ=0><ACK=101><CTL=RST,ACK>  <-- CLOSED\n");
    s.bench.host.instead = refuses_with_a_number;
    stage_run(&s);
    stage_expect_lines(&s, "ok ok deviates");
    stage_expect_text(&s, 2, "SEQ is 77, figured 0");
    stage_expect(&s, "deviates", 1);
    stage_done(&s);
}

/* --- As B --- */

static void as_b(void **state)
{
    struct stage s;
    for (int manned = 0; manned < 2; manned++) {
        set_as_b(&s, state, HANDSHAKE);
        if (manned)
            stage_man(&s);
        bench_begin(&s.bench);
        if (!manned)
            stage_connects(&s);
        bench_pass(&s.bench, CLOCK_MIN);
        stage_expect_lines(&s, "ok ok ok ok");
        stage_as_figured(&s);
        assert_true(sent(&s, SYN_ACK, 0, s.iss));
        stage_expect_reset(&s, s.iss + 1);
        stage_done(&s);
    }
}

static void as_b_the_old_duplicate(void **state)
{
    struct stage s;
    set_as_b(&s, state,
             "1.  CLOSED                                               LISTEN\n"
             "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               ...\n"
             "3.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
             "4.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
             "5.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK>      --> ESTABLISHED\n");
    bench_begin(&s.bench);
    stage_connects(&s);
    stage_says(&s, CLOCK_S, FLAG_SYN, s.irs, 0, 0);
    bench_pass(&s.bench, CLOCK_MIN);
    stage_as_figured(&s); /* the first is withheld, its copy taken */
    stage_done(&s);
}

static void as_b_nobody_connects(void **state)
{
    struct stage s;
    set_as_b(&s, state, HANDSHAKE);
    stage_run(&s);
    stage_expect_lines(&s, "ok unknown not-reached not-reached");
    stage_expect_text(&s, 1, "nothing came");
    stage_expect(&s, "unknown", 3);
    assert_int_equal(bench_count(&s.bench, EVENT_SENT), 0);
    stage_done(&s);
}

/* --- Deviations --- */

#define OLD_DUPLICATE(ack)                                                                         \
    "1.  CLOSED                                               LISTEN\n"                            \
    "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               ...\n"                                   \
    "3.  (duplicate) ... <SEQ=90><CTL=SYN>                --> SYN-RECEIVED\n"                      \
    "4.  SYN-SENT    <-- <SEQ=300><ACK=" ack "><CTL=SYN,ACK>   <-- SYN-RECEIVED\n"                 \
    "5.  SYN-SENT    --> <SEQ=91><CTL=RST>                --> LISTEN\n"                            \
    "6.              ... <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"                      \
    "7.  ESTABLISHED <-- <SEQ=400><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"                      \
    "8.  ESTABLISHED --> <SEQ=101><ACK=401><CTL=ACK>      --> ESTABLISHED\n"

static void the_old_duplicate(void **state)
{
    struct stage s;
    set(&s, state, OLD_DUPLICATE("91"));
    stage_man(&s);
    stage_run(&s);
    stage_as_figured(&s);
    assert_true(sent(&s, FLAG_SYN, 0, s.iss - 10) && sent(&s, FLAG_SYN, 1, s.iss));
    assert_true(sent(&s, FLAG_RST, 0, s.iss - 9));
    stage_expect_reset(&s, s.iss + 1);
    stage_done(&s);
}

static void a_wrong_expectation(void **state)
{
    struct stage s;
    set(&s, state, OLD_DUPLICATE("92"));
    stage_run(&s);
    stage_expect_lines(&s, "ok ok ok deviates not-reached not-reached not-reached not-reached");
    stage_expect_text(&s, 3, "<CTL=SYN,ACK> came: ACK=91 came, not ACK=92");
    stage_expect(&s, "deviates", 1);
    const json_t *first = json_object_get(s.bench.verdict, "first_deviation");
    assert_int_equal(json_integer_value(json_object_get(first, "line")), 4);
    assert_int_equal(json_integer_value(json_object_get(first, "source_line")), 5);
    stage_expect_reset(&s, s.iss - 9); /* what the old SYN has opened */
    stage_done(&s);
}

static void keep_going(void **state)
{
    struct stage s;
    set(&s, state, OLD_DUPLICATE("92"));
    s.play.keep_going = true;
    stage_run(&s);
    stage_expect_lines(&s, "ok ok ok deviates ok ok ok ok");
    stage_expect(&s, "deviates", 1);
    stage_expect_reset(&s, s.iss + 1);
    stage_done(&s);
}

/* Neither a state nor a number is impossible here; they are not what happens. */
static void our_own_column(void **state)
{
    struct stage s;
    set(&s, state,
        "1.  CLOSED                                               LISTEN\n"
        "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
        "3.  SYN-SENT    <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
        "4.  SYN-SENT    --> <SEQ=101><CTL=RST>               -->\n");
    stage_run(&s);
    stage_expect_lines(&s, "ok ok deviates not-reached");
    stage_expect_text(&s, 2, "our end is in ESTABLISHED");
    stage_expect(&s, "deviates", 1);
    stage_done(&s);
}

static void the_peers_column(void **state)
{
    static const char figure[] =
        "1.  CLOSED                                                      LISTEN\n"
        "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>                      --> SYN-RECEIVED\n"
        "3.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>         <-- SYN-RECEIVED\n"
        "4.  ESTABLISHED --> <SEQ=101><ACK=301><DATA=5><CTL=PSH,ACK> --> SYN-RECEIVED\n"
        "5.  ESTABLISHED <-- <SEQ=301><ACK=106><CTL=ACK>             <-- SYN-RECEIVED\n";
    struct stage s;
    set(&s, state, figure);
    stage_run(&s);
    stage_expect_lines(&s, "ok ok ok ok deviates");
    stage_expect_text(&s, 4, "the peer cannot be there: it is in ESTABLISHED");
    stage_expect(&s, "deviates", 1);
    stage_done(&s);
    set(&s, state, figure);
    stage_man(&s);
    stage_run(&s);
    stage_expect_lines(&s, "ok ok ok deviates not-reached");
    stage_expect_text(&s, 3, "the peer's kernel says ESTABLISHED");
    stage_expect(&s, "deviates", 1);
    stage_done(&s);
}

static void a_kernel_that_cannot_be_asked(void **state)
{
    struct stage s;
    set(&s, state, HANDSHAKE);
    stage_man(&s);
    s.mute = true;
    s.play.keep_going = true;
    stage_run(&s);
    stage_expect_lines(&s, "unknown unknown unknown unknown");
    stage_expect_text(&s, 1, "the peer's kernel does not answer");
    stage_expect(&s, "unknown", 3);
    stage_expect_reset(&s, s.iss + 1);
    stage_done(&s);
}

#define AWAITS_AN_ACK                                                                              \
    HANDSHAKE                                                                                      \
    "5.  ESTABLISHED --> <SEQ=101><ACK=301><DATA=5><CTL=PSH,ACK> --> ESTABLISHED\n"                \
    "6.  ESTABLISHED <-- <SEQ=301><ACK=106><CTL=ACK>             <-- ESTABLISHED\n"

static bool closes_instead(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (seg->len == 0)
        return false;
    stage_says(s, 0, FIN_ACK, s->irs + 1, s->iss + 1, 0);
    return true;
}

static bool resets_instead(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (seg->len == 0)
        return false;
    stage_says(s, 0, FLAG_RST, s->irs + 1, 0, 0);
    return true;
}

static bool opens_instead(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (seg->len == 0)
        return false;
    stage_says(s, 0, FLAG_SYN, s->irs + 1000, 0, 0);
    return true;
}

static void a_segment_out_of_place(void **state)
{
    static const struct {
        bool (*instead)(struct bench *b, const struct segment *seg);
        const char *said;
    } cases[] = {{closes_instead, "<CTL=FIN,ACK> came"},
                 {resets_instead, "<CTL=RST> came"},
                 {opens_instead, "<CTL=SYN> came"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage s;
        set(&s, state, AWAITS_AN_ACK);
        s.bench.host.instead = cases[i].instead;
        stage_run(&s);
        stage_expect_lines(&s, "ok ok ok ok ok deviates");
        stage_expect_text(&s, 5, cases[i].said);
        stage_expect(&s, "deviates", 1);
        stage_done(&s);
    }
}

/* It is told what came, but only when nothing better has come. */
static bool acknowledges_too_little(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (seg->len == 0)
        return false;
    stage_says(s, 0, FLAG_ACK, s->irs + 1, s->iss + 2, 0);
    return true;
}

static bool acknowledges_bit_by_bit(struct bench *b, const struct segment *seg)
{
    if (acknowledges_too_little(b, seg))
        stage_says(stage_of(b), CLOCK_MS, FLAG_ACK, seg->ack.v, segment_end(seg).v, 0);
    return seg->len > 0;
}

static void an_ack_of_another_number(void **state)
{
    struct stage s;
    set(&s, state, AWAITS_AN_ACK);
    s.bench.host.instead = acknowledges_too_little;
    stage_run(&s);
    stage_expect_lines(&s, "ok ok ok ok ok deviates");
    stage_expect_text(&s, 5, "ACK=102 came, not ACK=106");
    stage_done(&s);
    set(&s, state, AWAITS_AN_ACK);
    s.bench.host.instead = acknowledges_bit_by_bit;
    stage_run(&s);
    stage_as_figured(&s);
    stage_done(&s);
}

/* --- Retransmissions --- */

static bool answers_twice(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (seg->flags & FLAG_SYN)
        stage_says(s, BENCH_RTT, SYN_ACK, s->irs, s->iss + 1, 0);
    return false;
}

static void a_retransmission_is_tolerated(void **state)
{
    struct stage s;
    set(&s, state, AWAITS_AN_ACK);
    s.bench.host.instead = answers_twice;
    stage_run(&s);
    stage_as_figured(&s);
    assert_int_equal(bench_segments(&s.bench, EVENT_RECEIVED, SYN_ACK), 2);
    stage_done(&s);
}

/* Line 6 shows data after those of line 5; a copy of the first must not pass for the second. */
static bool says_it_twice(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if ((seg->flags & FLAG_ALL) != FLAG_ACK)
        return false;
    stage_says(s, 0, FLAG_ACK, s->irs + 1, s->iss + 1, 4);
    stage_says(s, CLOCK_MS, FLAG_ACK, s->irs + 1, s->iss + 1, 4);
    return false;
}

static void a_copy_is_not_the_next_segment(void **state)
{
    struct stage s;
    set(&s, state,
        HANDSHAKE "5.  ESTABLISHED <-- <ACK=101><DATA=4><CTL=ACK> <-- ESTABLISHED\n"
                  "6.  ESTABLISHED <-- <ACK=101><DATA=4><CTL=ACK> <-- ESTABLISHED\n");
    s.bench.host.instead = says_it_twice;
    stage_run(&s);
    stage_expect_lines(&s, "ok ok ok ok ok unknown");
    stage_expect(&s, "unknown", 3);
    stage_done(&s);
}

/* A figure may show the copy: then it is what is awaited. */
static void a_retransmission_that_is_figured(void **state)
{
    struct stage s;
    set(&s, state,
        "1.  CLOSED                                               LISTEN\n"
        "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
        "3.  SYN-SENT    ... <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
        "4.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED [after 10ms]\n"
        "5.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK>      --> ESTABLISHED\n");
    s.bench.host.instead = answers_twice;
    stage_run(&s);
    stage_as_figured(&s);
    stage_done(&s);
}

/* --- What the figure does not show --- */

static bool talks_first(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (seg->len == 0)
        return false;
    const struct segment like = stage_like(s);
    bench_host_says(b, &like, REPLY_ACK, NULL, "banner\n", 7);
    return false;
}

static void unfigured_data_shift_the_numbers(void **state)
{
    struct stage s;
    set(&s, state,
        AWAITS_AN_ACK "7.  ESTABLISHED --> <SEQ=106><ACK=301><CTL=FIN,ACK>  --> CLOSE-WAIT\n"
                      "8.  FIN-WAIT-2  <-- <SEQ=301><ACK=107><CTL=ACK>      <-- CLOSE-WAIT\n");
    s.figure.items[6].row.a.states = STATE_SET_NONE;
    s.bench.host.instead = talks_first;
    stage_run(&s);
    stage_as_figured(&s);
    /* Acknowledged at once, and by what the figure sends later. */
    assert_int_equal(bench_segment(&s.bench, EVENT_SENT, FLAG_ACK, 2)->seg.ack.v, s.irs + 8);
    assert_int_equal(bench_segment(&s.bench, EVENT_SENT, FIN_ACK, 0)->seg.ack.v, s.irs + 8);
    stage_done(&s);
}

/* Data on a segment that is shown without any. */
static bool talks_at_once(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (seg->len == 0)
        return false;
    stage_says(s, 0, FLAG_PSH | FLAG_ACK, s->irs + 1, segment_end(seg).v, 9);
    return true;
}

static void unfigured_data_on_a_figured_segment(void **state)
{
    struct stage s;
    set(&s, state,
        AWAITS_AN_ACK "7.  ESTABLISHED --> <SEQ=106><ACK=301><DATA=1><CTL=ACK> --> ESTABLISHED\n");
    s.bench.host.instead = talks_at_once;
    stage_run(&s);
    stage_as_figured(&s);
    assert_int_equal(bench_segment(&s.bench, EVENT_SENT, FLAG_ACK, 3)->seg.ack.v, s.irs + 10);
    stage_done(&s);
}

/* The FIN behind them is in the figure, and counted there. */
static bool talks_and_closes(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (seg->len != 5)
        return false;
    stage_says(s, 0, FIN_ACK, s->irs + 1, segment_end(seg).v, 9);
    return true;
}

static void unfigured_data_with_a_fin(void **state)
{
    struct stage s;
    set(&s, state,
        HANDSHAKE "5.  ESTABLISHED --> <SEQ=101><ACK=301><DATA=5><CTL=PSH,ACK> --> ESTABLISHED\n"
                  "6.  CLOSE-WAIT  <-- <SEQ=301><ACK=106><CTL=FIN,ACK>    <-- FIN-WAIT-1\n"
                  "7.  CLOSE-WAIT  --> <SEQ=106><ACK=302><DATA=1><CTL=ACK> -->\n");
    s.bench.host.instead = talks_and_closes;
    stage_run(&s);
    stage_as_figured(&s);
    assert_int_equal(bench_segment(&s.bench, EVENT_SENT, FLAG_ACK, 2)->seg.ack.v, s.irs + 11);
    assert_int_equal(bench_segment(&s.bench, EVENT_SENT, FLAG_ACK, 3)->seg.ack.v, s.irs + 11);
    stage_done(&s);
}

static bool damages_its_answer(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (!(seg->flags & FLAG_SYN))
        return false;
    const struct segment bad = {.src = seg->dst,
                                .dst = seg->src,
                                .ttl = 64,
                                .df = true,
                                .seq = seq_of(s->irs + 99),
                                .ack = seq_of(s->iss + 1),
                                .flags = SYN_ACK,
                                .checksum = SEGMENT_CHECKSUM_BAD};
    sim_emit(b->sim, 0, &bad, NULL, 0);
    return false;
}

static void a_damaged_segment_is_none(void **state)
{
    struct stage s;
    set(&s, state, HANDSHAKE);
    s.bench.host.instead = damages_its_answer;
    stage_run(&s);
    stage_as_figured(&s);
    assert_int_equal(bench_segments(&s.bench, EVENT_RECEIVED, SYN_ACK), 2);
    stage_done(&s);
}

/* --- What comes early --- */

static bool closes_at_once(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (!(seg->flags & FLAG_FIN))
        return false;
    stage_says(s, 0, FLAG_ACK, s->irs + 1, segment_end(seg).v, 0);
    stage_says(s, 0, FIN_ACK, s->irs + 1, segment_end(seg).v, 0);
    return true;
}

static void an_early_segment_waits_for_its_row(void **state)
{
    struct stage s;
    set(&s, state,
        CONNECTED "2.  FIN-WAIT-1 --> <SEQ=100><ACK=300><CTL=FIN,ACK>  -->\n"
                  "3.  FIN-WAIT-2 <-- <SEQ=300><ACK=101><CTL=ACK>      <--\n"
                  "4.  (wait 1s)\n"
                  "    FIN-WAIT-2\n"
                  "5.  TIME-WAIT  <-- <SEQ=300><ACK=101><CTL=FIN,ACK>  <--\n");
    s.bench.host.instead = closes_at_once;
    stage_run(&s);
    stage_as_figured(&s);
    assert_int_equal(s.bench.lines[6].t_ns, s.bench.lines[3].t_ns); /* its own stamp */
    stage_done(&s);
}

/* The second half overtakes the first. */
static bool talks_backwards(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if ((seg->flags & FLAG_ALL) != FLAG_ACK)
        return false;
    stage_says(s, CLOCK_MS, FLAG_ACK, s->irs + 6, s->iss + 1, 5);
    stage_says(s, 2 * CLOCK_MS, FLAG_ACK, s->irs + 1, s->iss + 1, 5);
    return false;
}

static void what_lies_behind_a_gap_waits(void **state)
{
    struct stage s;
    set(&s, state,
        HANDSHAKE "5.  ESTABLISHED <-- <SEQ=301><ACK=101><DATA=5><CTL=ACK> <-- ESTABLISHED\n"
                  "6.  ESTABLISHED <-- <SEQ=306><ACK=101><DATA=5><CTL=ACK> <-- ESTABLISHED\n"
                  "7.  ESTABLISHED --> <SEQ=101><ACK=311><CTL=ACK>         --> ESTABLISHED\n");
    s.bench.host.instead = talks_backwards;
    stage_run(&s);
    stage_as_figured(&s);
    stage_done(&s);
}

/* The FIN overtakes data that the figure does not show: when they have come, it is its turn. */
static bool closes_before_it_talks(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (b->host.arrived == 2) {
        stage_says(s, CLOCK_MS, FIN_ACK, s->irs + 6, s->iss + 1, 0);
        stage_says(s, 2 * CLOCK_MS, FLAG_ACK, s->irs + 1, s->iss + 1, 5);
    }
    return !(seg->flags & FLAG_SYN);
}

static void what_lies_behind_unfigured_data_waits(void **state)
{
    struct stage s;
    set(&s, state,
        HANDSHAKE "5.  CLOSE-WAIT  <-- <SEQ=301><ACK=101><CTL=FIN,ACK>  <-- FIN-WAIT-1\n"
                  "6.  CLOSE-WAIT  --> <SEQ=101><ACK=302><CTL=ACK>      --> FIN-WAIT-2\n");
    s.bench.host.instead = closes_before_it_talks;
    stage_run(&s);
    stage_as_figured(&s);
    stage_done(&s);
}

/* More than anybody keeps, while we wait: nothing breaks, and the record is whole. */
static bool floods(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (!(seg->flags & FLAG_SYN))
        return false;
    for (uint32_t i = 0; i < 500; i++)
        stage_says(s, BENCH_RTT, i % 3 == 0 ? SYN_ACK : FLAG_ACK, s->irs + i % 5, s->iss + 1,
                   i % 7);
    return false;
}

static void a_flood(void **state)
{
    struct stage s;
    set(&s, state,
        HANDSHAKE "5.  (wait 1s)\n"
                  "    ESTABLISHED                                          ESTABLISHED\n"
                  "6.  ESTABLISHED <-- <SEQ=400><ACK=999><CTL=SYN,ACK>  <-- ESTABLISHED\n");
    s.bench.host.instead = floods;
    stage_run(&s);
    assert_int_equal(bench_count(&s.bench, EVENT_RECEIVED), 501);
    assert_string_not_equal(bench_text(&s.bench, "verdict"), "as-figured");
    stage_done(&s);
}

/* --- Times and silences --- */

static bool answers_late(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (!(seg->flags & FLAG_SYN))
        return false;
    stage_says(s, 990 * CLOCK_MS, SYN_ACK, s->irs, s->iss + 1, 0); /* 1 s after our SYN */
    return true;
}

#define ANSWER(when)                                                                               \
    "1.  CLOSED                                               LISTEN\n"                            \
    "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"                      \
    "3.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED " when "\n"

static void times(void **state)
{
    static const struct {
        const char *figure;
        bool met;
    } cases[] = {
        {ANSWER("[within 1s]"), true},
        {ANSWER("[within 999ms]"), false},
        {ANSWER("[after 1s]"), true},
        {ANSWER("[after 1.1s]"), true},
        {ANSWER("[after 900ms]"), true},
        {ANSWER("[after 1.2s]"), false},
        {ANSWER("[after 800ms]"), false},
        {ANSWER("[after 800ms +- 25%]"), true},
        {ANSWER("[after 990ms +- 9ms]"), false},
        {ANSWER("[after 4s]"), false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage s;
        set(&s, state, cases[i].figure);
        s.bench.host.instead = answers_late;
        s.play.reply_wait_ns = CLOCK_MS; /* a time that is figured is waited for */
        stage_run(&s);
        if (cases[i].met) {
            stage_as_figured(&s);
        } else if (s.bench.lines[2].status == EVENT_LINE_DEVIATES) {
            stage_expect_text(&s, 2, "it came after 1");
            stage_expect(&s, "deviates", 1);
        } else {
            stage_expect(&s, "unknown", 3); /* too late to be waited for */
        }
        stage_done(&s);
    }
}

#define SILENCE                                                                                    \
    HANDSHAKE                                                                                      \
    "5.                  [silence 3s]\n"                                                           \
    "    ESTABLISHED                                          ESTABLISHED\n"

static void silence_is_kept(void **state)
{
    struct stage s;
    set(&s, state, SILENCE);
    stage_run(&s);
    stage_as_figured(&s);
    assert_true(s.bench.lines[4].t_ns >= BENCH_START + 3 * CLOCK_S);
    stage_done(&s);
}

static bool speaks_later(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if ((seg->flags & FLAG_ALL) == FLAG_ACK)
        stage_says(s, 2 * CLOCK_S, FLAG_ACK, s->irs + 1, s->iss + 1, 0);
    return false;
}

/* A copy breaks it too: it says that the peer has not heard us. */
static void silence_is_broken(void **state)
{
    static const struct {
        bool (*instead)(struct bench *b, const struct segment *seg);
        const char *said;
    } cases[] = {{speaks_later, "<CTL=ACK> came"},
                 {answers_twice, "<CTL=SYN,ACK> came: a retransmission"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage s;
        set(&s, state, SILENCE);
        s.bench.host.instead = cases[i].instead;
        stage_run(&s);
        stage_expect_lines(&s, "ok ok ok ok deviates not-reached");
        stage_expect_text(&s, 4, cases[i].said);
        stage_expect(&s, "deviates", 1);
        stage_done(&s);
    }
}

/* What the host says, handed over now with this stamp. */
static void stamped(struct stage *s, int64_t t_ns, unsigned flags, uint32_t seq)
{
    struct fault fault = {""};
    uint8_t packet[256];
    size_t n;
    const struct segment seg = {.src = s->bench.config.base.remote,
                                .dst = s->bench.locals[0],
                                .ttl = 64,
                                .win = 65535,
                                .seq = seq_of(seq),
                                .ack = seq_of(s->iss + 1),
                                .flags = (uint16_t)flags};
    struct craft *craft = craft_new(&fault);
    assert_non_null(craft);
    assert_int_equal(craft_segment(craft, &seg, NULL, 0, packet, sizeof(packet), &n, &fault),
                     STATUS_OK);
    craft_free(craft);
    assert_int_equal(run_packet(s->bench.run, packet, n, t_ns, &fault), STATUS_OK);
}

/* A busy machine shows us things late. What was stamped before the silence began does not break it,
 * nor does what was stamped when it was over, however late our timer is. */
static void silence_is_judged_by_stamps(void **state)
{
    for (int late = 0; late < 2; late++) {
        struct stage s;
        set(&s, state, SILENCE);
        bench_begin(&s.bench);
        bench_pass(&s.bench, BENCH_RTT + CLOCK_MS);
        assert_int_equal(s.play.phase, PLAY_SILENCE);
        if (late)
            stamped(&s, s.play.until_ns + 1, FLAG_RST | FLAG_ACK, s.irs + 1);
        else
            stamped(&s, s.play.mark_ns - 1, FLAG_SYN | FLAG_ACK, s.irs);
        bench_pass(&s.bench, CLOCK_MIN);
        stage_as_figured(&s);
        stage_done(&s);
    }
}

/* --- Alternatives --- */

#define EITHER(third)                                                                              \
    CONNECTED                                                                                      \
    "2.  (forged)    ... <SEQ=101><CTL=RST>              -->\n"                                    \
    "either \"a challenge\"\n"                                                                     \
    "3.  ESTABLISHED <-- <SEQ=300><ACK=100><CTL=ACK>  <-- ESTABLISHED\n"                           \
    "4.  (Abort)\n"                                                                                \
    "    CLOSED      --> <SEQ=100><CTL=RST>           -->\n"                                       \
    "or \"a reset\" deviates\n"                                                                    \
    "5.  CLOSED      <-- <SEQ=300><CTL=RST>           <--\n" third "end\n"                         \
    "9.                  [silence 100ms]\n"

#define SILENT                                                                                     \
    "or \"silence\"\n"                                                                             \
    "6.                  [silence 2s]\n"                                                           \
    "7.  ESTABLISHED --> <SEQ=100><ACK=300><CTL=ACK>  -->\n"

static bool challenges(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    bool forged = (seg->flags & FLAG_RST) != 0 && seg->seq.v == s->iss + 2;
    if (forged)
        stage_says(s, 0, FLAG_ACK, s->irs + 1, s->iss + 1, 0);
    return forged;
}

static bool resets(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    bool forged = (seg->flags & FLAG_RST) != 0 && seg->seq.v == s->iss + 2;
    if (forged)
        stage_says(s, 0, FLAG_RST, s->irs + 1, 0, 0);
    return forged;
}

static bool says_nothing(struct bench *b, const struct segment *seg)
{
    (void)b;
    return (seg->flags & FLAG_RST) != 0;
}

static bool acknowledges_wrongly(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    bool forged = (seg->flags & FLAG_RST) != 0 && seg->seq.v == s->iss + 2;
    if (forged)
        stage_says(s, 0, FLAG_ACK, s->irs + 1, s->iss, 0);
    return forged;
}

static void one_of_the_alternatives(void **state)
{
    static const struct {
        bool (*instead)(struct bench *b, const struct segment *seg);
        const char *figure, *alternative, *lines, *verdict;
        int exit_code;
    } cases[] = {
        {challenges, EITHER(SILENT), "a challenge", "ok ok ok ok ok ok ok", "as-figured", 0},
        {challenges, EITHER(""), "a challenge", "ok ok ok ok ok ok ok", "as-figured", 0},
        {resets, EITHER(SILENT), "a reset", "ok ok ok ok ok", "deviates", 1},
        {says_nothing, EITHER(SILENT), "silence", "ok ok ok ok ok ok", "as-figured", 0},
        {says_nothing, EITHER(""), "", "ok ok ok unknown not-reached", "unknown", 3},
        {acknowledges_wrongly, EITHER(""), "", "ok ok ok deviates not-reached", "deviates", 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage s;
        set(&s, state, cases[i].figure);
        s.bench.host.instead = cases[i].instead;
        stage_run(&s);
        stage_expect_lines(&s, cases[i].lines);
        stage_expect(&s, cases[i].verdict, cases[i].exit_code);
        assert_string_equal(bench_text(&s.bench, "alternative"), cases[i].alternative);
        stage_done(&s);
    }
}

/* --- Repetition --- */

#define THREE_TIMES                                                                                \
    "1.  CLOSED                                             LISTEN\n"                              \
    "repeat 3\n"                                                                                   \
    "2.  SYN-SENT    --> <SEQ=x><CTL=SYN>               --> SYN-RECEIVED\n"                        \
    "3.  ESTABLISHED <-- <SEQ=y><ACK=x+1><CTL=SYN,ACK>  <-- SYN-RECEIVED (new ISN)\n"              \
    "4.  ESTABLISHED --> <SEQ=x+1><ACK=y+1><CTL=ACK>    --> ESTABLISHED\n"                         \
    "5.  (Abort)\n"                                                                                \
    "    CLOSED      --> <SEQ=x+1><CTL=RST>             --> CLOSED\n"                              \
    "end\n"

/* The host's next connection begins that much further on. */
static uint32_t step;

static bool moves_on(struct bench *b, const struct segment *seg)
{
    struct bench_host *h = &b->host;
    if (seg->flags & FLAG_SYN && h->arrived > 1) {
        h->iss += step;
        h->begun = false;
        bench_host_begins(h);
    }
    return false;
}

static void numbers_that_move(void **state)
{
    static const uint32_t steps[] = {1, 250000, 0x7fffffff};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct stage s;
        set(&s, state, THREE_TIMES);
        step = steps[i];
        s.bench.host.instead = moves_on;
        stage_run(&s);
        stage_expect_lines(&s, "ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok");
        stage_as_figured(&s);
        assert_int_equal(bench_segments(&s.bench, EVENT_RECEIVED, SYN_ACK), 3);
        stage_done(&s);
    }
}

static void numbers_that_do_not(void **state)
{
    static const struct {
        uint32_t step;
        const char *said;
    } cases[] = {{0, "the ISN is one that was there before"},
                 {(uint32_t)-1000, "the ISN is behind the last one"},
                 {0x80000001, "the ISN is behind the last one"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stage s;
        set(&s, state, THREE_TIMES);
        step = cases[i].step;
        s.bench.host.instead = moves_on;
        stage_run(&s);
        stage_expect(&s, "deviates", 1);
        stage_expect_text(&s, 7, cases[i].said); /* in the second round */
        stage_done(&s);
    }
}

static bool stops_moving(struct bench *b, const struct segment *seg)
{
    if (b->host.arrived == 36) /* two a round */
        step = 0;
    return moves_on(b, seg);
}

static void a_number_that_no_longer_moves(void **state)
{
    struct stage s;
    set(&s, state,
        "1.  CLOSED                                             LISTEN\n"
        "repeat 20\n"
        "2.  SYN-SENT    --> <SEQ=x><CTL=SYN>               --> SYN-RECEIVED\n"
        "3.  ESTABLISHED <-- <SEQ=y><ACK=x+1><CTL=SYN,ACK>  <-- SYN-RECEIVED (new ISN)\n"
        "4.  (Abort)\n"
        "    CLOSED      --> <SEQ=x+1><CTL=RST>             --> CLOSED\n"
        "end\n");
    step = 64000;
    s.bench.host.instead = stops_moving;
    stage_run(&s);
    stage_expect(&s, "deviates", 1);
    stage_expect_text(&s, 74, "the ISN is one that was there before");
    stage_done(&s);
}

/* What the figure only implies is done again in each round. */
static void the_peer_connects_each_time(void **state)
{
    struct stage s;
    set(&s, state,
        "1.  CLOSED                                             CLOSED\n"
        "repeat 2\n"
        "2.  (listen)\n"
        "    LISTEN                                             CLOSED\n"
        "3.  SYN-RECEIVED <-- <SEQ=y><CTL=SYN>                   <-- SYN-SENT\n"
        "4.  SYN-RECEIVED --> <SEQ=x><ACK=y+1><CTL=SYN,ACK>      --> ESTABLISHED\n"
        "5.  ESTABLISHED  <-- <SEQ=y+1><ACK=x+1><CTL=ACK>        <-- ESTABLISHED\n"
        "6.  (Abort)\n"
        "    CLOSED       --> <SEQ=x+1><CTL=RST>                 --> CLOSED\n"
        "end\n");
    stage_man(&s);
    stage_run(&s);
    stage_as_figured(&s);
    assert_int_equal(s.done_count, 2);
    stage_done(&s);
}

/* The end of the last alternative is not the end of the round. */
static void alternatives_in_each_round(void **state)
{
    struct stage s;
    set(&s, state,
        "1.  CLOSED                                             LISTEN\n"
        "repeat 3\n"
        "2.  SYN-SENT    --> <SEQ=x><CTL=SYN>               --> SYN-RECEIVED\n"
        "either \"refused\"\n"
        "3.  CLOSED      <-- <SEQ=0><ACK=x+1><CTL=RST,ACK>  <-- CLOSED\n"
        "or \"accepted\"\n"
        "3.  ESTABLISHED <-- <SEQ=y><ACK=x+1><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
        "end\n"
        "4.  (Abort)\n"
        "    CLOSED      --> <SEQ=x+1><CTL=RST>             --> CLOSED\n"
        "end\n");
    step = 1000;
    s.bench.host.instead = moves_on;
    stage_run(&s);
    stage_as_figured(&s);
    assert_int_equal(bench_segments(&s.bench, EVENT_RECEIVED, SYN_ACK), 3);
    stage_done(&s);
}

/* Without a repetition: the second connection of a figure, each with its own number in it. */
static void a_number_that_does_not_move(void **state)
{
    static const char figure[] =
        "1.  CLOSED                                               LISTEN\n"
        "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
        "3.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
        "4.  (Abort)\n"
        "    CLOSED      --> <SEQ=101><CTL=RST>               --> CLOSED\n"
        "5.  SYN-SENT    --> <SEQ=500><CTL=SYN>               --> SYN-RECEIVED\n"
        "6.  ESTABLISHED <-- <SEQ=700><ACK=501><CTL=SYN,ACK>  <-- SYN-RECEIVED (new ISN)\n";
    struct stage s;
    set(&s, state, figure);
    step = 1000;
    s.bench.host.instead = moves_on;
    stage_run(&s);
    stage_as_figured(&s);
    stage_done(&s);
    set(&s, state, figure);
    step = 0;
    s.bench.host.instead = moves_on;
    stage_run(&s);
    stage_expect(&s, "deviates", 1);
    stage_expect_text(&s, 6, "the ISN is one that was there before");
    stage_done(&s);
}

/* --- What cannot be known --- */

static bool skips_the_ack(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (!(seg->flags & FLAG_FIN))
        return false;
    stage_says(s, 0, FIN_ACK, s->irs + 1, segment_end(seg).v, 0);
    return true;
}

#define CLOSE                                                                                      \
    CONNECTED                                                                                      \
    "2.  FIN-WAIT-1 --> <SEQ=100><ACK=300><CTL=FIN,ACK>  -->\n"                                    \
    "3.  FIN-WAIT-2 <-- <SEQ=300><ACK=101><CTL=ACK>      <--\n"                                    \
    "4.  TIME-WAIT  <-- <SEQ=300><ACK=101><CTL=FIN,ACK>  <--\n"                                    \
    "5.  TIME-WAIT  --> <SEQ=101><ACK=301><CTL=ACK>      --> CLOSED\n"

static void a_bare_ack_did_not_come(void **state)
{
    struct stage s;
    set(&s, state, CLOSE);
    s.bench.host.instead = skips_the_ack;
    stage_run(&s);
    stage_expect_lines(&s, "ok ok ok unknown ok ok");
    stage_expect_text(&s, 3, "what followed has come instead");
    stage_expect(&s, "unknown", 3);
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(s.bench.verdict, "first_unknown"), "line")),
                     3);
    stage_done(&s);
}

static void nothing_came(void **state)
{
    struct stage s;
    set(&s, state, HANDSHAKE);
    s.bench.host.deaf = true;
    stage_run(&s);
    stage_expect_lines(&s, "ok ok unknown not-reached");
    stage_expect_text(&s, 2, "nothing came");
    stage_expect(&s, "unknown", 3);
    stage_done(&s);
}

static void no_handshake(void **state)
{
    struct stage s;
    set(&s, state, CLOSE);
    s.bench.host.deaf = true;
    stage_run(&s);
    stage_expect(&s, "unknown", 3);
    stage_done(&s);
    set(&s, state, CLOSE);
    s.bench.host.refuses = true;
    stage_run(&s);
    stage_expect_lines(&s,
                       "not-reached not-reached not-reached not-reached not-reached not-reached");
    stage_expect(&s, "unknown", 3);
    const json_t *first = json_object_get(s.bench.verdict, "first_unknown");
    assert_non_null(strstr(json_string_value(json_object_get(first, "text")),
                           "the handshake before the figure"));
    stage_done(&s);
}

static void interrupted(void **state)
{
    for (int64_t at = 0; at <= 15 * CLOCK_MS; at += 3 * CLOCK_MS) {
        struct stage s;
        struct fault fault;
        set(&s, state,
            HANDSHAKE "5.  ESTABLISHED <-- <SEQ=301><DATA=1><CTL=ACK>  <-- ESTABLISHED\n");
        bench_begin(&s.bench);
        bench_pass(&s.bench, at);
        assert_int_equal(run_stop(s.bench.run, sim_now(s.bench.sim), &fault), STATUS_OK);
        bench_pass(&s.bench, CLOCK_MIN);
        assert_true(run_over(s.bench.run));
        stage_expect(&s, "unknown", 3);
        assert_true(json_is_true(json_object_get(s.bench.summary, "interrupted")));
        bench_arrive(&s.bench);
        assert_true(s.bench.host.tcb.state == STATE_CLOSED ||
                    s.bench.host.tcb.state == STATE_LISTEN);
        stage_done(&s);
    }
}

static void the_deadline(void **state)
{
    struct stage s;
    set(&s, state, HANDSHAKE "5.  ESTABLISHED <-- <SEQ=301><DATA=1><CTL=ACK>  <-- ESTABLISHED\n");
    s.bench.config.deadline_after_ns = CLOCK_S;
    stage_run(&s);
    stage_expect_lines(&s, "ok ok ok ok unknown");
    stage_expect_text(&s, 4, "-w has run out");
    stage_expect(&s, "unknown", 3);
    stage_expect_reset(&s, s.iss + 1);
    stage_done(&s);
}

/* Whatever we have missed may explain what looks wrong. */
static void run_half_blind(struct stage *s)
{
    bench_begin(&s->bench);
    bench_pass(&s->bench, CLOCK_MS);
    talk_lost_packets(&s->bench.run->exchange, 1);
    bench_pass(&s->bench, 10 * CLOCK_MIN);
    assert_true(run_over(s->bench.run));
    assert_string_not_equal(bench_text(&s->bench, "verdict"), "deviates");
}

static void the_capture_has_lost_packets(void **state)
{
    struct stage s;
    set(&s, state, OLD_DUPLICATE("92"));
    run_half_blind(&s);
    stage_expect_text(&s, 3, "the capture has lost packets");
    stage_expect(&s, "unknown", 3);
    stage_done(&s);

    set(&s, state, AWAITS_AN_ACK);
    s.bench.host.instead = resets_instead;
    run_half_blind(&s);
    stage_expect(&s, "unknown", 3);
    stage_done(&s);

    set(&s, state, HANDSHAKE); /* what is right is right all the same */
    run_half_blind(&s);
    stage_expect_lines(&s, "ok ok ok ok");
    stage_expect(&s, "as-figured", 0);
    stage_done(&s);
}

/* Something that is not ours crosses the wire: an instant at which a test may look. */
static void passer_by(struct stage *s, int64_t after_ns)
{
    const struct segment like = stage_like(s);
    const struct segment seg = {.src = like.dst, .dst = {like.src.ip, 9}, .ttl = 64, .df = true};
    sim_emit(s->bench.sim, after_ns, &seg, NULL, 0);
}

/* A silence in which packets were lost is none that anybody has heard. */
static void a_silence_with_a_loss(void **state)
{
    struct stage s;
    set(&s, state, SILENCE);
    bench_begin(&s.bench);
    passer_by(&s, CLOCK_S);
    bench_pass(&s.bench, CLOCK_S / 2);
    talk_lost_packets(&s.bench.run->exchange, 1);
    bench_pass(&s.bench, CLOCK_MIN);
    assert_int_equal(s.bench.lines[4].status, EVENT_LINE_UNKNOWN);
    stage_expect(&s, "unknown", 3);
    stage_done(&s);
    set(&s, state, SILENCE);
    bench_begin(&s.bench);
    bench_pass(&s.bench, CLOCK_MS); /* before it began: that is no matter */
    talk_lost_packets(&s.bench.run->exchange, 1);
    bench_pass(&s.bench, CLOCK_MIN);
    assert_int_equal(s.bench.lines[4].status, EVENT_LINE_OK);
    stage_done(&s);
}

/* The host has answered, and the capture has missed it: no alternative may be found by that. */
static void a_silent_alternative_with_a_loss(void **state)
{
    static const char *const figures[] = {
        CONNECTED "2.  (forged)    ... <SEQ=101><CTL=RST>              -->\n"
                  "either \"a challenge\"\n"
                  "3.  ESTABLISHED <-- <SEQ=300><ACK=100><CTL=ACK>  <-- ESTABLISHED\n"
                  "or \"silence\" deviates\n"
                  "4.                  [silence 1s]\n"
                  "end\n",
        CONNECTED "2.  (forged)    ... <SEQ=101><CTL=RST>              -->\n"
                  "either \"a challenge\" deviates\n"
                  "3.  ESTABLISHED <-- <SEQ=300><ACK=100><CTL=ACK>  <-- ESTABLISHED\n"
                  "or \"silence\"\n"
                  "4.                  [silence 1s]\n"
                  "end\n"};
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        struct stage s;
        set(&s, state, figures[i]);
        s.bench.host.instead = says_nothing;
        bench_begin(&s.bench);
        bench_pass(&s.bench, BENCH_RTT + CLOCK_MS); /* the forged one has left */
        talk_lost_packets(&s.bench.run->exchange, 1);
        bench_pass(&s.bench, CLOCK_MIN);
        assert_true(run_over(s.bench.run));
        stage_expect(&s, "unknown", 3);
        stage_done(&s);
    }
}

/* Something has come before it and was missed. */
static void a_deviating_alternative_after_a_loss(void **state)
{
    struct stage s;
    set(&s, state, EITHER(SILENT));
    s.bench.host.instead = resets;
    bench_begin(&s.bench);
    bench_pass(&s.bench, BENCH_RTT + CLOCK_MS);
    talk_lost_packets(&s.bench.run->exchange, 1);
    bench_pass(&s.bench, CLOCK_MIN);
    stage_expect(&s, "unknown", 3);
    stage_done(&s);
}

static bool is_lost(bool ours, const struct segment *seg, unsigned n)
{
    (void)n;
    return !ours && (seg->flags & FLAG_SYN) != 0;
}

/* The answer is lost while the peer's kernel is still being asked about the row before. */
static void a_silence_with_a_loss_before_it(void **state)
{
    struct stage s;
    set(&s, state,
        "1.  CLOSED                                               LISTEN\n"
        "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
        "3.                  [silence 500ms]\n");
    stage_man(&s);
    s.bench.host.loses = is_lost;
    bench_begin(&s.bench);
    bench_pass(&s.bench, CLOCK_MS);
    talk_lost_packets(&s.bench.run->exchange, 1);
    bench_pass(&s.bench, CLOCK_MIN);
    stage_expect_lines(&s, "ok ok unknown");
    stage_expect(&s, "unknown", 3);
    stage_done(&s);
}

/* What is wrong behind a line that nobody could judge need not be the peer's fault. */
static bool skips_the_ack_and_resets(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (!(seg->flags & FLAG_FIN))
        return skips_the_ack(b, seg);
    stage_says(s, 0, FIN_ACK, s->irs + 1, segment_end(seg).v, 0);
    stage_says(s, CLOCK_MS, FLAG_RST, s->irs + 2, 0, 0);
    return true;
}

static void a_deviation_behind_the_unknown(void **state)
{
    struct stage s;
    set(&s, state, CLOSE "6.  TIME-WAIT   <-- <SEQ=301><ACK=102><CTL=ACK>    <-- CLOSED\n");
    s.bench.host.instead = skips_the_ack_and_resets;
    stage_run(&s);
    assert_int_equal(s.bench.lines[s.bench.line_count - 1].status, EVENT_LINE_UNKNOWN);
    stage_expect(&s, "unknown", 3);
    stage_done(&s);
}

/* --- What is left behind --- */

static void what_is_not_acknowledged_yet(void **state)
{
    struct stage s;
    set(&s, state,
        HANDSHAKE "5.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK><DATA=5> --> ESTABLISHED\n");
    stage_run(&s);
    stage_as_figured(&s);
    stage_expect_reset(&s, s.iss + 6);
    stage_done(&s);
}

static void what_was_acknowledged_unasked(void **state)
{
    struct stage s;
    set(&s, state,
        HANDSHAKE "5.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK><DATA=5> --> ESTABLISHED\n"
                  "6.  (wait 1s)\n"
                  "    ESTABLISHED                                             ESTABLISHED\n");
    stage_run(&s);
    stage_as_figured(&s);
    stage_expect_reset(&s, s.iss + 6);
    stage_done(&s);
}

/* Nothing has come since the handshake before the figure. */
static void what_the_handshake_acknowledged(void **state)
{
    struct stage s;
    set(&s, state,
        CONNECTED "2.  (CRASH)\n"
                  "    CLOSED                                               ESTABLISHED\n");
    stage_run(&s);
    stage_as_figured(&s);
    stage_expect_reset(&s, s.iss + 1);
    stage_done(&s);
}

static void a_half_open_entry_is_reset(void **state)
{
    struct stage s;
    for (int manned = 0; manned < 2; manned++) {
        set(&s, state,
            "1.  CLOSED                                               LISTEN\n"
            "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
            "3.  SYN-SENT    ... <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n");
        if (manned)
            stage_man(&s);
        stage_run(&s);
        stage_as_figured(&s);
        stage_expect_reset(&s, s.iss + 1);
        stage_done(&s);
    }
}

/* We have heard nothing, and the peer may have heard our SYN. */
static bool loses_theirs(bool ours, const struct segment *seg, unsigned n)
{
    (void)seg, (void)n;
    return !ours;
}

static void an_entry_that_we_have_not_heard_of(void **state)
{
    struct stage s;
    set(&s, state, HANDSHAKE);
    s.bench.host.loses = loses_theirs;
    stage_run(&s);
    stage_expect(&s, "unknown", 3);
    stage_expect_reset(&s, s.iss + 1);
    stage_done(&s);
}

static void who_opens_to_us_is_refused(void **state)
{
    struct stage s;
    set_as_b(&s, state,
             "1.  CLOSED                                   LISTEN\n"
             "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>   --> SYN-RECEIVED\n");
    bench_begin(&s.bench);
    stage_connects(&s);
    bench_pass(&s.bench, CLOCK_MIN);
    stage_as_figured(&s);
    const struct bench_event *rst = bench_segment(&s.bench, EVENT_SENT, FLAG_RST | FLAG_ACK, 0);
    assert_non_null(rst);
    assert_int_equal(rst->seg.seq.v, 0);
    assert_int_equal(rst->seg.ack.v, s.irs + 1);
    bench_arrive(&s.bench);
    assert_int_equal(s.bench.host.tcb.state, STATE_CLOSED);
    stage_done(&s);
}

/* --- Strangers that must be told to talk --- */

static bool talks_when_told(struct bench *b, const struct segment *seg)
{
    struct stage *s = stage_of(b);
    if (seg->len > 0)
        stage_says(s, CLOCK_MS, FLAG_PSH | FLAG_ACK, s->irs + 1, segment_end(seg).v, 10);
    return false;
}

static void say(void **state)
{
    struct stage s;
    set(&s, state,
        HANDSHAKE
        "5.  ESTABLISHED <-- <SEQ=301><ACK=101><DATA=10><CTL=PSH,ACK>  <-- ESTABLISHED\n"
        "6.  ESTABLISHED --> <SEQ=101><ACK=311><CTL=ACK>               --> ESTABLISHED\n");
    s.play.say = (const uint8_t *)"QUIT\r\n";
    s.play.say_len = 6;
    s.bench.host.instead = talks_when_told;
    stage_run(&s);
    stage_as_figured(&s);
    assert_int_equal(s.bench.host.heard_len, 6);
    assert_memory_equal(s.bench.host.heard, "QUIT\r\n", 6);
    stage_expect_reset(&s, s.iss + 7);
    stage_done(&s);
}

/* --- All of it, here and there --- */

#define CASE(f)                                                                                    \
    {                                                                                              \
#f, f                                                                                      \
    }

int main(void)
{
    static const struct {
        const char *name;
        CMUnitTestFunction run;
    } cases[] = {
        CASE(a_handshake),
        CASE(four_segments_close),
        CASE(simultaneous_open),
        CASE(held_back_for_ever),
        CASE(withheld_and_delivered),
        CASE(data_in_both_directions),
        CASE(a_crash),
        CASE(a_closed_port),
        CASE(a_closed_port_with_a_number_of_its_own),
        CASE(as_b),
        CASE(as_b_the_old_duplicate),
        CASE(as_b_nobody_connects),
        CASE(the_old_duplicate),
        CASE(a_wrong_expectation),
        CASE(keep_going),
        CASE(our_own_column),
        CASE(the_peers_column),
        CASE(a_kernel_that_cannot_be_asked),
        CASE(a_segment_out_of_place),
        CASE(an_ack_of_another_number),
        CASE(a_retransmission_is_tolerated),
        CASE(a_copy_is_not_the_next_segment),
        CASE(a_retransmission_that_is_figured),
        CASE(unfigured_data_shift_the_numbers),
        CASE(unfigured_data_on_a_figured_segment),
        CASE(unfigured_data_with_a_fin),
        CASE(a_damaged_segment_is_none),
        CASE(an_early_segment_waits_for_its_row),
        CASE(what_lies_behind_a_gap_waits),
        CASE(what_lies_behind_unfigured_data_waits),
        CASE(a_flood),
        CASE(times),
        CASE(silence_is_kept),
        CASE(silence_is_broken),
        CASE(silence_is_judged_by_stamps),
        CASE(one_of_the_alternatives),
        CASE(numbers_that_move),
        CASE(numbers_that_do_not),
        CASE(a_number_that_no_longer_moves),
        CASE(the_peer_connects_each_time),
        CASE(alternatives_in_each_round),
        CASE(a_number_that_does_not_move),
        CASE(a_bare_ack_did_not_come),
        CASE(nothing_came),
        CASE(no_handshake),
        CASE(interrupted),
        CASE(the_deadline),
        CASE(the_capture_has_lost_packets),
        CASE(a_silence_with_a_loss),
        CASE(a_silent_alternative_with_a_loss),
        CASE(a_deviating_alternative_after_a_loss),
        CASE(a_silence_with_a_loss_before_it),
        CASE(a_deviation_behind_the_unknown),
        CASE(what_is_not_acknowledged_yet),
        CASE(what_was_acknowledged_unasked),
        CASE(what_the_handshake_acknowledged),
        CASE(a_half_open_entry_is_reset),
        CASE(an_entry_that_we_have_not_heard_of),
        CASE(who_opens_to_us_is_refused),
        CASE(say),
    };
    static struct place places[] = {
        {"", BENCH_ISS, BENCH_IRS},
        {", at 2^32", UINT32_MAX, UINT32_MAX},
        {", just before 2^32", UINT32_MAX - 5, UINT32_MAX - 7},
        {", at 2^31", 0x7fffffff, 0x80000000},
    };
    enum {
        CASES = sizeof(cases) / sizeof(cases[0]),
        PLACES = sizeof(places) / sizeof(places[0])
    };
    static struct CMUnitTest tests[CASES * PLACES];
    static char names[CASES * PLACES][80];
    for (size_t i = 0; i < CASES * PLACES; i++) {
        struct place *place = &places[i / CASES];
        (void)snprintf(names[i], sizeof(names[i]), "%s%s", cases[i % CASES].name, place->name);
        tests[i] = (struct CMUnitTest){names[i], cases[i % CASES].run, NULL, NULL, place};
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("play", tests, NULL, NULL);
}
