/* See rx_loss.h. */
#include "net/rx_loss.h"

#include <string.h>

#include "base/bytes.h"
#include "wire/ip.h"

/* By its addresses alone, since it may be malformed behind them. Both ends on one address differ in
 * their ports. */
static bool is_ours(const struct in6_addr *local, const struct endpoint *remote, const uint8_t *ip,
                    size_t n)
{
    struct ip_packet p;
    if (ip_parse(&p, ip, n, NULL) != STATUS_OK || !address_equal(&p.src, local))
        return false;
    if (!address_equal(local, &remote->ip))
        return true;
    return p.protocol == IPPROTO_TCP && p.off + 2 <= n && bytes_be16(ip + p.off) != remote->port;
}

static bool chance(const struct hash_key *key, uint64_t number, unsigned percent)
{
    struct {
        uint64_t number;
        char purpose[8];
    } hashed = {.number = number, .purpose = "deaf"};
    return hash_bytes(key, &hashed, sizeof(hashed)) % 100 < percent;
}

bool rx_loss_misses(struct rx_loss *d, const struct in6_addr *local, const struct endpoint *remote,
                    const uint8_t *ip, size_t n)
{
    if (d->percent == 0 || is_ours(local, remote, ip, n) || !chance(&d->key, d->came++, d->percent))
        return false;
    d->missed++;
    return true;
}
