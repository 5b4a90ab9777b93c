/* The Internet checksum (RFC 1071) and its change by one word (RFC 1624). */
#ifndef TCPSHAKE_WIRE_CHECKSUM_H
#define TCPSHAKE_WIRE_CHECKSUM_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

/* The one's complement sum, folded and not complemented, of `start` and `n` octets taken as
 * big-endian words; an odd last octet counts as the high half of a word. */
uint16_t checksum_sum(uint16_t start, const uint8_t *data, size_t n);

/* The same sum over the TCP pseudo-header (RFC 9293 3.1) of a segment of `len` octets, header
 * included. */
uint16_t checksum_tcp_pseudo(const struct in6_addr *src, const struct in6_addr *dst, size_t len);

/* The checksum field after one 16-bit word under it went from `before` to `after`. */
uint16_t checksum_update(uint16_t field, uint16_t before, uint16_t after);

#endif
