/* See lab_upper.h. */
#include "lab/lab_upper.h"

static enum status act(void *arg, const struct endpoint *remote, enum call what, const void *data,
                       size_t n, struct fault *fault)
{
    const struct lab_upper *end = arg;
    return lab_call(end->lab, end->side, what, remote, data, n, fault);
}

static enum status shut(void *arg, struct fault *fault)
{
    const struct lab_upper *end = arg;
    return lab_call(end->lab, end->side, CALL_STOP_LISTENING, NULL, NULL, 0, fault);
}

static enum status end_process(void *arg, const struct endpoint *remote, struct fault *fault)
{
    const struct lab_upper *side = arg;
    return lab_call(side->lab, side->side, CALL_KILL, remote, NULL, 0, fault);
}

static int saw(void *arg)
{
    const struct lab_upper *side = arg;
    return lab_saw(side->lab, side->side);
}

static enum status state(void *arg, const struct endpoint *remote, enum state *state,
                         struct fault *fault)
{
    const struct lab_upper *end = arg;
    return lab_truth(end->lab, end->side, remote, state, fault);
}

struct upper lab_upper_ops(const struct lab_upper *end)
{
    return (struct upper){.act = act,
                          .shut = shut,
                          .state = state,
                          .kill = end_process,
                          .saw = saw,
                          .arg = (void *)(uintptr_t)end};
}
