/* The other end, seen from outside: the set of states it may be in.
 *
 * The set speaks of the moment at which the last segment that reached us left the peer, and of what
 * has happened to it since: a segment of ours that was seen leaving may have arrived or been lost,
 * and where a TCP is free in what it does with it, it may have done any of that; a call of the
 * peer's application that we know of may have been made. Both only add states. A segment of the
 * peer's shows what the peer had received and in which states a TCP sends such a thing, so it takes
 * states away. Silence takes nothing away, and with time some states may have expired without a
 * word.
 *
 * A segment of the peer's is taken to have reached us unless a later one shows that it did not. But
 * an application may have closed while its TCP still had text to send (RFC 9293 3.10.4: "in any
 * case, enter FIN-WAIT-1 state"): nothing shows that before its FIN does. So a peer that has sent
 * text, or that our window may have stopped, may have closed, until it has processed our
 * acknowledgement of all that came, with room for more, and sends nothing new.
 *
 * A reset with another TTL than the peer's segments may be a box's on the way that knows nothing of
 * the connection; a copy of our own numbers proves nothing else. Otherwise the set is of whoever
 * answers.
 *
 * CLOSED means that the connection does not exist at the peer; whether somebody listens on the port
 * is then another connection's state. Each change carries a reason and the section it rests on. */
#ifndef TCPSHAKE_TCP_PEER_H
#define TCPSHAKE_TCP_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcp/peer_sent.h"
#include "tcp/tcb.h"

enum {
    PEER_COOKIES_MAX = 4,
    PEER_PATH_MAX = 16
};

/* The bit of a call that the peer's application was prompted to make. */
#define PEER_PROMPTED(call) (1U << (call))

/* What a rule of the tables rests on. By the RFCs sets are narrower; real stacks do a few things
 * that no RFC lets them do. */
enum peer_basis {
    PEER_BY_RFC,
    PEER_BY_STACKS
};

struct peer {
    state_set set;
    bool by_rfc;     /* rules of the other basis are left out */
    int64_t last_ns; /* when a segment last left or came */

    /* What its SYN,ACKs answered, and their own numbers, latest last: each may be a cookie, which
     * is good for a while. */
    struct {
        seq_t syn_end, irs;
    } cookies[PEER_COOKIES_MAX];
    size_t cookie_count;

    bool irs_known;
    seq_t irs;
    seq_t snd_nxt; /* the number after the last one of the peer's that we have seen */
    bool unseen;   /* it may have sent more, which has not come */
    bool gap;      /* something before snd_nxt, up to gap_end, has not come: */
    seq_t gap_end; /* it may be a FIN */
    bool reopened; /* it may have taken a SYN of ours, and its answer has not come */
    bool holds;    /* it has sent text, and nothing shows since that this is all it had to send */
    bool shut;     /* our window may have had no room for a segment, likewise: the newest such */
    seq_t shut_seq, shut_ack;
    int64_t shut_ns;
    bool fin_seen;
    seq_t fin_end;   /* the number after the peer's FIN */
    bool stamped;    /* its segments bear timestamps: */
    uint32_t ts_val; /* the latest that came */
    bool ttl_known, ttl_varies;
    uint8_t ttl; /* of its segments: a reset with another one may be another box's */

    state_set reset_from; /* where it may have been when a reset came; none: none has */
    int64_t reset_ns;

    struct peer_sent sent;

    unsigned prompted;     /* PEER_PROMPTED, of which nothing shows yet that they have been made */
    unsigned prompted_old; /* of those, which were prompted before CALL_CONNECT */
    bool prompted_waits;   /* they may have to wait for the connection */
    int64_t prompted_ns;   /* when the last of them was */

    /* The states the peer certainly went through, in order. */
    enum state path[PEER_PATH_MAX];
    size_t path_len;
};

/* What a change rests on beside what was seen. */
enum {
    PEER_RESTS_ON_RFC = 1, /* stacks are known that do otherwise */
    PEER_RESTS_ON_TIME =
        2, /* a segment of ours is held for lost, or for arrived, as it left long ago */
};

struct peer_change {
    state_set from, to;    /* equal: nothing changed */
    const char *why, *rfc; /* static */
    unsigned rests;
    bool contradiction; /* no state of `from` allows what was seen; `to` is what does, or is
                           `from` when nothing does */
};

/* By what stacks are known to do; peer_go_by_rfc leaves that out from now on. */
void peer_init(struct peer *p, state_set initial);
void peer_go_by_rfc(struct peer *p);

/* A segment of ours was seen leaving at `t_ns`. */
struct peer_change peer_left(struct peer *p, const struct segment *seg, int64_t t_ns);

/* A segment of the peer's was captured. `own` is our TCB after it took the segment and `a` what
 * became of it there: what belongs to no connection between the two teaches nothing. */
struct peer_change peer_seen(struct peer *p, const struct tcb *own, const struct segment *seg,
                             const struct arrival *a, int64_t t_ns);

/* The peer's application has made the call, as far as we know: what it may have done is added.
 * For those who have an upper tester there. */
struct peer_change peer_told(struct peer *p, enum call call, int64_t t_ns);

/* Time has passed without a segment: states that end silently may have ended. */
struct peer_change peer_elapse(struct peer *p, int64_t t_ns);

/* The set, and where the peer may be beyond it if segments of its own have left that did not reach
 * us: they were lost, or are under way. */
state_set peer_unheard(const struct peer *p);

/* The way is known: nothing is under way for longer than this, or a few round trips. Without it
 * half a second is allowed for what a queue may hold. */
void peer_known_way(struct peer *p, int64_t least_ns);

/* A round trip was measured: how long a segment is taken to be possibly under way depends on it. */
void peer_round_trip(struct peer *p, int64_t rtt_ns);

#endif
