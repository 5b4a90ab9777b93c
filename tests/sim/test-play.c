/* Figures played from end to end: what is as figured, what deviates and in which words, what cannot
 * be known, and what is left behind. One table, a figure and what its lines come to, run over the
 * pairs of ends: a stranger and we, a peer whose kernel can be asked and we, two kernels with us as
 * the wire; and every case again with numbers that pass 2^32. */
#include "../world/kernels.h"
#include "../world/stage.h"

#define SYN_ACK (FLAG_SYN | FLAG_ACK)
#define FIN_ACK (FLAG_FIN | FLAG_ACK)
#define RST_ACK (FLAG_RST | FLAG_ACK)

enum pair_of_ends {
    STRANGER = 0x1,
    PEER = 0x2,
    KERNELS = 0x4,
    OURS = STRANGER | PEER,
    ASKED = PEER | KERNELS,
    ALL = OURS | KERNELS
};

/* What B does when a segment arrives, whatever its TCP does: for each deed that fits. */
struct deed {
    unsigned on;       /* the segment's bits, PSH aside; 0: any */
    uint32_t len;      /* and that many octets of data at least */
    unsigned nth;      /* only the n-th that fits, from 1; 0: each */
    bool hides;        /* B's TCP does not get it */
    unsigned says;     /* the bits of what B says; 0: nothing */
    uint32_t seq, ack; /* counted from the ISNs of B and A; */
    bool absolute;     /* SEQ is not */
    uint32_t octets;   /* of data */
    int64_t after_ns;
    bool damaged;
};

enum {
    DEEDS_MAX = 4
};

struct trial;

struct act {
    const char *name, *figure;
    enum pair_of_ends with;
    const char *lines; /* a word each; NULL: all are ok */
    size_t at;         /* the line, from 0, */
    const char *text;  /* of which this is said; NULL: nothing is looked for */
    struct deed deeds[DEEDS_MAX];
    enum end us;
    const char *verdict, *alternative; /* NULL: as the lines have it; not looked at */
    /* The last that we send is a reset, that far behind our ISS, and leaves nothing; 0: not looked
     * at. */
    int reset;
    bool keep_going, deaf, refuses; /* B: nothing arrives there; nobody listens */
    bool renews;                    /* each connection of B's begins behind the last, */
    uint32_t iss_step;              /* by as much */
    int64_t wait_ns;                /* -W; 0: 5 s */
    int64_t deadline_ns;            /* -w; 0: none */
    void (*set)(struct trial *t);   /* before it begins */
    void (*begun)(struct trial *t); /* and when it has */
    void (*check)(struct trial *t); /* what else there is to see */
    /* Called before each step between two kernels. */
    void (*each)(struct kernels *k);
};

struct place {
    const char *name;
    uint32_t iss, irs;
};

struct trial {
    struct stage stage; /* first: the host's callbacks are given it */
    struct kernels kernels;
    const struct act *act;
    enum pair_of_ends with;
    struct figure figure; /* between two kernels, */
    struct play play;     /* as the stage's own */
    uint32_t iss, irs;    /* of A and B, or ours and the host's */
    unsigned fits[DEEDS_MAX];
    unsigned n; /* the test's */
};

static struct trial *trial_of(struct kernels *k)
{
    return k->arg;
}

static struct bench *record(struct trial *t)
{
    return t->with == KERNELS ? &t->kernels.bench : &t->stage.bench;
}

static struct play *play_of(struct trial *t)
{
    return t->with == KERNELS ? &t->play : &t->stage.play;
}

/* --- What B does --- */

static void say(struct trial *t, const struct deed *d)
{
    static const uint8_t octets[1400] = {'x'};
    const struct segment seg = {.src = t->stage.bench.config.base.remote,
                                .dst = t->stage.bench.locals[0],
                                .ttl = 64,
                                .df = true,
                                .win = d->damaged ? 0 : 65535,
                                .seq = seq_of(d->absolute ? d->seq : t->irs + d->seq),
                                .ack = seq_of(d->says & FLAG_ACK ? t->iss + d->ack : 0),
                                .flags = (uint16_t)d->says,
                                .checksum = d->damaged ? SEGMENT_CHECKSUM_BAD : 0};
    if (t->with == KERNELS)
        kernel_emits(&t->kernels.end[END_B], d->after_ns, &seg, octets, d->octets);
    else
        sim_emit(t->stage.bench.sim, d->after_ns, &seg, octets, d->octets);
}

static bool does(struct trial *t, const struct segment *seg)
{
    bool hidden = false;
    for (size_t i = 0; i < DEEDS_MAX; i++) {
        const struct deed *d = &t->act->deeds[i];
        if ((d->says == 0 && !d->hides) || seg->len < d->len ||
            (d->on != 0 && (seg->flags & FLAG_ALL & ~FLAG_PSH) != d->on) ||
            (++t->fits[i] != d->nth && d->nth != 0))
            continue;
        if (d->says != 0)
            say(t, d);
        hidden |= d->hides;
    }
    return hidden;
}

static bool host_does(struct bench *b, const struct segment *seg)
{
    struct trial *t = (struct trial *)b;
    struct bench_host *h = &b->host;
    if (stage_listens(b, seg))
        return true;
    if (t->act->renews && seg->flags & FLAG_SYN && h->arrived > 1) {
        h->iss += t->act->iss_step;
        h->begun = false;
        bench_host_begins(h);
    }
    return does(t, seg);
}

static bool kernel_does(struct kernel *k, const struct segment *seg)
{
    return does(trial_of(k->of), seg);
}

/* --- A trial --- */

static void set_stage(struct trial *t)
{
    struct stage *s = &t->stage;
    const struct act *a = t->act;
    s->iss = t->iss;
    s->irs = t->irs;
    stage_init(s, a->us, a->figure);
    if (t->with == PEER)
        stage_man(s);
    s->play.keep_going = a->keep_going;
    s->play.reply_wait_ns = a->wait_ns != 0 ? a->wait_ns : 5 * CLOCK_S;
    s->bench.host.instead = host_does;
    s->bench.host.deaf = a->deaf;
    s->bench.host.refuses = a->refuses;
    if (a->deadline_ns != 0)
        s->bench.config.deadline_after_ns = a->deadline_ns;
}

static void set_kernels(struct trial *t)
{
    const struct act *a = t->act;
    struct fault fault = {0};
    struct text source = {0};
    if (strstr(a->figure, "TCP Peer") == NULL)
        text_printf(&source, "    TCP Peer A%40sTCP Peer B\n", "");
    text_printf(&source, "%s", a->figure);
    kernels_init(&t->kernels, t->iss, t->irs);
    if (figure_parse(&t->figure, "test.fig", source.data, source.len, &fault) != STATUS_OK ||
        figure_check_between(&t->figure, &fault) != STATUS_OK)
        fail_msg("%s", fault.text);
    text_done(&source);
    t->play = (struct play){.figure = &t->figure,
                            .reply_wait_ns = a->wait_ns != 0 ? a->wait_ns : 5 * CLOCK_S,
                            .keep_going = a->keep_going};
    t->kernels.arg = t;
    t->kernels.each = a->each;
    t->kernels.end[END_B].instead = kernel_does;
    if (a->renews)
        t->kernels.end[END_B].iss_step = a->iss_step;
    if (a->deadline_ns != 0)
        t->kernels.config.deadline_ns = KERNELS_START + a->deadline_ns;
}

static void begin(struct trial *t)
{
    if (t->with == KERNELS)
        kernels_begin(&t->kernels, play_script(), &t->play);
    else
        bench_begin(&t->stage.bench);
}

static void run(struct trial *t)
{
    if (t->with == KERNELS) {
        kernels_run(&t->kernels, 10 * CLOCK_MIN);
        return;
    }
    bench_pass(&t->stage.bench, 10 * CLOCK_MIN);
    assert_true(talks_over(&t->stage.bench.run->talks));
}

static void done(struct trial *t)
{
    if (t->with == KERNELS) {
        play_done(&t->play);
        figure_done(&t->figure);
        kernels_done(&t->kernels);
    } else {
        stage_done(&t->stage);
    }
}

/* --- What came of it --- */

static void complain(struct trial *t, const char *expected)
{
    const struct bench *b = record(t);
    for (size_t i = 0; i < b->line_count; i++)
        print_message("# %u: %s | %s | %s | %s\n", b->lines[i].number,
                      event_line_status_name(b->lines[i].status), b->lines[i].a, b->lines[i].b,
                      b->lines[i].text);
    for (size_t i = 0; t->with == KERNELS && i < t->kernels.bench.note_count; i++)
        print_message("# %s\n", t->kernels.bench.notes[i]);
    fail_msg("expected: %s", expected);
}

static void expect_lines(struct trial *t, const char *expected)
{
    const struct bench *b = record(t);
    struct text found = {0};
    for (size_t i = 0; i < b->line_count; i++)
        text_printf(&found, "%s%s", i != 0 ? " " : "", event_line_status_name(b->lines[i].status));
    if (found.data == NULL || strcmp(found.data, expected) != 0)
        complain(t, expected);
    text_done(&found);
}

static void expect_all_ok(struct trial *t)
{
    const struct bench *b = record(t);
    for (size_t i = 0; i < b->line_count; i++) {
        if (b->lines[i].status != EVENT_LINE_OK)
            complain(t, "all ok");
    }
    assert_int_equal(bench_count(b, EVENT_FAULT), 0);
}

static void expect_verdict(struct trial *t, const char *verdict)
{
    const struct bench *b = record(t);
    const int code = strcmp(verdict, "deviates") == 0 ? 1 : strcmp(verdict, "unknown") == 0 ? 3 : 0;
    assert_string_equal(bench_text(b, "verdict"), verdict);
    assert_int_equal(bench_number(b, "exit"), code);
    assert_int_equal(b->verdicts, 1);
    if (t->with == KERNELS) {
        assert_int_equal(t->kernels.pair.exit_code, code);
        assert_int_equal(t->kernels.pair.status, STATUS_OK);
    } else {
        assert_non_null(b->summary);
    }
}

static void expect_text(struct trial *t, size_t i, const char *text)
{
    const struct bench *b = record(t);
    assert_true(i < b->line_count);
    if (strstr(b->lines[i].text, text) == NULL)
        fail_msg("'%s' is not in '%s'", text, b->lines[i].text);
}

/* Of the first line that is not known, or deviates. */
static void expect_first(struct trial *t, const char *which, int line, const char *text)
{
    const json_t *first = json_object_get(record(t)->verdict, which);
    assert_int_equal(json_integer_value(json_object_get(first, "line")), line);
    assert_non_null(strstr(json_string_value(json_object_get(first, "text")), text));
}

static void expect_nothing_left(struct trial *t)
{
    bench_arrive(&t->stage.bench);
    enum state left = t->stage.bench.host.tcb.state;
    assert_true(left == STATE_CLOSED || left == STATE_LISTEN);
}

static void expect_reset(struct trial *t, int behind_iss)
{
    const struct bench *b = &t->stage.bench;
    const struct bench_event *last = NULL;
    for (size_t i = 0; i < b->count; i++) {
        if (b->events[i].kind == EVENT_SENT)
            last = &b->events[i];
    }
    assert_non_null(last);
    assert_int_equal(last->seg.flags, FLAG_RST);
    assert_int_equal(last->seg.seq.v, t->iss + (uint32_t)behind_iss);
    expect_nothing_left(t);
}

static bool sent(struct trial *t, unsigned flags, size_t n, uint32_t behind_iss)
{
    const struct bench_event *e = bench_segment(record(t), EVENT_SENT, flags, n);
    return e != NULL && e->seg.seq.v == t->iss + behind_iss;
}

static const struct segment *segment(struct trial *t, enum event_kind kind, unsigned flags,
                                     size_t n)
{
    const struct bench_event *e = bench_segment(record(t), kind, flags, n);
    assert_non_null(e);
    return &e->seg;
}

static void expect(struct trial *t)
{
    const struct act *a = t->act;
    const char *verdict =
        a->verdict != NULL                                                           ? a->verdict
        : a->lines == NULL                                                           ? "as-figured"
        : strstr(a->lines, "deviates") != NULL                                       ? "deviates"
        : strstr(a->lines, "unknown") != NULL || strstr(a->lines, "reached") != NULL ? "unknown"
                                                                                     : "as-figured";
    if (a->lines != NULL && a->lines[0] != '\0')
        expect_lines(t, a->lines);
    else if (a->lines == NULL)
        expect_all_ok(t);
    expect_verdict(t, verdict);
    if (a->text != NULL)
        expect_text(t, a->at, a->text);
    if (a->alternative != NULL)
        assert_string_equal(bench_text(record(t), "alternative"), a->alternative);
    if (a->reset != 0 && t->with != KERNELS)
        expect_reset(t, a->reset);
    if (a->check != NULL)
        a->check(t);
}

static struct trial *begin_at(const struct act *a, enum pair_of_ends with,
                              const struct place *place)
{
    static struct trial t;
    memset(&t, 0, sizeof(t));
    t.act = a;
    t.with = with;
    t.iss = place->iss;
    t.irs = place->irs;
    if (with == KERNELS)
        set_kernels(&t);
    else
        set_stage(&t);
    if (a->set != NULL)
        a->set(&t);
    begin(&t);
    return &t;
}

static struct trial *begin_with(enum pair_of_ends with, const struct act *a)
{
    static const struct place place = {"", BENCH_ISS, BENCH_IRS};
    return begin_at(a, with, &place);
}

static void try(const struct act *a, enum pair_of_ends with, const struct place *place)
{
    struct trial *t = begin_at(a, with, place);
    if (a->begun != NULL)
        a->begun(t);
    run(t);
    expect(t);
    done(t);
}

/* --- Figures --- */

#define HANDSHAKE                                                                                  \
    "1.  CLOSED                                               LISTEN\n"                            \
    "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"                      \
    "3.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"                      \
    "4.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK>      --> ESTABLISHED\n"
#define ESTABLISHED_BOTH "1.  ESTABLISHED                                          ESTABLISHED\n"
#define CONNECTED                                                                                  \
    ESTABLISHED_BOTH                                                                               \
    "                                                         (send 300,receive 100)\n"
#define A_CLOSES                                                                                   \
    "2.  (Close)\n"                                                                                \
    "    FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>  --> CLOSE-WAIT\n"
#define CLOSE_AND_ACK                                                                              \
    CONNECTED A_CLOSES "3.  FIN-WAIT-2  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n"
#define CLOSE_UNSHOWN                                                                              \
    CONNECTED                                                                                      \
    "2.  FIN-WAIT-1 --> <SEQ=100><ACK=300><CTL=FIN,ACK>  -->\n"                                    \
    "3.  FIN-WAIT-2 <-- <SEQ=300><ACK=101><CTL=ACK>      <--\n"                                    \
    "4.  TIME-WAIT  <-- <SEQ=300><ACK=101><CTL=FIN,ACK>  <--\n"                                    \
    "5.  TIME-WAIT  --> <SEQ=101><ACK=301><CTL=ACK>      --> CLOSED\n"
#define OLD_DUPLICATE(ack)                                                                         \
    "1.  CLOSED                                               LISTEN\n"                            \
    "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               ...\n"                                   \
    "3.  (duplicate) ... <SEQ=90><CTL=SYN>                --> SYN-RECEIVED\n"                      \
    "4.  SYN-SENT    <-- <SEQ=300><ACK=" ack "><CTL=SYN,ACK>   <-- SYN-RECEIVED\n"                 \
    "5.  SYN-SENT    --> <SEQ=91><CTL=RST>                --> LISTEN\n"                            \
    "6.              ... <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"                      \
    "7.  ESTABLISHED <-- <SEQ=400><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"                      \
    "8.  ESTABLISHED --> <SEQ=101><ACK=401><CTL=ACK>      --> ESTABLISHED\n"
#define AWAITS_AN_ACK                                                                              \
    HANDSHAKE                                                                                      \
    "5.  ESTABLISHED --> <SEQ=101><ACK=301><DATA=5><CTL=PSH,ACK> --> ESTABLISHED\n"                \
    "6.  ESTABLISHED <-- <SEQ=301><ACK=106><CTL=ACK>             <-- ESTABLISHED\n"
#define AWAITS_DATA HANDSHAKE "5.  ESTABLISHED <-- <SEQ=301><DATA=1><CTL=ACK>  <-- ESTABLISHED\n"
#define ANSWER(when)                                                                               \
    "1.  CLOSED                                               LISTEN\n"                            \
    "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"                      \
    "3.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED " when "\n"
#define SYN_AGAIN(when)                                                                            \
    "1.  CLOSED                                      LISTEN\n"                                     \
    "2.  SYN-SENT --> <SEQ=100><CTL=SYN>         ... LISTEN\n"                                     \
    "3.  SYN-SENT --> <SEQ=100><CTL=SYN>         --> SYN-RECEIVED " when "\n"
#define SILENCE                                                                                    \
    HANDSHAKE                                                                                      \
    "5.                  [silence 3s]\n"                                                           \
    "    ESTABLISHED                                          ESTABLISHED\n"
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
#define OR_SILENCE                                                                                 \
    "or \"silence\"\n"                                                                             \
    "6.                  [silence 2s]\n"                                                           \
    "7.  ESTABLISHED --> <SEQ=100><ACK=300><CTL=ACK>  -->\n"
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
#define ROUNDS(n)                                                                                  \
    "1.  CLOSED                                             LISTEN\n"                              \
    "repeat " n "\n"                                                                               \
    "2.  SYN-SENT    --> <SEQ=x><CTL=SYN>               --> SYN-RECEIVED\n"                        \
    "3.  ESTABLISHED <-- <SEQ=y><ACK=x+1><CTL=SYN,ACK>  <-- SYN-RECEIVED (new ISN)\n"              \
    "4.  ESTABLISHED --> <SEQ=x+1><ACK=y+1><CTL=ACK>    --> ESTABLISHED\n"                         \
    "5.  (Abort)\n"                                                                                \
    "    CLOSED      --> <SEQ=x+1><CTL=RST>             --> CLOSED\n"                              \
    "end\n"
#define TWO_CONNECTIONS                                                                            \
    "1.  CLOSED                                               LISTEN\n"                            \
    "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"                      \
    "3.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"                      \
    "4.  (Abort)\n"                                                                                \
    "    CLOSED      --> <SEQ=101><CTL=RST>               --> CLOSED\n"                            \
    "5.  SYN-SENT    --> <SEQ=500><CTL=SYN>               --> SYN-RECEIVED\n"                      \
    "6.  ESTABLISHED <-- <SEQ=700><ACK=501><CTL=SYN,ACK>  <-- SYN-RECEIVED (new ISN)\n"
#define HALF_OPEN                                                                                  \
    "1.  CLOSED                                               LISTEN\n"                            \
    "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"                      \
    "3.  SYN-SENT    ... <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
#define OLD_STATE                                                                                  \
    CONNECTED                                                                                      \
    "2.  (Close)\n"                                                                                \
    "    FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>  --> ESTABLISHED\n"                       \
    "3.  FIN-WAIT-2  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- ESTABLISHED\n"
#define OLD_STATE_OF_A                                                                             \
    ESTABLISHED_BOTH                                                                               \
    "2.                                                       (Close)\n"                           \
    "    ESTABLISHED <-- <SEQ=300><ACK=100><CTL=FIN,ACK>  <-- FIN-WAIT-1\n"                        \
    "3.  ESTABLISHED --> <SEQ=100><ACK=301><CTL=ACK>      --> FIN-WAIT-2\n"

/* --- What is checked besides --- */

/* What the peer's application was told to do; between two kernels how often each was. */
static void expect_told(const struct trial *t, size_t n, enum call last)
{
    assert_int_equal(t->stage.done_count, n);
    assert_true(n == 0 || t->stage.done[n - 1] == last);
}

static void see_the_handshake(struct trial *t)
{
    const struct bench *b = record(t);
    char wire[64];
    (void)snprintf(wire, sizeof(wire), "<SEQ=%u><ACK=%u><CTL=SYN,ACK>", t->irs, t->iss + 1);
    assert_true(sent(t, FLAG_SYN, 0, 0) && sent(t, FLAG_ACK, 0, 1));
    assert_string_equal(b->lines[0].wire, "");
    assert_false(b->lines[0].stamped);
    assert_true(t->with == STRANGER || strcmp(b->lines[1].b, "SYN-RECEIVED") == 0);
    assert_int_equal(b->lines[1].t_ns, bench_segment(b, EVENT_SENT, FLAG_SYN, 0)->t_ns);
    assert_int_equal(b->lines[2].t_ns, bench_segment(b, EVENT_RECEIVED, SYN_ACK, 0)->t_ns);
    if (strncmp(b->lines[2].wire, wire, strlen(wire)) != 0)
        fail_msg("'%s' is not '%s'", b->lines[2].wire, wire);
    assert_int_equal(t->kernels.end[END_A].told, t->with == KERNELS); /* the SYN implies it */
    assert_int_equal(t->kernels.end[END_B].told, 0);
}

static void see_the_close(struct trial *t)
{
    if (t->with == PEER) {
        expect_told(t, 1, CALL_CLOSE);
        assert_int_equal(bench_segments(record(t), EVENT_SENT, FLAG_RST), 0); /* nothing is left */
        return;
    }
    assert_int_equal(bench_noted(&t->kernels.bench, "a handshake that the figure does not show"),
                     1);
    assert_true(t->kernels.now_ns - KERNELS_START >= KERNELS_TIME_WAIT);
    const struct bench *b = record(t);
    assert_string_equal(b->lines[b->line_count - 1].b,
                        "CLOSED"); /* LISTEN, in the figure's words */
}

/* The SYN is held while the peer's is under way: it gets ours after line 4, not after line 2. */
static void see_the_simultaneous_open(struct trial *t)
{
    const struct bench_event *theirs = bench_segment(record(t), EVENT_RECEIVED, FLAG_SYN, 0);
    const struct bench_event *ours = bench_segment(record(t), EVENT_SENT, FLAG_SYN, 0);
    assert_true(theirs != NULL && ours != NULL && theirs < ours);
    expect_told(t, 1, CALL_CONNECT); /* a SYN of the peer's needs somebody to connect */
}

static void see_two_syns_held(struct trial *t)
{
    assert_int_equal(t->kernels.end[END_B].syns, 1);
    assert_int_equal(t->kernels.end[END_A].syns, 1); /* the second is held */
}

static void see_two_fins_cross(struct trial *t)
{
    assert_int_equal(bench_noted(&t->kernels.bench, "the wire lets go what it held"), 2);
    assert_int_equal(bench_noted(&t->kernels.bench, "not in the figure"), 0);
}

/* What is held and never released is lost. */
static void see_one_syn_late(struct trial *t)
{
    assert_int_equal(bench_segments(record(t), EVENT_SENT, FLAG_SYN), 1);
    assert_int_equal(bench_segment(record(t), EVENT_SENT, FLAG_SYN, 0)->t_ns,
                     BENCH_START + CLOCK_S);
}

static void see_one_answer(struct trial *t)
{
    assert_int_equal(bench_segments(record(t), EVENT_RECEIVED, SYN_ACK), 1);
}

static void see_two_answers(struct trial *t)
{
    assert_int_equal(bench_segments(record(t), EVENT_RECEIVED, SYN_ACK), 2);
}

static void see_the_copy(struct trial *t)
{
    assert_true(bench_segments(record(t), EVENT_RECEIVED, SYN_ACK) >= 2);
}

static void see_our_ack_again(struct trial *t)
{
    assert_true(bench_segments(record(t), EVENT_SENT, FLAG_ACK) >= 2);
    assert_true(record(t)->lines[4].t_ns >= BENCH_START + 5 * CLOCK_S);
}

static void see_three_answers(struct trial *t)
{
    assert_int_equal(bench_segments(record(t), EVENT_RECEIVED, SYN_ACK), 3);
}

static void see_data(struct trial *t)
{
    if (t->with == KERNELS) {
        assert_int_equal(t->kernels.end[END_B].unread, 5);
        assert_int_equal(t->kernels.end[END_A].unread, 3);
        return;
    }
    assert_int_equal(t->stage.bench.host.heard_len, 5);
    assert_memory_equal(t->stage.bench.host.heard, "hello", 5);
    expect_told(t, 1, CALL_SEND);
}

static void see_the_crash(struct trial *t)
{
    assert_true(sent(t, FLAG_SYN, 1, 301)); /* 100 is the first number after the SYN */
    assert_true(sent(t, FLAG_RST, 0, 1));
}

static void see_a_closed_port(struct trial *t)
{
    assert_true(t->with == KERNELS ? !t->kernels.end[END_B].listens : t->stage.bench.host.refuses);
    assert_int_equal(bench_count(record(t), EVENT_SENT), 1);
}

static void see_our_answer(struct trial *t)
{
    assert_true(sent(t, SYN_ACK, 0, 0));
}

static void see_nothing_sent(struct trial *t)
{
    assert_int_equal(bench_count(record(t), EVENT_SENT), 0);
}

static void see_the_old_duplicate(struct trial *t)
{
    assert_true(sent(t, FLAG_SYN, 0, (uint32_t)-10) && sent(t, FLAG_SYN, 1, 0));
    assert_true(sent(t, FLAG_RST, 0, (uint32_t)-9));
}

static void see_a_wrong_expectation(struct trial *t)
{
    const json_t *first = json_object_get(record(t)->verdict, "first_deviation");
    expect_first(t, "first_deviation", 4, "ACK=91 came");
    assert_int_equal(json_integer_value(json_object_get(first, "source_line")), 5);
}

/* Acknowledged at once, and by what the figure sends later. */
static void see_the_abort_awaited(struct trial *t)
{
    assert_int_equal(bench_noted(record(t), "waiting for 192.0.2.2 to abort"), 1);
}

static void see_data_behind_the_window(struct trial *t)
{
    assert_true(record(t)->lines[4].t_ns >= BENCH_START + CLOCK_S);
    assert_int_equal(bench_noted(record(t), "the window opens"), 1);
}

static void see_data_acknowledged(struct trial *t)
{
    assert_int_equal(segment(t, EVENT_SENT, FLAG_ACK, 2)->ack.v, t->irs + 8);
    assert_int_equal(segment(t, EVENT_SENT, FIN_ACK, 0)->ack.v, t->irs + 8);
}

static void see_data_on_an_ack_acknowledged(struct trial *t)
{
    assert_int_equal(segment(t, EVENT_SENT, FLAG_ACK, 3)->ack.v, t->irs + 10);
}

static void see_data_and_a_fin_acknowledged(struct trial *t)
{
    assert_int_equal(segment(t, EVENT_SENT, FLAG_ACK, 2)->ack.v, t->irs + 11);
    assert_int_equal(segment(t, EVENT_SENT, FLAG_ACK, 3)->ack.v, t->irs + 11);
}

static void see_its_own_stamp(struct trial *t)
{
    assert_int_equal(record(t)->lines[6].t_ns, record(t)->lines[3].t_ns);
}

static void see_the_flood(struct trial *t)
{
    assert_int_equal(bench_count(record(t), EVENT_RECEIVED), 501);
}

static void see_it_last(struct trial *t)
{
    assert_true(record(t)->lines[4].t_ns >= BENCH_START + 3 * CLOCK_S);
}

static void see_three_rounds(struct trial *t)
{
    assert_int_equal(record(t)->line_count, 1 + 3 * 5);
    see_three_answers(t);
}

static void see_the_rule_of_isns(struct trial *t)
{
    const json_t *first = json_object_get(record(t)->verdict, "first_deviation");
    assert_string_equal(json_string_value(json_object_get(first, "rfc")), "RFC 9293 3.4.1");
    see_three_rounds(t);
}

static void see_two_connects(struct trial *t)
{
    expect_told(t, 2, CALL_CONNECT);
}

static void see_line_3_unknown(struct trial *t)
{
    expect_first(t, "first_unknown", 3, "what followed has come instead");
}

static void see_no_handshake(struct trial *t)
{
    expect_first(t, "first_unknown", 0, "the handshake before the figure failed: ");
    if (t->with == KERNELS)
        expect_first(t, "first_unknown", 0, "the two kernels did not get to ESTABLISHED");
}

static void see_why_no_handshake(struct trial *t)
{
    expect_first(t, "first_unknown", 0,
                 "the handshake before the figure failed: the application will not");
}

static void see_it_unwilling(struct trial *t)
{
    expect_text(t, 1, "the application will not");
}

static void see_it_refused(struct trial *t)
{
    const struct segment *rst = segment(t, EVENT_SENT, RST_ACK, 0);
    assert_int_equal(rst->seq.v, 0);
    assert_int_equal(rst->ack.v, t->irs + 1);
    bench_arrive(&t->stage.bench);
    assert_int_equal(t->stage.bench.host.tcb.state, STATE_CLOSED);
}

static void see_it_said(struct trial *t)
{
    assert_int_equal(t->stage.bench.host.heard_len, 6);
    assert_memory_equal(t->stage.bench.host.heard, "QUIT\r\n", 6);
}

static void see_b_told_to_listen(struct trial *t)
{
    assert_int_equal(t->kernels.end[END_B].told, 1);
}

/* The SYN and the ACK of the handshake; nothing but the FIN that was let go. */
static void see_it_stay_held(struct trial *t)
{
    assert_true(bench_noted(&t->kernels.bench, "sent again while the wire holds it") >= 1);
    assert_true(bench_segments(record(t), EVENT_SENT, FIN_ACK) >= 2);
    kernels_arrive(&t->kernels);
    assert_int_equal(t->kernels.end[END_B].syns, 1);
    assert_int_equal(bench_segments(record(t), EVENT_RECEIVED, FIN_ACK), 0);
}

static void see_a_copy(struct trial *t)
{
    assert_int_equal(bench_noted(&t->kernels.bench, "a copy of what was there before"), 1);
    assert_int_equal(t->kernels.end[END_B].syns, 2);
    assert_int_equal(bench_segments(record(t), EVENT_SENT, FLAG_SYN), 1);
}

static void see_one_syn_arrive(struct trial *t)
{
    assert_int_equal(t->kernels.end[END_A].told, 1);
    assert_int_equal(t->kernels.end[END_B].syns, 1);
}

static void see_a_retransmission_noted(struct trial *t)
{
    assert_true(bench_noted(&t->kernels.bench, "not in the figure: a retransmission") >= 1);
}

/* Two segments of the handshake's go on, A's FIN, this and the ACK that was behind it. */
static void see_all_pass(struct trial *t)
{
    kernels_arrive(&t->kernels);
    assert_true(t->kernels.passed >= 5);
}

static void see_one_noted(struct trial *t)
{
    if (t->with == KERNELS)
        assert_int_equal(bench_noted(&t->kernels.bench, "not in the figure"), 1);
}

static void see_none_noted(struct trial *t)
{
    assert_int_equal(bench_noted(&t->kernels.bench, "not in the figure"), 0);
}

static void see_the_same_ack(struct trial *t)
{
    assert_int_equal(bench_noted(&t->kernels.bench, "the same ACK again"), 1);
}

static void see_the_alternative_named(struct trial *t)
{
    assert_string_equal(record(t)->lines[2].alternative, t->act->alternative);
}

static void see_three_syns_arrive(struct trial *t)
{
    assert_int_equal(t->kernels.end[END_B].syns, 3);
}

/* --- What happens besides --- */

static void b_does_not_listen(struct trial *t)
{
    t->stage.bench.host.refuses = true;
    t->kernels.end[END_B].listens = false;
}

static void b_connects(struct trial *t)
{
    stage_connects(&t->stage);
}

static void b_connects_and_again(struct trial *t)
{
    stage_connects(&t->stage);
    stage_says(&t->stage, CLOCK_S, FLAG_SYN, t->irs, 0, 0);
}

static void a_is_impatient(struct trial *t)
{
    t->kernels.end[END_A].rto_ns = CLOCK_S / 4; /* its FIN is sent again, and again */
}

static void the_window_is_closed(struct trial *t)
{
    t->stage.bench.host.win = 0;
}

static bool talks_first(struct bench *b, const struct segment *seg)
{
    struct trial *t = (struct trial *)b;
    const struct segment like = stage_like(&t->stage);
    if (seg->len > 0)
        bench_host_says(b, &like, REPLY_ACK, NULL, "banner\n", 7);
    return false;
}

static void talks_first_set(struct trial *t)
{
    t->stage.figure.items[6].row.a.states = STATE_SET_NONE;
    t->stage.bench.host.instead = talks_first;
}

/* More than anybody keeps, while we wait: nothing breaks, and the record is whole. */
static bool floods(struct bench *b, const struct segment *seg)
{
    struct trial *t = (struct trial *)b;
    for (uint32_t i = 0; seg->flags & FLAG_SYN && i < 500; i++)
        stage_says(&t->stage, BENCH_RTT, i % 3 == 0 ? SYN_ACK : FLAG_ACK, t->irs + i % 5,
                   t->iss + 1, i % 7);
    return false;
}

static void flood_set(struct trial *t)
{
    t->stage.bench.host.instead = floods;
}

static bool stops_moving(struct bench *b, const struct segment *seg)
{
    struct bench_host *h = &b->host;
    struct trial *t = (struct trial *)b;
    if (stage_listens(b, seg))
        return true;
    if (seg->flags & FLAG_SYN && t->n++ > 0) {
        h->iss += t->n < 19 ? 64000 : 0;
        h->begun = false;
        bench_host_begins(h);
    }
    return false;
}

static void stops_moving_set(struct trial *t)
{
    t->stage.bench.host.instead = stops_moving;
}

static void says_quit(struct trial *t)
{
    t->stage.play.say = (const uint8_t *)"QUIT\r\n";
    t->stage.play.say_len = 6;
}

static bool loses_theirs(bool ours, const struct segment *seg, unsigned n)
{
    (void)seg, (void)n;
    return !ours;
}

static void we_hear_nothing(struct trial *t)
{
    t->stage.bench.host.loses = loses_theirs;
}

static void mute(struct trial *t)
{
    t->stage.mute = true;
}

static void a_is_unwilling(struct trial *t)
{
    t->kernels.end[END_A].unwilling = true;
}

static void b_is_unwilling(struct trial *t)
{
    t->kernels.end[END_B].unwilling = true;
}

static void nothing_held_arrives(struct kernels *k)
{
    assert_false(k->end[END_B].tcb.fin_received);
}

static void b_says_nothing(struct trial *t)
{
    t->kernels.end[END_B].lame = true;
}

static void b_speaks_late(struct kernels *k)
{
    struct trial *t = trial_of(k);
    const struct kernel *a = &k->end[END_A];
    if (a->rto_tries == 1 && t->n++ == 0)
        kernel_says(&k->end[END_B], FLAG_ACK, t->irs + 1, t->iss + 1, 4);
}

static void speak_into_the_silence(struct kernels *k)
{
    struct trial *t = trial_of(k);
    const struct tcb *b = &k->end[END_B].tcb;
    if (t->play.phase == PLAY_SILENCE && t->n++ == 0)
        kernel_says(&k->end[END_B], FLAG_ACK, b->snd_nxt.v, b->rcv_nxt.v, 7);
}

static void say_the_same_ack(struct kernels *k)
{
    struct trial *t = trial_of(k);
    const struct tcb *b = &k->end[END_B].tcb;
    if (t->play.phase == PLAY_SILENCE && t->n++ == 0)
        kernel_says(&k->end[END_B], FLAG_ACK, b->snd_nxt.v, b->rcv_nxt.v, 0);
}

/* --- What the capture has lost --- */

static void lose_one(struct trial *t)
{
    if (t->with == KERNELS)
        talk_lost_packets(&t->kernels.pair, 1);
    else
        talk_lost_packets(&t->stage.bench.run->entry->talk, 1);
}

static void pass(struct trial *t, int64_t ns)
{
    bench_pass(&t->stage.bench, ns);
}

static void pass_until(struct trial *t, enum play_phase phase)
{
    for (int i = 0; i < 1000 && t->stage.play.phase != phase; i++)
        pass(t, CLOCK_MS);
}

static void lose_at_first(struct trial *t)
{
    if (t->with != KERNELS)
        pass(t, CLOCK_MS);
    lose_one(t);
}

/* The forged one has left. */
static void lose_behind_the_handshake(struct trial *t)
{
    pass(t, BENCH_RTT + CLOCK_MS);
    lose_one(t);
}

/* Something that is not ours crosses the wire: an instant at which a test may look. */
static void look_after(struct trial *t, int64_t ns)
{
    const struct segment like = stage_like(&t->stage);
    const struct segment seg = {.src = like.dst, .dst = {like.src.ip, 9}, .ttl = 64, .df = true};
    sim_emit(t->stage.bench.sim, ns, &seg, NULL, 0);
    pass(t, ns / 2);
}

static void lose_in_the_silence(struct trial *t)
{
    look_after(t, CLOCK_S);
    lose_one(t);
}

static void lose_between_kernels_in_silence(struct kernels *k)
{
    if (trial_of(k)->play.phase == PLAY_SILENCE)
        lose_one(trial_of(k));
}

static void lose_between_kernels_awaiting(struct kernels *k)
{
    if (trial_of(k)->play.phase == PLAY_AWAIT)
        lose_one(trial_of(k));
}

static void lose_three(struct trial *t)
{
    talk_lost_packets(&t->kernels.pair, 3);
    talk_lost_packets(&t->kernels.pair, 3); /* nothing new */
}

static void see_three_lost(struct trial *t)
{
    assert_int_equal(bench_count(record(t), EVENT_FAULT), 1);
    assert_int_equal(bench_number(record(t), "capture_dropped"), 3);
}

static void an_earlier_line_is_unknown(struct trial *t)
{
    play_of(t)->tally.counts[EVENT_LINE_UNKNOWN]++; /* as if one before were */
}

static bool is_lost(bool ours, const struct segment *seg, unsigned n)
{
    (void)n;
    return !ours && (seg->flags & FLAG_SYN) != 0;
}

static void answers_are_lost(struct trial *t)
{
    t->stage.bench.host.loses = is_lost;
}

static void see_no_deviation(struct trial *t)
{
    for (size_t i = 0; i < record(t)->line_count; i++)
        assert_int_not_equal(record(t)->lines[i].status, EVENT_LINE_DEVIATES);
}

static void interrupt(struct kernels *k)
{
    struct trial *t = trial_of(k);
    if (t->play.row.row != NULL && t->play.row.row->number == 3)
        talk_stop(&k->pair, SCRIPT_STOP_INTERRUPT, k->now_ns);
}

static void see_once_is_enough(struct trial *t)
{
    talk_stop(&t->kernels.pair, SCRIPT_STOP_INTERRUPT, t->kernels.now_ns);
    assert_int_equal(record(t)->line_count, 4);
}

static void see_w_run_out(struct trial *t)
{
    const json_t *first = json_object_get(record(t)->verdict, "first_unknown");
    assert_non_null(strstr(json_string_value(json_object_get(first, "text")), "-w has run out"));
    if (t->with == KERNELS)
        assert_int_equal(t->kernels.now_ns, KERNELS_START + t->act->deadline_ns);
}

/* What the host says while nothing may come, handed over with this stamp: a busy machine shows us
 * things late. */
static void stamped(struct trial *t, int64_t t_ns, unsigned flags, uint32_t seq)
{
    struct bench *b = record(t);
    const struct segment seg = {.src = b->config.base.remote,
                                .dst = b->locals[0],
                                .ttl = 64,
                                .seq = seq_of(t->irs + seq),
                                .ack = seq_of(t->iss + 1),
                                .flags = (uint16_t)flags};
    struct fault fault;
    talk_left(&b->run->entry->talk, END_B, &seg, t_ns);
    talks_settle(&b->run->talks, b->run->entry);
    assert_int_equal(talks_tick(&b->run->talks, sim_now(b->sim), &fault), STATUS_OK);
}

static void a_copy_from_before_the_reset(struct trial *t)
{
    pass_until(t, PLAY_SILENCE);
    stamped(t, t->stage.play.mark_ns - 1, SYN_ACK, 0);
}

static void a_copy_from_behind_the_reset(struct trial *t)
{
    pass_until(t, PLAY_SILENCE);
    stamped(t, t->stage.play.mark_ns + 1, SYN_ACK, 0);
}

/* The first may mean that the reset is lost: that is sent again, and comes. */
static void copies_from_behind_the_reset(struct trial *t)
{
    pass_until(t, PLAY_SILENCE);
    stamped(t, t->stage.play.mark_ns + 10 * BENCH_RTT, SYN_ACK, 0);
    if (t->stage.play.phase != PLAY_SILENCE)
        return;
    look_after(t, 10 * BENCH_RTT);
    stamped(t, t->stage.play.again.left_ns + 10 * BENCH_RTT, SYN_ACK, 0);
}

/* However late our timer is. */
static void a_reset_when_it_is_over(struct trial *t)
{
    pass_until(t, PLAY_SILENCE);
    stamped(t, t->stage.play.until_ns + 1, RST_ACK, 1);
}

/* --- The table --- */

static struct act acts[] = {
    /* As figured. */
    {"a handshake", HANDSHAKE, .with = ALL, .reset = 1, .check = see_the_handshake},
    {"four segments close",
     CONNECTED A_CLOSES "3.  FIN-WAIT-2  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n"
                        "4.                                                       (Close)\n"
                        "    TIME-WAIT   <-- <SEQ=300><ACK=101><CTL=FIN,ACK>  <-- LAST-ACK\n"
                        "5.  TIME-WAIT   --> <SEQ=101><ACK=301><CTL=ACK>      --> CLOSED\n"
                        "6.  (2 MSL)\n"
                        "    CLOSED                                               CLOSED\n",
     .with = ASKED, .check = see_the_close},
    {"(2 MSL) is not for ever",
     ESTABLISHED_BOTH "2.  (2 MSL)\n"
                      "    CLOSED                                               ESTABLISHED\n",
     .with = KERNELS, .lines = "ok ok deviates", .at = 2,
     .text = "the kernel of A says ESTABLISHED"},
    {"simultaneous open",
     "1.  CLOSED                                           CLOSED\n"
     "2.  SYN-SENT     --> <SEQ=100><CTL=SYN>              ...\n"
     "3.  SYN-RECEIVED <-- <SEQ=300><CTL=SYN>              <-- SYN-SENT\n"
     "4.               ... <SEQ=100><CTL=SYN>              --> SYN-RECEIVED\n"
     "5.  SYN-RECEIVED --> <SEQ=100><ACK=301><CTL=SYN,ACK> ...\n"
     "6.  ESTABLISHED  <-- <SEQ=300><ACK=101><CTL=SYN,ACK> <-- SYN-RECEIVED\n"
     "7.               ... <SEQ=100><ACK=301><CTL=SYN,ACK> --> ESTABLISHED\n",
     .with = PEER, .refuses = true, .check = see_the_simultaneous_open},
    {"simultaneous open between kernels",
     "1.  CLOSED                                               CLOSED\n"
     "2.  SYN-SENT     --> <SEQ=100><CTL=SYN>              ... CLOSED\n"
     "3.  SYN-RECEIVED <-- <SEQ=300><CTL=SYN>              <-- SYN-SENT\n"
     "4.               ... <SEQ=100><CTL=SYN>              --> SYN-RECEIVED\n"
     "5.  SYN-RECEIVED --> <SEQ=100><ACK=301><CTL=SYN,ACK> ... SYN-RECEIVED\n"
     "6.  SYN-RECEIVED ... <SEQ=300><ACK=101><CTL=SYN,ACK> <-- SYN-RECEIVED\n",
     .with = KERNELS, .check = see_two_syns_held},
    {"simultaneous close",
     ESTABLISHED_BOTH "2.  (Close)                                              (Close)\n"
                      "    FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>  ... FIN-WAIT-1\n"
                      "                <-- <SEQ=300><ACK=100><CTL=FIN,ACK>  <--\n"
                      "                ... <SEQ=100><ACK=300><CTL=FIN,ACK>  -->\n"
                      "3.  CLOSING     --> <SEQ=101><ACK=301><CTL=ACK>      ... CLOSING\n"
                      "                <-- <SEQ=301><ACK=101><CTL=ACK>      <--\n"
                      "                ... <SEQ=101><ACK=301><CTL=ACK>      -->\n"
                      "4.  TIME-WAIT                                            TIME-WAIT\n",
     .with = KERNELS, .check = see_two_fins_cross},
    {"held back for ever",
     "1.  CLOSED                                               LISTEN\n"
     "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               ...\n"
     "3.  (wait 1s)\n"
     "    SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
     "4.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n",
     .with = OURS, .check = see_one_syn_late},
    /* Seen by the tap, and not by our end before the row that says so. */
    {"withheld and delivered",
     HALF_OPEN "4.  (forged)    ... <SEQ=101><ACK=999><CTL=ACK>      --> SYN-RECEIVED\n"
               "5.  SYN-SENT    <-- <SEQ=999><CTL=RST>               <-- SYN-RECEIVED\n"
               "6.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  ... SYN-RECEIVED\n"
               "7.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK>      --> ESTABLISHED\n",
     .with = OURS, .reset = 1, .check = see_one_answer},
    /* However often it is sent. */
    {"what is withheld stays withheld",
     HALF_OPEN "4.  (wait 1s)\n"
               "    SYN-SENT                                             SYN-RECEIVED\n"
               "5.  SYN-SENT    ... <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
               "6.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  ... SYN-RECEIVED\n",
     .with = OURS,
     .deeds = {{.on = FLAG_SYN, .says = SYN_ACK, .ack = 1, .after_ns = 100 * CLOCK_MS}},
     .check = see_two_answers},
    {"data in both directions",
     CONNECTED "2.  (say \"hello\")\n"
               "    ESTABLISHED --> <SEQ=100><ACK=300><DATA><CTL=PSH,ACK>    --> ESTABLISHED\n"
               "3.  ESTABLISHED <-- <SEQ=300><ACK=105><CTL=ACK>              <-- ESTABLISHED\n"
               "4.  ESTABLISHED <-- <SEQ=300><ACK=105><DATA=3><CTL=PSH,ACK>  <-- ESTABLISHED\n"
               "5.  ESTABLISHED --> <SEQ=105><ACK=303><CTL=ACK>              --> ESTABLISHED\n",
     .with = ASKED, .reset = 6, .check = see_data},
    {"a crash",
     "1.  (CRASH)                                              (send 300,receive 100)\n"
     "2.  CLOSED                                               ESTABLISHED\n"
     "3.  SYN-SENT    --> <SEQ=400><CTL=SYN>               --> ESTABLISHED\n"
     "4.  SYN-SENT    <-- <SEQ=300><ACK=100><CTL=ACK>      <-- ESTABLISHED\n"
     "5.  SYN-SENT    --> <SEQ=100><CTL=RST>               -->\n"
     "6.  SYN-SENT                                             CLOSED|LISTEN\n",
     .with = OURS, .check = see_the_crash},
    {"a closed port",
     "needs: nobody\n\n"
     "    TCP Peer A                                        TCP Peer B\n"
     "1.  CLOSED                                            CLOSED\n"
     "2.  SYN-SENT   --> <SEQ=100><CTL=SYN>             --> CLOSED\n"
     "3.  CLOSED     <-- <SEQ=0><ACK=101><CTL=RST,ACK>  <-- CLOSED\n",
     .with = ASKED, .check = see_a_closed_port},
    {"nobody listens where nobody is to",
     "1.  CLOSED                                            CLOSED\n"
     "2.  SYN-SENT   --> <SEQ=100><CTL=SYN>             --> CLOSED\n"
     "3.  CLOSED     <-- <SEQ=0><ACK=101><CTL=RST,ACK>  <-- CLOSED\n",
     .with = KERNELS, .check = see_a_closed_port},
    {"who is to listen is told", HANDSHAKE, .with = KERNELS, .set = b_does_not_listen,
     .check = see_b_told_to_listen},
    /* The zero is meant: 77 is not A's 100 counted from somewhere else. */
    {"a closed port with a number of its own",
     "1.  CLOSED                                            CLOSED\n"
     "2.  SYN-SENT   --> <SEQ=100><CTL=SYN>             --> CLOSED\n"
     "3.  CLOSED     <-- <SEQ=0><ACK=101><CTL=RST,ACK>  <-- CLOSED\n",
     .with = STRANGER | KERNELS, .lines = "ok ok deviates", .at = 2, .text = "SEQ is 77, figured 0",
     .deeds = {{.hides = true, .says = RST_ACK, .seq = 77, .absolute = true, .ack = 1}}},
    {"numbers given",
     "1.  ESTABLISHED                                          ESTABLISHED\n"
     "    (send 500,receive 800)\n"
     "2.  (Close)\n"
     "    FIN-WAIT-1  --> <SEQ=500><ACK=800><CTL=FIN,ACK>  --> CLOSE-WAIT\n"
     "3.  FIN-WAIT-2  <-- <SEQ=800><ACK=501><CTL=ACK>      <-- CLOSE-WAIT\n",
     .with = ALL},
    {"numbers given, and others sent",
     "1.  ESTABLISHED                                          ESTABLISHED\n"
     "    (send 500,receive 800)\n"
     "2.  (Close)\n"
     "    FIN-WAIT-1  --> <SEQ=501><ACK=800><CTL=FIN,ACK>  --> CLOSE-WAIT\n",
     .with = KERNELS, .lines = "ok ok ok deviates", .at = 3, .text = "SEQ=500 came, not SEQ=501"},

    /* As B. */
    {"as B, told", HANDSHAKE, .with = PEER, .us = END_B, .reset = 1, .check = see_our_answer},
    {"as B", HANDSHAKE, .with = STRANGER, .us = END_B, .begun = b_connects, .reset = 1,
     .check = see_our_answer},
    /* The first is withheld, its copy taken. */
    {"as B, the old duplicate",
     "1.  CLOSED                                               LISTEN\n"
     "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               ...\n"
     "3.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
     "4.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
     "5.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK>      --> ESTABLISHED\n",
     .with = STRANGER, .us = END_B, .begun = b_connects_and_again},
    {"as B, nobody connects", HANDSHAKE, .with = STRANGER,
     .lines = "ok unknown not-reached not-reached", .at = 1, .text = "nothing came", .us = END_B,
     .check = see_nothing_sent},
    {"as B, who opens to us is refused",
     "1.  CLOSED                                   LISTEN\n"
     "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>   --> SYN-RECEIVED\n",
     .with = STRANGER, .us = END_B, .begun = b_connects, .check = see_it_refused},

    /* What stands beside a segment that does not arrive yet may be what comes of it in the step. */
    {"our state is owed",
     CONNECTED "2.  (Close)                                              (Close)\n"
               "    FIN-WAIT-1  ... <SEQ=300><ACK=100><CTL=FIN,ACK>  <-- FIN-WAIT-1\n"
               "                --> <SEQ=100><ACK=300><CTL=FIN,ACK>  -->\n"
               "3.  FIN-WAIT-1                                           CLOSING\n",
     .with = ASKED},
    {"our state is owed, and not paid",
     CONNECTED "2.  (Close)\n"
               "    FIN-WAIT-1  ... <SEQ=300><ACK=100><CTL=ACK><DATA=4>  <-- ESTABLISHED\n"
               "                <-- <SEQ=300><ACK=100><CTL=ACK><DATA=4>  ...\n"
               "3.  FIN-WAIT-1                                           ESTABLISHED\n",
     .with = PEER, .lines = "ok ok ok ok deviates not-reached", .at = 4,
     .text = "our end is in ESTABLISHED"},
    {"a stranger's state is owed until it is heard of",
     CONNECTED "2.  (Close)                                              (Close)\n"
               "    FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>  ... FIN-WAIT-1\n"
               "    FIN-WAIT-1\n"
               "                <-- <SEQ=300><ACK=100><CTL=FIN,ACK>  <--\n"
               "                ... <SEQ=100><ACK=300><CTL=FIN,ACK>  -->\n",
     .with = STRANGER,
     .deeds = {{.on = FLAG_ACK,
                .nth = 1,
                .says = FIN_ACK,
                .seq = 1,
                .ack = 1,
                .after_ns = 50 * CLOCK_MS}}},

    /* What deviates. */
    {"the old duplicate", OLD_DUPLICATE("91"), .with = OURS, .reset = 1,
     .check = see_the_old_duplicate},
    {"a wrong expectation", OLD_DUPLICATE("92"), .with = STRANGER,
     .lines = "ok ok ok deviates not-reached not-reached not-reached not-reached", .at = 3,
     .text = "<CTL=SYN,ACK> came: ACK=91 came, not ACK=92",
     .reset = -9, /* what the old SYN has opened */
     .check = see_a_wrong_expectation},
    {"keep going", OLD_DUPLICATE("92"), .with = STRANGER, .lines = "ok ok ok deviates ok ok ok ok",
     .keep_going = true, .reset = 1},
    {"a wrong number",
     "1.  CLOSED                                               LISTEN\n"
     "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
     "3.  ESTABLISHED <-- <SEQ=300><ACK=102><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
     "4.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK>      --> ESTABLISHED\n",
     .with = ALL, .lines = "ok ok deviates not-reached", .at = 2,
     .text = "ACK=101 came, not ACK=102"},
    {"a wrong number without a control bit",
     CONNECTED A_CLOSES "3.  FIN-WAIT-2  <-- <SEQ=300><ACK=109><CTL=ACK>      <-- CLOSE-WAIT\n",
     .with = ALL, .lines = "ok ok ok ok deviates", .at = 4, .text = "ACK=101 came, not ACK=109"},
    /* Neither a state nor a number is impossible here; they are not what happens. */
    {"our own column",
     "1.  CLOSED                                               LISTEN\n"
     "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
     "3.  SYN-SENT    <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
     "4.  SYN-SENT    --> <SEQ=101><CTL=RST>               -->\n",
     .with = OURS, .lines = "ok ok deviates not-reached", .at = 2,
     .text = "our end is in ESTABLISHED"},
    {"a kernel's column",
     CONNECTED A_CLOSES "3.  FIN-WAIT-1  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n"
                        "4.                                                       (Close)\n",
     .with = KERNELS, .lines = "ok ok ok ok deviates not-reached", .at = 4,
     .text = "the kernel of A says FIN-WAIT-2"},
    {"a kernel's column, and on",
     CONNECTED A_CLOSES "3.  FIN-WAIT-1  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n"
                        "4.                                                       (Close)\n"
                        "    TIME-WAIT   <-- <SEQ=300><ACK=101><CTL=FIN,ACK>  <-- LAST-ACK\n"
                        "5.  TIME-WAIT   --> <SEQ=101><ACK=301><CTL=ACK>      --> CLOSED\n",
     .with = ASKED, .lines = "ok ok ok ok deviates ok ok ok", .at = 4, .text = "FIN-WAIT-2",
     .keep_going = true},
    /* A kernel that has not got the segment yet is not one that stays in its state. */
    {"the old state of a stranger", OLD_STATE, .with = STRANGER, .lines = "ok ok ok ok deviates",
     .at = 4, .text = "the peer cannot be there: it is in CLOSE-WAIT"},
    {"the old state", OLD_STATE, .with = ASKED, .lines = "ok ok ok deviates not-reached", .at = 3,
     .text = "says CLOSE-WAIT"},
    {"the old state of A", OLD_STATE_OF_A, .with = ASKED, .lines = "ok ok deviates not-reached",
     .at = 2, .text = "says CLOSE-WAIT", .us = END_B},
    {"the old state at the end of a handshake",
     "1.  CLOSED                                                      LISTEN\n"
     "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>                      --> SYN-RECEIVED\n"
     "3.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>         <-- SYN-RECEIVED\n"
     "4.  ESTABLISHED --> <SEQ=101><ACK=301><DATA=5><CTL=PSH,ACK> --> SYN-RECEIVED\n"
     "5.  ESTABLISHED <-- <SEQ=301><ACK=106><CTL=ACK>             <-- SYN-RECEIVED\n",
     .with = STRANGER, .lines = "ok ok ok ok deviates", .at = 4,
     .text = "the peer cannot be there: it is in ESTABLISHED"},
    {"a kernel's old state at the end of a handshake",
     "1.  CLOSED                                                      LISTEN\n"
     "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>                      --> SYN-RECEIVED\n"
     "3.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>         <-- SYN-RECEIVED\n"
     "4.  ESTABLISHED --> <SEQ=101><ACK=301><DATA=5><CTL=PSH,ACK> --> SYN-RECEIVED\n"
     "5.  ESTABLISHED <-- <SEQ=301><ACK=106><CTL=ACK>             <-- SYN-RECEIVED\n",
     .with = PEER, .lines = "ok ok ok deviates not-reached", .at = 3,
     .text = "the peer's kernel says ESTABLISHED"},
    {"a kernel that cannot be asked", HANDSHAKE, .with = PEER,
     .lines = "unknown unknown unknown unknown", .at = 1,
     .text = "the peer's kernel does not answer", .keep_going = true, .set = mute, .reset = 1},
    {"a FIN out of place", AWAITS_AN_ACK, .with = OURS, .lines = "ok ok ok ok ok deviates", .at = 5,
     .text = "<CTL=FIN,ACK> came",
     .deeds = {{.len = 1, .hides = true, .says = FIN_ACK, .seq = 1, .ack = 1}}},
    {"a RST out of place", AWAITS_AN_ACK, .with = OURS, .lines = "ok ok ok ok ok deviates", .at = 5,
     .text = "<CTL=RST> came", .deeds = {{.len = 1, .hides = true, .says = FLAG_RST, .seq = 1}}},
    {"a SYN out of place", AWAITS_AN_ACK, .with = OURS, .lines = "ok ok ok ok ok deviates", .at = 5,
     .text = "<CTL=SYN> came", .deeds = {{.len = 1, .hides = true, .says = FLAG_SYN, .seq = 1000}}},
    {"a kernel's RST out of place", CLOSE_AND_ACK, .with = KERNELS, .lines = "ok ok ok ok deviates",
     .at = 4, .text = "<SEQ=300><ACK=101><CTL=RST,ACK> came", .check = see_all_pass,
     .deeds = {{.on = FIN_ACK, .nth = 1, .says = RST_ACK, .seq = 1, .ack = 2}}},
    {"a kernel's FIN out of place", CLOSE_AND_ACK, .with = KERNELS, .lines = "ok ok ok ok deviates",
     .at = 4, .text = "<SEQ=300><ACK=101><CTL=FIN,ACK> came", .check = see_all_pass,
     .deeds = {{.on = FIN_ACK, .nth = 1, .says = FIN_ACK, .seq = 1, .ack = 2}}},
    {"a kernel's SYN out of place", CLOSE_AND_ACK, .with = KERNELS, .lines = "ok ok ok ok deviates",
     .at = 4, .text = "<CTL=SYN> came", .check = see_all_pass,
     .deeds = {{.on = FIN_ACK, .nth = 1, .says = FLAG_SYN, .seq = 4001}}},
    {"an ACK that is not figured passes", CLOSE_AND_ACK, .with = ALL, .check = see_one_noted,
     .deeds = {{.on = FIN_ACK, .nth = 1, .says = FLAG_ACK, .seq = 1, .ack = 1}}},
    /* It is told what came, but only when nothing better has come. */
    {"an ACK of another number", AWAITS_AN_ACK, .with = STRANGER,
     .lines = "ok ok ok ok ok deviates", .at = 5, .text = "ACK=102 came, not ACK=106",
     .deeds = {{.len = 1, .hides = true, .says = FLAG_ACK, .seq = 1, .ack = 2}}},
    {"an ACK bit by bit", AWAITS_AN_ACK, .with = STRANGER,
     .deeds = {{.len = 1, .hides = true, .says = FLAG_ACK, .seq = 1, .ack = 2},
               {.len = 1, .says = FLAG_ACK, .seq = 1, .ack = 6, .after_ns = CLOCK_MS}}},
    {"what came instead is said",
     CONNECTED "2.  (Close)\n"
               "    FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>  --> \n"
               "3.  FIN-WAIT-2  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- \n",
     .with = ALL, .lines = "ok ok ok ok deviates", .at = 4, .text = "ACK=100 came, not ACK=101",
     .deeds = {{.on = FIN_ACK, .nth = 1, .says = FLAG_ACK, .seq = 1, .ack = 1},
               {.on = FIN_ACK, .hides = true}}},
    /* B does not take the SYN, and its kernel says so. */
    {"a kernel that takes nothing", HANDSHAKE, .with = ASKED,
     .lines = "ok deviates not-reached not-reached", .at = 1, .text = "says LISTEN",
     .deeds = {{.hides = true}}},
    {"a segment that never comes",
     "1.  CLOSED                                               LISTEN\n"
     "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> \n"
     "3.              <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n",
     .with = KERNELS, .lines = "ok ok deviates", .at = 2, .text = "nothing came",
     .check = see_a_retransmission_noted, .deeds = {{.hides = true}}},

    /* What the wire holds, and copies. */
    {"what is held stays held",
     CONNECTED "2.  (Close)\n"
               "    FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>         ... ESTABLISHED\n"
               "3.  FIN-WAIT-1  ... <SEQ=300><ACK=100><CTL=ACK><DATA=4>     <-- ESTABLISHED\n"
               "4.  FIN-WAIT-1  <-- <SEQ=300><ACK=100><CTL=ACK><DATA=4>     <-- ESTABLISHED\n"
               "5.              ... <SEQ=100><ACK=300><CTL=FIN,ACK>         --> CLOSE-WAIT\n",
     .with = KERNELS, .set = a_is_impatient, .check = see_it_stay_held},
    {"what is held breaks a silence and stays held",
     CONNECTED "2.  (Close)\n"
               "    FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>  ... ESTABLISHED\n"
               "3.  [silence 2s]\n"
               "4.  FIN-WAIT-1                                           ESTABLISHED\n"
               "5.              ... <SEQ=300><ACK=100><CTL=FIN,ACK>  <-- FIN-WAIT-1\n",
     .with = KERNELS, .lines = "ok ok ok ok deviates ok ok", .at = 4, .text = "a retransmission",
     .keep_going = true, .each = nothing_held_arrives},
    {"a copy arrives",
     HANDSHAKE "5.  (Abort)\n"
               "    CLOSED      --> <SEQ=101><CTL=RST>               --> CLOSED\n"
               "6.  (duplicate) ... <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
               "7.  CLOSED      <-- <SEQ=700><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n"
               "8.  CLOSED      --> <SEQ=101><CTL=RST>               --> LISTEN\n",
     .with = KERNELS, .check = see_a_copy},

    /* Retransmissions. */
    {"a retransmission is tolerated", AWAITS_AN_ACK, .with = OURS, .check = see_two_answers,
     .deeds = {{.on = FLAG_SYN, .says = SYN_ACK, .ack = 1, .after_ns = BENCH_RTT}}},
    {"a retransmission of a kernel's is tolerated",
     CONNECTED A_CLOSES "3.  FIN-WAIT-1  ... <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n"
                        "4.  (wait 2s)\n"
                        "5.  FIN-WAIT-2  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n",
     .with = KERNELS, .check = see_a_retransmission_noted},
    /* Line 6 shows data after those of line 5; a copy of the first must not pass for the second. */
    {"a copy is not the next segment",
     HANDSHAKE "5.  ESTABLISHED <-- <ACK=101><DATA=4><CTL=ACK> <-- ESTABLISHED\n"
               "6.  ESTABLISHED <-- <ACK=101><DATA=4><CTL=ACK> <-- ESTABLISHED\n",
     .with = STRANGER, .lines = "ok ok ok ok ok unknown",
     .deeds = {{.on = FLAG_ACK, .says = FLAG_ACK, .seq = 1, .ack = 1, .octets = 4},
               {.on = FLAG_ACK,
                .says = FLAG_ACK,
                .seq = 1,
                .ack = 1,
                .octets = 4,
                .after_ns = CLOCK_MS}}},
    /* A figure may show the copy: then it is what is awaited. */
    {"a retransmission that is figured",
     HALF_OPEN
     "4.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED [after 10ms]\n"
     "5.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK>      --> ESTABLISHED\n",
     .with = OURS, .deeds = {{.on = FLAG_SYN, .says = SYN_ACK, .ack = 1, .after_ns = BENCH_RTT}}},
    {"a retransmission of a kernel's that is figured",
     "1.  CLOSED                                               LISTEN\n"
     "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               ... LISTEN\n"
     "3.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED [after 1s]\n"
     "4.  ESTABLISHED <-- <SEQ=300><ACK=101><CTL=SYN,ACK>  <-- SYN-RECEIVED\n",
     .with = KERNELS, .check = see_one_syn_arrive},

    /* It comes while something else is awaited, and its line follows. */
    {"a retransmission that a later line shows waits for it",
     CONNECTED
     "2.  (Close)\n"
     "    FIN-WAIT-1  --> <SEQ=100><ACK=300><CTL=FIN,ACK>     ... ESTABLISHED\n"
     "3.  FIN-WAIT-1  <-- <SEQ=300><ACK=100><CTL=ACK><DATA=4> <-- ESTABLISHED\n"
     "4.  FIN-WAIT-1  --> <SEQ=100><CTL=FIN,ACK>          ... ESTABLISHED [within 500ms]\n",
     .with = KERNELS, .set = b_says_nothing, .each = b_speaks_late},

    /* RFC 9293 3.8.6.1: a proxy's SYN,ACK offers nothing until it has a connection of its own. */
    {"data wait for the window", AWAITS_AN_ACK, .with = STRANGER, .set = the_window_is_closed,
     .check = see_data_behind_the_window,
     .deeds =
         {{.on = FLAG_ACK, .nth = 1, .says = FLAG_ACK, .seq = 1, .ack = 1, .after_ns = CLOCK_S},
          {.len = 5, .hides = true, .says = FLAG_ACK, .seq = 1, .ack = 6}}},
    {"an abort is waited for",
     CONNECTED "2.                                                       (Abort)\n"
               "either \"RST\"\n"
               "3.  CLOSED      <-- <SEQ=300><CTL=RST>              <-- CLOSED\n"
               "or \"RST,ACK\"\n"
               "4.  CLOSED      <-- <SEQ=300><ACK=100><CTL=RST,ACK> <-- CLOSED\n"
               "end\n",
     .with = STRANGER, .alternative = "RST", .check = see_the_abort_awaited,
     .deeds = {{.on = FLAG_ACK, .nth = 1, .says = FLAG_RST, .seq = 1, .after_ns = CLOCK_MIN}}},
    /* What is not where the kernel is goes without its name: here our SYN was lost. */
    {"an alternative that is refuted has no name",
     HALF_OPEN "4.  (CRASH)\n"
               "    CLOSED                                               SYN-RECEIVED\n"
               "5.  SYN-SENT    --> <SEQ=110><CTL=SYN>               -->\n"
               "either \"reset\"\n"
               "6.  CLOSED      <-- <SEQ=0><ACK=111><CTL=RST,ACK>    <-- LISTEN\n"
               "or \"back to LISTEN\"\n"
               "7.                  [silence 500ms]\n"
               "    SYN-SENT                                             LISTEN\n"
               "end\n",
     .with = PEER, .lines = "ok ok ok ok ok ok unknown unknown", .alternative = "",
     .deeds = {{.on = FLAG_SYN, .nth = 2, .hides = true}}},
    {"data do not wait for ever", AWAITS_AN_ACK, .with = STRANGER, .set = the_window_is_closed,
     .lines = "ok ok ok ok unknown not-reached", .at = 4, .text = "window has no room"},

    /* What the figure does not show. */
    {"data that are not figured shift the numbers",
     AWAITS_AN_ACK "7.  ESTABLISHED --> <SEQ=106><ACK=301><CTL=FIN,ACK>  --> CLOSE-WAIT\n"
                   "8.  FIN-WAIT-2  <-- <SEQ=301><ACK=107><CTL=ACK>      <-- CLOSE-WAIT\n",
     .with = OURS, .set = talks_first_set, .check = see_data_acknowledged},
    {"data on a figured segment",
     AWAITS_AN_ACK "7.  ESTABLISHED --> <SEQ=106><ACK=301><DATA=1><CTL=ACK> --> ESTABLISHED\n",
     .with = STRANGER, .check = see_data_on_an_ack_acknowledged,
     .deeds =
         {{.len = 1, .hides = true, .says = FLAG_PSH | FLAG_ACK, .seq = 1, .ack = 6, .octets = 9}}},
    /* The FIN behind them is in the figure, and counted there. */
    {"data with a figured FIN",
     HANDSHAKE "5.  ESTABLISHED --> <SEQ=101><ACK=301><DATA=5><CTL=PSH,ACK> --> ESTABLISHED\n"
               "6.  CLOSE-WAIT  <-- <SEQ=301><ACK=106><CTL=FIN,ACK>    <-- FIN-WAIT-1\n"
               "7.  CLOSE-WAIT  --> <SEQ=106><ACK=302><DATA=1><CTL=ACK> -->\n",
     .with = STRANGER, .check = see_data_and_a_fin_acknowledged,
     .deeds = {{.len = 5, .hides = true, .says = FIN_ACK, .seq = 1, .ack = 6, .octets = 9}}},
    {"a damaged segment is none", HANDSHAKE, .with = OURS, .check = see_two_answers,
     .deeds = {{.on = FLAG_SYN, .says = SYN_ACK, .seq = 99, .ack = 1, .damaged = true}}},

    /* What comes early. */
    {"an early segment waits for its row",
     CONNECTED "2.  FIN-WAIT-1 --> <SEQ=100><ACK=300><CTL=FIN,ACK>  -->\n"
               "3.  FIN-WAIT-2 <-- <SEQ=300><ACK=101><CTL=ACK>      <--\n"
               "4.  (wait 1s)\n"
               "    FIN-WAIT-2\n"
               "5.  TIME-WAIT  <-- <SEQ=300><ACK=101><CTL=FIN,ACK>  <--\n",
     .with = STRANGER, .check = see_its_own_stamp,
     .deeds = {{.on = FIN_ACK, .hides = true, .says = FLAG_ACK, .seq = 1, .ack = 2},
               {.on = FIN_ACK, .says = FIN_ACK, .seq = 1, .ack = 2}}},
    /* The second half overtakes the first. */
    {"what lies behind a gap waits",
     HANDSHAKE "5.  ESTABLISHED <-- <SEQ=301><ACK=101><DATA=5><CTL=ACK> <-- ESTABLISHED\n"
               "6.  ESTABLISHED <-- <SEQ=306><ACK=101><DATA=5><CTL=ACK> <-- ESTABLISHED\n"
               "7.  ESTABLISHED --> <SEQ=101><ACK=311><CTL=ACK>         --> ESTABLISHED\n",
     .with = STRANGER,
     .deeds =
         {{.on = FLAG_ACK, .says = FLAG_ACK, .seq = 6, .ack = 1, .octets = 5, .after_ns = CLOCK_MS},
          {.on = FLAG_ACK,
           .says = FLAG_ACK,
           .seq = 1,
           .ack = 1,
           .octets = 5,
           .after_ns = 2 * CLOCK_MS}}},
    /* The FIN overtakes data that the figure does not show: when they have come, it is its turn. */
    {"what lies behind data that are not figured waits",
     HANDSHAKE "5.  CLOSE-WAIT  <-- <SEQ=301><ACK=101><CTL=FIN,ACK>  <-- FIN-WAIT-1\n"
               "6.  CLOSE-WAIT  --> <SEQ=101><ACK=302><CTL=ACK>      --> FIN-WAIT-2\n",
     .with = STRANGER,
     .deeds =
         {{.on = FLAG_ACK, .nth = 1, .says = FIN_ACK, .seq = 6, .ack = 1, .after_ns = CLOCK_MS},
          {.on = FLAG_ACK,
           .nth = 1,
           .says = FLAG_ACK,
           .seq = 1,
           .ack = 1,
           .octets = 5,
           .after_ns = 2 * CLOCK_MS},
          {.on = FLAG_ACK, .hides = true}}},
    {"a flood",
     HANDSHAKE "5.  (wait 1s)\n"
               "    ESTABLISHED                                          ESTABLISHED\n"
               "6.  ESTABLISHED <-- <SEQ=400><ACK=999><CTL=SYN,ACK>  <-- ESTABLISHED\n",
     .with = STRANGER, .lines = "", .verdict = "deviates", .set = flood_set,
     .check = see_the_flood},

/* Times and silences. */
#define LATE(when, ...)                                                                            \
    {                                                                                              \
        "a time: " when, ANSWER(when), .with = STRANGER, __VA_ARGS__, .wait_ns = CLOCK_MS,         \
                                       .deeds =                                                    \
        { {.on = FLAG_SYN, .hides = true, .says = SYN_ACK, .ack = 1, .after_ns = 990 * CLOCK_MS} } \
    } /* 1 s after our SYN */
#define NOT_WAITED_FOR    .lines = "ok ok unknown", .at = 2, .text = "nothing came"
#define TOO_EARLY_OR_LATE .lines = "ok ok deviates", .at = 2, .text = "it came after 1"
    LATE("[within 1s]", .lines = NULL),
    LATE("[within 999ms]", NOT_WAITED_FOR),
    LATE("[after 1s]", .lines = NULL),
    LATE("[after 1.1s]", .lines = NULL),
    LATE("[after 900ms]", .lines = NULL),
    LATE("[after 1.2s]", TOO_EARLY_OR_LATE),
    LATE("[after 800ms]", NOT_WAITED_FOR),
    LATE("[after 800ms +- 25%]", .lines = NULL),
    LATE("[after 990ms +- 9ms]", NOT_WAITED_FOR),
    LATE("[after 4s]", TOO_EARLY_OR_LATE),
    {"a kernel's time", SYN_AGAIN("[after 1s]"), .with = KERNELS},
    {"a kernel's time, within", SYN_AGAIN("[within 1500ms]"), .with = KERNELS},
    {"a kernel's time, too early", SYN_AGAIN("[after 2s]"), .with = KERNELS, TOO_EARLY_OR_LATE},
    {"a kernel's time, too late", SYN_AGAIN("[after 100ms]"), .with = KERNELS, TOO_EARLY_OR_LATE},
    {"a kernel's time, not within", SYN_AGAIN("[within 900ms]"), .with = KERNELS,
     TOO_EARLY_OR_LATE},
    {"silence is kept", SILENCE, .with = OURS, .check = see_it_last},
    {"silence is kept by kernels", SILENCE, .with = KERNELS},
    /* A copy breaks it too: it says that the peer has not heard us. */
    {"silence is broken", SILENCE, .with = OURS, .lines = "ok ok ok ok deviates not-reached",
     .at = 4, .text = "<CTL=ACK> came",
     .deeds = {{.on = FLAG_ACK, .says = FLAG_ACK, .seq = 1, .ack = 1, .after_ns = 2 * CLOCK_S}}},
    {"silence is broken by a copy", SILENCE, .with = STRANGER,
     .lines = "ok ok ok ok deviates not-reached", .at = 4,
     .text = "<CTL=SYN,ACK> came: a retransmission",
     .deeds = {{.on = FLAG_SYN, .says = SYN_ACK, .ack = 1, .after_ns = CLOCK_S},
               {.on = FLAG_SYN, .says = SYN_ACK, .ack = 1, .after_ns = 3 * CLOCK_S}}},
    {"silence begins again where ours may be lost", SILENCE, .with = STRANGER,
     .check = see_our_ack_again,
     .deeds = {{.on = FLAG_SYN, .says = SYN_ACK, .ack = 1, .after_ns = 2 * CLOCK_S}}},
    {"silence is not broken by what came before it",
     HANDSHAKE "5.  (Abort)\n"
               "    CLOSED      --> <SEQ=101><CTL=RST>               --> CLOSED\n"
               "6.                  [silence 1s]\n",
     .with = OURS, .begun = a_copy_from_before_the_reset, .check = see_the_copy},
    {"silence is not broken by what left before the reset was there",
     HANDSHAKE "5.  (Abort)\n"
               "    CLOSED      --> <SEQ=101><CTL=RST>               --> CLOSED\n"
               "6.                  [silence 1s]\n",
     .with = OURS, .begun = a_copy_from_behind_the_reset, .check = see_the_copy},
    {"silence is broken by what came in it",
     HANDSHAKE "5.  (Abort)\n"
               "    CLOSED      --> <SEQ=101><CTL=RST>               --> CLOSED\n"
               "6.                  [silence 1s]\n",
     .with = OURS, .lines = "ok ok ok ok ok ok deviates", .at = 6, .text = "came: a retransmission",
     .begun = copies_from_behind_the_reset},
    {"silence is not broken by what comes when it is over", SILENCE, .with = OURS,
     .begun = a_reset_when_it_is_over},
    {"silence is broken by a kernel", SILENCE, .with = KERNELS,
     .lines = "ok ok ok ok deviates not-reached", .at = 4,
     .text = "<SEQ=301><ACK=101><CTL=ACK><DATA=7> came", .each = speak_into_the_silence},
    {"silence is broken by a kernel, without numbers",
     ESTABLISHED_BOTH "2.  [silence 3s]\n"
                      "    ESTABLISHED                                          ESTABLISHED\n",
     .with = KERNELS, .lines = "ok deviates not-reached", .at = 1, .text = "<CTL=ACK><DATA=7> came",
     .each = speak_into_the_silence},
    {"the same ACK is no noise", CLOSE_AND_ACK "4.  [silence 2s]\n", .with = KERNELS,
     .each = say_the_same_ack, .check = see_the_same_ack},

    /* Alternatives. */
    {"a challenge", EITHER(OR_SILENCE), .with = STRANGER, .lines = "ok ok ok ok ok ok ok",
     .alternative = "a challenge",
     .deeds = {{.on = FLAG_RST, .nth = 1, .hides = true, .says = FLAG_ACK, .seq = 1, .ack = 1}}},
    {"a challenge, which may not be left out", EITHER(""), .with = STRANGER,
     .lines = "ok ok ok ok ok ok ok", .alternative = "a challenge",
     .deeds = {{.on = FLAG_RST, .nth = 1, .hides = true, .says = FLAG_ACK, .seq = 1, .ack = 1}}},
    {"a reset", EITHER(OR_SILENCE), .with = STRANGER, .lines = "ok ok ok ok ok",
     .verdict = "deviates", .alternative = "a reset",
     .deeds = {{.on = FLAG_RST, .nth = 1, .hides = true, .says = FLAG_RST, .seq = 1}}},
    {"a silent alternative", EITHER(OR_SILENCE), .with = STRANGER, .lines = "ok ok ok ok ok ok",
     .alternative = "silence", .deeds = {{.on = FLAG_RST, .hides = true}}},
    {"none of the alternatives, silently", EITHER(""), .with = STRANGER,
     .lines = "ok ok ok unknown not-reached", .alternative = "",
     .deeds = {{.on = FLAG_RST, .hides = true}}},
    {"none of the alternatives, by a number", EITHER(""), .with = STRANGER,
     .lines = "ok ok ok deviates not-reached", .alternative = "",
     .deeds = {{.on = FLAG_RST, .nth = 1, .hides = true, .says = FLAG_ACK, .seq = 1}}},
    {"answered", ANSWERED_OR_NOT, .with = ALL, .lines = "ok ok ok", .alternative = "answered",
     .check = see_the_alternative_named},
    {"refused", ANSWERED_OR_NOT, .with = ALL, .lines = "ok ok ok", .alternative = "refused",
     .check = see_the_alternative_named,
     .deeds = {{.hides = true, .says = RST_ACK, .absolute = true, .ack = 1}}},
    {"ignored", ANSWERED_OR_NOT, .with = ALL, .lines = "ok ok ok ok", .verdict = "deviates",
     .alternative = "ignored", .check = see_the_alternative_named,
     .deeds = {{.on = FLAG_SYN, .hides = true}}},
    /* A has sent its ACK before it is known which of them it is. */
    {"a later line of an alternative",
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
     "end\n",
     .with = KERNELS, .alternative = "an ACK", .check = see_none_noted},
    {"none of the alternatives",
     CONNECTED A_CLOSES "either \"reset\"\n"
                        "3.  CLOSED      <-- <SEQ=300><ACK=101><CTL=RST,ACK>  <-- CLOSED\n"
                        "or \"at once\"\n"
                        "3.  TIME-WAIT   <-- <SEQ=300><ACK=101><CTL=FIN,ACK>  <-- LAST-ACK\n"
                        "end\n"
                        "4.  TIME-WAIT                                            LAST-ACK\n",
     .with = ALL, .lines = "ok ok ok ok deviates not-reached", .at = 4,
     .text = "<SEQ=300><ACK=101><CTL=ACK> came"},
    /* What is left of the alternatives that were not found is nobody's. */
    {"the other alternatives are not missed",
     CONNECTED A_CLOSES "either \"first\"\n"
                        "3.  FIN-WAIT-1  <-- <SEQ=300><ACK=101><CTL=ACK>      <-- CLOSE-WAIT\n"
                        "4.  FIN-WAIT-1                                           CLOSE-WAIT\n"
                        "or \"second\"\n"
                        "3.  CLOSED      <-- <SEQ=300><ACK=101><CTL=RST,ACK>  <-- CLOSED\n"
                        "4.  CLOSED                                               CLOSED\n"
                        "end\n"
                        "5.  FIN-WAIT-1                                           CLOSE-WAIT\n",
     .with = ALL, .lines = "ok ok ok ok deviates not-reached not-reached", .at = 4,
     .text = "FIN-WAIT-2"},
    {"an alternative that deviates behind the unknown", ANSWERED_OR_NOT, .with = ALL,
     .lines = "ok ok unknown ok", .at = 2, .text = "an earlier line is not known to be as figured",
     .keep_going = true, .begun = an_earlier_line_is_unknown,
     .deeds = {{.on = FLAG_SYN, .hides = true}}},

    /* Rounds. */
    {"numbers that move by one", ROUNDS("3"), .with = OURS, .renews = true, .iss_step = 1,
     .check = see_three_rounds},
    {"numbers that move", ROUNDS("3"), .with = ALL, .renews = true, .iss_step = 250000,
     .check = see_three_rounds},
    {"numbers that move by half of all", ROUNDS("3"), .with = OURS, .renews = true,
     .iss_step = 0x7fffffff, .check = see_three_rounds},
    /* The figure goes on, and the habit is told once. */
    {"numbers that do not move", ROUNDS("3"), .with = ALL,
     .lines = "ok ok ok ok ok ok ok deviates ok ok ok ok ok ok ok ok", .at = 7,
     .text = "the ISN is one that was there before", .renews = true, .check = see_the_rule_of_isns},
    {"numbers that move back", ROUNDS("3"), .with = ALL, .lines = "", .at = 7,
     .text = "the ISN is behind the last one", .verdict = "deviates", .renews = true,
     .iss_step = (uint32_t)-1000},
    {"numbers that move back by half of all", ROUNDS("3"), .with = OURS, .lines = "", .at = 7,
     .text = "the ISN is behind the last one", .verdict = "deviates", .renews = true,
     .iss_step = 0x80000001},
    {"a number that no longer moves",
     "1.  CLOSED                                             LISTEN\n"
     "repeat 20\n"
     "2.  SYN-SENT    --> <SEQ=x><CTL=SYN>               --> SYN-RECEIVED\n"
     "3.  ESTABLISHED <-- <SEQ=y><ACK=x+1><CTL=SYN,ACK>  <-- SYN-RECEIVED (new ISN)\n"
     "4.  (Abort)\n"
     "    CLOSED      --> <SEQ=x+1><CTL=RST>             --> CLOSED\n"
     "end\n",
     .with = STRANGER, .lines = "", .at = 74, .text = "the ISN is one that was there before",
     .verdict = "deviates", .set = stops_moving_set},
    /* Without a repetition: the second connection of a figure, each with its own number in it. */
    {"a second number that moves", TWO_CONNECTIONS, .with = OURS, .renews = true, .iss_step = 1000},
    {"a second number that does not", TWO_CONNECTIONS, .with = OURS,
     .lines = "ok ok ok ok ok ok deviates", .at = 6, .text = "the ISN is one that was there before",
     .renews = true},
    /* What the figure only implies is done again in each round. */
    {"the peer connects each time",
     "1.  CLOSED                                             CLOSED\n"
     "repeat 2\n"
     "2.  (listen)\n"
     "    LISTEN                                             CLOSED\n"
     "3.  SYN-RECEIVED <-- <SEQ=y><CTL=SYN>                   <-- SYN-SENT\n"
     "4.  SYN-RECEIVED --> <SEQ=x><ACK=y+1><CTL=SYN,ACK>      --> ESTABLISHED\n"
     "5.  ESTABLISHED  <-- <SEQ=y+1><ACK=x+1><CTL=ACK>        <-- ESTABLISHED\n"
     "6.  (Abort)\n"
     "    CLOSED       --> <SEQ=x+1><CTL=RST>                 --> CLOSED\n"
     "end\n",
     .with = PEER, .check = see_two_connects},
    {"the peer closes each time",
     "1.  CLOSED                                             LISTEN\n"
     "repeat 2\n"
     "2.  SYN-SENT    --> <SEQ=x><CTL=SYN>                   --> SYN-RECEIVED\n"
     "3.  ESTABLISHED <-- <SEQ=y><ACK=x+1><CTL=SYN,ACK>      <-- SYN-RECEIVED\n"
     "4.  ESTABLISHED --> <SEQ=x+1><ACK=y+1><CTL=ACK>        --> ESTABLISHED\n"
     "5.  CLOSE-WAIT  <-- <SEQ=y+1><ACK=x+1><CTL=FIN,ACK>    <-- FIN-WAIT-1\n"
     "6.  CLOSE-WAIT  --> <SEQ=x+1><ACK=y+2><CTL=ACK>        --> FIN-WAIT-2\n"
     "7.  (Abort)\n"
     "    CLOSED      --> <SEQ=x+1><CTL=RST>                 --> CLOSED\n"
     "end\n",
     .with = ASKED, .renews = true, .iss_step = 64000},
    /* The end of the last alternative is not the end of the round. */
    {"alternatives in each round",
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
     "end\n",
     .with = OURS, .renews = true, .iss_step = 1000, .check = see_three_answers},
    /* Each round leaves one of two copies in the network. */
    {"what a round leaves in the network",
     "1.  CLOSED                                               LISTEN\n"
     "repeat 3\n"
     "2.  SYN-SENT    --> <SEQ=x><CTL=SYN>                 ... LISTEN\n"
     "3.  SYN-SENT    --> <SEQ=x><CTL=SYN>                 ... LISTEN [after 1s]\n"
     "4.              ... <SEQ=x><CTL=SYN>                 --> SYN-RECEIVED\n"
     "5.  ESTABLISHED <-- <SEQ=y><ACK=x+1><CTL=SYN,ACK>    <-- SYN-RECEIVED\n"
     "6.  ESTABLISHED --> <SEQ=x+1><ACK=y+1><CTL=ACK>      --> ESTABLISHED\n"
     "7.  (Abort)\n"
     "    CLOSED      --> <SEQ=x+1><CTL=RST>               --> CLOSED\n"
     "end\n",
     .with = KERNELS, .check = see_three_syns_arrive},

    /* What cannot be known. */
    {"a bare ACK did not come", CLOSE_UNSHOWN, .with = STRANGER, .lines = "ok ok ok unknown ok ok",
     .at = 3, .text = "what followed has come instead", .check = see_line_3_unknown,
     .deeds = {{.on = FIN_ACK, .hides = true, .says = FIN_ACK, .seq = 1, .ack = 2}}},
    {"nothing came", HANDSHAKE, .with = STRANGER, .lines = "ok ok unknown not-reached", .at = 2,
     .text = "nothing came: not sent, or lost on the way", .deaf = true},
    {"no handshake", CLOSE_UNSHOWN, .with = STRANGER,
     .lines = "not-reached not-reached not-reached not-reached not-reached not-reached",
     .deaf = true, .check = see_no_handshake},
    {"no handshake, refused", CLOSE_UNSHOWN, .with = STRANGER,
     .lines = "not-reached not-reached not-reached not-reached not-reached not-reached",
     .refuses = true, .check = see_no_handshake},
    {"no handshake of kernels", CLOSE_AND_ACK, .with = KERNELS,
     .lines = "not-reached not-reached not-reached not-reached not-reached",
     .deeds = {{.hides = true}}, .check = see_no_handshake},
    {"a handshake that nobody begins", CLOSE_AND_ACK, .with = KERNELS,
     .lines = "not-reached not-reached not-reached not-reached not-reached", .set = a_is_unwilling,
     .check = see_why_no_handshake},
    {"an application that will not",
     ESTABLISHED_BOTH "2.                                                       (Close)\n"
                      "3.  CLOSE-WAIT  <-- <SEQ=300><ACK=100><CTL=FIN,ACK>  <-- FIN-WAIT-1\n",
     .with = KERNELS, .lines = "ok unknown unknown", .at = 2,
     .text = "nothing came; but an earlier line is not known to be as figured",
     .set = b_is_unwilling, .check = see_it_unwilling},
    /* What is wrong behind a line that nobody could judge need not be the peer's fault. */
    {"a deviation behind the unknown",
     CLOSE_UNSHOWN "6.  TIME-WAIT   <-- <SEQ=301><ACK=102><CTL=ACK>    <-- CLOSED\n",
     .with = STRANGER, .lines = "ok ok ok unknown ok ok unknown",
     .deeds = {{.on = FIN_ACK, .hides = true, .says = FIN_ACK, .seq = 1, .ack = 2},
               {.on = FIN_ACK, .says = FLAG_RST, .seq = 2, .after_ns = CLOCK_MS}}},
    {"the deadline", AWAITS_DATA, .with = STRANGER, .lines = "ok ok ok ok unknown", .at = 4,
     .text = "-w has run out", .deadline_ns = CLOCK_S, .reset = 1, .check = see_w_run_out},
    {"the deadline in a silence", ESTABLISHED_BOTH "2.  [silence 10s]\n", .with = KERNELS,
     .lines = "ok unknown", .deadline_ns = 4 * CLOCK_S, .check = see_w_run_out},
    {"the deadline in a pause",
     ESTABLISHED_BOTH "2.  (wait 10s)\n"
                      "3.  ESTABLISHED                                          ESTABLISHED\n",
     .with = KERNELS, .lines = "ok unknown not-reached", .deadline_ns = 4 * CLOCK_S,
     .check = see_w_run_out},
    {"the deadline in the handshake", CLOSE_AND_ACK, .with = KERNELS,
     .lines = "not-reached not-reached not-reached not-reached not-reached",
     .deadline_ns = KERNELS_DELAY, .check = see_w_run_out},
    {"the deadline in (2 MSL)",
     ESTABLISHED_BOTH "2.  (2 MSL)\n"
                      "    CLOSED                                               ESTABLISHED\n",
     .with = KERNELS, .lines = "ok ok unknown", .deadline_ns = 4 * CLOCK_S, .check = see_w_run_out},
    {"interrupted between kernels", HANDSHAKE, .with = KERNELS,
     .lines = "ok ok unknown not-reached", .at = 2, .text = "interrupted", .each = interrupt,
     .check = see_once_is_enough},

    /* Whatever we have missed may explain what looks wrong. */
    {"a wrong expectation, half blind", OLD_DUPLICATE("92"), .with = STRANGER, .lines = "", .at = 3,
     .text = "the capture has lost packets", .verdict = "unknown", .begun = lose_at_first,
     .check = see_no_deviation},
    {"a RST out of place, half blind", AWAITS_AN_ACK, .with = STRANGER, .lines = "",
     .verdict = "unknown", .begun = lose_at_first, .check = see_no_deviation,
     .deeds = {{.len = 1, .hides = true, .says = FLAG_RST, .seq = 1}}},
    {"what is right is right, half blind", HANDSHAKE, .with = STRANGER, .lines = "ok ok ok ok",
     .begun = lose_at_first},
    {"kernels, half blind", HANDSHAKE, .with = KERNELS, .lines = "ok unknown unknown not-reached",
     .at = 1, .text = "the capture has lost packets", .begun = lose_three, .check = see_three_lost,
     .deeds = {{.hides = true}}},
    /* A silence in which packets were lost is none that anybody has heard. */
    {"a silence with a loss", SILENCE, .with = STRANGER, .lines = "ok ok ok ok unknown ok", .at = 4,
     .text = "nothing came, but the capture has lost packets", .begun = lose_in_the_silence},
    {"a silence with a loss, of kernels", ESTABLISHED_BOTH "2.  [silence 1s]\n", .with = KERNELS,
     .lines = "ok unknown", .at = 1, .text = "nothing came, but the capture has lost packets",
     .each = lose_between_kernels_in_silence},
    {"a silence behind a loss", SILENCE, .with = STRANGER, .lines = "ok ok ok ok ok ok",
     .begun = lose_at_first},
    /* The answer is lost while the peer's kernel is still being asked about the row before. */
    {"a silence with a loss before it",
     "1.  CLOSED                                               LISTEN\n"
     "2.  SYN-SENT    --> <SEQ=100><CTL=SYN>               --> SYN-RECEIVED\n"
     "3.                  [silence 500ms]\n",
     .with = PEER, .lines = "ok ok unknown", .set = answers_are_lost, .begun = lose_at_first},
    /* The host has answered, and the capture has missed it: no alternative is found by that. */
    {"a silent alternative that deviates, with a loss",
     CONNECTED "2.  (forged)    ... <SEQ=101><CTL=RST>              -->\n"
               "either \"a challenge\"\n"
               "3.  ESTABLISHED <-- <SEQ=300><ACK=100><CTL=ACK>  <-- ESTABLISHED\n"
               "or \"silence\" deviates\n"
               "4.                  [silence 1s]\n"
               "end\n",
     .with = STRANGER, .lines = "", .verdict = "unknown", .begun = lose_behind_the_handshake,
     .deeds = {{.on = FLAG_RST, .hides = true}}},
    {"a silent alternative with a loss",
     CONNECTED "2.  (forged)    ... <SEQ=101><CTL=RST>              -->\n"
               "either \"a challenge\" deviates\n"
               "3.  ESTABLISHED <-- <SEQ=300><ACK=100><CTL=ACK>  <-- ESTABLISHED\n"
               "or \"silence\"\n"
               "4.                  [silence 1s]\n"
               "end\n",
     .with = STRANGER, .lines = "", .verdict = "unknown", .begun = lose_behind_the_handshake,
     .deeds = {{.on = FLAG_RST, .hides = true}}},
    {"a silent alternative with a loss, of kernels", ANSWERED_OR_NOT, .with = KERNELS,
     .lines = "ok ok unknown ok", .at = 2,
     .text = "this alternative is what was seen, but the capture has lost packets",
     .each = lose_between_kernels_awaiting, .deeds = {{.hides = true}}},
    /* Something has come before it and was missed. */
    {"an alternative that deviates behind a loss", EITHER(OR_SILENCE), .with = STRANGER,
     .lines = "", .verdict = "unknown", .begun = lose_behind_the_handshake,
     .deeds = {{.on = FLAG_RST, .nth = 1, .hides = true, .says = FLAG_RST, .seq = 1}}},
    {"an alternative behind a loss", ANSWERED_OR_NOT, .with = KERNELS, .lines = "ok ok ok",
     .begun = lose_at_first},

    /* What is left behind. */
    {"what is not acknowledged yet",
     HANDSHAKE "5.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK><DATA=5> --> ESTABLISHED\n",
     .with = OURS, .reset = 6},
    {"what was acknowledged unasked",
     HANDSHAKE "5.  ESTABLISHED --> <SEQ=101><ACK=301><CTL=ACK><DATA=5> --> ESTABLISHED\n"
               "6.  (wait 1s)\n"
               "    ESTABLISHED                                             ESTABLISHED\n",
     .with = OURS, .reset = 6},
    /* Nothing has come since the handshake before the figure. */
    {"what the handshake acknowledged",
     CONNECTED "2.  (CRASH)\n"
               "    CLOSED                                               ESTABLISHED\n",
     .with = OURS, .reset = 1},
    {"a half-open entry is reset", HALF_OPEN, .with = OURS, .reset = 1},
    /* We have heard nothing, and the peer may have heard our SYN. */
    {"an entry that we have not heard of", HANDSHAKE, .with = STRANGER, .lines = "",
     .verdict = "unknown", .set = we_hear_nothing, .reset = 1},

    /* Strangers that must be told to talk. */
    {"--say",
     HANDSHAKE "5.  ESTABLISHED <-- <SEQ=301><ACK=101><DATA=10><CTL=PSH,ACK>  <-- ESTABLISHED\n"
               "6.  ESTABLISHED --> <SEQ=101><ACK=311><CTL=ACK>               --> ESTABLISHED\n",
     .with = STRANGER, .set = says_quit, .check = see_it_said, .reset = 7,
     .deeds = {{.len = 1,
                .says = FLAG_PSH | FLAG_ACK,
                .seq = 1,
                .ack = 7,
                .octets = 10,
                .after_ns = CLOCK_MS}}},
};

static void run_act(void **state)
{
    static const struct place places[] = {
        {"", BENCH_ISS, BENCH_IRS},
        {"at 2^32", UINT32_MAX, UINT32_MAX},
        {"just before 2^32", UINT32_MAX - 5, UINT32_MAX - 7},
        {"at 2^31", 0x7fffffff, 0x80000000},
    };
    const struct act *a = *state;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        for (enum pair_of_ends with = STRANGER; with <= KERNELS; with <<= 1) {
            if ((a->with & with) == 0)
                continue;
            print_message("# with %s, %s\n",
                          with == STRANGER ? "a stranger"
                          : with == PEER   ? "a peer"
                                           : "kernels",
                          places[i].name);
            try(a, with, &places[i]);
        }
    }
}

/* --- What is no act of the table --- */

UNIT_TEST(interrupted)
{
    static const struct act a = {.figure = AWAITS_DATA};
    for (int64_t at = 0; at <= 15 * CLOCK_MS; at += 3 * CLOCK_MS) {
        struct trial *t = begin_with(STRANGER, &a);
        struct bench *b = record(t);
        struct fault fault;
        pass(t, at);
        assert_int_equal(talks_stop(&b->run->talks, sim_now(b->sim), &fault), STATUS_OK);
        pass(t, CLOCK_MIN);
        assert_true(talks_over(&b->run->talks));
        expect_verdict(t, "unknown");
        assert_true(json_is_true(json_object_get(b->summary, "interrupted")));
        expect_nothing_left(t);
        done(t);
    }
}

static void b_is_mute(struct trial *t)
{
    t->kernels.end[END_B].mute = true;
}

/* A kernel that cannot be asked is a failure of ours, and whoever carries the packets stops. */
UNIT_TEST(a_kernel_on_the_wire_that_cannot_be_asked)
{
    static const struct act a = {.figure = HANDSHAKE, .set = b_is_mute};
    struct trial *t = begin_with(KERNELS, &a);
    run(t);
    assert_int_equal(t->kernels.pair.status, STATUS_SYSTEM);
    assert_string_equal(t->kernels.pair.fault.text, "the kernel does not answer");
    done(t);
}

static void flood(struct kernels *k)
{
    struct trial *t = trial_of(k);
    struct kernel *b = &k->end[END_B];
    for (; t->play.phase == PLAY_PAUSE && t->n < INBOX_MAX + 1; t->n++)
        kernel_says(b, FLAG_ACK, b->tcb.snd_nxt.v, b->tcb.rcv_nxt.v, 1);
}

UNIT_TEST(more_than_can_be_kept)
{
    static const struct act a = {
        .figure = ESTABLISHED_BOTH
        "2.  (wait 10s)\n"
        "3.  ESTABLISHED                                          ESTABLISHED\n",
        .each = flood};
    struct trial *t = begin_with(KERNELS, &a);
    run(t);
    expect_lines(t, "ok unknown not-reached");
    expect_text(t, 1, "more came than can be kept");
    expect_verdict(t, "unknown");
    /* Everything that was kept goes on. */
    assert_int_equal(t->kernels.passed, 3 + INBOX_MAX);
    done(t);
}

UNIT_TEST(more_than_can_be_held)
{
    struct text figure = {0};
    text_printf(&figure, ESTABLISHED_BOTH);
    for (unsigned i = 0; i < PLAY_HELD_MAX + 1; i++)
        text_printf(&figure, "%u.  --> <SEQ=%u><ACK=300><CTL=ACK><DATA=1> ... \n", i + 2, 100 + i);
    const struct act a = {.figure = figure.data};
    struct trial *t = begin_with(KERNELS, &a);
    struct kernels *k = &t->kernels;
    k->end[END_A].rto_ns = CLOCK_MIN;
    /* It need not keep what it sends, since the wire lets nothing go. */
    while (!k->pair.finished) {
        k->end[END_A].out_count = 0;
        assert_true(kernels_step(k, k->now_ns + CLOCK_MIN));
    }
    talk_verdict(&k->pair);
    assert_int_equal(t->play.held_count, PLAY_HELD_MAX);
    assert_int_equal(k->passed, 3);
    expect_text(t, PLAY_HELD_MAX + 1, "the wire cannot hold any more");
    expect_verdict(t, "unknown");
    done(t);
    text_done(&figure);
}

static void go_to_the_silence(struct trial *t)
{
    for (int i = 0; i < 1000 && t->play.phase != PLAY_SILENCE; i++)
        assert_true(kernels_step(&t->kernels, CLOCK_NEVER - 1));
}

/* What is not of the conversation. */
UNIT_TEST(others_pass)
{
    static const uint8_t udp[28] = {0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17};
    static const struct act a = {.figure = ESTABLISHED_BOTH "2.  [silence 1s]\n"};
    struct trial *t = begin_with(KERNELS, &a);
    struct kernels *k = &t->kernels;
    go_to_the_silence(t);
    unsigned passed = k->passed;
    size_t events = record(t)->count;
    talk_packet(&k->pair, END_A, udp, sizeof(udp), k->now_ns);
    const struct endpoint at = k->config.at[END_B];
    k->config.at[END_B].port++;
    kernel_says(&k->end[END_B], FLAG_RST, 1, 0, 0);
    k->config.at[END_B] = at;
    assert_int_equal(k->passed, passed + 1);
    assert_int_equal(record(t)->count, events);
    run(t);
    assert_int_equal(k->passed, passed + 2);
    expect_all_ok(t);
    done(t);
}

/* Each of them is counted and passed on, whether or not there is room in the record. */
UNIT_TEST(more_than_the_record_takes)
{
    static const struct act a = {.figure = CLOSE_AND_ACK, .deeds = {{.hides = true}}};
    struct trial *t = begin_with(KERNELS, &a); /* the handshake goes on and on */
    struct kernels *k = &t->kernels;
    k->queued = 0;
    for (unsigned i = 0; i < TALK_RECORDED_MAX + 10; i++) {
        kernel_says(&k->end[END_B], FLAG_ACK, i, 0, 0);
        struct kernels_packet *p = &k->queue[0];
        talk_packet(&k->pair, END_B, p->ip, p->n, k->now_ns);
        k->queued = 0;
    }
    assert_int_equal(bench_count(record(t), EVENT_RECEIVED), TALK_RECORDED_MAX);
    assert_int_equal(k->passed, TALK_RECORDED_MAX + 10);
    talk_stop(&k->pair, SCRIPT_STOP_INTERRUPT, k->now_ns - CLOCK_S); /* a clock behind */
    assert_int_equal(k->pair.now_ns, k->now_ns);
    talk_verdict(&k->pair);
    assert_int_equal(bench_number(record(t), "unrecorded"), 10);
    done(t);
}

static void expect_progress(const struct trial *t, int64_t now_ns, const char *expected)
{
    char line[160];
    if (t->with == KERNELS)
        play_script()->progress(&t->kernels.pair, now_ns, line, sizeof(line));
    else
        play_script()->progress(&t->stage.bench.run->entry->talk, now_ns, line, sizeof(line));
    assert_string_equal(line, expected);
}

UNIT_TEST(progress)
{
    static const struct act silence = {.figure = ESTABLISHED_BOTH "2.  [silence 3s]\n"};
    static const struct act awaits = {.figure = AWAITS_DATA};
    struct trial *t = begin_with(KERNELS, &silence);
    go_to_the_silence(t);
    expect_progress(t, t->kernels.now_ns, "line 2: waiting, 3.000 s left");
    run(t);
    expect_progress(t, t->kernels.now_ns, "");
    done(t);
    t = begin_with(STRANGER, &silence);
    pass_until(t, PLAY_SILENCE);
    expect_progress(t, t->stage.play.until_ns - CLOCK_S, "line 2: nothing may come, 1.000 s left");
    done(t);
    t = begin_with(PEER, &awaits);
    t->stage.bench.host.loses = loses_theirs;
    pass_until(t, PLAY_AWAIT);
    expect_progress(t, t->stage.play.until_ns - 2 * CLOCK_S,
                    "line 3: waiting for 192.0.2.2, 2.000 s left");
    done(t);
}

int main(void)
{
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        unit_add(0, run_act, &acts[i], "%s", acts[i].name);
    return unit_run();
}
