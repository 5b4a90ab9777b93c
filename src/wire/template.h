/* One segment, built once by libnet (wire/craft), and written out again and again for other
 * endpoints and other numbers: for lists of targets, where libnet itself would take too long. What
 * does not change is summed up once, so a checksum costs only what does change (the arithmetic of
 * RFC 1071 2 and RFC 1624). */
#ifndef TCPSHAKE_WIRE_TEMPLATE_H
#define TCPSHAKE_WIRE_TEMPLATE_H

#include "wire/craft.h"

enum {
    TEMPLATE_MAX = 128 /* more than both headers and full options take */
};

struct template
{
    uint8_t octets[TEMPLATE_MAX]; /* IP header onward; zero where packets differ */
    size_t len;
    /* the rest is template.c's own */
    uint32_t ip_rest, tcp_rest; /* sums, in memory order, of what is the same in every packet */
    size_t tcp_at, ts_at;       /* where these start in `octets`; ts_at 0: no timestamps */
    bool v4, has_ack, own_id;
};

/* `like` as for craft_segment, without data; its endpoints are of the family that the packets will
 * have. STATUS_MALFORMED as craft_segment, and for a checksum that is to be wrong.
 * An IPv4 packet that may be fragmented (DF clear) needs an identification (RFC 6864 4.1), which
 * the kernel gives only on raw sockets: where `like` leaves it to the kernel (ip_id 0) each packet
 * gets one made from its numbers, never 0. With DF set 0 stays 0. */
enum status template_init(struct template *t, struct craft *c, const struct segment *like,
                          struct fault *fault);

/* Writes one packet, IP header onward, to `out` (room for t->len octets) and returns its length.
 * `ack` is written only where `like` has ACK set, `ts_val` only where it has timestamps; all the
 * rest is as in `like`. Both endpoints are of the template's family. */
size_t template_write(const struct template *t, uint8_t *out, const struct endpoint *local,
                      const struct endpoint *remote, seq_t seq, seq_t ack, uint32_t ts_val);

#endif
