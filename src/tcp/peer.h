/* The other end, seen from outside: the set of states it may be in.
 *
 * The set speaks of the moment at which the last segment that reached us left the peer, and of what
 * our own segments may have done to it since: a segment of ours that was seen leaving may have
 * arrived or been lost, so it only adds states; a segment of the peer's shows what the peer had
 * received and in which states a TCP sends such a thing, so it takes states away. Silence takes
 * nothing away, and with time some states may have expired without a word.
 *
 * A segment of the peer's is taken to have reached us unless a later one shows that it did not.
 *
 * CLOSED means that the connection does not exist at the peer; whether somebody listens on the port
 * is then another connection's state. Each change carries a reason and the section it rests on. */
#ifndef TCPSHAKE_TCP_PEER_H
#define TCPSHAKE_TCP_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcp/tcb.h"

enum {
    PEER_IN_FLIGHT_MAX = 8,
    PEER_PATH_MAX = 16
};

/* What a segment of ours can do to the peer, as bits. */
enum peer_stimulus {
    PEER_GETS_SYN = 0x01,
    PEER_GETS_ACK_OF_SYN = 0x02,
    PEER_GETS_DATA = 0x04,
    PEER_GETS_ACK_OF_FIN = 0x08,
    PEER_GETS_FIN = 0x10,
    PEER_GETS_RST = 0x20,
};

struct peer {
    state_set set;
    int64_t last_ns; /* when a segment last left or came */
    int64_t rtt_ns;  /* longest round trip seen, 0: none */

    bool irs_known;
    seq_t irs;
    bool fin_seen;
    seq_t fin_end; /* the number after the peer's FIN */

    struct {
        unsigned stimuli;
        seq_t end;  /* the number after our segment */
        bool shows; /* the first to take its last number: acknowledging that shows its arrival */
        int64_t left_ns;
    } in_flight[PEER_IN_FLIGHT_MAX];
    size_t in_flight_count;
    unsigned crowded_out;   /* the stimuli of older ones that had no room */
    int64_t crowded_out_ns; /* when the last of them left */
    bool sent_any;
    seq_t sent_end; /* the number after all of ours */

    /* The states the peer certainly went through, in order. */
    enum state path[PEER_PATH_MAX];
    size_t path_len;
};

struct peer_change {
    state_set from, to;    /* equal: nothing changed */
    const char *why, *rfc; /* static */
    bool contradiction;    /* no state of `from` allows what was seen; `to` is what does, or is
                              `from` when nothing does */
};

void peer_init(struct peer *p, state_set initial);

/* A segment of ours was seen leaving at `t_ns`. */
struct peer_change peer_left(struct peer *p, const struct segment *seg, int64_t t_ns);

/* A segment of the peer's was captured. `own` is our TCB after it took the segment and `a` what
 * became of it there: what our end must ignore teaches nothing. */
struct peer_change peer_seen(struct peer *p, const struct tcb *own, const struct segment *seg,
                             const struct arrival *a, int64_t t_ns);

/* Time has passed without a segment: states that end silently may have ended. */
struct peer_change peer_elapse(struct peer *p, int64_t t_ns);

/* The set, and where the peer may be beyond it if segments of its own have left that did not reach
 * us: they were lost, or are under way. */
state_set peer_unheard(const struct peer *p);

/* A round trip was measured: how long a segment is taken to be possibly under way depends on it. */
void peer_round_trip(struct peer *p, int64_t rtt_ns);

#endif
