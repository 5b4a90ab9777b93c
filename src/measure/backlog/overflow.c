/* See overflow.h. */
#include "measure/backlog/overflow.h"

#include <string.h>

static const struct {
    const char *word, *name;
} faces[OVERFLOW_COUNT] = {
    [OVERFLOW_NONE] = {"none", "none"},
    [OVERFLOW_NO_SYN_ACK] = {"no-syn-ack", "no SYN-ACK at all"},
    [OVERFLOW_SYN_ACK_REPEATED] = {"syn-ack-repeated",
                                   "SYN-ACK retransmitted although acknowledged (and data sent)"},
    [OVERFLOW_SILENCE] = {"silence", "silence to ACK and data (cookie)"},
    [OVERFLOW_RESET] = {"reset", "RST to the ACK (tcp_abort_on_overflow)"},
};

const char *overflow_word(enum overflow f)
{
    return faces[f].word;
}

const char *overflow_name(enum overflow f)
{
    return faces[f].name;
}

enum overflow overflow_from_word(const char *word)
{
    enum overflow f = OVERFLOW_NO_SYN_ACK;
    while (f < OVERFLOW_COUNT && strcmp(faces[f].word, word) != 0)
        f++;
    return f;
}
