/* An address with its port, written as RFC 3986 3.2.2 brackets it: see address.h. */
#include "wire/address.h"

#include <stdio.h>
#include <string.h>

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

socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out)
{
    *out = (struct sockaddr_storage){0};
    if (address_is_v4(&e->ip)) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(e->port);
        memcpy(&in->sin_addr, address_v4_octets(&e->ip), sizeof(in->sin_addr));
        return sizeof(*in);
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(e->port);
    in6->sin6_addr = e->ip;
    return sizeof(*in6);
}

struct endpoint endpoint_of_sockaddr(const struct sockaddr *from)
{
    if (from->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof(in));
        return (struct endpoint){.ip = address_from_v4((const uint8_t *)&in.sin_addr),
                                 .port = ntohs(in.sin_port)};
    }
    struct sockaddr_in6 in6;
    memcpy(&in6, from, sizeof(in6));
    return (struct endpoint){.ip = in6.sin6_addr, .port = ntohs(in6.sin6_port)};
}
