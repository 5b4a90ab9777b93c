/* One of the two ways of net/burst: a packet socket (packet(7)) past the queueing discipline, by
 * sendmmsg. Works on every Ethernet. Functions mean what those of burst.h mean. */
#ifndef TCPSHAKE_NET_BURST_PACKET_H
#define TCPSHAKE_NET_BURST_PACKET_H

#include "net/burst.h"

struct burst_packet;

/* NULL with a line. */
struct burst_packet *burst_packet_open(const struct burst_config *c, unsigned ifindex,
                                       struct fault *fault);
void burst_packet_close(struct burst_packet *p);

uint8_t *burst_packet_place(struct burst_packet *p, int family);
void burst_packet_put(struct burst_packet *p, size_t n);
unsigned burst_packet_waiting(const struct burst_packet *p);

/* `*refused`: how often the device would not take one (ENOBUFS), which it counts as dropped. */
enum status burst_packet_flush(struct burst_packet *p, unsigned *sent, unsigned *refused,
                               bool *full, struct fault *fault);

#endif
