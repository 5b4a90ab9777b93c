/* Encoding: a segment value becomes the octets of an IP packet, built by libnet in a context that
 * opens nothing (LIBNET_NONE). libnet zeroes the reserved bits and knows eight flag bits, so a
 * deliberately odd segment is built by it and patched afterwards, here and nowhere else. */
#ifndef TCPSHAKE_WIRE_CRAFT_H
#define TCPSHAKE_WIRE_CRAFT_H

#include "wire/segment.h"

struct craft;

enum {
    CRAFT_MAX = 65535
};

/* Caller frees with craft_free. NULL with a line in `fault` when libnet refuses. */
struct craft *craft_new(struct fault *fault);
void craft_free(struct craft *c);

/* Encodes `want` followed by `n` octets of `data`. Used from `want`: both endpoints, ttl, tos, df,
 * ip_id (0: the kernel chooses), seq, ack, flags, win, urg and opt.raw (raw_len a multiple of
 * four). checksum BAD makes the TCP checksum deliberately wrong; anything else makes it right.
 * `*len` octets are written to `out`. STATUS_MALFORMED: mixed address families, options too long,
 * or larger than `cap`. */
enum status craft_segment(struct craft *c, const struct segment *want, const void *data, size_t n,
                          uint8_t *out, size_t cap, size_t *len, struct fault *fault);

#endif
