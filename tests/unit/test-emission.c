/* From a figure's segment to ours: which numbers it gets, what our end knows of it, and what is
 * left to the usual. */
#include "row.h"
#include "tcp.h"

#include "talk/emission.h"

enum {
    ISS = 1000,
    IRS = 70000
};

struct case_ {
    struct bind b;
    struct tcb t;
    struct scripted out;
    bool opens;
};

static struct case_ in_state(enum state s, uint32_t iss)
{
    struct case_ c = {.t = unit_tcb(s, false, seq_of(iss), seq_of(IRS))};
    bind_init(&c.b);
    return c;
}

static void emit(struct case_ *c, enum emission_kind kind, const char *figured)
{
    const struct figure_segment f = unit_figured(figured);
    c->opens = emission_of(&f, kind, END_A, &c->t, &c->b, &c->out);
}

static void regular(struct case_ *c, const char *figured)
{
    emit(c, EMISSION_REGULAR, figured);
}

static void ours(const struct case_ *c, bool ours, enum call call)
{
    assert_int_equal(c->out.ours, ours);
    assert_int_equal(c->out.call, call);
    assert_int_equal(c->opens, call == CALL_CONNECT);
}

static void numbered(const struct case_ *c, uint32_t seq, uint32_t ack)
{
    assert_int_equal(c->out.seg.seq.v, seq);
    assert_int_equal(c->out.seg.ack.v, ack);
}

static void tie(struct case_ *c, enum end side, uint32_t figured, uint32_t wire)
{
    const struct figure_number n = {.given = true, .value = figured};
    assert_true(bind_set(&c->b, side, &n, seq_of(wire)));
}

static void tied(const struct case_ *c, enum end side, uint32_t figured, uint32_t wire)
{
    const struct figure_number n = {.given = true, .value = figured};
    seq_t found;
    assert_true(bind_lookup(&c->b, side, &n, &found));
    assert_int_equal(found.v, wire);
}

/* --- Numbers --- */

UNIT_TEST(the_first_syn_ties_to_the_iss)
{
    static const uint32_t iss[] = {ISS, 0, UINT32_MAX, 0x7fffffff, UINT32_MAX - 50};
    for (size_t i = 0; i < sizeof(iss) / sizeof(iss[0]); i++) {
        struct case_ c = in_state(STATE_CLOSED, iss[i]);
        regular(&c, "<SEQ=100><CTL=SYN>");
        numbered(&c, iss[i], 0);
        ours(&c, true, CALL_CONNECT);
        tied(&c, END_A, 90, iss[i] - 10);
    }
}

UNIT_TEST(later_numbers_tie_to_what_is_next)
{
    struct case_ c = in_state(STATE_ESTABLISHED, UINT32_MAX);
    regular(&c, "<SEQ=100><ACK=300><DATA=5><CTL=PSH,ACK>");
    numbered(&c, 0, IRS + 1);
    ours(&c, true, CALL_COUNT);
    tied(&c, END_A, 105, 5);
    tied(&c, END_B, 300, IRS + 1);
    assert_int_equal(c.out.seg.len, 5);
}

UNIT_TEST(known_numbers_are_the_figures)
{
    struct case_ c = in_state(STATE_ESTABLISHED, ISS);
    tie(&c, END_A, 100, ISS);
    tie(&c, END_B, 300, IRS);
    regular(&c, "<SEQ=101><ACK=301><CTL=ACK>");
    numbered(&c, ISS + 1, IRS + 1);
    regular(&c, "<SEQ=90><ACK=999><CTL=ACK>");
    numbered(&c, ISS - 10, IRS + 699);
    ours(&c, false, CALL_COUNT);
}

UNIT_TEST(symbols_tie_too)
{
    struct case_ c = in_state(STATE_ESTABLISHED, ISS);
    const struct figure_number x = {.given = true, .symbol = "x"};
    seq_t found;
    regular(&c, "<SEQ=x+1><ACK=y><CTL=ACK>");
    numbered(&c, ISS + 1, IRS + 1);
    assert_true(bind_lookup(&c.b, END_A, &x, &found));
    assert_int_equal(found.v, ISS);
}

UNIT_TEST(the_zero_of_a_reset_is_zero)
{
    struct case_ c = in_state(STATE_CLOSED, ISS);
    seq_t zero;
    tie(&c, END_B, 300, IRS);
    regular(&c, "<SEQ=0><ACK=301><CTL=RST,ACK>");
    numbered(&c, 0, IRS + 1);
    assert_false(bind_zero(&c.b, END_A, &zero));
    tie(&c, END_A, 100, 5000);
    regular(&c, "<SEQ=0><ACK=301><CTL=RST,ACK>");
    numbered(&c, 0, IRS + 1);
    regular(&c, "<SEQ=0><CTL=FIN>"); /* no reset: zero is a number like any other */
    numbered(&c, 4900, 0);
}

UNIT_TEST(without_the_bit_no_ack_is_made)
{
    struct case_ c = in_state(STATE_ESTABLISHED, ISS);
    seq_t zero;
    regular(&c, "<SEQ=100><CTL=FIN>");
    numbered(&c, ISS + 1, 0);
    assert_false(bind_zero(&c.b, END_B, &zero));
}

/* --- Ours or strange --- */

UNIT_TEST(a_syn_opens_where_nothing_is_open)
{
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        struct case_ c = in_state(s, ISS);
        bool first = s == STATE_CLOSED || s == STATE_LISTEN;
        bool again = s == STATE_SYN_SENT || s == STATE_SYN_RECEIVED;
        regular(&c, "<SEQ=100><CTL=SYN>");
        numbered(&c, ISS, 0);
        ours(&c, first || again, first ? CALL_CONNECT : CALL_COUNT);
    }
}

UNIT_TEST(a_syn_with_another_number_is_strange_once_open)
{
    struct case_ c = in_state(STATE_SYN_SENT, ISS);
    tie(&c, END_A, 100, ISS);
    regular(&c, "<SEQ=90><CTL=SYN>");
    numbered(&c, ISS - 10, 0);
    ours(&c, false, CALL_COUNT);
    c.t = unit_tcb(STATE_CLOSED, false, seq_of(ISS), seq_of(IRS));
    regular(&c, "<SEQ=120><CTL=SYN>"); /* but opens, where nothing is open, with that ISS */
    numbered(&c, ISS + 20, 0);
    ours(&c, true, CALL_CONNECT);
}

UNIT_TEST(a_syn_ack_is_ours_while_it_opens)
{
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++) {
        struct case_ c = in_state(s, ISS);
        tie(&c, END_A, 100, ISS);
        regular(&c, "<SEQ=100><ACK=301><CTL=SYN,ACK>");
        ours(&c, s == STATE_SYN_SENT || s == STATE_SYN_RECEIVED, CALL_COUNT);
    }
}

UNIT_TEST(an_ack_is_ours_up_to_snd_nxt)
{
    static const struct {
        uint32_t seq; /* in A's counting: ISS is 100 */
        bool own;
    } acks[] = {{101, true}, {100, false}, {99, false}, {102, false}, {900000000, false}};
    for (size_t i = 0; i < sizeof(acks) / sizeof(acks[0]); i++) {
        struct case_ c = in_state(STATE_ESTABLISHED, UINT32_MAX);
        char figured[64];
        tie(&c, END_A, 100, UINT32_MAX);
        (void)snprintf(figured, sizeof(figured), "<SEQ=%u><ACK=301><CTL=ACK>", acks[i].seq);
        regular(&c, figured);
        ours(&c, acks[i].own, CALL_COUNT);
    }
}

UNIT_TEST(an_ack_is_strange_where_there_is_no_connection)
{
    static const enum state none[] = {STATE_CLOSED, STATE_LISTEN, STATE_SYN_SENT};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        struct case_ c = in_state(none[i], ISS);
        tie(&c, END_A, 100, ISS);
        regular(&c, "<SEQ=101><ACK=300><CTL=ACK>");
        ours(&c, false, CALL_COUNT);
    }
}

/* Sent again it is no new call. */
UNIT_TEST(a_fin_closes_once)
{
    static const enum state can[] = {STATE_SYN_RECEIVED, STATE_ESTABLISHED, STATE_CLOSE_WAIT};
    for (size_t i = 0; i < sizeof(can) / sizeof(can[0]); i++) {
        struct case_ c = in_state(can[i], ISS);
        tie(&c, END_A, 100, ISS);
        regular(&c, "<SEQ=101><ACK=301><CTL=FIN,ACK>");
        ours(&c, true, CALL_CLOSE);
    }
    struct case_ c = in_state(STATE_FIN_WAIT_1, ISS);
    tie(&c, END_A, 100, ISS);
    regular(&c, "<SEQ=101><ACK=301><CTL=FIN,ACK>");
    ours(&c, true, CALL_COUNT);
    c = in_state(STATE_ESTABLISHED, ISS);
    tie(&c, END_A, 100, ISS);
    regular(&c, "<SEQ=101><CTL=FIN>"); /* without an ACK no connection of ours sends it */
    ours(&c, false, CALL_COUNT);
}

UNIT_TEST(a_reset_is_no_call_unless_it_is_the_abort)
{
    struct case_ c = in_state(STATE_ESTABLISHED, ISS);
    regular(&c, "<SEQ=101><CTL=RST>");
    ours(&c, false, CALL_COUNT);
    emit(&c, EMISSION_ABORT, "<SEQ=101><CTL=RST>");
    ours(&c, true, CALL_ABORT);
    emit(&c, EMISSION_ABORT, "<SEQ=101><ACK=301><CTL=ACK>"); /* the call waits for its reset */
    ours(&c, true, CALL_COUNT);
}

UNIT_TEST(an_old_duplicate_is_strange_whatever_it_is)
{
    struct case_ c = in_state(STATE_CLOSED, ISS);
    emit(&c, EMISSION_DUPLICATE, "<SEQ=100><CTL=SYN>");
    ours(&c, false, CALL_COUNT);
    c = in_state(STATE_ESTABLISHED, ISS);
    emit(&c, EMISSION_DUPLICATE, "<SEQ=100><ACK=300><CTL=ACK>");
    ours(&c, false, CALL_COUNT);
    emit(&c, EMISSION_DUPLICATE, "<SEQ=100><ACK=300><CTL=FIN,ACK>");
    ours(&c, false, CALL_COUNT);
}

UNIT_TEST(a_damaged_one_is_strange)
{
    struct case_ c = in_state(STATE_ESTABLISHED, ISS);
    regular(&c, "<SEQ=100><ACK=300><CTL=FIN,ACK><BADSUM>");
    ours(&c, false, CALL_COUNT);
    assert_int_equal(c.out.seg.checksum, SEGMENT_CHECKSUM_BAD);
}

/* --- What is left open, and what is not --- */

UNIT_TEST(what_is_not_given_is_the_usual)
{
    struct case_ c = in_state(STATE_ESTABLISHED, ISS);
    regular(&c, "<CTL=ACK>");
    numbered(&c, ISS + 1, IRS + 1);
    assert_true(c.out.usual_win && c.out.usual_ttl && !c.out.exact_options);
    assert_false(c.out.seg.opt.has_mss || c.out.seg.opt.has_wscale);
    assert_int_equal(c.out.seg.len, 0);
    assert_int_equal(c.out.seg.checksum, SEGMENT_CHECKSUM_OK);
}

UNIT_TEST(fields_that_are_given)
{
    struct case_ c = in_state(STATE_CLOSED, ISS);
    regular(&c, "<SEQ=100><CTL=SYN,URG><WIN=0><TTL=3><URG=9><MSS=536><WS=14>");
    assert_false(c.out.usual_win || c.out.usual_ttl || c.out.exact_options);
    assert_int_equal(c.out.seg.flags, FLAG_SYN | FLAG_URG);
    assert_int_equal(c.out.seg.win, 0);
    assert_int_equal(c.out.seg.ttl, 3);
    assert_int_equal(c.out.seg.urg, 9);
    assert_true(c.out.seg.opt.has_mss && c.out.seg.opt.has_wscale);
    assert_int_equal(c.out.seg.opt.mss, 536);
    assert_int_equal(c.out.seg.opt.wscale, 14);
}

UNIT_TEST(options_as_they_stand)
{
    struct case_ c = in_state(STATE_CLOSED, ISS);
    regular(&c, "<SEQ=100><CTL=SYN><OPT=02040218>");
    assert_true(c.out.exact_options);
    assert_int_equal(c.out.seg.opt.raw_len, 4);
    assert_memory_equal(c.out.seg.opt.raw, "\002\004\002\030", 4);
    assert_int_equal(c.out.seg.opt.mss, 536);
    regular(&c, "<SEQ=100><CTL=SYN><OPT=>");
    assert_true(c.out.exact_options);
    assert_int_equal(c.out.seg.opt.raw_len, 0);
}

UNIT_TEST(how_much_data)
{
    struct case_ c = in_state(STATE_ESTABLISHED, ISS);
    regular(&c, "<SEQ=100><ACK=300><DATA=1400><CTL=ACK>");
    assert_int_equal(c.out.seg.len, 1400);
    regular(&c, "<SEQ=100><ACK=300><DATA><CTL=ACK>");
    assert_int_equal(c.out.seg.len, 1);
    regular(&c, "<SEQ=100><ACK=300><DATA=0><CTL=ACK>");
    assert_int_equal(c.out.seg.len, 0);
    regular(&c, "<SEQ=100><ACK=300><DATA=65000><CTL=ACK>");
    assert_int_equal(c.out.seg.len, EMISSION_DATA_MAX);
}

/* Played as B, the other space is ours. */
UNIT_TEST(as_b)
{
    struct case_ c = in_state(STATE_SYN_RECEIVED, UINT32_MAX);
    const struct figure_segment f = unit_figured("<SEQ=300><ACK=101><CTL=SYN,ACK>");
    assert_false(emission_of(&f, EMISSION_REGULAR, END_B, &c.t, &c.b, &c.out));
    numbered(&c, UINT32_MAX, IRS + 1);
    tied(&c, END_B, 301, 0);
    tied(&c, END_A, 100, IRS);
    ours(&c, true, CALL_COUNT);
}
