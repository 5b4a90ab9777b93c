/* What a conversation is told before it begins. End A is ours if there is something to craft its
 * segments by, and a kernel if somebody makes its application act; end B is a kernel in the same
 * case, and a stranger else. */
#ifndef TCPSHAKE_TALK_CONFIG_H
#define TCPSHAKE_TALK_CONFIG_H

#include "talk/syn_like.h"
#include "talk/upper.h"
#include "tcp/end.h"
#include "wire/seq.h"

struct talk_config {
    uint32_t session;
    union {
        struct {
            struct endpoint local, remote;
        };
        struct endpoint at[ENDS]; /* the same: A's, B's */
    };
    const struct upper *upper[ENDS]; /* who makes an end act; NULL: nobody can */
    int64_t deadline_ns;             /* instant; CLOCK_NEVER for none */

    /* Of an end that is ours. */
    seq_t iss;
    /* For a second connection to the same peer; port 0: there is none. */
    struct endpoint other_local;
    seq_t other_iss;
    uint32_t ts_base;            /* our timestamp clock at the epoch, in ms */
    const struct syn_like *like; /* static; NULL: no end is ours */
    uint16_t mss;                /* announced */
    uint16_t win;                /* our receive window, octets */
    uint8_t ttl;
    bool timestamps; /* false takes them out of `like` */
    unsigned tries;  /* how often a segment is sent in all before we give up, >= 1 */
    int64_t way_ns;  /* known of the way to the peer: peer_known_way; 0: nothing */

    /* Where we are the wire between two kernels: puts an IP packet onto the cable that leads to an
     * end. NULL: segments arrive without us. */
    enum status (*pass)(void *arg, enum end to, const uint8_t *ip, size_t n, struct fault *fault);
    void *arg;
};

#endif
