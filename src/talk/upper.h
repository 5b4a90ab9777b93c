/* Whoever stands at the other side: in the lab its application and its kernel, which do what a
 * figure says and tell what is true. On the open network there is nobody. */
#ifndef TCPSHAKE_TALK_UPPER_H
#define TCPSHAKE_TALK_UPPER_H

#include <stdbool.h>

#include "base/fault.h"
#include "tcp/call.h"
#include "tcp/state.h"
#include "wire/address.h"

struct upper {
    /* Makes the peer's application act: CONNECT to `ours`, CLOSE, ABORT, SEND with its octets,
     * LISTEN, CRASH. Returns when it has. */
    enum status (*act)(void *arg, const struct endpoint *ours, enum call what, const void *data,
                       size_t n, struct fault *fault);
    /* From now on nobody listens there. */
    enum status (*shut)(void *arg, struct fault *fault);
    /* The state of the peer's end as its kernel has it. */
    enum status (*state)(void *arg, const struct endpoint *ours, enum state *state,
                         struct fault *fault);
    /* Kills the process that has the connection. */
    enum status (*kill)(void *arg, const struct endpoint *ours, struct fault *fault);
    /* What the application has learnt last: 0 that the other end is done, an errno that the
     * connection is broken, EAGAIN nothing of the kind. */
    int (*saw)(void *arg);
    /* How long what we put on the wire may be under way to this end, unless it is lost. */
    int64_t way_ns;
    void *arg;
};

/* Whether what a kernel says is what a figure shows: CLOSED is that the connection does not exist,
 * also where somebody listens. */
bool upper_agrees(state_set figured, enum state truth);

#endif
