/* What the wire sees in a frame: as much as its rules ask for. Pure. */
#ifndef TCPSHAKE_LAB_NETEM_NETEM_LOOK_H
#define TCPSHAKE_LAB_NETEM_NETEM_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netem_look {
    /* An IP packet that is more than the link's own upkeep: ARP (RFC 826), neighbour discovery
     * (RFC 4861), reports of multicast membership and what is no IP at all pass whatever the rules
     * say, or no segment would find its way even at the smallest loss. */
    bool packet;
    /* A TCP segment that is there in whole; only then the rest counts. */
    bool segment;
    uint8_t ip_version;
    uint16_t flags; /* FLAG_*, all twelve bits */
    uint32_t seq, ack, len;
    size_t tcp_at, tcp_len; /* where in the frame it stands, header and data */
};

/* Reads an Ethernet frame of `n` octets and nothing beyond; any octets will do. */
void netem_look(struct netem_look *look, const uint8_t *frame, size_t n);

/* Flips one bit of the segment, so that its checksum is wrong and its receiver drops it (RFC 9293
 * 3.1): never in the ports or the data offset, by which it is still known for what it was. `dice`
 * is any number. False, and nothing changed, when there is no segment. */
bool netem_look_corrupt(const struct netem_look *look, uint8_t *frame, uint64_t dice);

#endif
