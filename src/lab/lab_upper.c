/* See lab_upper.h. */
#include "lab/lab_upper.h"

static enum status call(void *arg, const struct endpoint *remote, enum call call, const void *data,
                        size_t n, struct fault *fault)
{
    const struct lab_upper *end = arg;
    return lab_call(end->lab, end->side, call, remote, data, n, fault);
}

static enum status state(void *arg, const struct endpoint *remote, enum state *state,
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

static enum status queues(void *arg, struct queues *q, struct fault *fault)
{
    return lab_queues(((const struct lab_upper *)arg)->lab, q, fault);
}

struct upper lab_upper_ops(const struct lab_upper *end)
{
    return (struct upper){.call = call,
                          .state = state,
                          .status = last_error,
                          .queues = queues,
                          .arg = (void *)(uintptr_t)end};
}
