/* An address with its port, written as RFC 3986 3.2.2 brackets it: see address.h. */
#include "wire/address.h"

#include <stdio.h>

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && address_equal(&a->ip, &b->ip);
}

char *endpoint_format(const struct endpoint *e, char out[ENDPOINT_TEXT_MAX])
{
    char ip[ADDRESS_TEXT_MAX];
    bool v4 = address_is_v4(&e->ip);
    (void)snprintf(out, ENDPOINT_TEXT_MAX, "%s%s%s:%u", v4 ? "" : "[", address_format(&e->ip, ip),
                   v4 ? "" : "]", (unsigned)e->port);
    return out;
}
