/* See wire_plan.h. */
#include "lab/wire_plan.h"

#include <string.h>

/* What a number is drawn for: one rule may need two. */
enum purpose {
    PURPOSE_CHANCE,
    PURPOSE_JITTER,
    PURPOSE_BIT
};

void wire_plan_init(struct wire_plan *plan, const struct wire_rules *rules, uint64_t seed)
{
    *plan = (struct wire_plan){.rules = *rules, .key = hash_key_of_seed(seed)};
}

static uint64_t draw(const struct wire_plan *plan, enum wire_way way, size_t rule,
                     enum purpose purpose)
{
    struct {
        uint64_t packet;
        uint32_t rule;
        uint16_t way, purpose;
    } hashed = {plan->packets[way], (uint32_t)rule, (uint16_t)way, (uint16_t)purpose};
    return hash_bytes(&plan->key, &hashed, sizeof(hashed));
}

static bool applies(struct wire_plan *plan, enum wire_way way, size_t i,
                    const struct wire_look *look)
{
    const struct wire_rule *rule = &plan->rules.rule[i];
    if (!rule->ways[way])
        return false;
    if (rule->share != 0)
        return draw(plan, way, i, PURPOSE_CHANCE) % WIRE_SHARE_WHOLE < rule->share;
    if (rule->deed == WIRE_DELAY)
        return true;
    if (!look->segment || !wire_rule_names(rule, look->flags))
        return false;
    uint32_t number = ++plan->named[i][way];
    return rule->nth == 0 || number == rule->nth;
}

/* From T - J to T + J, each as likely. */
static int64_t delay(const struct wire_plan *plan, enum wire_way way, size_t i)
{
    const struct wire_rule *rule = &plan->rules.rule[i];
    uint64_t width = 2 * (uint64_t)rule->jitter_ns + 1;
    return rule->time_ns - rule->jitter_ns + (int64_t)(draw(plan, way, i, PURPOSE_JITTER) % width);
}

static void befall(const struct wire_plan *plan, enum wire_way way, size_t i,
                   const struct wire_look *look, struct wire_fate *fate)
{
    const struct wire_rule *rule = &plan->rules.rule[i];
    switch (rule->deed) {
    case WIRE_DELAY:
        fate->due_ns += delay(plan, way, i);
        return;
    case WIRE_LOSS:
    case WIRE_DROP:
        fate->lost = true;
        break;
    case WIRE_HOLD:
        fate->held = true;
        fate->due_ns += rule->time_ns;
        break;
    case WIRE_DUP:
        if (fate->copies == WIRE_COPIES_MAX)
            return;
        fate->copies++;
        break;
    case WIRE_REORDER:
        fate->late = true;
        break;
    case WIRE_CORRUPT:
        if (!look->segment)
            return;
        fate->corrupted = true;
        fate->dice = draw(plan, way, i, PURPOSE_BIT);
        break;
    }
    fate->caused |= UINT32_C(1) << i;
}

/* Each copy behind what keeps its place before it, a nanosecond being the least distance. */
static void keep_place(struct wire_plan *plan, enum wire_way way, struct wire_fate *fate)
{
    int64_t *last = &plan->last_due[way];
    if (fate->due_ns <= *last)
        fate->due_ns = *last + 1;
    *last = fate->due_ns + fate->copies - 1;
}

void wire_plan_judge(struct wire_plan *plan, enum wire_way way, const struct wire_look *look,
                     int64_t t_ns, struct wire_fate *fate)
{
    *fate = (struct wire_fate){.copies = 1, .due_ns = t_ns};
    if (!look->packet)
        return;
    for (size_t i = 0; i < plan->rules.count; i++) {
        if (applies(plan, way, i, look))
            befall(plan, way, i, look, fate);
    }
    plan->packets[way]++;
    if (fate->held)
        fate->late = false; /* its own time is known */
    if (fate->late)
        fate->due_ns += WIRE_REORDER_WAIT;
    if (!fate->lost && !fate->held && !fate->late)
        keep_place(plan, way, fate);
}
