/* Figures staged between two imagined kernels: what is as figured, what deviates and in which
 * words, what cannot be known, and what the wire holds, lets go and copies. Every case again with
 * numbers that pass 2^32. */
#include "kernels.h"

#include "measure/play/play.h"

#define SYN_ACK (FLAG_SYN | FLAG_ACK)
#define FIN_ACK (FLAG_FIN | FLAG_ACK)

struct place {
    const char *name;
    uint32_t iss[ENDS];
};

struct scene {
    struct kernels kernels; /* first: what is called each step is given it */
    struct figure figure;
    struct play staged;
    uint32_t iss[ENDS];
    unsigned n; /* the test's */
};

#define CONNECTED "1.  ESTABLISHED                                          ESTABLISHED\n"
#define HANDSHAKE                                                                                  \
    "1.  CLOSED                                               LISTEN\n"                            \
    "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"                      \
    "3.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"                      \
    "4.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK>      --> ESTABLISHED\n"
#define A_CLOSES                                                                                   \
    "2.  (Close)\n"                                                                                \
    "    FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>  --> CLOSE-WAIT\n"

static void set(struct scene *s, void *const *state, const char *figure)
{
    const struct place *place = *state;
    struct fault fault = {0};
    struct text source = {0};
    *s = (struct scene){.iss = {place->iss[END_A], place->iss[END_B]}};
    text_printf(&source, "    TCP Peer A%40sTCP Peer B\n%s", "", figure);
    kernels_init(&s->kernels, s->iss[END_A], s->iss[END_B]);
    if (figure_parse(&s->figure, "test.fig", source.data, source.len, &fault) != STATUS_OK ||
        figure_check_between(&s->figure, &fault) != STATUS_OK)
        fail_msg("%s", fault.text);
    text_done(&source);
    s->staged = (struct play){.figure = &s->figure, .reply_wait_ns = 5 * CLOCK_S};
}

static void begin(struct scene *s)
{
    kernels_begin(&s->kernels, play_script(), &s->staged);
}

static void run(struct scene *s)
{
    begin(s);
    kernels_run(&s->kernels, 10 * CLOCK_MIN);
}

static void done(struct scene *s)
{
    play_done(&s->staged);
    figure_done(&s->figure);
    kernels_done(&s->kernels);
}

static const struct bench *record(const struct scene *s)
{
    return &s->kernels.bench;
}

/* "ok ok deviates not-reached": a word for each line that was told. */
static void expect_lines(const struct scene *s, const char *expected)
{
    const struct bench *b = record(s);
    struct text found = {0};
    for (size_t i = 0; i < b->line_count; i++)
        text_printf(&found, "%s%s", i != 0 ? " " : "", event_line_status_name(b->lines[i].status));
    if (found.data == NULL || strcmp(found.data, expected) != 0) {
        for (size_t i = 0; i < b->line_count; i++)
            print_message("# %u: %s | %s | %s | %s\n", b->lines[i].number,
                          event_line_status_name(b->lines[i].status), b->lines[i].a, b->lines[i].b,
                          b->lines[i].text);
        for (size_t i = 0; i < s->kernels.note_count; i++)
            print_message("# %s\n", s->kernels.notes[i]);
        fail_msg("%s", found.data != NULL ? found.data : "no lines");
    }
    text_done(&found);
}

static void expect_verdict(const struct scene *s, const char *verdict, int exit_code)
{
    assert_string_equal(bench_text(record(s), "verdict"), verdict);
    assert_int_equal(bench_number(record(s), "exit"), exit_code);
    assert_int_equal(s->kernels.pair.exit_code, exit_code);
    assert_int_equal(record(s)->verdicts, 1);
    assert_int_equal(s->kernels.pair.status, STATUS_OK);
}

/* What is said of the line at `i`, from 0. */
static void expect_text(const struct scene *s, size_t i, const char *text)
{
    assert_true(i < record(s)->line_count);
    if (strstr(record(s)->lines[i].text, text) == NULL)
        fail_msg("'%s' is not in '%s'", text, record(s)->lines[i].text);
}

static void as_figured(const struct scene *s)
{
    for (size_t i = 0; i < record(s)->line_count; i++) {
        if (record(s)->lines[i].status != EVENT_LINE_OK)
            expect_lines(s, "all ok");
    }
    expect_verdict(s, "as-figured", 0);
    assert_int_equal(bench_count(record(s), EVENT_FAULT), 0);
}

static void deviates(struct scene *s, const char *lines, size_t at, const char *text)
{
    run(s);
    expect_lines(s, lines);
    expect_text(s, at, text);
    expect_verdict(s, "deviates", 1);
    done(s);
}

static struct scene *scene_of(struct kernel *k)
{
    return (struct scene *)k->of;
}

static void expect_states(const struct scene *s, enum state a, enum state b)
{
    assert_int_equal(s->kernels.pair.truth[END_A], a);
    assert_int_equal(s->kernels.pair.truth[END_B], b);
}

/* --- As figured --- */

static void a_handshake(void **state)
{
    struct scene s;
    set(&s, state, HANDSHAKE);
    run(&s);
    expect_lines(&s, "ok ok ok ok");
    as_figured(&s);
    expect_states(&s, STATE_ESTABLISHED, STATE_ESTABLISHED);
    assert_int_equal(s.kernels.end[END_A].told, 1); /* (connect), which the SYN implies */
    assert_int_equal(s.kernels.end[END_B].told, 0);
    assert_int_equal(bench_count(record(&s), EVENT_SENT), 2);
    assert_int_equal(bench_count(record(&s), EVENT_RECEIVED), 1);
    assert_false(record(&s)->lines[0].stamped);
    assert_int_equal(record(&s)->lines[1].t_ns,
                     bench_segment(record(&s), EVENT_SENT, FLAG_SYN, 0)->t_ns);
    assert_string_equal(record(&s)->lines[1].b, "SYN-RECEIVED");
    char wire[64];
    (void)snprintf(wire, sizeof(wire), "<SEQ=%u><ACK=%u><CTL=SYN,ACK>", s.iss[END_B],
                   s.iss[END_A] + 1);
    assert_string_equal(record(&s)->lines[2].wire, wire);
    done(&s);
}

static void nobody_listens(void **state)
{
    struct scene s;
    set(&s, state,
        "1.  CLOSED                                               CLOSED\n"
        "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> CLOSED\n"
        "3.  CLOSED      <-- <SEQ=0><ACK=101><CTL=RST,ACK>    <-- CLOSED\n");
    run(&s);
    as_figured(&s);
    assert_false(s.kernels.end[END_B].listens);
    done(&s);
}

static void who_is_to_listen_is_told(void **state)
{
    struct scene s;
    set(&s, state, HANDSHAKE);
    s.kernels.end[END_B].listens = false;
    run(&s);
    as_figured(&s);
    assert_int_equal(s.kernels.end[END_B].told, 1);
    done(&s);
}

static void a_handshake_goes_before(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED A_CLOSES "3.  FIN-WAIT-2  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n"
                           "4.                                                       (Close)\n"
                           "    TIME-WAIT   <-- <SEQ=300><ACK=101><CTL=FIN,ACK>  <-- LAST-ACK\n"
                           "5.  TIME-WAIT   --> <SEQ=101><ACK=301><CTL=ACK>      --> CLOSED\n"
                           "6.  (2 MSL)\n"
                           "    CLOSED                                               CLOSED\n");
    run(&s);
    as_figured(&s);
    assert_int_equal(kernels_noted(&s.kernels, "a handshake that the figure does not show"), 1);
    assert_true(s.kernels.now_ns - KERNELS_START >= KERNELS_TIME_WAIT);
    assert_string_equal(record(&s)->lines[8].b, "CLOSED"); /* LISTEN, in the figure's words */
    done(&s);
}

static void two_msl_is_not_for_ever(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED "2.  (2 MSL)\n"
                  "    CLOSED                                               ESTABLISHED\n");
    run(&s);
    expect_lines(&s, "ok ok deviates");
    expect_text(&s, 2, "the kernel of A says ESTABLISHED");
    done(&s);
}

static void simultaneous_open(void **state)
{
    struct scene s;
    set(&s, state,
        "1.  CLOSED                                               CLOSED\n"
        "2.  SYN-SENT     --> <SEQ=100><CTL=SYN>              ... CLOSED\n"
        "3.  SYN-RECEIVED <-- <SEQ=300><CTL=SYN>              <-- SYN-SENT\n"
        "4.               ... <SEQ=100><CTL=SYN>              --> SYN-RECEIVED\n"
        "5.  SYN-RECEIVED --> <SEQ=100><ACK=301><CTL=SYN,ACK> ... SYN-RECEIVED\n"
        "6.  SYN-RECEIVED ... <SEQ=300><ACK=101><CTL=SYN,ACK> <-- SYN-RECEIVED\n");
    run(&s);
    as_figured(&s);
    assert_int_equal(s.kernels.end[END_B].syns, 1);
    assert_int_equal(s.kernels.end[END_A].syns, 1); /* the second is held */
    done(&s);
}

static void simultaneous_close(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED "2.  (Close)                                              (Close)\n"
                  "    FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>  ... FIN-WAIT-1\n"
                  "                <-- <SEQ=300><ACK=100><CTL=FIN,ACK>  <--\n"
                  "                ... <SEQ=100><ACK=300><CTL=FIN,ACK>  -->\n"
                  "3.  CLOSING     --> <SEQ=101><ACK=301><CTL=ACK>      ... CLOSING\n"
                  "                <-- <SEQ=301><ACK=101><CTL=ACK>      <--\n"
                  "                ... <SEQ=101><ACK=301><CTL=ACK>      -->\n"
                  "4.  TIME-WAIT                                            TIME-WAIT\n");
    run(&s);
    as_figured(&s);
    expect_states(&s, STATE_TIME_WAIT, STATE_TIME_WAIT);
    assert_int_equal(kernels_noted(&s.kernels, "the wire lets go what it held"), 2);
    assert_int_equal(kernels_noted(&s.kernels, "not in the figure"), 0);
    done(&s);
}

/* --- What the wire holds --- */

static void what_is_held_stays_held(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED "2.  (Close)\n"
                  "    FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>         ... ESTABLISHED\n"
                  "3.  FIN-WAIT-1  ... <SEQ=300><ACK=100><CTL=ACK><DATA=4>     <-- ESTABLISHED\n"
                  "4.  FIN-WAIT-1  <-- <SEQ=300><ACK=100><CTL=ACK><DATA=4>     <-- ESTABLISHED\n"
                  "5.              ... <SEQ=100><ACK=300><CTL=FIN,ACK>         --> CLOSE-WAIT\n");
    s.kernels.end[END_A].rto_ns = CLOCK_S / 4; /* its FIN is sent again, and again */
    run(&s);
    as_figured(&s);
    assert_true(kernels_noted(&s.kernels, "sent again while the wire holds it") >= 1);
    /* The SYN and the ACK of the handshake; nothing but the FIN that was let go. */
    assert_true(bench_segments(record(&s), EVENT_SENT, FIN_ACK) >= 2);
    kernels_arrive(&s.kernels);
    assert_int_equal(s.kernels.end[END_B].syns, 1);
    assert_int_equal(bench_segments(record(&s), EVENT_RECEIVED, FIN_ACK), 0);
    done(&s);
}

static void nothing_held_arrives(struct kernels *k)
{
    assert_false(k->end[END_B].tcb.fin_received);
}

static void what_is_held_breaks_a_silence_and_stays_held(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED "2.  (Close)\n"
                  "    FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>  ... ESTABLISHED\n"
                  "3.  [silence 2s]\n"
                  "4.  FIN-WAIT-1                                           ESTABLISHED\n"
                  "5.              ... <SEQ=300><ACK=100><CTL=FIN,ACK>  <-- FIN-WAIT-1\n");
    s.staged.keep_going = true;
    s.kernels.each = nothing_held_arrives;
    run(&s);
    expect_lines(&s, "ok ok ok deviates ok ok");
    expect_text(&s, 3, "a retransmission");
    done(&s);
}

#define COPY                                                                                       \
    HANDSHAKE "5.  (Abort)\n"                                                                      \
              "    CLOSED      --> <SEQ=101><CTL=RST>               --> CLOSED\n"                  \
              "6.  (duplicate) ... <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"            \
              "7.  CLOSED      <-- <SEQ=700><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"            \
              "8.  CLOSED      --> <SEQ=101><CTL=RST>               --> LISTEN\n"

static void a_copy_arrives(void **state)
{
    struct scene s;
    set(&s, state, COPY);
    run(&s);
    as_figured(&s);
    assert_int_equal(kernels_noted(&s.kernels, "a copy of what was there before"), 1);
    assert_int_equal(s.kernels.end[END_B].syns, 2);
    assert_int_equal(bench_segments(record(&s), EVENT_SENT, FLAG_SYN), 1);
    done(&s);
}

static void a_retransmission_that_is_figured(void **state)
{
    struct scene s;
    set(&s, state,
        "1.  CLOSED                                               LISTEN\n"
        "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               ... LISTEN\n"
        "3.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED [after 1s]\n"
        "4.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n");
    run(&s);
    as_figured(&s);
    assert_int_equal(s.kernels.end[END_A].told, 1);
    assert_int_equal(s.kernels.end[END_B].syns, 1);
    done(&s);
}

static void a_retransmission_that_is_not(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED A_CLOSES "3.  FIN-WAIT-1  ... <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n"
                           "4.  (wait 2s)\n"
                           "5.  FIN-WAIT-2  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n");
    run(&s);
    as_figured(&s);
    assert_true(kernels_noted(&s.kernels, "not in the figure: a retransmission") >= 1);
    done(&s);
}

/* --- What deviates --- */

static void a_wrong_number(void **state)
{
    struct scene s;
    set(&s, state,
        "1.  CLOSED                                               LISTEN\n"
        "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
        "3.  ESTABLISHED <-- <SEQ=300><ACK=102><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
        "4.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK>      --> ESTABLISHED\n");
    deviates(&s, "ok ok deviates not-reached", 2, "ACK=101 came, not ACK=102");
}

static void a_wrong_number_without_a_control_bit(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED A_CLOSES "3.  FIN-WAIT-2  <-- <SEQ=300><ACK=109><CTL=ACK>      <-- CLOSE-WAIT\n");
    deviates(&s, "ok ok ok deviates", 3, "ACK=101 came, not ACK=109");
}

static void a_wrong_state(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED A_CLOSES "3.  FIN-WAIT-1  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n"
                           "4.                                                       (Close)\n");
    deviates(&s, "ok ok ok deviates not-reached", 3, "the kernel of A says FIN-WAIT-2");
}

static bool ignores(struct kernel *k, const struct segment *seg)
{
    (void)k;
    (void)seg;
    return true;
}

static void a_segment_that_never_comes(void **state)
{
    struct scene s;
    set(&s, state, HANDSHAKE);
    s.kernels.end[END_B].instead = ignores;
    run(&s);
    /* B does not take the SYN, and its kernel says so. */
    expect_lines(&s, "ok deviates not-reached not-reached");
    expect_text(&s, 1, "the kernel of B says LISTEN");
    done(&s);

    set(&s, state,
        "1.  CLOSED                                               LISTEN\n"
        "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> \n"
        "3.              <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n");
    s.kernels.end[END_B].instead = ignores;
    run(&s);
    expect_lines(&s, "ok ok deviates");
    expect_text(&s, 2, "nothing came");
    assert_true(kernels_noted(&s.kernels, "not in the figure: a retransmission") >= 1);
    done(&s);
}

/* B's kernel says something of its own, once, when the connection stands. */
static bool says_rst(struct kernel *k, const struct segment *seg)
{
    if (scene_of(k)->n++ == 2)
        kernel_says(k, FLAG_RST | FLAG_ACK, seg->ack.v, segment_end(seg).v, 0);
    return false;
}

static bool says_fin(struct kernel *k, const struct segment *seg)
{
    if (scene_of(k)->n++ == 2)
        kernel_says(k, FIN_ACK, seg->ack.v, segment_end(seg).v, 0);
    return false;
}

static bool says_syn(struct kernel *k, const struct segment *seg)
{
    if (scene_of(k)->n++ == 2)
        kernel_says(k, FLAG_SYN, seg->ack.v + 4000, 0, 0);
    return false;
}

static bool says_ack(struct kernel *k, const struct segment *seg)
{
    if (scene_of(k)->n++ == 2)
        kernel_says(k, FLAG_ACK, seg->ack.v, seg->seq.v, 0);
    return false;
}

#define CLOSE_AND_ACK                                                                              \
    CONNECTED A_CLOSES "3.  FIN-WAIT-2  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n"

static void an_unexpected_segment(void **state)
{
    static const struct {
        bool (*says)(struct kernel *k, const struct segment *seg);
        const char *words;
    } cases[] = {
        {says_rst, "<SEQ=300><ACK=101><CTL=RST,ACK> came"},
        {says_fin, "<SEQ=300><ACK=101><CTL=FIN,ACK> came"},
        {says_syn, "<CTL=SYN> came"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene s;
        set(&s, state, CLOSE_AND_ACK);
        s.kernels.end[END_B].instead = cases[i].says;
        run(&s);
        kernels_arrive(&s.kernels);
        /* Two segments of the handshake's go on, A's FIN, this and the ACK that was behind it. */
        assert_true(s.kernels.passed >= 5);
        expect_lines(&s, "ok ok ok deviates");
        expect_text(&s, 3, cases[i].words);
        expect_verdict(&s, "deviates", 1);
        done(&s);
    }
}

static void an_unexpected_ack_passes(void **state)
{
    struct scene s;
    set(&s, state, CLOSE_AND_ACK);
    s.kernels.end[END_B].instead = says_ack;
    run(&s);
    as_figured(&s);
    assert_int_equal(kernels_noted(&s.kernels, "not in the figure"), 1);
    done(&s);
}

/* Nothing but an ACK of another number: that is what is said to have come. */
static bool only_says_ack(struct kernel *k, const struct segment *seg)
{
    struct scene *s = scene_of(k);
    if (!(seg->flags & FLAG_FIN))
        return false;
    if (s->n++ == 0)
        kernel_says(k, FLAG_ACK, seg->ack.v, seg->seq.v, 0);
    return true;
}

static void what_came_instead_is_said(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED "2.  (Close)\n"
                  "    FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>  --> \n"
                  "3.  FIN-WAIT-2  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- \n");
    s.kernels.end[END_B].instead = only_says_ack;
    deviates(&s, "ok ok ok deviates", 3, "ACK=100 came, not ACK=101");
}

static void keep_going(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED A_CLOSES "3.  FIN-WAIT-1  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n"
                           "4.                                                       (Close)\n"
                           "    TIME-WAIT   <-- <SEQ=300><ACK=101><CTL=FIN,ACK>  <-- LAST-ACK\n"
                           "5.  TIME-WAIT   --> <SEQ=101><ACK=301><CTL=ACK>      --> CLOSED\n");
    s.staged.keep_going = true;
    deviates(&s, "ok ok ok deviates ok ok ok", 3, "the kernel of A says FIN-WAIT-2");
}

/* What is left of the alternatives that were not found is nobody's. */
static void the_other_alternatives_are_not_missed(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED A_CLOSES "either \"first\"\n"
                           "3.  FIN-WAIT-1  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n"
                           "4.  FIN-WAIT-1                                           CLOSE-WAIT\n"
                           "or \"second\"\n"
                           "3.  CLOSED      <-- <SEQ=300><ACK=101><CTL=RST,ACK>  <-- CLOSED\n"
                           "4.  CLOSED                                               CLOSED\n"
                           "end\n"
                           "5.  FIN-WAIT-1                                           CLOSE-WAIT\n");
    deviates(&s, "ok ok ok deviates not-reached not-reached", 3, "the kernel of A says FIN-WAIT-2");
}

/* --- Times --- */

static void silence_is_kept(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED "2.  [silence 3s]\n"
                  "    ESTABLISHED                                          ESTABLISHED\n");
    run(&s);
    as_figured(&s);
    assert_true(s.kernels.now_ns - KERNELS_START >= 3 * CLOCK_S);
    done(&s);
}

static void speak_into_the_silence(struct kernels *k)
{
    struct scene *s = (struct scene *)k;
    const struct tcb *t = &k->end[END_B].tcb;
    if (s->staged.phase != PLAY_SILENCE || s->n++ > 0)
        return;
    kernel_says(&k->end[END_B], FLAG_ACK, t->snd_nxt.v, t->rcv_nxt.v, 7);
}

static void silence_is_broken(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED "2.  [silence 3s]\n"
                  "    ESTABLISHED                                          ESTABLISHED\n");
    s.kernels.each = speak_into_the_silence;
    deviates(&s, "ok deviates not-reached", 1, "<CTL=ACK><DATA=7> came");
    set(&s, state, HANDSHAKE "5.  [silence 3s]\n");
    s.kernels.each = speak_into_the_silence;
    run(&s);
    expect_lines(&s, "ok ok ok ok deviates");
    expect_text(&s, 4, "<SEQ=301><ACK=101><CTL=ACK><DATA=7> came");
    done(&s);
}

static void the_same_ack_is_no_noise(void **state)
{
    struct scene s;
    set(&s, state, CLOSE_AND_ACK "4.  [silence 2s]\n");
    s.kernels.end[END_B].instead = NULL;
    begin(&s);
    for (int i = 0; i < 1000 && s.staged.phase != PLAY_SILENCE; i++)
        assert_true(kernels_step(&s.kernels, CLOCK_NEVER - 1));
    const struct tcb *t = &s.kernels.end[END_B].tcb;
    kernel_says(&s.kernels.end[END_B], FLAG_ACK, t->snd_nxt.v, t->rcv_nxt.v, 0);
    kernels_run(&s.kernels, CLOCK_MIN);
    as_figured(&s);
    assert_int_equal(kernels_noted(&s.kernels, "the same ACK again"), 1);
    done(&s);
}

static void times(void **state)
{
    static const struct {
        const char *when, *lines, *text;
    } cases[] = {
        {"[after 1s]", "ok ok ok", ""},
        {"[within 1500ms]", "ok ok ok", ""},
        {"[after 2s]", "ok ok deviates", "it came after 1"},
        {"[after 100ms]", "ok ok deviates", "it came after 1"},
        {"[within 900ms]", "ok ok deviates", "it came after 1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene s;
        char figure[512];
        (void)snprintf(figure, sizeof(figure),
                       "1.  CLOSED                                      LISTEN\n"
                       "2.  SYN-SENT --> <SEQ=100><CTL=SYN>         ... LISTEN\n"
                       "3.  SYN-SENT --> <SEQ=100><CTL=SYN>         --> SYN-RECEIVED %s\n",
                       cases[i].when);
        set(&s, state, figure);
        run(&s);
        expect_lines(&s, cases[i].lines);
        expect_text(&s, 2, cases[i].text);
        done(&s);
    }
}

/* --- Alternatives and rounds --- */

#define ANSWERED_OR_NOT                                                                            \
    "1.  CLOSED                                               LISTEN\n"                            \
    "2.              --> <SEQ=100><CTL=SYN>               --> \n"                                  \
    "either \"answered\"\n"                                                                        \
    "3.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"                      \
    "or \"refused\"\n"                                                                             \
    "3.  CLOSED      <-- <SEQ=0><ACK=101><CTL=RST,ACK>    <-- CLOSED\n"                            \
    "or \"ignored\" deviates\n"                                                                    \
    "3.  [silence 500ms]\n"                                                                        \
    "    SYN-SENT                                             LISTEN\n"                            \
    "end\n"

static bool refuses(struct kernel *k, const struct segment *seg)
{
    kernel_says(k, FLAG_RST | FLAG_ACK, 0, seg->seq.v + 1, 0);
    k->listens = false;
    return true;
}

static void alternatives(void **state)
{
    static const struct {
        bool (*instead)(struct kernel *k, const struct segment *seg);
        const char *found, *verdict, *lines;
        int exit_code;
    } cases[] = {
        {NULL, "answered", "as-figured", "ok ok ok", 0},
        {refuses, "refused", "as-figured", "ok ok ok", 0},
        {ignores, "ignored", "deviates", "ok ok ok ok", 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene s;
        set(&s, state, ANSWERED_OR_NOT);
        s.kernels.end[END_B].instead = cases[i].instead;
        run(&s);
        expect_lines(&s, cases[i].lines);
        expect_verdict(&s, cases[i].verdict, cases[i].exit_code);
        assert_string_equal(bench_text(record(&s), "alternative"), cases[i].found);
        assert_string_equal(record(&s)->lines[2].alternative, cases[i].found);
        done(&s);
    }
}

/* A has sent its ACK before it is known which of them it is. */
static void a_later_line_of_an_alternative(void **state)
{
    struct scene s;
    set(&s, state,
        "1.  CLOSED                                               LISTEN\n"
        "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
        "3.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
        "4.  (duplicate) ... <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
        "either \"SYN,ACK again\"\n"
        "5.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
        "6.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK>      --> ESTABLISHED\n"
        "or \"an ACK\"\n"
        "7.  ESTABLISHED <-- <SEQ=301><ACK=101><CTL=ACK>      <-- SYN-RECEIVED\n"
        "8.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK>      --> ESTABLISHED\n"
        "end\n");
    run(&s);
    as_figured(&s);
    assert_string_equal(bench_text(record(&s), "alternative"), "an ACK");
    assert_int_equal(kernels_noted(&s.kernels, "not in the figure"), 0);
    done(&s);
}

static void none_of_the_alternatives(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED A_CLOSES "either \"reset\"\n"
                           "3.  CLOSED      <-- <SEQ=300><ACK=101><CTL=RST,ACK>  <-- CLOSED\n"
                           "or \"at once\"\n"
                           "3.  TIME-WAIT   <-- <SEQ=300><ACK=101><CTL=FIN,ACK>  <-- LAST-ACK\n"
                           "end\n"
                           "4.  TIME-WAIT                                            LAST-ACK\n");
    deviates(&s, "ok ok ok deviates not-reached", 3, "<SEQ=300><ACK=101><CTL=ACK> came");
}

static void a_deviating_alternative_behind_the_unknown(void **state)
{
    struct scene s;
    set(&s, state, ANSWERED_OR_NOT);
    s.kernels.end[END_B].instead = ignores;
    s.staged.keep_going = true;
    begin(&s);
    s.staged.tally.counts[EVENT_LINE_UNKNOWN]++; /* as if a line before were */
    kernels_run(&s.kernels, CLOCK_MIN);
    expect_text(&s, 2, "an earlier line is not known to be as figured");
    assert_int_equal(record(&s)->lines[2].status, EVENT_LINE_UNKNOWN);
    done(&s);
}

#define THREE_ROUNDS                                                                               \
    "1.  CLOSED                                               LISTEN\n"                            \
    "repeat 3\n"                                                                                   \
    "2.  SYN-SENT    --> <SEQ=x><CTL=SYN>                 --> SYN-RECEIVED\n"                      \
    "3.  ESTABLISHED <-- <SEQ=y><ACK=x+1><CTL=SYN,ACK>    <-- SYN-RECEIVED (new ISN)\n"            \
    "4.  ESTABLISHED --> <SEQ=x+1><ACK=y+1><CTL=ACK>      --> ESTABLISHED\n"                       \
    "5.  (Abort)\n"                                                                                \
    "    CLOSED      --> <SEQ=x+1><CTL=RST>               --> CLOSED\n"                            \
    "end\n"

static void rounds(void **state)
{
    struct scene s;
    set(&s, state, THREE_ROUNDS);
    run(&s);
    as_figured(&s);
    assert_int_equal(record(&s)->line_count, 1 + 3 * 5);
    assert_int_equal(s.kernels.end[END_B].syns, 3);
    done(&s);
}

/* Each round leaves one of two copies in the network. */
static void what_a_round_leaves_in_the_network(void **state)
{
    struct scene s;
    set(&s, state,
        "1.  CLOSED                                               LISTEN\n"
        "repeat 3\n"
        "2.  SYN-SENT    --> <SEQ=x><CTL=SYN>                 ... LISTEN\n"
        "3.  SYN-SENT    --> <SEQ=x><CTL=SYN>                 ... LISTEN [after 1s]\n"
        "4.              ... <SEQ=x><CTL=SYN>                 --> SYN-RECEIVED\n"
        "5.  ESTABLISHED <-- <SEQ=y><ACK=x+1><CTL=SYN,ACK>    <-- SYN-RECEIVED\n"
        "6.  ESTABLISHED --> <SEQ=x+1><ACK=y+1><CTL=ACK>      --> ESTABLISHED\n"
        "7.  (Abort)\n"
        "    CLOSED      --> <SEQ=x+1><CTL=RST>               --> CLOSED\n"
        "end\n");
    run(&s);
    as_figured(&s);
    assert_int_equal(s.kernels.end[END_B].syns, 3);
    done(&s);
}

static void numbers_that_do_not_move(void **state)
{
    struct scene s;
    set(&s, state, THREE_ROUNDS);
    s.kernels.end[END_B].iss_step = 0;
    run(&s);
    assert_int_equal(record(&s)->line_count, 1 + 2 * 5);
    expect_text(&s, 7, "the ISN is one that was there before");
    expect_verdict(&s, "deviates", 1);
    done(&s);
    set(&s, state, THREE_ROUNDS);
    s.kernels.end[END_B].iss_step = (uint32_t)-1000;
    run(&s);
    expect_text(&s, 7, "behind the last one");
    expect_verdict(&s, "deviates", 1);
    done(&s);
}

/* --- What is said and counted --- */

static void data(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED "2.  (say \"hello\")\n"
                  "    ESTABLISHED --> <SEQ=100><ACK=300><CTL=ACK><DATA=5>     --> ESTABLISHED\n"
                  "3.  ESTABLISHED <-- <SEQ=300><ACK=105><CTL=ACK>             <-- ESTABLISHED\n"
                  "4.  ESTABLISHED <-- <SEQ=300><ACK=105><CTL=ACK><DATA=9>     <-- ESTABLISHED\n"
                  "5.  ESTABLISHED --> <SEQ=105><ACK=309><CTL=ACK>             --> ESTABLISHED\n");
    run(&s);
    as_figured(&s);
    assert_int_equal(s.kernels.end[END_B].unread, 5);
    assert_int_equal(s.kernels.end[END_A].unread, 9);
    done(&s);
}

static void numbers_given(void **state)
{
    struct scene s;
    set(&s, state,
        "1.  ESTABLISHED                                          ESTABLISHED\n"
        "    (send 500,receive 800)\n"
        "2.  (Close)\n"
        "    FIN-WAIT-1  --> <SEQ=500><ACK=800><CTL=FIN,ACK>  --> CLOSE-WAIT\n"
        "3.  FIN-WAIT-2  <-- <SEQ=800><ACK=501><CTL=ACK>      <-- CLOSE-WAIT\n");
    run(&s);
    as_figured(&s);
    done(&s);
    set(&s, state,
        "1.  ESTABLISHED                                          ESTABLISHED\n"
        "    (send 500,receive 800)\n"
        "2.  (Close)\n"
        "    FIN-WAIT-1  --> <SEQ=501><ACK=800><CTL=FIN,ACK>  --> CLOSE-WAIT\n");
    deviates(&s, "ok ok ok deviates", 3, "SEQ=500 came, not SEQ=501");
}

/* --- What cannot be known --- */

static void no_handshake(void **state)
{
    struct scene s;
    set(&s, state, CLOSE_AND_ACK);
    s.kernels.end[END_B].instead = ignores;
    run(&s);
    expect_lines(&s, "not-reached not-reached not-reached not-reached");
    expect_verdict(&s, "unknown", 3);
    const json_t *first = json_object_get(record(&s)->verdict, "first_unknown");
    assert_string_equal(json_string_value(json_object_get(first, "text")),
                        "the handshake before the figure failed: the two kernels did not get to "
                        "ESTABLISHED");
    done(&s);
}

static void a_loss_of_the_captures(void **state)
{
    struct scene s;
    set(&s, state, HANDSHAKE);
    s.kernels.end[END_B].instead = ignores;
    begin(&s);
    talk_lost_packets(&s.kernels.pair, 3);
    talk_lost_packets(&s.kernels.pair, 3); /* nothing new */
    kernels_run(&s.kernels, CLOCK_MIN);
    expect_lines(&s, "ok unknown unknown not-reached");
    expect_text(&s, 1, "the capture has lost packets");
    expect_verdict(&s, "unknown", 3);
    assert_int_equal(bench_count(record(&s), EVENT_FAULT), 1);
    assert_int_equal(bench_number(record(&s), "capture_dropped"), 3);
    done(&s);
}

/* The capture is lossy as soon as the walk is in this phase. */
static void lose(struct kernels *k)
{
    struct scene *s = (struct scene *)k;
    if (s->staged.phase == (enum play_phase)s->n)
        talk_lost_packets(&k->pair, 1);
}

static void a_silence_with_a_loss(void **state)
{
    struct scene s;
    set(&s, state, CONNECTED "2.  [silence 1s]\n");
    s.kernels.each = lose;
    s.n = PLAY_SILENCE;
    run(&s);
    expect_lines(&s, "ok unknown");
    expect_text(&s, 1, "nothing came, but the capture has lost packets");
    expect_verdict(&s, "unknown", 3);
    done(&s);
}

static void a_silent_alternative_with_a_loss(void **state)
{
    struct scene s;
    set(&s, state, ANSWERED_OR_NOT);
    s.kernels.end[END_B].instead = ignores;
    s.kernels.each = lose;
    s.n = PLAY_AWAIT;
    run(&s);
    expect_lines(&s, "ok ok unknown ok");
    expect_text(&s, 2, "this alternative is what was seen, but the capture has lost packets");
    expect_verdict(&s, "unknown", 3);
    done(&s);
}

/* It was before: an alternative that does not deviate is what it is. */
static void an_alternative_after_a_loss(void **state)
{
    struct scene s;
    set(&s, state, ANSWERED_OR_NOT);
    begin(&s);
    talk_lost_packets(&s.kernels.pair, 1);
    kernels_run(&s.kernels, CLOCK_MIN);
    expect_lines(&s, "ok ok ok");
    expect_verdict(&s, "as-figured", 0);
    done(&s);
}

static void an_application_that_will_not(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED "2.                                                       (Close)\n"
                  "3.  CLOSE-WAIT  <-- <SEQ=300><ACK=100><CTL=FIN,ACK>  <-- FIN-WAIT-1\n");
    s.kernels.end[END_B].unwilling = true;
    run(&s);
    expect_lines(&s, "ok unknown unknown");
    expect_text(&s, 1, "the application will not");
    expect_text(&s, 2, "nothing came; but an earlier line is not known to be as figured");
    expect_verdict(&s, "unknown", 3);
    done(&s);
}

static void a_handshake_that_nobody_begins(void **state)
{
    struct scene s;
    set(&s, state, CLOSE_AND_ACK);
    s.kernels.end[END_A].unwilling = true;
    run(&s);
    expect_verdict(&s, "unknown", 3);
    const json_t *first = json_object_get(record(&s)->verdict, "first_unknown");
    assert_string_equal(json_string_value(json_object_get(first, "text")),
                        "the handshake before the figure failed: the application will not");
    done(&s);
}

/* A kernel that cannot be asked is a failure of ours, and whoever carries the packets stops. */
static void a_kernel_that_cannot_be_asked(void **state)
{
    struct scene s;
    set(&s, state, HANDSHAKE);
    s.kernels.end[END_B].mute = true;
    run(&s);
    assert_int_equal(s.kernels.pair.status, STATUS_SYSTEM);
    assert_string_equal(s.kernels.pair.fault.text, "the kernel does not answer");
    done(&s);
}

static void interrupt(struct kernels *k)
{
    struct scene *s = (struct scene *)k;
    if (s->staged.row.row != NULL && s->staged.row.row->number == 3)
        talk_stop(&k->pair, SCRIPT_STOP_INTERRUPT, k->now_ns);
}

static void interrupted(void **state)
{
    struct scene s;
    set(&s, state, HANDSHAKE);
    s.kernels.each = interrupt;
    run(&s);
    expect_lines(&s, "ok ok unknown not-reached");
    expect_text(&s, 2, "interrupted");
    expect_verdict(&s, "unknown", 3);
    talk_stop(&s.kernels.pair, SCRIPT_STOP_INTERRUPT, s.kernels.now_ns); /* once is enough */
    assert_int_equal(record(&s)->line_count, 4);
    done(&s);
}

static void the_deadline(void **state)
{
    static const struct {
        const char *figure, *lines;
        int64_t after_ns;
    } cases[] = {
        {CONNECTED "2.  [silence 10s]\n", "ok unknown", 4 * CLOCK_S},
        {CONNECTED "2.  (wait 10s)\n3.  ESTABLISHED    ESTABLISHED\n", "ok unknown not-reached",
         4 * CLOCK_S},
        {CLOSE_AND_ACK, "not-reached not-reached not-reached not-reached", KERNELS_DELAY},
        {CONNECTED "2.  (2 MSL)\n    CLOSED                                     ESTABLISHED\n",
         "ok ok unknown", 4 * CLOCK_S},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene s;
        set(&s, state, cases[i].figure);
        s.kernels.config.deadline_ns = KERNELS_START + cases[i].after_ns;
        run(&s);
        expect_lines(&s, cases[i].lines);
        expect_verdict(&s, "unknown", 3);
        assert_int_equal(s.kernels.now_ns, KERNELS_START + cases[i].after_ns);
        const json_t *first = json_object_get(record(&s)->verdict, "first_unknown");
        assert_non_null(
            strstr(json_string_value(json_object_get(first, "text")), "-w has run out"));
        done(&s);
    }
}

static void flood(struct kernels *k)
{
    struct scene *s = (struct scene *)k;
    struct kernel *b = &k->end[END_B];
    for (; s->staged.phase == PLAY_PAUSE && s->n < SEG_QUEUE_MAX + 1; s->n++)
        kernel_says(b, FLAG_ACK, b->tcb.snd_nxt.v, b->tcb.rcv_nxt.v, 1);
}

static void more_than_can_be_kept(void **state)
{
    struct scene s;
    set(&s, state,
        CONNECTED "2.  (wait 10s)\n"
                  "3.  ESTABLISHED                                          ESTABLISHED\n");
    s.kernels.each = flood;
    run(&s);
    expect_lines(&s, "ok unknown not-reached");
    expect_text(&s, 1, "more came than can be kept");
    expect_verdict(&s, "unknown", 3);
    /* Everything that was kept goes on. */
    assert_int_equal(s.kernels.passed, 3 + SEG_QUEUE_MAX);
    done(&s);
}

static void more_than_can_be_held(void **state)
{
    struct scene s;
    struct text figure = {0};
    text_printf(&figure, CONNECTED);
    for (unsigned i = 0; i < PLAY_HELD_MAX + 1; i++)
        text_printf(&figure, "%u.  --> <SEQ=%u><ACK=300><CTL=ACK><DATA=1> ... \n", i + 2, 100 + i);
    set(&s, state, figure.data);
    text_done(&figure);
    s.kernels.end[END_A].rto_ns = CLOCK_MIN;
    /* It need not keep what it sends, since the wire lets nothing go. */
    begin(&s);
    while (!s.kernels.pair.finished) {
        s.kernels.end[END_A].out_count = 0;
        assert_true(kernels_step(&s.kernels, s.kernels.now_ns + CLOCK_MIN));
    }
    talk_verdict(&s.kernels.pair);
    assert_int_equal(s.staged.held_count, PLAY_HELD_MAX);
    assert_int_equal(s.kernels.passed, 3);
    expect_text(&s, PLAY_HELD_MAX + 1, "the wire cannot hold any more");
    expect_verdict(&s, "unknown", 3);
    done(&s);
}

/* --- What is not of the conversation --- */

static void others_pass(void **state)
{
    static const uint8_t udp[28] = {0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17};
    struct scene s;
    set(&s, state, CONNECTED "2.  [silence 1s]\n");
    begin(&s);
    for (int i = 0; i < 1000 && s.staged.phase != PLAY_SILENCE; i++)
        assert_true(kernels_step(&s.kernels, CLOCK_NEVER - 1));
    unsigned passed = s.kernels.passed;
    size_t events = record(&s)->count;
    talk_packet(&s.kernels.pair, END_A, udp, sizeof(udp), s.kernels.now_ns);
    const struct endpoint at = s.kernels.config.at[END_B];
    s.kernels.config.at[END_B].port++;
    kernel_says(&s.kernels.end[END_B], FLAG_RST, 1, 0, 0);
    s.kernels.config.at[END_B] = at;
    assert_int_equal(s.kernels.passed, passed + 1);
    assert_int_equal(record(&s)->count, events);
    kernels_run(&s.kernels, CLOCK_MIN);
    assert_int_equal(s.kernels.passed, passed + 2);
    as_figured(&s);
    done(&s);
}

/* Each of them is counted and passed on, whether or not there is room in the record. */
static void more_than_the_record_takes(void **state)
{
    struct scene s;
    struct kernels *k = &s.kernels;
    set(&s, state, CLOSE_AND_ACK);
    k->end[END_B].instead = ignores; /* the handshake goes on and on */
    begin(&s);
    k->queued = 0;
    for (unsigned i = 0; i < TALK_RECORDED_MAX + 10; i++) {
        kernel_says(&k->end[END_B], FLAG_ACK, i, 0, 0);
        struct kernels_packet *p = &k->queue[0];
        talk_packet(&k->pair, END_B, p->ip, p->n, k->now_ns);
        k->queued = 0;
    }
    assert_int_equal(bench_count(record(&s), EVENT_RECEIVED), TALK_RECORDED_MAX);
    assert_int_equal(k->passed, TALK_RECORDED_MAX + 10);
    talk_stop(&k->pair, SCRIPT_STOP_INTERRUPT, k->now_ns - CLOCK_S); /* a clock behind */
    assert_int_equal(k->pair.now_ns, k->now_ns);
    talk_verdict(&k->pair);
    assert_int_equal(bench_number(record(&s), "unrecorded"), 10);
    done(&s);
}

static void progress(void **state)
{
    struct scene s;
    char line[160];
    set(&s, state, CONNECTED "2.  [silence 3s]\n");
    begin(&s);
    for (int i = 0; i < 1000 && s.staged.phase != PLAY_SILENCE; i++)
        assert_true(kernels_step(&s.kernels, CLOCK_NEVER - 1));
    play_script()->progress(&s.kernels.pair, s.kernels.now_ns, line, sizeof(line));
    assert_string_equal(line, "line 2: waiting, 3.000 s left");
    kernels_run(&s.kernels, CLOCK_MIN);
    play_script()->progress(&s.kernels.pair, s.kernels.now_ns, line, sizeof(line));
    assert_string_equal(line, "");
    done(&s);
}

int main(void)
{
#define CASE(f)                                                                                    \
    {                                                                                              \
#f, f                                                                                      \
    }
    static const struct {
        const char *name;
        void (*run)(void **state);
    } cases[] = {
        CASE(a_handshake),
        CASE(nobody_listens),
        CASE(who_is_to_listen_is_told),
        CASE(a_handshake_goes_before),
        CASE(two_msl_is_not_for_ever),
        CASE(simultaneous_open),
        CASE(simultaneous_close),
        CASE(what_is_held_stays_held),
        CASE(what_is_held_breaks_a_silence_and_stays_held),
        CASE(a_copy_arrives),
        CASE(a_retransmission_that_is_figured),
        CASE(a_retransmission_that_is_not),
        CASE(a_wrong_number),
        CASE(a_wrong_number_without_a_control_bit),
        CASE(a_wrong_state),
        CASE(a_segment_that_never_comes),
        CASE(an_unexpected_segment),
        CASE(an_unexpected_ack_passes),
        CASE(what_came_instead_is_said),
        CASE(keep_going),
        CASE(the_other_alternatives_are_not_missed),
        CASE(silence_is_kept),
        CASE(silence_is_broken),
        CASE(the_same_ack_is_no_noise),
        CASE(times),
        CASE(alternatives),
        CASE(a_later_line_of_an_alternative),
        CASE(none_of_the_alternatives),
        CASE(a_deviating_alternative_behind_the_unknown),
        CASE(rounds),
        CASE(what_a_round_leaves_in_the_network),
        CASE(numbers_that_do_not_move),
        CASE(data),
        CASE(numbers_given),
        CASE(no_handshake),
        CASE(a_loss_of_the_captures),
        CASE(a_silence_with_a_loss),
        CASE(a_silent_alternative_with_a_loss),
        CASE(an_alternative_after_a_loss),
        CASE(an_application_that_will_not),
        CASE(a_handshake_that_nobody_begins),
        CASE(a_kernel_that_cannot_be_asked),
        CASE(interrupted),
        CASE(the_deadline),
        CASE(more_than_can_be_kept),
        CASE(more_than_can_be_held),
        CASE(others_pass),
        CASE(more_than_the_record_takes),
        CASE(progress),
    };
    static struct place places[] = {
        {"", {100000, 500000}},
        {", at 2^32", {UINT32_MAX, UINT32_MAX}},
        {", just before 2^32", {UINT32_MAX - 2, UINT32_MAX - 4}},
        {", at 2^31", {0x7fffffff, 0x80000000}},
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
    return cmocka_run_group_tests_name("staged", tests, NULL, NULL);
}
