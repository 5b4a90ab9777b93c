/* The heir of a way into a state: judges whether the peer is there, and asks for the state as a
 * stranger has to. What was found, and what the peer's kernel said, is kept. */
#ifndef TCPSHAKE_WORLD_ASKER_H
#define TCPSHAKE_WORLD_ASKER_H

#include "base/clock.h"
#include "measure/play/play.h"
#include "talk/ask.h"
#include "talk/bring.h"

struct asker {
    struct bring bring;
    struct play play;
    const struct upper *peer_side; /* the caller's */
    struct ask ask;
    bool begun, over;
    enum status status; /* of asking the kernel */
    struct fault fault;
    enum bring_verdict by_kernel, by_set; /* when the way was over */
    struct ask_step found;
    enum state truth; /* when it was named */
    unsigned questions;
};

const struct script *asker_script(void);

/* The `nth` way into the state. False: there are no more. `peer_side` says what is true. */
bool asker_init(struct asker *k, enum state state, size_t nth, const struct upper *peer_side);
void asker_done(struct asker *k);

#endif
