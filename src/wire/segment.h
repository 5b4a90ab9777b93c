/* One TCP segment as a value, whole: what crossed the wire, in host byte order, with the IP facts
 * that say something about its sender (RFC 9293 3.1, RFC 791, RFC 8200). */
#ifndef TCPSHAKE_WIRE_SEGMENT_H
#define TCPSHAKE_WIRE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"
#include "wire/address.h"
#include "wire/flags.h"
#include "wire/options.h"
#include "wire/seq.h"

enum segment_checksum {
    SEGMENT_CHECKSUM_OK,
    SEGMENT_CHECKSUM_OFFLOADED, /* only the pseudo-header's part is there: a local sender whose
                                   kernel leaves the rest to the interface */
    SEGMENT_CHECKSUM_UNKNOWN,   /* the capture did not keep the whole segment */
    SEGMENT_CHECKSUM_BAD,
};

struct segment {
    struct endpoint src, dst;
    uint8_t ip_version; /* 4 or 6 */
    uint8_t ttl;        /* TTL or hop limit */
    uint8_t tos;        /* TOS or traffic class */
    bool df;            /* always true for IPv6 */
    uint16_t ip_id;     /* 0 for IPv6 */

    seq_t seq, ack;
    uint16_t flags; /* FLAG_*, all twelve bits */
    uint16_t win;   /* as sent, not scaled */
    uint16_t urg;
    enum segment_checksum checksum;
    struct options opt;
    uint32_t len; /* octets of data, from the IP length */

    /* Borrowed from the frame it was decoded from (or from the timeline that keeps it). */
    const uint8_t *raw; /* IP header onward, as captured */
    size_t raw_len;     /* octets captured, may be less than were on the wire */
    size_t tcp_off;     /* where in raw the TCP header starts */
    size_t data_off;    /* where in raw the data starts; raw_len - data_off octets of it are here */
};

/* Decodes one IP packet. STATUS_NOT_OURS: not TCP. STATUS_MALFORMED: cut short, an impossible
 * header length or data offset, a fragment; addresses are there if the IP header was. Malformed
 * options are no failure: opt.malformed. */
enum status segment_decode(struct segment *s, const uint8_t *ip, size_t n, struct fault *fault);

/* SEG.LEN: data plus one for SYN and one for FIN (RFC 9293 3.4). */
uint32_t segment_seq_len(const struct segment *s);

/* The sequence number after the segment's last octet. */
seq_t segment_end(const struct segment *s);

/* "<SEQ=1><ACK=2><CTL=SYN,ACK><DATA=3>", as the RFCs print a segment, with these for its numbers;
 * one that is NULL is left out, and ACK where the bit is not set. */
void segment_print(struct text *out, const struct segment *seg, const seq_t *seq, const seq_t *ack);

#endif
