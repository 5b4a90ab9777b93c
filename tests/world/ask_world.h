/* A peer whose state is known, an end of ours, and a network between them that may lose: for what
 * talk/ask asks. The peer is a TCB that behaves by a profile; what it does is seen by the inference
 * only as far as it reaches us. No sockets and no talk: a hop takes ten milliseconds. */
#ifndef TCPSHAKE_WORLD_ASK_WORLD_H
#define TCPSHAKE_WORLD_ASK_WORLD_H

#include "base/clock.h"
#include "talk/ask.h"
#include "tcp/classify.h"

enum {
    ASK_WINDOW = 20000,
    ASK_RETRANSMISSIONS = 8,
    ASK_DEEP = 10,
    ASK_STEPS_MAX = 200 /* of one question-and-answer: more is a loop */
};
#define ASK_HOP (10 * CLOCK_MS)

/* How the peer is not as RFC 9293 with RFC 5961 has it. */
struct ask_profile {
    bool rfc793;         /* a SYN or a RST in the window ends the connection */
    bool ignores_rst;    /* in TIME-WAIT, RFC 1337 */
    bool resets_data;    /* its closed application cannot take data, 3.6.1 SHLD-3 */
    bool stamped;        /* timestamps */
    bool listens;        /* whoever has no connection finds a listener */
    bool by_rfc;         /* what is inferred leaves out what only stacks do */
    int64_t throttle_ns; /* one answer so often to what is out of the window */
};

struct ask_world {
    struct ask_profile profile;
    struct tcb own, theirs;
    struct peer peer;
    int64_t now_ns, answered_ns;
    bool mute; /* our end answers nothing by itself */
    /* Whether the next segment is lost. */
    bool (*loses)(void *arg);
    void *arg;
    int64_t again_ns; /* when the peer retransmits; CLOCK_NEVER: not */
    unsigned again;
    unsigned deep; /* answers to answers */
    bool contradiction;
};

void ask_world_init(struct ask_world *w, const struct ask_profile *profile);

/* A segment of ours leaves; `ours`: our end knows of it. */
void ask_world_sends(struct ask_world *w, struct segment seg, bool ours);

/* The peer's application acts, and we know of it. */
void ask_world_calls(struct ask_world *w, enum call call);

/* Time passes until `t_ns`, and what it brings. */
void ask_world_waits(struct ask_world *w, int64_t t_ns);

/* Asks until there is an answer or none can be had. `*questions` were sent. */
struct ask_step ask_world_asks(struct ask_world *w, const struct ask_config *config,
                               size_t *questions);

/* Whether the peer is in one of them; where there is no connection, a listener may be none. */
bool ask_world_holds(const struct ask_world *w, state_set set);

#endif
