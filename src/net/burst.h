/* Many packets at once, as whole Ethernet frames past routes, firewall and queueing discipline: for
 * lists of targets, when net/inject would take too long. One next hop for all of them. There are
 * two ways, AF_XDP where it is to be had (burst.c says when) and a packet socket elsewhere; which
 * of them it is makes no other difference than in speed.
 *
 * Nothing of this is seen by a tap on the same interface, not even by our own: with the queueing
 * discipline the kernel passes over the taps too. When a packet went out is when burst_flush
 * returned.
 *
 * What can be known of a loss: a device that has no room or no carrier says so (ENOBUFS; AF_XDP:
 * EBUSY, or EAGAIN and nothing taken), and the packet stays here; a socket that has too much under
 * way says so too (EAGAIN). What the device drops after it accepted the packet, it only counts, and
 * burst_dropped reads that count. AF_XDP's completions say no more than that: a frame is completed
 * when the device has done with it, sent or dropped. What is lost further on, in a switch or in the
 * other end's host, is not to be seen from here.
 */
#ifndef TCPSHAKE_NET_BURST_H
#define TCPSHAKE_NET_BURST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum {
    BURST_MAX = 256,        /* packets in a batch */
    BURST_PACKET_MAX = 128, /* octets, IP header onward */
    BURST_MAC = 6
};

struct burst;

struct burst_config {
    const char *ifname; /* an Ethernet that is up */
    uint8_t our_mac[BURST_MAC], next_mac[BURST_MAC];
    unsigned batch; /* 1 to BURST_MAX */
};

/* Afterwards the privileges may be dropped. Caller closes. NULL with a line. */
struct burst *burst_open(const struct burst_config *c, struct fault *fault);
void burst_close(struct burst *b);

/* "AF_XDP, copied" or "packet socket, sendmmsg": for the record. */
const char *burst_way(const struct burst *b);

/* Room for one IP packet of at most BURST_PACKET_MAX octets of this family (AF_INET, AF_INET6),
 * behind a link header that is there already. NULL: the batch is full, flush. */
uint8_t *burst_place(struct burst *b, int family);

/* The packet at the place that burst_place gave last is complete, with `n` octets. */
void burst_put(struct burst *b, size_t n);

/* How many packets are complete and not sent. */
unsigned burst_waiting(const struct burst *b);

/* Hands what waits to the kernel. `*full`: it would not take all of it now; the rest stays, first
 * in line, for a later flush, and burst_place has room for what is left of the batch.
 * `*sent`: how many it took. Does not wait. */
enum status burst_flush(struct burst *b, unsigned *sent, bool *full, struct fault *fault);

/* Packets that the interface dropped since burst_open without a word to their sender: by its
 * tx_dropped, less those that *full told of. Other programs' packets are among them. A system call
 * or two: not for every batch. */
uint64_t burst_dropped(struct burst *b);

#endif
