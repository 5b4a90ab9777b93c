/* ICMP and ICMPv6 errors that quote a TCP segment of ours (RFC 792, RFC 1812, RFC 4443; what TCP
 * makes of them: RFC 9293 3.9.2.2, RFC 5461). */
#ifndef TCPSHAKE_WIRE_ICMP_H
#define TCPSHAKE_WIRE_ICMP_H

#include <stdint.h>

#include "base/fault.h"
#include "wire/address.h"
#include "wire/seq.h"

struct icmp_error {
    uint8_t ip_version;
    uint8_t type, code;
    struct in6_addr from;     /* who says so */
    struct endpoint src, dst; /* of the quoted segment: src is us */
    seq_t seq;                /* of the quoted segment: the probe that caused it */
    uint32_t mtu;             /* for "fragmentation needed" and "packet too big", else 0 */
};

/* Decodes one IP packet. STATUS_NOT_OURS when it is no ICMP error about a TCP segment,
 * STATUS_MALFORMED when it is cut short. */
enum status icmp_decode(struct icmp_error *e, const uint8_t *ip, size_t n, struct fault *fault);

/* What Linux itself says of a next hop that does not answer: host unreachable, from our address. */
struct icmp_error icmp_no_hop(const struct endpoint *local, const struct endpoint *remote,
                              seq_t seq);

/* "port unreachable", "administratively prohibited", "hop limit exceeded"; static text, "ICMP
 * error" for a pair that has no name. */
const char *icmp_describe(uint8_t ip_version, uint8_t type, uint8_t code);

#endif
