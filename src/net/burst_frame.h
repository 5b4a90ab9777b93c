/* What both ways of net/burst put before an IP packet: an Ethernet header (IEEE 802.3), its
 * addresses written once and its type with each packet. */
#ifndef TCPSHAKE_NET_BURST_FRAME_H
#define TCPSHAKE_NET_BURST_FRAME_H

#include <net/ethernet.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "net/burst.h"

enum {
    BURST_FRAME_HEADER = 14,
    BURST_FRAME_TYPE_AT = 12,
    BURST_FRAME_PAD = 2, /* before a frame, so that the IP header is aligned */
    BURST_FRAME_MAX = BURST_FRAME_HEADER + BURST_PACKET_MAX,
    /* What the device may have under way, in octets as the kernel counts them: some 1300 packets */
    BURST_FRAME_ROOM = 1024 * 1024,
};

static inline void burst_frame_address(uint8_t *frame, const struct burst_config *c)
{
    memcpy(frame, c->next_mac, BURST_MAC);
    memcpy(frame + BURST_MAC, c->our_mac, BURST_MAC);
}

/* Returns where the IP packet goes. */
static inline uint8_t *burst_frame_begin(uint8_t *frame, int family)
{
    bytes_put16(frame + BURST_FRAME_TYPE_AT, family == AF_INET ? ETHERTYPE_IP : ETHERTYPE_IPV6);
    return frame + BURST_FRAME_HEADER;
}

#endif
