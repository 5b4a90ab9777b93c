/* Any text is a rule of the wire or is refused with a reason that leaves the rules as they were; a
 * rule written down is read again as the same. The first octet chooses the option. */
#include "fuzz.h"

#include <string.h>

#include "lab/netem/netem_rule.h"

static size_t options(void)
{
    size_t n = 0;
    while (netem_rule_option(n) != NULL)
        n++;
    return n;
}

static bool same(const struct netem_rule *a, const struct netem_rule *b)
{
    return a->action == b->action && a->ways[0] == b->ways[0] && a->ways[1] == b->ways[1] &&
           a->share == b->share && a->flags == b->flags && a->nth == b->nth &&
           a->time_ns == b->time_ns && a->jitter_ns == b->jitter_ns;
}

static void read_back(const struct netem_option *option, const struct netem_rule *rule)
{
    char out[NETEM_RULE_TEXT_MAX];
    struct netem_rules rules = {.count = 0};
    const char *argument = strchr(netem_rule_format(rule, out), ' ');
    fuzz_require(argument != NULL &&
                 netem_rule_add(&rules, option, argument + 1, NULL) == STATUS_OK);
    fuzz_require(same(&rules.rule[0], rule));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    const struct netem_option *option = netem_rule_option(data[0] % options());
    char *text = malloc(n);
    if (text == NULL)
        return 0;
    memcpy(text, data + 1, n - 1);
    text[n - 1] = '\0';
    struct netem_rules rules = {.count = 0};
    struct fault fault = {""};
    if (netem_rule_add(&rules, option, text, &fault) == STATUS_OK) {
        fuzz_require(rules.count == 1 && rules.rule[0].action == option->action);
        read_back(option, &rules.rule[0]);
    } else {
        fuzz_require(rules.count == 0 && fault.text[0] != '\0');
    }
    free(text);
    return 0;
}
