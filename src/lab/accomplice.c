/* See accomplice.h. */
#include "lab/accomplice.h"

static enum status act(void *arg, const struct endpoint *ours, enum figure_event what,
                       const void *data, size_t n, struct fault *fault)
{
    static const struct {
        bool known;
        enum lab_cue cue;
    } cues[] = {
        [FIGURE_CONNECT] = {true, LAB_CUE_CONNECT}, [FIGURE_LISTEN] = {true, LAB_CUE_LISTEN},
        [FIGURE_CLOSE] = {true, LAB_CUE_CLOSE},     [FIGURE_ABORT] = {true, LAB_CUE_ABORT},
        [FIGURE_CRASH] = {true, LAB_CUE_CRASH},     [FIGURE_SAY] = {true, LAB_CUE_SAY},
    };
    if ((size_t)what >= sizeof(cues) / sizeof(cues[0]) || !cues[what].known)
        return STATUS_OK;
    return lab_cue(arg, LAB_PEER, cues[what].cue, ours, data, n, fault);
}

static enum status shut(void *arg, struct fault *fault)
{
    return lab_cue(arg, LAB_PEER, LAB_CUE_LISTEN_NOT, NULL, NULL, 0, fault);
}

static enum status state(void *arg, const struct endpoint *ours, enum state *state,
                         struct fault *fault)
{
    return lab_truth(arg, LAB_PEER, ours, state, fault);
}

struct accomplice accomplice_of_lab(struct lab *lab)
{
    return (struct accomplice){.act = act, .shut = shut, .state = state, .arg = lab};
}
