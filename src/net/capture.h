/* What crossed the wire, both directions, with the kernel's nanosecond stamps: libpcap. */
#ifndef TCPSHAKE_NET_CAPTURE_H
#define TCPSHAKE_NET_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "net/port_filter.h"

struct capture;

enum {
    CAPTURE_FRAME_MAX = 1900,  /* of a longer frame the rest is not captured */
    CAPTURE_HEADERS_MAX = 160, /* the same of headers: all of them, and what ICMP quotes of ours */
};

/* One IP packet (the link header is gone); for capture_open_inbound the whole frame. */
typedef void capture_fn(void *arg, const uint8_t *packet, size_t n, int64_t t_ns);

/* Opens the tap at once immediate and non-blocking, with `filter` (pcap-filter(7)) installed before
 * the first packet. Caller closes. NULL with a line: no privilege (and what to do about it), no
 * such interface, interface down. */
struct capture *capture_open(const char *ifname, const char *filter, struct fault *fault);
/* The same of headers alone, CAPTURE_HEADERS_MAX octets of a frame, in a ring of so many octets. */
struct capture *capture_open_headers(const char *ifname, const char *filter, size_t ring_octets,
                                     struct fault *fault);
/* A tap for handing on: every Ethernet frame that comes in at the interface, whoever it is for,
 * whole and with its link header, and none that goes out. The rest as capture_open. */
struct capture *capture_open_inbound(const char *ifname, struct fault *fault);
/* A tap for answers by the hundred thousand: packets that come in at the interface and none that go
 * out, of each frame the first CAPTURE_HEADERS_MAX octets, in a ring of so many octets (0: 16
 * MiB). They are handed over in blocks, up to 10 ms late, with the stamps of their arrival, and
 * capture_fd is readable once a block is there. The rest as capture_open. */
struct capture *capture_open_bulk(const char *ifname, const char *filter, size_t ring_octets,
                                  struct fault *fault);
/* A tap for what comes in by whatever interface, with the link type that tells by which
 * (DLT_LINUX_SLL2: `ifindex` of pcap-filter(7), port_filter.ifindex), in a small ring. The rest as
 * capture_open. */
struct capture *capture_open_any(const char *filter, struct fault *fault);
/* From now on only these, in place of the filter that it was opened with: NULL, if this follows at
 * once. */
enum status capture_only(struct capture *c, const struct port_filter *f, struct fault *fault);
/* From now on nobody can take the filter away, or put another in its place. */
enum status capture_lock(struct capture *c, struct fault *fault);
void capture_close(struct capture *c);

/* Readable when packets wait. */
int capture_fd(const struct capture *c);

/* Hands every packet that waits to `fn`, at most `max` (0: no bound); returns how many, or -1 with
 * a line when the capture broke (the interface went away). */
int capture_dispatch(struct capture *c, int max, capture_fn *fn, void *arg, struct fault *fault);

/* Packets that the kernel dropped, for want of room in the ring, since the capture was opened; of
 * an inbound tap also the frames that were too large to be captured whole. */
uint64_t capture_dropped(struct capture *c);

/* "kernel software stamps, ns"; static. */
const char *capture_clock(const struct capture *c);

#endif
