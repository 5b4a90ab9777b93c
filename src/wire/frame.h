/* From a captured link-layer frame to the IP packet in it. */
#ifndef TCPSHAKE_WIRE_FRAME_H
#define TCPSHAKE_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True for the link types (DLT_* of libpcap) that frame_ip understands: Ethernet (802.1Q too),
 * Linux cooked v1 and v2, raw IP, BSD null and loop. */
bool frame_known_link(int dlt);

/* A header that has an EtherType: where it stands, and how long the header is. */
struct frame_typed {
    size_t type_at, len;
};

/* Of the link types that have one, else NULL. */
const struct frame_typed *frame_typed_link(int dlt);

/* The IP packet's place and length in the frame, or false when it carries none, or is of another
 * VLAN: the interface of a VLAN shows its own without a tag. Trailing octets
 * (Ethernet padding) are still counted: the IP header says where it ends. */
bool frame_ip(int dlt, const uint8_t *frame, size_t n, const uint8_t **ip, size_t *ip_len);

#endif
