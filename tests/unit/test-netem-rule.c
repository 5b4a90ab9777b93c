/* The rules of the lab's wire: what an option takes, what it refuses, which segments it names. */
#include "unit.h"

#include <stdio.h>

#include "base/clock.h"
#include "lab/netem/netem_rule.h"
#include "wire/flags.h"

static const struct netem_option *option_of(const char *name)
{
    for (size_t i = 0; netem_rule_option(i) != NULL; i++) {
        if (strcmp(netem_rule_option(i)->name, name) == 0)
            return netem_rule_option(i);
    }
    fail_msg("no option %s", name);
    return NULL;
}

static struct netem_rule rule_of(const char *name, const char *text)
{
    struct netem_rules rules = {.count = 0};
    struct fault fault = {""};
    if (netem_rule_add(&rules, option_of(name), text, &fault) != STATUS_OK)
        fail_msg("--%s %s: %s", name, text, fault.text);
    assert_int_equal(rules.count, 1);
    return rules.rule[0];
}

UNIT_TEST(shares)
{
    static const struct {
        const char *text;
        uint32_t share;
    } table[] = {{"10%", 100000}, {"100%", 1000000}, {"20", 200000}, {"0.5%", 5000},
                 {"0.0001%", 1},  {"1.25", 12500},   {"07%", 70000}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct netem_rule r = rule_of("loss", table[i].text);
        assert_int_equal(r.action, NETEM_LOSS);
        assert_int_equal(r.share, table[i].share);
        assert_true(r.ways[END_A] && r.ways[END_B]);
    }
    struct netem_rule one = rule_of("corrupt", "b-a:1%");
    assert_int_equal(one.share, 10000);
    assert_true(!one.ways[END_A] && one.ways[END_B]);
}

UNIT_TEST(times)
{
    static const char *const texts[] = {"20ms±5ms", "20ms+-5ms", "20ms+/-5ms", "0.02±0.005"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct netem_rule r = rule_of("delay", texts[i]);
        assert_int_equal(r.time_ns, 20 * CLOCK_MS);
        assert_int_equal(r.jitter_ns, 5 * CLOCK_MS);
    }
    struct netem_rule r = rule_of("delay", "a-b:1s");
    assert_int_equal(r.time_ns, CLOCK_S);
    assert_int_equal(r.jitter_ns, 0);
    assert_true(r.ways[END_A] && !r.ways[END_B]);
    r = rule_of("hold", "a-b:SYN#1:2s");
    assert_int_equal(r.time_ns, 2 * CLOCK_S);
    assert_int_equal(r.flags, FLAG_SYN);
    assert_int_equal(r.nth, 1);
}

UNIT_TEST(segments)
{
    struct netem_rule r = rule_of("drop", "a-b:FIN#3");
    assert_int_equal(r.action, NETEM_DROP);
    assert_int_equal(r.share, 0);
    assert_int_equal(r.flags, FLAG_FIN);
    assert_int_equal(r.nth, 3);
    r = rule_of("dup", "b-a:SYN,ACK");
    assert_int_equal(r.flags, FLAG_SYN | FLAG_ACK);
    assert_int_equal(r.nth, 1);
    assert_true(!r.ways[END_A] && r.ways[END_B]);
    r = rule_of("reorder", "a-b:ack#*");
    assert_int_equal(r.flags, FLAG_ACK);
    assert_int_equal(r.nth, 0);
}

UNIT_TEST(refusals)
{
    static const struct {
        const char *name, *text;
    } table[] = {{"loss", ""},
                 {"loss", "0%"},
                 {"loss", "0"},
                 {"loss", "101%"},
                 {"loss", "100.0001%"},
                 {"loss", "-1%"},
                 {"loss", "5%%"},
                 {"loss", ".5%"},
                 {"loss", "5."},
                 {"loss", "1.00001%"},
                 {"loss", "x"},
                 {"loss", "a-b:"},
                 {"loss", "a-c:5%"},
                 {"loss", "a-b:FIN#1"},
                 {"loss", "a-b:b-a:5%"},
                 {"loss", "5% "},
                 {"delay", ""},
                 {"delay", "5%"},
                 {"delay", "ms"},
                 {"delay", "5ms±"},
                 {"delay", "5ms±6ms"},
                 {"delay", "±5ms"},
                 {"delay", "5ms±1ms±1"},
                 {"delay", "-5ms"},
                 {"delay", "a-b:"},
                 {"delay", "8000000"},
                 {"drop", "5%"},
                 {"drop", "FIN#1"},
                 {"drop", "a-b:"},
                 {"drop", "a-b:#1"},
                 {"drop", "a-b:FIN#"},
                 {"drop", "a-b:FIN#0"},
                 {"drop", "a-b:FIN#-1"},
                 {"drop", "a-b:FIN#1x"},
                 {"drop", "a-b:FYN#1"},
                 {"drop", "a-b:SYN,"},
                 {"drop", "a-b:FIN#**"},
                 {"drop", "a-b:FIN#1:1"},
                 {"hold", "a-b:SYN#1"},
                 {"hold", "a-b:SYN:0"},
                 {"hold", "a-b::1s"},
                 {"hold", "SYN#1:1s"},
                 {"hold", "a-b:SYN:x"},
                 {"hold", "5%"},
                 {"hold", "5%:1s"},
                 {"dup", "SYN,ACK#1"},
                 {"dup", "b-a:5%#1"},
                 {"corrupt", "b-a:5%:1s"},
                 {"drop", "a-b:FIN#1000000001"}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct netem_rules rules = {.count = 0};
        struct fault fault = {""};
        char starts[32];
        if (netem_rule_add(&rules, option_of(table[i].name), table[i].text, &fault) !=
            STATUS_MALFORMED)
            fail_msg("--%s '%s' was taken", table[i].name, table[i].text);
        assert_int_equal(rules.count, 0);
        (void)snprintf(starts, sizeof(starts), "--%s takes a ", table[i].name);
        assert_int_equal(strncmp(fault.text, starts, strlen(starts)), 0);
        assert_non_null(strstr(fault.text, table[i].text));
    }
}

UNIT_TEST(no_more_than_there_is_room_for)
{
    struct netem_rules rules = {.count = 0};
    struct fault fault = {""};
    for (int i = 0; i < NETEM_RULES_MAX; i++)
        assert_int_equal(netem_rule_add(&rules, option_of("loss"), "1%", &fault), STATUS_OK);
    assert_int_equal(netem_rule_add(&rules, option_of("loss"), "1%", &fault), STATUS_MALFORMED);
    assert_string_equal(fault.text, "more than 32 rules for the wire");
    assert_int_equal(rules.count, NETEM_RULES_MAX);
}

/* Written as it would be typed, and read again as what it was. */
UNIT_TEST(formats)
{
    static const struct {
        const char *name, *text, *written;
    } table[] = {
        {"loss", "20", "--loss 20%"},
        {"loss", "a-b:0.50%", "--loss a-b:0.5%"},
        {"corrupt", "0.0001%", "--corrupt 0.0001%"},
        {"delay", "20ms±0.5ms", "--delay 20ms+-500us"},
        {"delay", "b-a:1.5", "--delay b-a:1500ms"},
        {"delay", "0.0005ms", "--delay 0.500us"},
        {"drop", "a-b:fin", "--drop a-b:FIN#1"},
        {"dup", "b-a:ACK,SYN#*", "--dup b-a:SYN,ACK#*"},
        {"hold", "a-b:SYN#12:2m", "--hold a-b:SYN#12:120s"},
        {"reorder", "b-a:ACK", "--reorder b-a:ACK#1"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char out[NETEM_RULE_TEXT_MAX], again[NETEM_RULE_TEXT_MAX];
        struct netem_rule r = rule_of(table[i].name, table[i].text);
        assert_string_equal(netem_rule_format(&r, out), table[i].written);
        r = rule_of(table[i].name, strchr(out, ' ') + 1);
        assert_string_equal(netem_rule_format(&r, again), out);
    }
}

UNIT_TEST(names)
{
    static const struct {
        const char *rule;
        uint16_t flags;
        int named;
    } table[] = {
        {"SYN", FLAG_SYN, 1},
        {"SYN", FLAG_SYN | FLAG_ECE | FLAG_CWR, 1}, /* one that offers ECN, RFC 3168 6.1.1 */
        {"SYN", FLAG_SYN | FLAG_ACK, 0},
        {"SYN,ACK", FLAG_SYN | FLAG_ACK, 1},
        {"SYN,ACK", FLAG_SYN, 0},
        {"SYN,ACK", FLAG_ACK, 0},
        {"FIN", FLAG_FIN | FLAG_ACK, 1},
        {"FIN,ACK", FLAG_FIN | FLAG_PSH | FLAG_ACK, 1},
        {"FIN,ACK", FLAG_FIN, 0},
        {"FIN", FLAG_ACK, 0},
        {"FIN", FLAG_SYN | FLAG_FIN, 0},
        {"RST", FLAG_RST, 1},
        {"RST", FLAG_RST | FLAG_ACK, 1},
        {"RST,ACK", FLAG_RST, 0},
        {"ACK", FLAG_ACK, 1},
        {"ACK", FLAG_ACK | FLAG_PSH, 1},
        {"ACK,PSH", FLAG_ACK, 1},
        {"ACK", FLAG_SYN | FLAG_ACK, 0},
        {"ACK", FLAG_FIN | FLAG_ACK, 0},
        {"ACK", FLAG_RST | FLAG_ACK, 0},
        {"ACK", 0, 0},
        {"URG", FLAG_URG | FLAG_ACK, 1},
        {"URG", FLAG_ACK, 0},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "a-b:%s", table[i].rule);
        struct netem_rule r = rule_of("drop", text);
        if (netem_rule_names(&r, table[i].flags) != table[i].named)
            fail_msg("%s and %#x", table[i].rule, (unsigned)table[i].flags);
    }
}
