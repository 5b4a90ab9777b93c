/* See netem_plan.h. */
#include "lab/netem/netem_plan.h"

#include <string.h>

/* What a number is drawn for: one rule may need two. */
enum purpose {
    PURPOSE_CHANCE,
    PURPOSE_JITTER,
    PURPOSE_BIT
};

void netem_plan_init(struct netem_plan *plan, const struct netem_rules *rules, uint64_t seed)
{
    *plan = (struct netem_plan){.rules = *rules, .key = hash_key_of_seed(seed)};
}

static uint64_t draw(const struct netem_plan *plan, enum end way, size_t rule, enum purpose purpose)
{
    struct {
        uint64_t packet;
        uint32_t rule;
        uint16_t way, purpose;
    } hashed = {plan->packets[way], (uint32_t)rule, (uint16_t)way, (uint16_t)purpose};
    return hash_bytes(&plan->key, &hashed, sizeof(hashed));
}

static bool applies(struct netem_plan *plan, enum end way, size_t i, const struct netem_look *look)
{
    const struct netem_rule *rule = &plan->rules.rule[i];
    if (!rule->ways[way])
        return false;
    if (rule->share != 0)
        return draw(plan, way, i, PURPOSE_CHANCE) % NETEM_SHARE_WHOLE < rule->share;
    if (rule->action == NETEM_DELAY)
        return true;
    if (!look->segment || !netem_rule_names(rule, look->flags))
        return false;
    uint32_t number = ++plan->named[i][way];
    return rule->nth == 0 || number == rule->nth;
}

/* From T - J to T + J, each as likely. */
static int64_t delay(const struct netem_plan *plan, enum end way, size_t i)
{
    const struct netem_rule *rule = &plan->rules.rule[i];
    uint64_t width = 2 * (uint64_t)rule->jitter_ns + 1;
    return rule->time_ns - rule->jitter_ns + (int64_t)(draw(plan, way, i, PURPOSE_JITTER) % width);
}

static void hit(const struct netem_plan *plan, enum end way, size_t i,
                const struct netem_look *look, struct netem_verdict *verdict)
{
    const struct netem_rule *rule = &plan->rules.rule[i];
    switch (rule->action) {
    case NETEM_DELAY:
        verdict->due_ns += delay(plan, way, i);
        return;
    case NETEM_LOSS:
    case NETEM_DROP:
        verdict->lost = true;
        break;
    case NETEM_HOLD:
        verdict->held = true;
        verdict->due_ns += rule->time_ns;
        break;
    case NETEM_DUP:
        if (verdict->copies == NETEM_COPIES_MAX)
            return;
        verdict->copies++;
        break;
    case NETEM_REORDER:
        verdict->late = true;
        break;
    case NETEM_CORRUPT:
        if (!look->segment)
            return;
        verdict->corrupted = true;
        verdict->dice = draw(plan, way, i, PURPOSE_BIT);
        break;
    }
    verdict->caused |= UINT32_C(1) << i;
}

/* Each copy behind what keeps its place before it, a nanosecond being the least distance. */
static void keep_place(struct netem_plan *plan, enum end way, struct netem_verdict *verdict)
{
    int64_t *last = &plan->last_due[way];
    if (verdict->due_ns <= *last)
        verdict->due_ns = *last + 1;
    *last = verdict->due_ns + verdict->copies - 1;
}

void netem_plan_judge(struct netem_plan *plan, enum end way, const struct netem_look *look,
                      int64_t t_ns, struct netem_verdict *verdict)
{
    *verdict = (struct netem_verdict){.copies = 1, .due_ns = t_ns};
    if (!look->packet)
        return;
    for (size_t i = 0; i < plan->rules.count; i++) {
        if (applies(plan, way, i, look))
            hit(plan, way, i, look, verdict);
    }
    plan->packets[way]++;
    if (verdict->held)
        verdict->late = false; /* its own time is known */
    if (verdict->late)
        verdict->due_ns += NETEM_REORDER_WAIT;
    if (!verdict->lost && !verdict->held && !verdict->late)
        keep_place(plan, way, verdict);
}
