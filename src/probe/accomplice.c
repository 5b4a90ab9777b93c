/* See accomplice.h. */
#include "probe/accomplice.h"

bool accomplice_agrees(state_set figured, enum state truth)
{
    return state_set_has(figured, truth) ||
           (state_set_has(figured, STATE_CLOSED) && truth == STATE_LISTEN);
}
