/* Reading and writing the wire's rules: see netem_rule.h. */
#include "lab/netem/netem_rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "wire/flags.h"

enum {
    PIECE_MAX = 64, /* octets of the longest part of a rule */
    SHARE_DIGITS = 4,
    NTH_MAX = 1000000000
};

static const char *const way_names[ENDS] = {[END_A] = "a-b", [END_B] = "b-a"};

static const struct netem_option options[] = {
    {"delay", "TIME", "Every packet comes this much later, none overtakes another", NETEM_DELAY,
     false, false, true},
    {"loss", "SHARE", "This share of the packets is lost", NETEM_LOSS, true, false, false},
    {"drop", "SEGMENT", "This segment is lost", NETEM_DROP, false, true, false},
    {"hold", "SEGMENT:TIME", "This segment comes later, and others overtake it", NETEM_HOLD, false,
     true, true},
    {"dup", "WHICH", "These packets come twice", NETEM_DUP, true, true, false},
    {"reorder", "WHICH", "These come behind the next packet of their way", NETEM_REORDER, true,
     true, false},
    {"corrupt", "WHICH", "Of these segments one bit is flipped", NETEM_CORRUPT, true, true, false},
};

const struct netem_option *netem_rule_option(size_t i)
{
    return i < sizeof(options) / sizeof(options[0]) ? &options[i] : NULL;
}

const char *netem_rule_way(enum end way)
{
    return way_names[way];
}

/* Steps over "a-b:" or "b-a:". */
static bool take_way(const char **at, struct netem_rule *rule)
{
    for (size_t way = 0; way < ENDS; way++) {
        size_t n = strlen(way_names[way]);
        if (strncmp(*at, way_names[way], n) == 0 && (*at)[n] == ':') {
            rule->ways[way] = true;
            *at += n + 1;
            return true;
        }
    }
    return false;
}

/* The first `n` octets as a text of their own. */
static bool cut(const char *text, size_t n, char out[PIECE_MAX])
{
    if (n >= PIECE_MAX)
        return false;
    memcpy(out, text, n);
    out[n] = '\0';
    return true;
}

/* "20%", "0.05%", "20": more than nothing, at most all. */
static bool parse_share(const char *text, struct netem_rule *rule)
{
    char whole[PIECE_MAX], part[SHARE_DIGITS + 1] = "0000";
    uint64_t percent, fraction = 0;
    size_t n = strcspn(text, ".%");
    if (!cut(text, n, whole) || !text_to_number(whole, 0, 100, &percent))
        return false;
    text += n;
    if (*text == '.') {
        size_t digits = strspn(++text, "0123456789");
        if (digits == 0 || digits > SHARE_DIGITS)
            return false;
        memcpy(part, text, digits);
        text += digits;
        (void)text_to_number(part, 0, UINT16_MAX, &fraction);
    }
    if (*text == '%')
        text++;
    uint64_t share = percent * (NETEM_SHARE_WHOLE / 100) + fraction;
    rule->share = (uint32_t)share;
    return *text == '\0' && share > 0 && share <= NETEM_SHARE_WHOLE;
}

/* "20ms", "20ms±5ms"; the sign is also what a keyboard without it has: "+-", "+/-". */
static bool parse_delay(const char *text, struct netem_rule *rule)
{
    static const char *const signs[] = {"\xc2\xb1", "+-", "+/-"};
    const char *sign = NULL;
    size_t len = 0;
    for (size_t i = 0; sign == NULL && i < sizeof(signs) / sizeof(signs[0]); i++) {
        sign = strstr(text, signs[i]);
        len = strlen(signs[i]);
    }
    char time[PIECE_MAX];
    if (!cut(text, sign != NULL ? (size_t)(sign - text) : strlen(text), time) ||
        clock_parse(time, &rule->time_ns, NULL) != STATUS_OK)
        return false;
    if (sign != NULL && clock_parse(sign + len, &rule->jitter_ns, NULL) != STATUS_OK)
        return false;
    return rule->jitter_ns <= rule->time_ns;
}

/* "SYN,ACK", "FIN#2", "ACK#*". */
static bool parse_segment(const char *text, struct netem_rule *rule)
{
    char bits[PIECE_MAX];
    size_t n = strcspn(text, "#");
    uint64_t nth = 1;
    if (n == 0 || !cut(text, n, bits) || !flags_parse(bits, &rule->flags))
        return false;
    if (text[n] == '#' && strcmp(text + n + 1, "*") == 0)
        nth = 0;
    else if (text[n] == '#' && !text_to_number(text + n + 1, 1, NTH_MAX, &nth))
        return false;
    rule->nth = (uint32_t)nth;
    return true;
}

/* A segment, and behind it the time. */
static bool parse_hold(const char *text, struct netem_rule *rule)
{
    char segment[PIECE_MAX];
    const char *colon = strrchr(text, ':');
    return colon != NULL && cut(text, (size_t)(colon - text), segment) &&
           parse_segment(segment, rule) &&
           clock_parse(colon + 1, &rule->time_ns, NULL) == STATUS_OK && rule->time_ns > 0;
}

static bool parse_value(const struct netem_option *option, const char *text,
                        struct netem_rule *rule)
{
    bool one_way = take_way(&text, rule);
    if (!one_way)
        rule->ways[END_A] = rule->ways[END_B] = true;
    bool number = *text >= '0' && *text <= '9';
    if (option->action == NETEM_DELAY)
        return parse_delay(text, rule);
    if (option->by_chance && number)
        return parse_share(text, rule);
    if (!option->one_segment || !one_way)
        return false;
    return option->timed ? parse_hold(text, rule) : parse_segment(text, rule);
}

/* What an option takes, for those who wrote something else. */
static const char *wanted(const struct netem_option *option)
{
    if (option->action == NETEM_DELAY)
        return "a time such as 20ms, 20ms+-5ms or a-b:20ms, the variation no more than the time";
    if (option->timed)
        return "a way, a segment and a time such as a-b:SYN#1:2s";
    if (!option->one_segment)
        return "a share such as 10% or a-b:0.5%";
    return option->by_chance ? "a share such as 10%, or a way and a segment such as b-a:SYN,ACK#1"
                             : "a way and a segment such as a-b:FIN#1";
}

enum status netem_rule_add(struct netem_rules *rules, const struct netem_option *option,
                           const char *text, struct fault *fault)
{
    struct netem_rule rule = {.action = option->action};
    if (!parse_value(option, text, &rule))
        return fault_set(fault, STATUS_MALFORMED, "--%s takes %s, not '%.60s'", option->name,
                         wanted(option), text);
    if (rules->count == NETEM_RULES_MAX)
        return fault_set(fault, STATUS_MALFORMED, "more than %d rules for the wire",
                         NETEM_RULES_MAX);
    rules->rule[rules->count++] = rule;
    return STATUS_OK;
}

bool netem_rule_names(const struct netem_rule *rule, uint16_t flags)
{
    uint16_t exactly = FLAG_SYN | FLAG_FIN | FLAG_RST;
    if ((rule->flags & FLAG_SYN) != 0)
        exactly |= FLAG_ACK;
    uint16_t at_least = rule->flags & (uint16_t)~FLAG_PSH;
    return (flags & exactly) == (rule->flags & exactly) && (flags & at_least) == at_least;
}

/* A time as clock_parse reads it, nothing rounded away: from whole microseconds if it can be. */
static void put_time(char *out, size_t cap, int64_t ns)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {{"s", CLOCK_S}, {"ms", CLOCK_MS}, {"us", CLOCK_US}};
    size_t used = strlen(out);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (ns % units[i].ns == 0) {
            (void)snprintf(out + used, cap - used, "%" PRId64 "%s", ns / units[i].ns,
                           units[i].name);
            return;
        }
    }
    (void)snprintf(out + used, cap - used, "%" PRId64 ".%03" PRId64 "us", ns / CLOCK_US,
                   ns % CLOCK_US);
}

static void put_share(char *out, size_t cap, uint32_t share)
{
    size_t used = strlen(out);
    uint32_t percent = share / (NETEM_SHARE_WHOLE / 100), rest = share % (NETEM_SHARE_WHOLE / 100);
    int n = snprintf(out + used, cap - used, "%" PRIu32, percent);
    if (rest != 0)
        n += snprintf(out + used + n, cap - used - (size_t)n, ".%04" PRIu32, rest);
    for (char *last = out + used + n - 1; rest != 0 && *last == '0'; last--, n--)
        *last = '\0';
    (void)snprintf(out + used + n, cap - used - (size_t)n, "%%");
}

static void put_segment(char *out, size_t cap, const struct netem_rule *rule)
{
    char flags[FLAGS_TEXT_MAX], number[16] = "*";
    size_t used = strlen(out);
    if (rule->nth != 0)
        (void)snprintf(number, sizeof(number), "%" PRIu32, rule->nth);
    (void)snprintf(out + used, cap - used, "%s#%s", flags_format(rule->flags, flags), number);
}

char *netem_rule_format(const struct netem_rule *rule, char out[NETEM_RULE_TEXT_MAX])
{
    const size_t cap = NETEM_RULE_TEXT_MAX;
    const struct netem_option *option = &options[0];
    while (option->action != rule->action)
        option++;
    bool both = rule->ways[END_A] && rule->ways[END_B];
    (void)snprintf(out, cap, "--%s %s%s", option->name,
                   both ? "" : way_names[rule->ways[END_A] ? END_A : END_B], both ? "" : ":");
    if (rule->action == NETEM_DELAY) {
        put_time(out, cap, rule->time_ns);
        if (rule->jitter_ns != 0) {
            (void)strncat(out, "+-", cap - strlen(out) - 1);
            put_time(out, cap, rule->jitter_ns);
        }
    } else if (rule->share != 0) {
        put_share(out, cap, rule->share);
    } else {
        put_segment(out, cap, rule);
    }
    if (rule->action == NETEM_HOLD) {
        (void)strncat(out, ":", cap - strlen(out) - 1);
        put_time(out, cap, rule->time_ns);
    }
    return out;
}
