/* The filter of a tap that listens on many ports, as a program for the kernel. libpcap compiles its
 * text in time that grows with the square of the ports: 64 of them take 45 million instructions. */
#ifndef TCPSHAKE_NET_PORT_FILTER_H
#define TCPSHAKE_NET_PORT_FILTER_H

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    PORT_FILTER_PORTS_MAX = 64,
    PORT_FILTER_MAX = 2 * PORT_FILTER_PORTS_MAX + 48
};

struct port_filter {
    const uint16_t *ports; /* at most PORT_FILTER_PORTS_MAX */
    unsigned count;
    bool resets_out; /* only TCP resets from the ports */
};

/* Passes TCP over IPv4 or IPv6 to or from the ports, and ICMP and ICMPv6 errors (RFC 792: types 3,
 * 11 and 12; RFC 4443 2.1: types below 128), unless only resets are wanted. A fragment passes only
 * if it is the first: no other has ports. As pcap-filter(7)'s `tcp port`, it looks behind no
 * extension header of IPv6 and into no 802.1Q tag. Returns the number of instructions, 0 for a link
 * type that frame_known_link does not know, or that Linux does not capture live. */
unsigned port_filter_build(const struct port_filter *f, int dlt,
                           struct bpf_insn program[PORT_FILTER_MAX]);

#endif
