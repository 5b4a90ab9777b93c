/* The filters of the taps: they pass whatever the decoders take (segment_decode, icmp_decode) that
 * may be ours. Of many ports as a program for the kernel: libpcap compiles its text in time that
 * grows with the square of the ports, and 64 of them take 45 million instructions. */
#ifndef TCPSHAKE_NET_PORT_FILTER_H
#define TCPSHAKE_NET_PORT_FILTER_H

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "wire/address.h"

enum {
    PORT_FILTER_PORTS_MAX = 64,
    PORT_FILTER_LINKS_MAX = 64,
    PORT_FILTER_MAX = 2 * PORT_FILTER_PORTS_MAX + 56 + PORT_FILTER_LINKS_MAX
};

struct port_filter {
    const uint16_t *ports; /* at most PORT_FILTER_PORTS_MAX */
    unsigned count;
    bool resets_out; /* only TCP resets from the ports */
    const unsigned
        *ifindex; /* only by these interfaces, at most PORT_FILTER_LINKS_MAX: of the link */
    unsigned ifindex_count; /* type that tells (DLT_LINUX_SLL2); 0: whatever there is */
};

/* Passes TCP over IPv4 or IPv6 to or from the ports, and ICMP and ICMPv6 errors (RFC 792: types 3,
 * 11 and 12; RFC 4443 2.1: types below 128), unless only resets are wanted, and what stands behind
 * an extension header of IPv6. A fragment of IPv4 passes only if it is the first: no other has
 * ports. It looks into no 802.1Q tag. Returns the number of instructions, 0 for a link type that
 * frame_known_link does not know, or that Linux does not capture live. */
unsigned port_filter_build(const struct port_filter *f, int dlt,
                           struct bpf_insn program[PORT_FILTER_MAX]);

/* The same in pcap-filter(7)'s words for flows between two hosts, with fragments whole: between the
 * remote end (port 0: any) and the `n` local ones, which are all at `local`; errors and extension
 * headers from anybody to there. */
void port_filter_flow(struct text *t, const struct endpoint *remote, const struct in6_addr *local,
                      const struct endpoint *locals, size_t n);

#endif
