/* Spacing, on a clock that the test turns: who may go at once, who waits how long, and that all who
 * waited come back, once each, in the order of their moments, names and all. */
#include "unit.h"

#include <stdbool.h>

#include "base/clock.h"
#include "measure/survey/spacing.h"

#define START (1700000000 * CLOCK_S)

static const struct hash_key key = {3, 5};

static void open_spacing(struct spacing *s, int64_t address_ns, int64_t net_ns)
{
    struct fault fault;
    assert_int_equal(spacing_init(s, address_ns, net_ns, &key, &fault), STATUS_OK);
}

static struct survey_target v4(uint8_t net, uint8_t host, uint16_t port)
{
    const uint8_t octets[4] = {10, 0, net, host};
    return (struct survey_target){
        .session = port, .number = 1, .at = {.ip = address_from_v4(octets), .port = port}};
}

static struct survey_target v6(uint8_t net, uint8_t host)
{
    struct survey_target t = {.session = host, .number = 1, .at = {.port = 80}};
    t.at.ip.s6_addr[0] = 0x20;
    t.at.ip.s6_addr[7] = net;
    t.at.ip.s6_addr[15] = host;
    return t;
}

static bool passes(struct spacing *s, const struct survey_target *t, int64_t now_ns)
{
    enum status status = STATUS_SYSTEM;
    bool at_once = spacing_passes(s, t, now_ns, &status);
    spacing_left(s, 0, now_ns);
    assert_int_equal(status, STATUS_OK);
    return at_once;
}

/* The next that waited comes at this moment and not a nanosecond before it. */
static struct survey_target comes_at(struct spacing *s, int64_t at_ns)
{
    static char name[FLOW_STORE_NAME_MAX];
    struct survey_target t = {0};
    int64_t next = 0;
    assert_false(spacing_take(s, at_ns - 1, &t, name, &next));
    assert_int_equal(next, at_ns);
    assert_true(spacing_take(s, at_ns, &t, name, &next));
    spacing_left(s, 0, at_ns);
    return t;
}

static void nobody_comes(struct spacing *s)
{
    char name[FLOW_STORE_NAME_MAX];
    struct survey_target t;
    int64_t next = 0;
    assert_false(spacing_take(s, INT64_MAX - 1, &t, name, &next));
    assert_int_equal(next, CLOCK_NEVER);
}

UNIT_TEST(one_address_waits_for_itself)
{
    struct spacing s;
    open_spacing(&s, CLOCK_S, 0);
    const struct survey_target first = v4(1, 1, 80), second = v4(1, 1, 81), third = v4(1, 1, 82);
    const struct survey_target neighbour = v4(1, 2, 80);
    assert_true(passes(&s, &first, START));
    assert_false(passes(&s, &second, START));
    assert_true(passes(&s, &neighbour, START));
    assert_false(passes(&s, &third, START + CLOCK_MS));
    assert_int_equal(comes_at(&s, START + CLOCK_S).at.port, 81);
    assert_int_equal(comes_at(&s, START + 2 * CLOCK_S).at.port, 82);
    nobody_comes(&s);
    assert_true(passes(&s, &first, START + 3 * CLOCK_S));
    spacing_done(&s);
}

UNIT_TEST(one_network_waits_for_itself)
{
    struct spacing s;
    open_spacing(&s, 0, 100 * CLOCK_MS);
    const struct survey_target a = v4(1, 1, 80), b = v4(1, 255, 81), other = v4(2, 1, 80);
    const struct survey_target c = v6(1, 1), d = v6(1, 2), away = v6(2, 1);
    assert_true(passes(&s, &a, START));
    assert_false(passes(&s, &b, START));
    assert_true(passes(&s, &other, START));
    assert_true(passes(&s, &c, START));
    assert_false(passes(&s, &d, START + 1));
    assert_true(passes(&s, &away, START));
    (void)comes_at(&s, START + 100 * CLOCK_MS);
    (void)comes_at(&s, START + 100 * CLOCK_MS);
    nobody_comes(&s);
    spacing_done(&s);
}

/* The later of the two moments counts, and moves both. */
UNIT_TEST(an_address_in_a_network_waits_for_both)
{
    struct spacing s;
    open_spacing(&s, CLOCK_S, 300 * CLOCK_MS);
    const struct survey_target a = v4(1, 1, 80), a2 = v4(1, 1, 81), b = v4(1, 2, 82);
    assert_true(passes(&s, &a, START));
    assert_false(passes(&s, &a2, START));
    assert_false(passes(&s, &b, START)); /* after a2, which is of its network */
    assert_int_equal(comes_at(&s, START + CLOCK_S).at.port, 81);
    assert_int_equal(comes_at(&s, START + 1300 * CLOCK_MS).at.port, 82);
    spacing_done(&s);
}

UNIT_TEST(names_come_back)
{
    struct spacing s;
    char name[] = "www.example";
    open_spacing(&s, CLOCK_S, 0);
    struct survey_target t = v4(1, 1, 80);
    t.name = name;
    assert_true(passes(&s, &t, START));
    assert_false(passes(&s, &t, START));
    memset(name, 'x', sizeof(name) - 1); /* the list's is gone by then */
    assert_string_equal(comes_at(&s, START + CLOCK_S).name, "www.example");
    assert_false(passes(&s, &t, START + CLOCK_S)); /* one is left for spacing_done to free */
    spacing_done(&s);
}

/* As many wait as can: none is lost, none comes twice, each in its turn. */
UNIT_TEST(many_come_back_once_each)
{
    enum {
        ADDRESSES = 200,
        ALL = SPACING_WAITING_MAX + ADDRESSES
    };
    struct spacing s;
    uint8_t *seen = calloc(ALL, 1);
    char name[FLOW_STORE_NAME_MAX];
    struct survey_target t;
    int64_t last = START, next;
    uint32_t sessions = 0;
    assert_non_null(seen);
    open_spacing(&s, CLOCK_MS, 0);
    for (; !spacing_full(&s); sessions++) {
        assert_true(sessions < ALL);
        t = v4(1, (uint8_t)(sessions % ADDRESSES), 80);
        t.session = sessions;
        seen[sessions] = passes(&s, &t, START);
    }
    while (!spacing_take(&s, last, &t, name, &next) && next != CLOCK_NEVER) {
        assert_true(next > last);
        for (last = next; spacing_take(&s, last, &t, name, &next);) {
            spacing_left(&s, 0, last);
            seen[t.session]++;
        }
    }
    for (uint32_t i = 0; i < sessions; i++)
        assert_int_equal(seen[i], 1);
    free(seen);
    spacing_done(&s);
}

/* Between two probes of one address there is never less than the spacing, whoever asks when. */
UNIT_TEST(never_less_than_the_spacing)
{
    struct spacing s;
    int64_t last[16] = {0}, next;
    char name[FLOW_STORE_NAME_MAX];
    uint64_t dice = 11;
    unsigned gone = 0;
    open_spacing(&s, 10 * CLOCK_MS, 0);
    for (int64_t now = START; now < START + CLOCK_S; now += 100 * CLOCK_US) {
        struct survey_target t;
        dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407;
        bool one = spacing_take(&s, now, &t, name, &next);
        spacing_left(&s, 0, now);
        if (!one && now < START + CLOCK_S / 2 && (dice >> 60) < 4) {
            t = v4(1, (uint8_t)(dice >> 40 & 15), 80);
            one = passes(&s, &t, now);
        }
        if (!one)
            continue;
        int64_t *before = &last[t.at.ip.s6_addr[15]];
        assert_true(*before == 0 || now - *before >= 10 * CLOCK_MS);
        *before = now;
        gone++;
    }
    assert_true(gone > 500);
    nobody_comes(&s);
    spacing_done(&s);
}

/* The time counts from when a SYN has left, which may be long after its target was given. */
UNIT_TEST(what_leaves_late_is_waited_for)
{
    struct spacing s;
    const struct survey_target first = v4(1, 1, 80), second = v4(1, 1, 81), other = v4(1, 2, 80);
    const int64_t gone = START + 900 * CLOCK_MS;
    char name[FLOW_STORE_NAME_MAX];
    struct survey_target t;
    enum status status;
    int64_t next;
    open_spacing(&s, CLOCK_S, 0);
    assert_true(spacing_passes(&s, &first, START, &status));
    assert_false(spacing_passes(&s, &second, START, &status));
    assert_true(spacing_passes(&s, &other, START, &status));
    assert_false(spacing_take(&s, START + CLOCK_S, &t, name, &next)); /* neither is gone */
    assert_true(next > START + CLOCK_S && next < START + CLOCK_S + 10 * CLOCK_MS);
    spacing_left(&s, 1, gone); /* `other` still waits */
    assert_false(spacing_take(&s, next, &t, name, &next));
    assert_int_equal(comes_at(&s, gone + CLOCK_S).at.port, 81);
    spacing_done(&s);
}
