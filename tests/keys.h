/* What a result has for programs, read back. */
#ifndef TCPSHAKE_TESTS_KEYS_H
#define TCPSHAKE_TESTS_KEYS_H

#include <jansson.h>

#include "event/result.h"

/* An object, the caller's; NULL when what was written is no JSON or has a key twice. */
static inline json_t *keys_of(const struct result *r)
{
    struct text text = {0};
    text_printf(&text, "{%s}", r->json.len != 0 ? r->json.data : "");
    json_t *keys = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    text_done(&text);
    return keys;
}

#endif
