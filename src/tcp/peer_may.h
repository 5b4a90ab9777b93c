/* What may have happened to the other end unseen: segments of ours may have reached it or not, its
 * application may have acted, time may have ended a state, and what it sent may have been lost.
 * From the set of states it may be in to the set with what that adds. A part of peer. */
#ifndef TCPSHAKE_TCP_PEER_MAY_H
#define TCPSHAKE_TCP_PEER_MAY_H

#include "tcp/peer.h"

/* Whether it is acceptable to the peer as an acknowledgement of its SYN, as far as we have seen
 * what else it sent (3.10.7.4 fifth). */
bool peer_may_ack_syn(const struct peer *p, uint16_t flags, seq_t ack);
/* The FIN's number is the last. One that has not come may be what is missing from what did, or
 * behind it all. */
bool peer_may_ack_fin(const struct peer *p, uint16_t flags, seq_t ack);
/* What a peer has been told that sends whatever it has: once nothing of it is outstanding, in a
 * window of a segment, or the widest that it knows (3.8.6.2.1, sender's silly window avoidance). */
struct peer_sent_told peer_may_send_all(const struct peer *p, int64_t t_ns);
/* After this segment of ours the peer may find no room for a segment, or a FIN. */
bool peer_may_be_shut(const struct peer *p, const struct segment *seg);
/* Everything that is under way may arrive or not, in whatever order; and what the application was
 * prompted to do it may do before or after. */
state_set peer_may_arrive(const struct peer *p, state_set set, int64_t t_ns);
/* Time has passed since the last segment: states that end without one may have ended. */
state_set peer_may_expire(const struct peer *p, state_set set, int64_t t_ns);
/* As `set`, if segments of the peer's that never reached us may have left it: it closed or aborted.
 */
state_set peer_may_hide(const struct peer *p, state_set set, int64_t t_ns);

#endif
