/* The names of the flag bits, RFC 9293 3.1: see flags.h. */
#include "wire/flags.h"

#include <string.h>
#include <strings.h>

/* In the order in which the RFC's figures write them: SYN,ACK and FIN,ACK and RST,ACK. */
static const struct {
    uint16_t bit;
    const char *name;
} names[] = {
    {FLAG_SYN, "SYN"}, {FLAG_FIN, "FIN"},   {FLAG_RST, "RST"},   {FLAG_PSH, "PSH"},
    {FLAG_ACK, "ACK"}, {FLAG_URG, "URG"},   {FLAG_ECE, "ECE"},   {FLAG_CWR, "CWR"},
    {FLAG_AE, "AE"},   {FLAG_RES1, "RES1"}, {FLAG_RES2, "RES2"}, {FLAG_RES3, "RES3"},
};

enum {
    NAMES = sizeof(names) / sizeof(names[0])
};

char *flags_format(uint16_t flags, char out[FLAGS_TEXT_MAX])
{
    char *at = out;
    for (size_t i = 0; i < NAMES; i++) {
        if ((flags & names[i].bit) == 0)
            continue;
        if (at != out)
            *at++ = ',';
        size_t n = strlen(names[i].name);
        memcpy(at, names[i].name, n);
        at += n;
    }
    *at = '\0';
    return out;
}

static uint16_t bit_of(const char *word, size_t n)
{
    for (size_t i = 0; i < NAMES; i++)
        if (strlen(names[i].name) == n && strncasecmp(names[i].name, word, n) == 0)
            return names[i].bit;
    return 0;
}

bool flags_parse(const char *text, uint16_t *flags)
{
    uint16_t found = 0;
    if (*text != '\0') {
        for (;;) {
            size_t n = strcspn(text, ",");
            uint16_t bit = bit_of(text, n);
            if (bit == 0)
                return false;
            found |= bit;
            if (text[n] == '\0')
                break;
            text += n + 1;
        }
    }
    *flags = found;
    return true;
}
