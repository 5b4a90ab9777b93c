/* What a segment of the peer's shows of it: in which states a TCP sends such a thing, and where it
 * is afterwards. A part of peer. */
#ifndef TCPSHAKE_TCP_PEER_SHOWN_H
#define TCPSHAKE_TCP_PEER_SHOWN_H

#include "tcp/peer.h"

/* What the segment is. */
enum peer_shown_kind {
    PEER_SHOWN_RST_OF_SYN,
    PEER_SHOWN_RST,
    PEER_SHOWN_SYN,
    PEER_SHOWN_SYN_ACK,
    PEER_SHOWN_FIN,
    PEER_SHOWN_DATA,
    PEER_SHOWN_ACK_OF_DATA,
    PEER_SHOWN_ACK,
    PEER_SHOWN_COUNT
};

struct peer_shown {
    enum peer_shown_kind kind;
    const struct segment *seg;
    const struct peer_sent_segment *answered; /* by a reset; NULL: nothing of ours */
    const char *why, *rfc;                    /* static */
    bool sent_all;    /* a bare segment from behind all that came, once there was room for more */
    bool of_a_cookie; /* perhaps: a SYN,ACK that no entry need stand behind */
};

/* Of a segment that teaches something. */
struct peer_shown peer_shown_of(const struct peer *p, const struct tcb *own,
                                const struct segment *seg, const struct peer_sent_segment *answered,
                                int64_t t_ns);
/* What the set becomes when a peer in it has sent this. */
state_set peer_shown_after(const struct peer *p, const struct peer_shown *shown, state_set set);
/* Of the set, the states of a peer whose FIN has come, late. */
state_set peer_shown_closed(state_set set);

#endif
