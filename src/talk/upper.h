/* The upper tester of an end (ISO/IEC 9646): it makes the end's application act and says what is
 * true of the end. In the lab it speaks to the application and asks the kernel; on the open network
 * there is none. */
#ifndef TCPSHAKE_TALK_UPPER_H
#define TCPSHAKE_TALK_UPPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "tcp/call.h"
#include "tcp/state.h"
#include "wire/address.h"

struct queues;

struct upper {
    /* The end's application makes the call: about the newest connection with `remote` where it is
     * about one, with octets for SEND and NAME=VALUE for SET. Returns when it has. */
    enum status (*call)(void *arg, const struct endpoint *remote, enum call call, const void *data,
                        size_t n, struct fault *fault);
    /* The state of the end of its connection with `remote`, as its kernel has it. */
    enum status (*state)(void *arg, const struct endpoint *remote, enum state *state,
                         struct fault *fault);
    /* STATUS: what the application has learnt last. 0: the other end is done; an errno: the
     * connection is broken; EAGAIN: nothing of the kind. */
    int (*status)(void *arg);
    /* What the kernel says of its listener's queues (measure/backlog/queues.h). */
    enum status (*queues)(void *arg, struct queues *q, struct fault *fault);
    /* How long at most what we put on the wire is under way to this end, and what it sends to us,
     * unless it is lost. */
    int64_t way_ns, back_ns;
    void *arg;
};

#endif
