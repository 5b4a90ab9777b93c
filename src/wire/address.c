/* Addresses as one family, RFC 4291 2.5.5.2 for the mapping: see address.h. */
#include "wire/address.h"

#include <arpa/inet.h>
#include <string.h>

enum {
    V4_AT = 12, /* where the IPv4 octets stand in a mapped address */
};

bool address_is_v4(const struct in6_addr *ip)
{
    return IN6_IS_ADDR_V4MAPPED(ip);
}

struct in6_addr address_from_v4(const uint8_t octets[4])
{
    struct in6_addr ip = IN6ADDR_ANY_INIT;
    ip.s6_addr[V4_AT - 2] = 0xff;
    ip.s6_addr[V4_AT - 1] = 0xff;
    memcpy(ip.s6_addr + V4_AT, octets, 4);
    return ip;
}

const uint8_t *address_v4_octets(const struct in6_addr *ip)
{
    return ip->s6_addr + V4_AT;
}

bool address_equal(const struct in6_addr *a, const struct in6_addr *b)
{
    return memcmp(a->s6_addr, b->s6_addr, sizeof(a->s6_addr)) == 0;
}

/* As inet_ntop has it, without its detour by printf: records of very many targets hold little else.
 */
static void format_v4(const uint8_t octets[4], char *out)
{
    for (int i = 0; i < 4; i++) {
        if (octets[i] >= 100)
            *out++ = (char)('0' + octets[i] / 100);
        if (octets[i] >= 10)
            *out++ = (char)('0' + octets[i] / 10 % 10);
        *out++ = (char)('0' + octets[i] % 10);
        *out++ = i < 3 ? '.' : '\0';
    }
}

char *address_format(const struct in6_addr *ip, char out[ADDRESS_TEXT_MAX])
{
    if (address_is_v4(ip))
        format_v4(address_v4_octets(ip), out);
    else
        (void)inet_ntop(AF_INET6, ip, out, ADDRESS_TEXT_MAX);
    return out;
}
