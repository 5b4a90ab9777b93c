/* What the lab's wire tells, as a line for people. */
#include "unit.h"

#include "net/driver.h"
#include "lab/netem/netem.h"
#include "wire/flags.h"

static struct netem_rules rules_of(const char *const given[][2], size_t n)
{
    struct netem_rules rules = {.count = 0};
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; netem_rule_option(i) != NULL; i++) {
            if (strcmp(netem_rule_option(i)->name, given[k][0]) == 0)
                assert_int_equal(netem_rule_add(&rules, netem_rule_option(i), given[k][1], NULL),
                                 STATUS_OK);
        }
    }
    assert_int_equal(rules.count, n);
    return rules;
}

static void expect(const struct netem_rules *rules, struct netem_report r, const char *line)
{
    char out[DRIVER_LINE_MAX];
    assert_string_equal(netem_report_format(&r, rules, out, sizeof(out)), line);
}

UNIT_TEST(what_rules_do)
{
    static const char *const given[][2] = {
        {"loss", "20%"},      {"drop", "a-b:FIN#2"}, {"hold", "b-a:SYN,ACK:1500ms"},
        {"dup", "b-a:ACK#*"}, {"reorder", "5%"},     {"corrupt", "a-b:1%"},
    };
    static const char *const lines[] = {
        "the wire: our SYN is lost (--loss 20%)",
        "the wire: our SYN is lost (--drop a-b:FIN#2)",
        "the wire: our SYN is held for 1.500 s (--hold b-a:SYN,ACK#1:1500ms)",
        "the wire: our SYN is doubled (--dup b-a:ACK#*)",
        "the wire: our SYN lets the next one pass (--reorder 5%)",
        "the wire: our SYN has a bit flipped (--corrupt a-b:1%)",
    };
    struct netem_rules rules = rules_of(given, 6);
    for (uint32_t i = 0; i < 6; i++)
        expect(&rules, (struct netem_report){.rule = i, .segment = true, .flags = FLAG_SYN},
               lines[i]);
}

UNIT_TEST(which_packet)
{
    static const char *const given[][2] = {{"loss", "20%"}};
    struct netem_rules rules = rules_of(given, 1);
    struct netem_report r = {.way = END_B, .segment = true, .flags = FLAG_PSH | FLAG_ACK, .len = 5};
    expect(&rules, r, "the wire: the peer's PSH,ACK with 5 octets is lost (--loss 20%)");
    r.flags = 0;
    r.len = 0;
    expect(&rules, r, "the wire: the peer's segment without a bit is lost (--loss 20%)");
    r.segment = false;
    expect(&rules, r, "the wire: a packet, b-a is lost (--loss 20%)");
}

UNIT_TEST(its_own_troubles)
{
    const struct netem_rules none = {.count = 0};
    expect(&none,
           (struct netem_report){.event = NETEM_EVENT_FULL, .segment = true, .flags = FLAG_ACK},
           "the wire: our ACK is lost, too many wait already");
    expect(&none,
           (struct netem_report){.event = NETEM_EVENT_REFUSED, .segment = true, .flags = FLAG_ACK},
           "the wire: our ACK is lost, the interface does not take it");
    expect(&none, (struct netem_report){.event = NETEM_EVENT_MISSED, .count = 12},
           "the wire: 12 packets came too fast and are lost");
}

/* The longest of each fits a remark. */
UNIT_TEST(room)
{
    static const char *const given[][2] = {
        {"hold", "b-a:SYN,FIN,RST,PSH,ACK,URG,ECE,CWR,AE,RES1,RES2,RES3#1000000000:0.001us"}};
    struct netem_rules rules = rules_of(given, 1);
    char out[512];
    const struct netem_report r = {
        .way = END_B, .segment = true, .flags = FLAG_ALL, .len = UINT32_MAX};
    (void)netem_report_format(&r, &rules, out, sizeof(out));
    assert_in_range(strlen(out), 100, DRIVER_LINE_MAX - 1);
    assert_int_equal(out[strlen(out) - 1], ')');
}
