/* Who else is on the network of a walk: clients of the peer's, and a box right in front of it that
 * says something in its name, drops what comes for it, or resets it. A process of its own, which
 * lives as long as the walks do. */
#ifndef TCPSHAKE_TEST_OTHERS_H
#define TCPSHAKE_TEST_OTHERS_H

#include "walk_kinds.h"

enum {
    OTHERS_TTL = 61, /* of what the box says: the peer's own is 64 */
    OTHERS_CLIENTS = 4
};

struct others {
    int fd; /* -1: nobody is there */
};

/* After lab_open and before the privileges are dropped. */
enum status others_start(struct others *o, const struct lab *lab, struct fault *fault);
/* Returns when it is done, but for FILL, which needs answers. An IP packet, `n` octets, for what is
 * to come from the box: EARLIER, BLIND, KNOWING. False: it could not be. */
bool others_do(const struct others *o, enum others_act act, const uint8_t *ip, size_t n);

#endif
