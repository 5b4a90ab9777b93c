/* See numbers.h. */
#include "talk/numbers.h"

#include <string.h>

#include "base/clock.h"
#include "talk/talk.h"

struct hashed {
    struct in6_addr local, remote;
    uint16_t local_port, remote_port;
    uint32_t session, try, purpose;
};

enum purpose {
    PURPOSE_ISN,
    PURPOSE_PORT,
    PURPOSE_TIMESTAMP
};

static uint64_t hash_of(const struct hash_key *key, struct hashed h, enum purpose purpose)
{
    h.purpose = purpose;
    return hash_bytes(key, &h, sizeof(h));
}

/* Zeroed as a whole, so that no padding is hashed. */
static struct hashed of_remote(const struct endpoint *remote)
{
    struct hashed h;
    memset(&h, 0, sizeof(h));
    h.remote = remote->ip;
    h.remote_port = remote->port;
    return h;
}

seq_t numbers_isn(const struct hash_key *key, const struct endpoint *local,
                  const struct endpoint *remote, int64_t clock_ns)
{
    struct hashed h = of_remote(remote);
    h.local = local->ip;
    h.local_port = local->port;
    uint64_t ticks = (uint64_t)clock_ns / (4 * CLOCK_US);
    return seq_of((uint32_t)(ticks + hash_of(key, h, PURPOSE_ISN)));
}

uint16_t numbers_port(const struct hash_key *key, const struct endpoint *remote, uint32_t session,
                      uint32_t try)
{
    static const uint64_t first = 32768, last = 60999;
    struct hashed h = of_remote(remote);
    h.session = session;
    h.try = try;
    return (uint16_t)(first + hash_of(key, h, PURPOSE_PORT) % (last - first + 1));
}

uint32_t numbers_ts_base(const struct hash_key *key, const struct endpoint *remote,
                         uint32_t session)
{
    struct hashed h = of_remote(remote);
    h.session = session;
    return (uint32_t)hash_of(key, h, PURPOSE_TIMESTAMP);
}

void numbers_fill(const struct hash_key *key, int64_t clock_ns, struct talk_config *c)
{
    c->ts_base = numbers_ts_base(key, &c->remote, c->session);
    c->iss = numbers_isn(key, &c->local, &c->remote, clock_ns);
    if (c->other_local.port != 0)
        c->other_iss = numbers_isn(key, &c->other_local, &c->remote, clock_ns);
}
