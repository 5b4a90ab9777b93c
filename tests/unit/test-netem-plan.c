/* What becomes of packets on the lab's wire: by chance and seed, by rule, in which order. */
#include "wire.h"

#include <stdio.h>

enum {
    MANY = 20000
};

struct given {
    const char *name, *text;
};

static void add(struct netem_rules *rules, const char *name, const char *text)
{
    struct fault fault = {""};
    for (size_t i = 0; netem_rule_option(i) != NULL; i++) {
        if (strcmp(netem_rule_option(i)->name, name) == 0 &&
            netem_rule_add(rules, netem_rule_option(i), text, &fault) != STATUS_OK)
            fail_msg("%s", fault.text);
    }
}

/* Up to three rules, NULL where there are less. */
static struct netem_plan plan_of(uint64_t seed, struct given a, struct given b, struct given c)
{
    struct netem_rules rules = {.count = 0};
    struct netem_plan plan;
    const struct given all[] = {a, b, c};
    for (size_t i = 0; i < 3 && all[i].name != NULL; i++)
        add(&rules, all[i].name, all[i].text);
    netem_plan_init(&plan, &rules, seed);
    return plan;
}

static struct netem_plan plan_of_one(uint64_t seed, const char *name, const char *text)
{
    return plan_of(seed, (struct given){name, text}, (struct given){0}, (struct given){0});
}

static struct netem_look look_of(uint16_t flags)
{
    return (struct netem_look){.packet = true, .segment = true, .flags = flags, .tcp_len = 20};
}

static struct netem_verdict judge(struct netem_plan *plan, enum end way, uint16_t flags, int64_t t)
{
    struct netem_look look = look_of(flags);
    struct netem_verdict verdict;
    netem_plan_judge(plan, way, &look, t, &verdict);
    return verdict;
}

static bool befell(const struct netem_verdict *f, enum netem_action action)
{
    switch (action) {
    case NETEM_LOSS:
    case NETEM_DROP:
        return f->lost;
    case NETEM_DUP:
        return f->copies == 2;
    case NETEM_REORDER:
        return f->late;
    case NETEM_CORRUPT:
        return f->corrupted;
    case NETEM_HOLD:
        return f->held;
    case NETEM_DELAY:
        break;
    }
    return false;
}

/* Each kind, at several shares: as many as asked, the same ones for the same seed, others for
 * another, and each way draws for itself. */
UNIT_TEST(the_share_is_as_asked)
{
    static const struct {
        const char *name;
        enum netem_action action;
    } kinds[] = {{"loss", NETEM_LOSS},
                 {"dup", NETEM_DUP},
                 {"reorder", NETEM_REORDER},
                 {"corrupt", NETEM_CORRUPT}};
    static const unsigned percents[] = {1, 20, 50, 100};
    for (size_t k = 0; k < 4; k++) {
        for (size_t p = 0; p < 4; p++) {
            char text[16];
            (void)snprintf(text, sizeof(text), "%u%%", percents[p]);
            struct netem_plan a = plan_of_one(7, kinds[k].name, text);
            struct netem_plan again = a, other = plan_of_one(8, kinds[k].name, text);
            unsigned hit = 0, differ = 0, ways_differ = 0;
            for (int i = 0; i < MANY; i++) {
                struct netem_verdict f = judge(&a, END_A, FLAG_ACK, i);
                struct netem_verdict g = judge(&again, END_A, FLAG_ACK, i);
                struct netem_verdict h = judge(&other, END_A, FLAG_ACK, i);
                struct netem_verdict back = judge(&again, END_B, FLAG_ACK, i);
                hit += befell(&f, kinds[k].action);
                assert_int_equal(befell(&f, kinds[k].action), befell(&g, kinds[k].action));
                assert_int_equal(f.dice, g.dice);
                assert_int_equal(f.caused != 0, befell(&f, kinds[k].action));
                differ += befell(&f, kinds[k].action) != befell(&h, kinds[k].action);
                ways_differ += befell(&f, kinds[k].action) != befell(&back, kinds[k].action);
            }
            unsigned expected = percents[p] * (MANY / 100);
            assert_in_range(hit, expected - expected / 10, expected + expected / 10);
            assert_int_equal(differ > 0, percents[p] < 100);
            assert_int_equal(ways_differ > 0, percents[p] < 100);
        }
    }
}

UNIT_TEST(rules_draw_apart)
{
    struct netem_plan plan = plan_of(3, (struct given){"loss", "50%"}, (struct given){"dup", "50%"},
                                     (struct given){"corrupt", "50%"});
    unsigned seen[8] = {0};
    for (int i = 0; i < MANY; i++) {
        struct netem_verdict f = judge(&plan, END_A, FLAG_ACK, i);
        seen[f.lost + 2 * (f.copies == 2) + 4 * f.corrupted]++;
    }
    for (size_t i = 0; i < 8; i++)
        assert_in_range(seen[i], MANY / 8 * 9 / 10, MANY / 8 * 11 / 10);
}

/* A rule for one way leaves the other alone; upkeep is never touched and draws nothing. */
UNIT_TEST(only_what_it_is_for)
{
    struct netem_plan plan = plan_of_one(1, "loss", "b-a:100%");
    for (int i = 0; i < 100; i++) {
        assert_false(judge(&plan, END_A, FLAG_SYN, i).lost);
        assert_true(judge(&plan, END_B, FLAG_SYN, i).lost);
    }
    plan =
        plan_of(1, (struct given){"loss", "50%"}, (struct given){"delay", "1s"}, (struct given){0});
    struct netem_plan undisturbed = plan;
    const struct netem_look upkeep = {.packet = false};
    for (int i = 0; i < 100; i++) {
        struct netem_verdict f;
        netem_plan_judge(&plan, END_A, &upkeep, i, &f);
        assert_true(!f.lost && f.copies == 1 && f.due_ns == i);
        assert_int_equal(judge(&plan, END_A, FLAG_ACK, i).lost,
                         judge(&undisturbed, END_A, FLAG_ACK, i).lost);
    }
    struct netem_look packet = {.packet = true};
    struct netem_verdict f;
    plan = plan_of(1, (struct given){"corrupt", "100%"}, (struct given){"drop", "a-b:ACK#*"},
                   (struct given){0});
    netem_plan_judge(&plan, END_A, &packet, 0, &f);
    assert_true(!f.corrupted && !f.lost && f.caused == 0); /* no segment */
}

/* Counted from 1 within a way, whatever else becomes of those before. */
UNIT_TEST(the_nth)
{
    struct netem_plan plan =
        plan_of(1, (struct given){"drop", "a-b:FIN#2"}, (struct given){"dup", "b-a:FIN"},
                (struct given){"loss", "50%"});
    for (int i = 1; i <= 4; i++) {
        struct netem_verdict syn = judge(&plan, END_A, FLAG_SYN, i);
        struct netem_verdict fin = judge(&plan, END_A, FLAG_FIN | FLAG_ACK, i);
        struct netem_verdict back = judge(&plan, END_B, FLAG_FIN | FLAG_ACK, i);
        assert_int_equal(syn.caused & 1, 0);
        assert_int_equal(fin.caused & 1, i == 2);
        assert_true(i != 2 || fin.lost);
        assert_int_equal(back.copies, i == 1 ? 2 : 1);
    }
    plan = plan_of_one(1, "drop", "b-a:SYN,ACK#*");
    for (int i = 0; i < 10; i++)
        assert_true(judge(&plan, END_B, FLAG_SYN | FLAG_ACK, i).lost);
}

/* Within T - J and T + J, spread over it, and in order all the same. */
UNIT_TEST(delays)
{
    struct netem_plan plan = plan_of_one(5, "delay", "20ms+-5ms");
    int64_t low = INT64_MAX, high = 0;
    for (int i = 1; i <= MANY; i++) {
        int64_t t = i * CLOCK_S; /* far apart: no order to keep */
        struct netem_verdict f = judge(&plan, END_B, FLAG_ACK, t);
        low = f.due_ns - t < low ? f.due_ns - t : low;
        high = f.due_ns - t > high ? f.due_ns - t : high;
        assert_int_equal(f.caused, 0);
    }
    assert_in_range(low, 15 * CLOCK_MS, 15 * CLOCK_MS + CLOCK_MS / 100);
    assert_in_range(high, 25 * CLOCK_MS - CLOCK_MS / 100, 25 * CLOCK_MS);
    plan = plan_of_one(5, "delay", "20ms+-5ms");
    int64_t last = 0;
    for (int i = 0; i < MANY; i++) {
        struct netem_verdict f = judge(&plan, END_A, FLAG_ACK, i * CLOCK_US);
        assert_true(f.due_ns > last);
        assert_true(f.due_ns <= i * CLOCK_US + 25 * CLOCK_MS + i);
        last = f.due_ns;
    }
    plan = plan_of(5, (struct given){"delay", "20ms"}, (struct given){"delay", "a-b:1s"},
                   (struct given){0});
    assert_int_equal(judge(&plan, END_A, FLAG_ACK, 0).due_ns, CLOCK_S + 20 * CLOCK_MS);
    assert_int_equal(judge(&plan, END_B, FLAG_ACK, 0).due_ns, 20 * CLOCK_MS);
}

/* What is held or late leaves its place to those behind it. */
UNIT_TEST(out_of_order)
{
    struct netem_plan plan = plan_of(1, (struct given){"hold", "a-b:SYN#1:2s"},
                                     (struct given){"reorder", "a-b:FIN#1"}, (struct given){0});
    struct netem_verdict f = judge(&plan, END_A, FLAG_SYN, 10);
    assert_true(f.held && !f.late);
    assert_int_equal(f.due_ns, 10 + 2 * CLOCK_S);
    f = judge(&plan, END_A, FLAG_SYN, 20);
    assert_false(f.held);
    assert_int_equal(f.due_ns, 20);
    f = judge(&plan, END_A, FLAG_FIN | FLAG_ACK, 30);
    assert_true(f.late && !f.held);
    assert_int_equal(f.due_ns, 30 + NETEM_REORDER_WAIT);
    assert_int_equal(judge(&plan, END_A, FLAG_ACK, 40).due_ns, 40);
    /* Two stamps alike, and copies: one behind the other. */
    assert_int_equal(judge(&plan, END_A, FLAG_ACK, 40).due_ns, 41);
    plan = plan_of_one(1, "dup", "a-b:ACK#1");
    assert_int_equal(judge(&plan, END_A, FLAG_ACK, 50).due_ns, 50);
    assert_int_equal(judge(&plan, END_A, FLAG_ACK, 50).due_ns, 52);
}

UNIT_TEST(no_more_copies_than_there_may_be)
{
    struct netem_rules rules = {.count = 0};
    struct netem_plan plan;
    for (int i = 0; i < NETEM_RULES_MAX; i++)
        add(&rules, "dup", "100%");
    netem_plan_init(&plan, &rules, 1);
    assert_int_equal(judge(&plan, END_A, FLAG_ACK, 0).copies, NETEM_COPIES_MAX);
}
