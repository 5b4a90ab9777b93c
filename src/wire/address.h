/* Addresses and endpoints. An IPv4 address is held as the IPv6 address that maps it (RFC 4291
 * 2.5.5.2), so everything above has one code path. */
#ifndef TCPSHAKE_WIRE_ADDRESS_H
#define TCPSHAKE_WIRE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct endpoint {
    struct in6_addr ip;
    uint16_t port; /* host byte order */
};

enum {
    ADDRESS_TEXT_MAX = 48,
    ENDPOINT_TEXT_MAX = 56
};

bool address_is_v4(const struct in6_addr *ip);
struct in6_addr address_from_v4(const uint8_t octets[4]);
/* The four octets of a mapped IPv4 address, pointing into `ip`. */
const uint8_t *address_v4_octets(const struct in6_addr *ip);
bool address_equal(const struct in6_addr *a, const struct in6_addr *b);
/* "192.0.2.1" or "2001:db8::1". Returns `out`. */
char *address_format(const struct in6_addr *ip, char out[ADDRESS_TEXT_MAX]);

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
/* "192.0.2.1:80" or "[2001:db8::1]:80". Returns `out`. */
char *endpoint_format(const struct endpoint *e, char out[ENDPOINT_TEXT_MAX]);
/* As a socket takes it, without a scope; returns the length that it has. */
socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *out);
/* Of AF_INET or AF_INET6. */
struct endpoint endpoint_of_sockaddr(const struct sockaddr *from);

#endif
