/* See lab_upper.h. */
#include "lab/lab_upper.h"

static enum status make_call(void *arg, const struct endpoint *remote, enum call call,
                             const void *data, size_t n, struct fault *fault)
{
    const struct lab_upper *end = arg;
    return lab_call(end->lab, end->side, call, remote, data, n, fault);
}

static enum status state_at(void *arg, const struct endpoint *remote, enum state *state,
                            struct fault *fault)
{
    const struct lab_upper *end = arg;
    return lab_truth(end->lab, end->side, remote, state, fault);
}

static int last_error(void *arg)
{
    const struct lab_upper *end = arg;
    return lab_saw(end->lab, end->side);
}

static enum status queues_at(void *arg, struct queues *q, struct fault *fault)
{
    return lab_queues(((const struct lab_upper *)arg)->lab, q, fault);
}

/* At the most, by the wire's rules: whoever carries it out may be late, by as much again at the
 * worst. */
static int64_t way_from(const struct lab_upper *end, enum end from)
{
    const struct netem_wire *wire = lab_wire(end->lab);
    int64_t way = 0;
    for (size_t i = 0; wire != NULL && i < wire->config.rules.count; i++) {
        const struct netem_rule *rule = &wire->config.rules.rule[i];
        if (!rule->ways[from])
            continue;
        if (rule->action == NETEM_DELAY)
            way += 2 * (rule->time_ns + rule->jitter_ns);
        else if (rule->action == NETEM_HOLD)
            way += rule->time_ns;
        else if (rule->action == NETEM_REORDER)
            way += NETEM_REORDER_WAIT;
    }
    return way;
}

struct upper lab_upper_ops(const struct lab_upper *end)
{
    return (struct upper){.call = make_call,
                          .state = state_at,
                          .status = last_error,
                          .queues = queues_at,
                          .way_ns = way_from(end, end_other(end->side)),
                          .back_ns = way_from(end, end->side),
                          .arg = (void *)(uintptr_t)end};
}
