/* See face.h. */
#include "probe/face.h"

#include <string.h>

static const struct {
    const char *word, *name;
} faces[FACE_COUNT] = {
    [FACE_NONE] = {"none", "none"},
    [FACE_NO_SYN_ACK] = {"no-syn-ack", "no SYN-ACK at all"},
    [FACE_SYN_ACK_REPEATED] = {"syn-ack-repeated",
                               "SYN-ACK retransmitted although acknowledged (and data sent)"},
    [FACE_SILENCE] = {"silence", "silence to ACK and data (cookie)"},
    [FACE_RESET] = {"reset", "RST to the ACK (tcp_abort_on_overflow)"},
};

const char *face_word(enum face f)
{
    return faces[f].word;
}

const char *face_name(enum face f)
{
    return faces[f].name;
}

enum face face_from_word(const char *word)
{
    enum face f = FACE_NO_SYN_ACK;
    while (f < FACE_COUNT && strcmp(faces[f].word, word) != 0)
        f++;
    return f;
}
