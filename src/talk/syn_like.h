/* How the SYNs of well-known systems look: options and their order, window, TTL. */
#ifndef TCPSHAKE_TALK_SYN_LIKE_H
#define TCPSHAKE_TALK_SYN_LIKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/options.h"

struct syn_like {
    const char *name, *summary;
    const char *layout;    /* as options_build reads it */
    const char *unstamped; /* the same where timestamps are switched off */
    uint16_t win;
    uint8_t wscale;
    uint8_t ttl;
};

/* Row `i` of the table, NULL past the end. The first row is the default. */
const struct syn_like *syn_like_at(size_t i);
const struct syn_like *syn_like_find(const char *name);
/* Whether the layout has the option of this letter. */
bool syn_like_has(const struct syn_like *s, char letter);

/* The options of a SYN of this kind, laid out; the timestamps' value is as it is in `o`. `o` tells
 * by has_timestamps whether they are to be there. */
void syn_like_options(const struct syn_like *s, uint16_t mss, struct options *o);

#endif
