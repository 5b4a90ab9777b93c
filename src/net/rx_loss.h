/* Loss on purpose, for tests of judgement: of the packets that come from the peer, some are not
 * heard. Ours are always seen to leave. */
#ifndef TCPSHAKE_NET_RX_LOSS_H
#define TCPSHAKE_NET_RX_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "wire/address.h"

enum {
    RX_LOSS_PERCENT_MAX = 90
};

struct rx_loss {
    struct hash_key key; /* the run's, so that a seed repeats the pattern */
    unsigned percent;
    uint64_t came, missed;
};

/* Whether this captured packet, between `local` (our address) and `remote`, is to be passed over.
 * Decides anew each time: ask once for each packet. */
bool rx_loss_misses(struct rx_loss *d, const struct in6_addr *local, const struct endpoint *remote,
                    const uint8_t *ip, size_t n);

#endif
