/* A copy of what was matched is told from what is new, and an ISN from those before; wherever 2^32
 * comes round. */
#include "row.h"

#include "measure/play/inbox.h"

#define SYN_ACK (FLAG_SYN | FLAG_ACK)

static const uint32_t places[] = {1000, 0, UINT32_MAX, UINT32_MAX - 1, 0x7fffffff, 0x80000000};

enum {
    PLACES = sizeof(places) / sizeof(places[0])
};

static struct segment segment(unsigned flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    return (struct segment){
        .flags = (uint16_t)flags, .seq = seq_of(seq), .ack = seq_of(ack), .len = len};
}

static void add(struct inbox *s, const char *figured, struct segment seg)
{
    const struct figure_segment f = unit_figured(figured);
    inbox_match(s, &seg, &f);
}

static bool has(const struct inbox *s, struct segment seg)
{
    return inbox_matched(s, &seg);
}

UNIT_TEST(a_copy)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct inbox s = {0};
        uint32_t n = places[i];
        add(&s, "<SEQ=100><ACK=300><CTL=ACK><DATA=5>", segment(FLAG_ACK, n, 7, 5));
        assert_true(has(&s, segment(FLAG_ACK, n, 7, 5)));
        assert_true(has(&s, segment(FLAG_ACK | FLAG_PSH, n, 7, 5)));
        assert_true(has(&s, segment(FLAG_ACK, n, 8, 5))); /* more has been acknowledged since */
        assert_false(has(&s, segment(FLAG_ACK, n, 7, 6)));
        assert_false(has(&s, segment(FLAG_ACK, n + 1, 7, 5)));
        assert_false(has(&s, segment(FLAG_ACK | FLAG_FIN, n, 7, 5)));
    }
}

UNIT_TEST(a_syn_ack_answers_one_syn)
{
    struct inbox s = {0};
    add(&s, "<SEQ=300><ACK=101><CTL=SYN,ACK>", segment(SYN_ACK, 5, 101, 0));
    assert_true(has(&s, segment(SYN_ACK, 5, 101, 0)));
    assert_false(has(&s, segment(SYN_ACK, 5, 102, 0)));
}

/* A bare ACK may well be sent twice. */
UNIT_TEST(what_takes_no_number_is_no_copy)
{
    struct inbox s = {0};
    add(&s, "<SEQ=100><ACK=300><CTL=ACK>", segment(FLAG_ACK, 1, 2, 0));
    add(&s, "<SEQ=100><CTL=RST>", segment(FLAG_RST, 1, 0, 0));
    assert_false(has(&s, segment(FLAG_ACK, 1, 2, 0)));
    assert_false(has(&s, segment(FLAG_RST, 1, 0, 0)));
    assert_int_equal(s.count, 0);
}

UNIT_TEST(as_many_as_there_is_room_for)
{
    struct inbox s = {0};
    for (uint32_t i = 0; i < INBOX_MATCHED_MAX + 10; i++)
        add(&s, "<DATA>", segment(FLAG_ACK, i, 0, 1));
    assert_int_equal(s.matched_count, INBOX_MATCHED_MAX);
    assert_true(has(&s, segment(FLAG_ACK, INBOX_MATCHED_MAX - 1, 0, 1)));
    assert_false(has(&s, segment(FLAG_ACK, INBOX_MATCHED_MAX, 0, 1)));
    for (uint32_t i = 0; i < INBOX_ISNS_MAX + 10; i++) {
        inbox_begin_round(&s);
        add(&s, "<SEQ=x><CTL=SYN>", segment(FLAG_SYN, i, 0, 0));
    }
    assert_int_equal(s.isn_count, INBOX_ISNS_MAX);
    assert_int_equal(s.isns[INBOX_ISNS_MAX - 1].v, INBOX_ISNS_MAX + 9);
}

static bool shows_again(const struct inbox *s, const struct bind *b, const char *figured)
{
    const struct figure_segment f = unit_figured(figured);
    return inbox_shows_again(s, b, END_A, &f);
}

UNIT_TEST(what_a_figure_shows_again)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct inbox s = {0};
        struct bind b;
        const struct figure_number n = {.given = true, .value = 100};
        bind_init(&b);
        assert_false(shows_again(&s, &b, "<SEQ=100><CTL=SYN>"));
        bind_syn(&b, END_A, &n);
        assert_true(bind_set(&b, END_A, &n, seq_of(places[i])));
        add(&s, "<SEQ=100><CTL=SYN>", segment(FLAG_SYN, places[i], 0, 0));
        add(&s, "<SEQ=101><DATA=5>", segment(FLAG_ACK | FLAG_PSH, places[i] + 1, 0, 5));
        assert_true(shows_again(&s, &b, "<SEQ=100><CTL=SYN>"));
        assert_true(shows_again(&s, &b, "<SEQ=101><CTL=ACK><DATA=5>"));
        assert_true(shows_again(&s, &b, "<SEQ=101>"));
        assert_false(shows_again(&s, &b, "<SEQ=106><CTL=ACK>"));
        assert_false(shows_again(&s, &b, "<SEQ=200><CTL=SYN>")); /* of another connection */
        assert_false(shows_again(&s, &b, "<CTL=SYN>"));
        assert_false(shows_again(&s, &b, "<SEQ=x><CTL=ACK>"));
    }
}

static void expect_isn(const struct inbox *s, enum event_line_status status, const char *what)
{
    const char *found;
    assert_int_equal(inbox_judge_isn(s, &found), status);
    if (strstr(found, what) == NULL || (what[0] == '\0' && found[0] != '\0'))
        fail_msg("%s", found);
}

UNIT_TEST(isns)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct inbox s = {0};
        uint32_t n = places[i];
        expect_isn(&s, EVENT_LINE_UNKNOWN, "no SYN of this end's has come");
        add(&s, "<SEQ=x><CTL=SYN>", segment(FLAG_SYN, n, 0, 0));
        expect_isn(&s, EVENT_LINE_OK, "");
        add(&s, "<SEQ=x><CTL=SYN>", segment(FLAG_SYN, n, 0, 0)); /* once more, no other one */
        expect_isn(&s, EVENT_LINE_OK, "");
        inbox_begin_round(&s);
        add(&s, "<SEQ=x><CTL=SYN>", segment(FLAG_SYN, n + 64000, 0, 0));
        expect_isn(&s, EVENT_LINE_OK, "");
        add(&s, "<SEQ=y><CTL=SYN>", segment(FLAG_SYN, n + 63999, 0, 0));
        expect_isn(&s, EVENT_LINE_DEVIATES, "behind the last one");
        add(&s, "<SEQ=z><CTL=SYN>", segment(FLAG_SYN, n + 64000, 0, 0));
        expect_isn(&s, EVENT_LINE_DEVIATES, "there before");
    }
}

/* In a new round, or numbered anew by the figure, the same number is that of another connection. */
UNIT_TEST(the_same_isn)
{
    struct inbox s = {0};
    add(&s, "<SEQ=100><CTL=SYN>", segment(FLAG_SYN, 5, 0, 0));
    add(&s, "<SEQ=200><CTL=SYN>", segment(FLAG_SYN, 5, 0, 0));
    expect_isn(&s, EVENT_LINE_DEVIATES, "there before");
    s = (struct inbox){0};
    add(&s, "<SEQ=x><CTL=SYN>", segment(FLAG_SYN, 5, 0, 0));
    inbox_begin_round(&s);
    assert_int_equal(s.count, 0);
    add(&s, "<SEQ=x><CTL=SYN>", segment(FLAG_SYN, 5, 0, 0));
    expect_isn(&s, EVENT_LINE_DEVIATES, "there before");
}
