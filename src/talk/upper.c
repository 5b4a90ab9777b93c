/* See upper.h. */
#include "talk/upper.h"

bool upper_agrees(state_set figured, enum state truth)
{
    return state_set_has(figured, truth) ||
           (state_set_has(figured, STATE_CLOSED) && truth == STATE_LISTEN);
}
