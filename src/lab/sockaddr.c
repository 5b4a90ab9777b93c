/* See sockaddr.h. */
#include "lab/sockaddr.h"

#include <string.h>

socklen_t sockaddr_of(const struct endpoint *e, struct sockaddr_storage *out)
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

struct endpoint sockaddr_endpoint(const struct sockaddr_storage *from)
{
    struct endpoint e;
    if (from->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof(in));
        uint8_t octets[4];
        memcpy(octets, &in.sin_addr, sizeof(octets));
        e = (struct endpoint){.ip = address_from_v4(octets), .port = ntohs(in.sin_port)};
    } else {
        struct sockaddr_in6 in6;
        memcpy(&in6, from, sizeof(in6));
        e = (struct endpoint){.ip = in6.sin6_addr, .port = ntohs(in6.sin6_port)};
    }
    return e;
}
