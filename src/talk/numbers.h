/* The numbers a stranger must not predict and a run can repeat: initial sequence numbers (RFC
 * 6528), source ports (RFC 6056), the origin of our timestamp clock. All come from one key. */
#ifndef TCPSHAKE_TALK_NUMBERS_H
#define TCPSHAKE_TALK_NUMBERS_H

#include "base/hash.h"
#include "wire/address.h"
#include "wire/seq.h"

struct talk_config;

/* ISN = M + F(4-tuple, key), M a clock of 4 us ticks; `clock_ns` 0 leaves M out, for a run that is
 * to be repeated. */
seq_t numbers_isn(const struct hash_key *key, const struct endpoint *local,
                  const struct endpoint *remote, int64_t clock_ns);

/* The `try`-th source port to try for the session, in the range Linux takes ephemeral ports from.
 */
uint16_t numbers_port(const struct hash_key *key, const struct endpoint *remote, uint32_t session,
                      uint32_t try);

uint32_t numbers_ts_base(const struct hash_key *key, const struct endpoint *remote,
                         uint32_t session);

/* The ISNs and the origin of the timestamps of the conversation that `c` describes, both ends and
 * the session included. `clock_ns` as above. */
void numbers_fill(const struct hash_key *key, int64_t clock_ns, struct talk_config *c);

#endif
