/* The IP header in front of a TCP segment or an ICMP message: IPv4 with options (RFC 791), IPv6
 * with extension headers (RFC 8200). */
#ifndef TCPSHAKE_WIRE_IP_H
#define TCPSHAKE_WIRE_IP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum {
    IP_EXTENSIONS = 4
};

/* The extension headers of IPv6 that are stepped over (RFC 8200 4), by their protocol numbers; what
 * stands behind others is not looked at. */
extern const uint8_t ip_extensions[IP_EXTENSIONS];

struct ip_packet {
    uint8_t version;
    uint8_t ttl, tos;
    bool df;     /* true for IPv6 */
    uint16_t id; /* 0 for IPv6 */
    struct in6_addr src, dst;
    uint8_t protocol;      /* what stands at `off` */
    size_t off;            /* where the headers read here end; within the octets captured */
    size_t total;          /* octets on the wire by the header, 0 when it does not say */
    bool fragment;         /* a part of a larger packet; an atomic fragment (RFC 6946) is none */
    uint16_t fragment_off; /* octets of that packet which came before */
    bool rerouted;         /* a routing header will still change the destination */
};

/* Reads the headers of one packet. Stops at the first that is no IPv6 extension header known
 * here, and at one that only a first fragment would show. STATUS_NOT_OURS: another IP version.
 * STATUS_MALFORMED: cut short or an impossible header length. */
enum status ip_parse(struct ip_packet *p, const uint8_t *data, size_t n, struct fault *fault);

/* How many of the `n` captured octets belong to the packet; what follows is padding. */
size_t ip_captured(const struct ip_packet *p, size_t n);

/* How many octets of text one packet carries of what `mtu` lets pass, where neither header has
 * options: RFC 9293 3.7.1, RFC 6691. Less than any link's MTU (RFC 791) is taken for that. */
uint16_t ip_mss(uint8_t version, uint32_t mtu);

/* How many octets it had on the wire, as far as the header and the capture tell. */
size_t ip_on_wire(const struct ip_packet *p, size_t n);

#endif
