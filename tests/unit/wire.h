/* Frames for the tests of the lab's wire, as they cross it: an Ethernet header, then an IP packet.
 */
#ifndef TCPSHAKE_TEST_WIRE_H
#define TCPSHAKE_TEST_WIRE_H

#include "unit.h"

#include <stdbool.h>

#include "base/bytes.h"
#include "lab/netem/netem.h"
#include "wire/craft.h"

enum {
    WIRE_HEADER = 14,
    WIRE_FRAME_MAX = 1600
};

struct wire_frame {
    uint8_t octets[WIRE_FRAME_MAX];
    size_t n;
};

static inline struct in6_addr wire_address(bool v6, uint8_t last)
{
    if (!v6)
        return address_from_v4((const uint8_t[4]){192, 0, 2, last});
    return (struct in6_addr){.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [15] = last}};
}

static inline void wire_header(struct wire_frame *f, uint16_t type)
{
    static const uint8_t addresses[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
    memcpy(f->octets, addresses, sizeof(addresses));
    bytes_put16(f->octets + 12, type);
}

/* A segment from A to B with `len` octets of data. */
static inline struct wire_frame wire_segment(bool v6, uint16_t flags, size_t len)
{
    static const uint8_t data[1400] = {1, 2, 3};
    struct fault fault = {""};
    struct wire_frame f = {.n = 0};
    const struct segment s = {.src = {wire_address(v6, 1), 40000},
                              .dst = {wire_address(v6, 2), 7},
                              .ip_version = v6 ? 6 : 4,
                              .ttl = 64,
                              .df = true,
                              .ip_id = 1,
                              .seq = seq_of(1000),
                              .ack = seq_of(2000),
                              .flags = flags,
                              .win = 65535};
    struct craft *craft = craft_new(&fault);
    assert_non_null(craft);
    assert_int_equal(craft_segment(craft, &s, data, len, f.octets + WIRE_HEADER,
                                   WIRE_FRAME_MAX - WIRE_HEADER, &f.n, &fault),
                     STATUS_OK);
    craft_free(craft);
    f.n += WIRE_HEADER;
    wire_header(&f, v6 ? 0x86dd : 0x0800);
    return f;
}

/* An ICMPv6 message of that type, or with type 0 an IPv4 UDP datagram. */
static inline struct wire_frame wire_other(uint8_t icmp6_type)
{
    struct wire_frame f = {.n = WIRE_HEADER + 60};
    uint8_t *ip = f.octets + WIRE_HEADER;
    wire_header(&f, icmp6_type != 0 ? 0x86dd : 0x0800);
    if (icmp6_type != 0) {
        ip[0] = 0x60;
        ip[5] = 20;
        ip[6] = IPPROTO_ICMPV6;
        ip[40] = icmp6_type;
    } else {
        ip[0] = 0x45;
        ip[3] = 60;
        ip[9] = IPPROTO_UDP;
    }
    return f;
}

static inline struct wire_frame wire_arp(void)
{
    struct wire_frame f = {.n = WIRE_HEADER + 28};
    wire_header(&f, 0x0806);
    return f;
}

/* From a block that ends where the frame ends. */
static inline struct netem_look wire_looked(const struct wire_frame *f)
{
    struct netem_look look;
    uint8_t *octets = unit_copy(f->octets, f->n);
    netem_look(&look, octets, f->n);
    free(octets);
    return look;
}

#endif
