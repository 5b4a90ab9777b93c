/* An end that is not ours: what its segments show of it. The set of states it may be in is peer's
 * (tcp/peer.h); what is kept beside it is the end that it faces, as that would be if all that was
 * seen had arrived there: by this a segment is judged when it is seen, whether it arrives at once,
 * later or never. */
#ifndef TCPSHAKE_TALK_INFER_H
#define TCPSHAKE_TALK_INFER_H

#include "tcp/peer.h"
#include "tcp/tcb.h"

struct infer {
    struct peer peer;
    struct tcb facing;  /* while `under_way` is not 0; else the end that it faces is itself so */
    unsigned under_way; /* segments that were seen and have not arrived */
};

/* No connection yet. `way_ns`: peer_known_way; 0: nothing is known of it. */
void infer_init(struct infer *i, int64_t way_ns);

/* A segment of the end is seen: what it is to the end `at` that it goes to, or would be. Then what
 * it shows (peer_seen), after what is measured by it. */
struct arrival infer_arrival(struct infer *i, const struct tcb *at, const struct segment *seg);
struct peer_change infer_seen(struct infer *i, const struct segment *seg, const struct arrival *a,
                              int64_t t_ns);
/* Whether all of the segment had been seen before. */
bool infer_saw(const struct infer *i, const struct tcb *at, const struct segment *seg);

/* The end that it faces has sent a segment, by a call or not (CALL_COUNT). */
void infer_faces(struct infer *i, enum call call, const struct segment *seg);

#endif
