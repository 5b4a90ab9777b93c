/* Whether a segment is the one that a figure shows: kind, numbers, fields and options, what is
 * tied by it, and what is said when it is another. */
#include "row.h"

#include "figure/match.h"
#include "figure/view.h"

/* What came. */
static struct segment came(unsigned flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    return (struct segment){.ip_version = 4,
                            .seq = seq_of(seq),
                            .ack = seq_of(ack),
                            .flags = (uint16_t)flags,
                            .len = len,
                            .win = 65535,
                            .ttl = 64};
}

static enum match compare(struct bind *b, const char *figured, const struct segment *seg, char *why)
{
    const struct figure_segment want = unit_figured(figured);
    return match_segment(b, END_B, &want, seg, why);
}

/* Matches, from B. */
static void yes(struct bind *b, const char *figured, struct segment seg)
{
    char why[MATCH_WHY_MAX];
    enum match m = compare(b, figured, &seg, why);
    if (m != MATCH_YES)
        fail_msg("%s: %d: %s", figured, m, why);
    assert_string_equal(why, "");
}

/* Does not, for that reason ("" when it is another kind), and ties nothing. */
static void no(struct bind *b, const char *figured, struct segment seg, const char *reason)
{
    const struct bind before = *b;
    char why[MATCH_WHY_MAX] = "left over";
    enum match m = compare(b, figured, &seg, why);
    assert_int_equal(m, reason[0] == '\0' ? MATCH_OTHER : MATCH_DIFFERS);
    assert_string_equal(why, reason);
    assert_memory_equal(b, &before, sizeof(before));
}

static void set(struct bind *b, enum end side, uint32_t figured, uint32_t wire)
{
    const struct figure_number n = {.given = true, .value = figured};
    assert_true(bind_set(b, side, &n, seq_of(wire)));
}

static void expect(const struct bind *b, enum end side, uint32_t figured, uint32_t wire)
{
    const struct figure_number n = {.given = true, .value = figured};
    seq_t found;
    assert_true(bind_lookup(b, side, &n, &found));
    assert_int_equal(found.v, wire);
}

/* A's 100 is 5000 and B's 300 is `b300`. */
static struct bind tied(uint32_t b300)
{
    struct bind b;
    bind_init(&b);
    set(&b, END_A, 100, 5000);
    set(&b, END_B, 300, b300);
    return b;
}

#define SYN_ACK (FLAG_SYN | FLAG_ACK)

/* --- Kind --- */

UNIT_TEST(the_control_bits_make_the_kind)
{
    struct bind b = tied(9000);
    static const uint16_t telling[] = {FLAG_SYN, FLAG_FIN, FLAG_RST, FLAG_ACK, FLAG_URG};
    yes(&b, "<SEQ=300><ACK=100><CTL=FIN,ACK>", came(FLAG_FIN | FLAG_ACK, 9000, 5000, 0));
    for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++)
        no(&b, "<SEQ=300><ACK=100><CTL=FIN,ACK>",
           came((FLAG_FIN | FLAG_ACK) ^ telling[i], 9000, 5000, 0), "");
    yes(&b, "<SEQ=300><CTL=>", came(0, 9000, 0, 0));
    no(&b, "<SEQ=300><CTL=>", came(FLAG_ACK, 9000, 0, 0), "");
}

UNIT_TEST(psh_does_not_count)
{
    struct bind b = tied(9000);
    yes(&b, "<SEQ=300><ACK=100><CTL=ACK>", came(FLAG_PSH | FLAG_ACK, 9000, 5000, 0));
    yes(&b, "<SEQ=300><ACK=100><DATA=5><CTL=PSH,ACK>", came(FLAG_ACK, 9000, 5000, 5));
}

UNIT_TEST(ecn_counts_where_it_is_shown)
{
    struct bind b = tied(9000);
    yes(&b, "<SEQ=300><CTL=SYN>", came(FLAG_SYN | FLAG_ECE | FLAG_CWR, 1, 0, 0));
    yes(&b, "<SEQ=300><CTL=SYN,ECE,CWR>", came(FLAG_SYN | FLAG_ECE | FLAG_CWR, 1, 0, 0));
    no(&b, "<SEQ=300><CTL=SYN,ECE,CWR>", came(FLAG_SYN | FLAG_ECE, 1, 0, 0), "");
    no(&b, "<SEQ=300><CTL=SYN,ECE,CWR>", came(FLAG_SYN, 1, 0, 0), "");
}

UNIT_TEST(without_flags_any_kind_will_do)
{
    struct bind b = tied(9000);
    yes(&b, "<SEQ=300>", came(FLAG_RST, 9000, 0, 0));
    yes(&b, "<SEQ=300>", came(FLAG_ACK, 9000, 1, 7));
    no(&b, "<SEQ=300>", came(FLAG_RST, 9001, 0, 0), "SEQ=301 came, not SEQ=300");
}

UNIT_TEST(data_make_the_kind_as_well)
{
    struct bind b = tied(9000);
    no(&b, "<SEQ=300><ACK=100><DATA=5><CTL=ACK>", came(FLAG_ACK, 9000, 5000, 0), "");
    no(&b, "<SEQ=300><ACK=100><DATA><CTL=ACK>", came(FLAG_ACK, 9000, 5000, 0), "");
    yes(&b, "<SEQ=300><ACK=100><DATA><CTL=ACK>", came(FLAG_ACK, 9000, 5000, 1400));
    no(&b, "<SEQ=300><ACK=100><DATA=5><CTL=ACK>", came(FLAG_ACK, 9000, 5000, 6),
       "DATA is 6, figured 5");
    no(&b, "<SEQ=300><ACK=100><DATA=0><CTL=ACK>", came(FLAG_ACK, 9000, 5000, 6),
       "DATA is 6, figured 0");
    yes(&b, "<SEQ=300><ACK=100><DATA=0><CTL=ACK>", came(FLAG_ACK, 9000, 5000, 0));
    /* Not shown: there may be some. */
    yes(&b, "<SEQ=300><ACK=100><CTL=ACK>", came(FLAG_ACK, 9000, 5000, 6));
}

/* --- Numbers --- */

UNIT_TEST(numbers_are_the_figures)
{
    struct bind b = tied(UINT32_MAX - 1);
    yes(&b, "<SEQ=301><ACK=100><CTL=ACK>", came(FLAG_ACK, UINT32_MAX, 5000, 0));
    yes(&b, "<SEQ=303><ACK=100><CTL=ACK>", came(FLAG_ACK, 1, 5000, 0));
    no(&b, "<SEQ=303><ACK=100><CTL=ACK>", came(FLAG_ACK, UINT32_MAX - 10, 5000, 0),
       "SEQ=291 came, not SEQ=303");
    no(&b, "<SEQ=301><ACK=92><CTL=ACK>", came(FLAG_ACK, UINT32_MAX, 4991, 0),
       "ACK=91 came, not ACK=92");
    no(&b, "<SEQ=301><ACK=92><CTL=ACK>", came(FLAG_ACK, UINT32_MAX, 5000 + 0x7fffffffU, 0),
       "ACK=2147483747 came, not ACK=92");
}

/* Who says so first, ties it; the ACK in the other end's space. */
UNIT_TEST(the_first_use_ties)
{
    static const uint32_t isn[] = {12345, UINT32_MAX, 0, UINT32_MAX - 1, 0x80000000};
    for (size_t i = 0; i < sizeof(isn) / sizeof(isn[0]); i++) {
        struct bind b;
        bind_init(&b);
        yes(&b, "<SEQ=300><ACK=101><CTL=SYN,ACK>", came(SYN_ACK, isn[i], 8, 0));
        expect(&b, END_B, 301, isn[i] + 1);
        expect(&b, END_A, 100, 7);
    }
}

UNIT_TEST(what_does_not_match_ties_nothing)
{
    struct bind b;
    bind_init(&b);
    set(&b, END_A, 100, 5000);
    no(&b, "<SEQ=300><ACK=101><CTL=SYN,ACK>", came(SYN_ACK, 9000, 5000, 0),
       "ACK=100 came, not ACK=101");
    no(&b, "<SEQ=300><ACK=101><CTL=SYN,ACK><WIN=1>", came(SYN_ACK, 9000, 5001, 0),
       "WIN is 65535, figured 1");
    no(&b, "<SEQ=y><ACK=x><CTL=SYN,ACK><WIN=1>", came(SYN_ACK, 9000, 5001, 0),
       "WIN is 65535, figured 1");
}

UNIT_TEST(without_the_bit_there_is_no_ack)
{
    struct bind b;
    bind_init(&b);
    set(&b, END_A, 100, 5000);
    /* The figure may show one all the same; what stands in the field means nothing. */
    yes(&b, "<SEQ=300><CTL=RST>", came(FLAG_RST, 9000, 0xdeadbeef, 0));
    yes(&b, "<SEQ=300><ACK=100>", came(FLAG_RST, 9000, 0xdeadbeef, 0));
    expect(&b, END_A, 100, 5000);
}

UNIT_TEST(numbers_not_given_may_be_anything)
{
    struct bind b;
    seq_t zero;
    bind_init(&b);
    yes(&b, "<CTL=RST,ACK>", came(FLAG_RST | FLAG_ACK, 1, 2, 0));
    assert_false(bind_zero(&b, END_A, &zero));
    assert_false(bind_zero(&b, END_B, &zero));
}

UNIT_TEST(symbols_are_compared_too)
{
    struct bind b;
    bind_init(&b);
    yes(&b, "<SEQ=y><ACK=x+1><CTL=SYN,ACK>", came(SYN_ACK, UINT32_MAX, 0, 0));
    yes(&b, "<SEQ=y+1><ACK=x+1><CTL=ACK>", came(FLAG_ACK, 0, 0, 0));
    no(&b, "<SEQ=y+1><ACK=x+1><CTL=ACK>", came(FLAG_ACK, 2, 0, 0),
       "SEQ is 2 above what is figured");
    no(&b, "<SEQ=y+1><ACK=x+1><CTL=ACK>", came(FLAG_ACK, 0, UINT32_MAX, 0),
       "ACK is 1 below what is figured");
}

UNIT_TEST(a_syn_binds_its_sender_anew)
{
    struct bind b;
    bind_init(&b);
    set(&b, END_A, 100, 5000);
    yes(&b, "<SEQ=300><ACK=91><CTL=SYN,ACK>", came(SYN_ACK, 70000, 4991, 0));
    no(&b, "<SEQ=300><ACK=91><CTL=SYN,ACK>", came(SYN_ACK, 80000, 4991, 0),
       "SEQ=10300 came, not SEQ=300");
    yes(&b, "<SEQ=300><ACK=91><CTL=SYN,ACK>", came(SYN_ACK, 70000, 4991, 0));
    yes(&b, "<SEQ=400><ACK=101><CTL=SYN,ACK>", came(SYN_ACK, 3, 5001, 0));
    expect(&b, END_B, 401, 4);
    expect(&b, END_A, 100, 5000);
    no(&b, "<SEQ=500><ACK=102><CTL=SYN,ACK>", came(SYN_ACK, 99, 5001, 0),
       "ACK=101 came, not ACK=102"); /* and 400 stays tied */
    expect(&b, END_B, 400, 3);
}

UNIT_TEST(the_zero_of_a_reset)
{
    struct bind b = tied(9000);
    yes(&b, "<SEQ=0><ACK=101><CTL=RST,ACK>", came(FLAG_RST | FLAG_ACK, 0, 5001, 0));
    no(&b, "<SEQ=0><ACK=101><CTL=RST,ACK>", came(FLAG_RST | FLAG_ACK, 8700, 5001, 0),
       "SEQ is 8700, figured 0");
    no(&b, "<SEQ=0><ACK=101><CTL=RST,ACK>", came(FLAG_RST | FLAG_ACK, 0, 5000, 0),
       "ACK=100 came, not ACK=101");
    expect(&b, END_B, 300, 9000);
    bind_init(&b);
    yes(&b, "<SEQ=0><ACK=101><CTL=RST,ACK>", came(FLAG_RST | FLAG_ACK, 0, 5001, 0));
    yes(&b, "<SEQ=300><CTL=RST>", came(FLAG_RST, 77, 0, 0)); /* the zero has tied nothing */
}

/* --- Fields --- */

UNIT_TEST(fields)
{
    struct bind b = tied(9000);
    struct segment seg = came(FLAG_ACK | FLAG_URG, 9000, 5000, 0);
    seg.urg = 4;
    yes(&b, "<SEQ=300><ACK=100><CTL=ACK,URG><WIN=65535><TTL=64><URG=4>", seg);
    no(&b, "<SEQ=300><CTL=ACK,URG><WIN=0>", seg, "WIN is 65535, figured 0");
    no(&b, "<SEQ=300><CTL=ACK,URG><TTL=255>", seg, "TTL is 64, figured 255");
    no(&b, "<SEQ=300><CTL=ACK,URG><URG=5>", seg, "URG is 4, figured 5");
}

UNIT_TEST(options_that_are_shown)
{
    struct bind b = tied(9000);
    struct segment bare = came(FLAG_ACK, 9000, 5000, 0), rich = bare;
    rich.opt = (struct options){.has_mss = true,
                                .mss = 1460,
                                .has_wscale = true,
                                .wscale = 7,
                                .sack_permitted = true,
                                .has_timestamps = true};
    assert_int_equal(options_build(&rich.opt, "MSTNW", NULL), STATUS_OK);
    yes(&b, "<SEQ=300><CTL=ACK><MSS=1460><WS=7><SACK><TS>", rich);
    yes(&b, "<SEQ=300><CTL=ACK>", rich);
    no(&b, "<SEQ=300><CTL=ACK><MSS=1460>", bare, "no MSS option came");
    no(&b, "<SEQ=300><CTL=ACK><WS=7>", bare, "no window scale option came");
    no(&b, "<SEQ=300><CTL=ACK><SACK>", bare, "no SACK-permitted option came");
    no(&b, "<SEQ=300><CTL=ACK><TS>", bare, "no timestamps option came");
    no(&b, "<SEQ=300><CTL=ACK><MSS=536>", rich, "MSS is 1460, figured 536");
    no(&b, "<SEQ=300><CTL=ACK><WS=8>", rich, "WS is 7, figured 8");
}

UNIT_TEST(options_octet_by_octet)
{
    struct bind b = tied(9000);
    struct segment bare = came(FLAG_ACK, 9000, 5000, 0), one = bare;
    one.opt.raw_len = 4;
    memcpy(one.opt.raw, "\002\004\005\264", 4);
    yes(&b, "<SEQ=300><CTL=ACK><OPT=020405b4>", one);
    no(&b, "<SEQ=300><CTL=ACK><OPT=020405b5>", one, "other options came");
    no(&b, "<SEQ=300><CTL=ACK><OPT=020405b4>", bare, "other options came");
    no(&b, "<SEQ=300><CTL=ACK><OPT=>", one, "other options came");
    yes(&b, "<SEQ=300><CTL=ACK><OPT=>", bare);
}

/* What A sends is in A's space, its ACK in B's. */
UNIT_TEST(either_end_may_be_the_sender)
{
    struct bind b;
    char why[MATCH_WHY_MAX];
    const struct segment seg = came(FLAG_ACK, 11, 22, 0);
    const struct figure_segment want = unit_figured("<SEQ=101><ACK=301><CTL=ACK>");
    bind_init(&b);
    assert_int_equal(match_segment(&b, END_A, &want, &seg, why), MATCH_YES);
    expect(&b, END_A, 100, 10);
    expect(&b, END_B, 300, 21);
}

static bool the_same(const char *a, const char *b)
{
    const struct figure_segment x = unit_figured(a), y = unit_figured(b);
    assert_int_equal(match_figured(&x, &y), match_figured(&y, &x));
    return match_figured(&x, &y);
}

UNIT_TEST(two_rows_may_show_one_segment)
{
    assert_true(the_same("<SEQ=100><CTL=SYN>", "<SEQ=100><CTL=SYN>"));
    assert_true(the_same("<SEQ=100><CTL=SYN>", "<SEQ=100>"));
    assert_true(the_same("<SEQ=100><CTL=SYN>", "<CTL=SYN>"));
    assert_true(the_same("<SEQ=x+1><ACK=y><CTL=ACK>", "<SEQ=x+1><CTL=ACK>"));
    assert_true(the_same("<CTL=ACK><DATA=5>", "<CTL=ACK><DATA>"));
    assert_false(the_same("<SEQ=100><CTL=SYN>", "<SEQ=101><CTL=SYN>"));
    assert_false(the_same("<SEQ=100><CTL=SYN>", "<SEQ=100><CTL=SYN,ACK>"));
    assert_false(the_same("<SEQ=100>", "<SEQ=x>"));
    assert_false(the_same("<SEQ=x>", "<SEQ=x+1>"));
    assert_false(the_same("<SEQ=1><ACK=2>", "<SEQ=1><ACK=3>"));
    assert_false(the_same("<CTL=ACK><DATA=5>", "<CTL=ACK><DATA=6>"));
}

/* PSH is no difference on the wire, and none between two rows. */
UNIT_TEST(psh_makes_no_other_row)
{
    assert_true(the_same("<SEQ=1><CTL=PSH,ACK><DATA=5>", "<SEQ=1><CTL=ACK><DATA=5>"));
    assert_false(the_same("<SEQ=1><CTL=PSH,ACK><DATA=5>", "<SEQ=1><CTL=FIN,ACK><DATA=5>"));
}
