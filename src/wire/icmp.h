/* ICMP and ICMPv6 errors that quote a TCP segment of ours (RFC 792, RFC 1812, RFC 4443; what TCP
 * makes of them: RFC 9293 3.9.2.2, RFC 5461). */
#ifndef TCPSHAKE_WIRE_ICMP_H
#define TCPSHAKE_WIRE_ICMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "wire/address.h"
#include "wire/seq.h"

enum {
    ICMP_TEXT_MAX = ADDRESS_TEXT_MAX + 80
};

struct icmp_error {
    uint8_t ip_version; /* 0: none came; this host knows that the next hop does not answer */
    uint8_t type, code;
    struct in6_addr from;     /* who says so */
    struct endpoint src, dst; /* of the quoted segment: src is us */
    seq_t seq;                /* of the quoted segment: the probe that caused it */
    uint32_t mtu;             /* for "fragmentation needed" and "packet too big", else 0 */
};

/* Decodes one IP packet. STATUS_NOT_OURS when it is no ICMP error about a TCP segment,
 * STATUS_MALFORMED when it is cut short. */
enum status icmp_decode(struct icmp_error *e, const uint8_t *ip, size_t n, struct fault *fault);

/* Whether a router says that the segment is too large for it (RFC 1191, RFC 8201), and what MTU is
 * to be kept to: 576 where an old one tells none; none below what the version guarantees. */
bool icmp_too_big(const struct icmp_error *e, uint32_t *mtu);

/* "port unreachable", "administratively prohibited", "hop limit exceeded"; static text, "ICMP
 * error" for a pair that has no name. */
const char *icmp_describe(uint8_t ip_version, uint8_t type, uint8_t code);
/* "192.0.2.254 says: host unreachable"; returns `text`. */
const char *icmp_say(const struct icmp_error *e, char text[ICMP_TEXT_MAX]);

#endif
