/* Sequence numbers for people: counted from each end's ISS, as the figures of RFC 9293 do, or as
 * they are. */
#ifndef TCPSHAKE_RENDER_NUMBER_H
#define TCPSHAKE_RENDER_NUMBER_H

#include "wire/segment.h"

/* One end's sequence space: bound to the wire by the number that is its 0. */
struct number_space {
    bool bound;
    seq_t zero;
};

struct number_map {
    bool absolute;
    struct number_space a, b; /* ours, the peer's */
};

/* Takes note of a segment of ours (`sent`) or of the peer's, before it is shown. Our space is bound
 * by the first number we send; the peer's by its SYN, and anew by each SYN with another ISS. True
 * when this SYN of the peer bound it anew. */
bool number_see(struct number_map *m, const struct segment *seg, bool sent);

/* The numbers to show. What is in a space not bound yet is shown as it is. */
uint32_t number_seq(const struct number_map *m, const struct segment *seg, bool sent);
uint32_t number_ack(const struct number_map *m, const struct segment *seg, bool sent);

#endif
