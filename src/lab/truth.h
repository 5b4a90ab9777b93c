/* What the peer's kernel says its end of a connection is in: sock_diag(7), one exact look-up. */
#ifndef TCPSHAKE_LAB_TRUTH_H
#define TCPSHAKE_LAB_TRUTH_H

#include <stdint.h>

#include "base/fault.h"
#include "measure/backlog/queues.h"
#include "tcp/state.h"
#include "wire/address.h"

struct truth {
    int fd;
    uint32_t seq;
};

/* Looks into the network namespace that the process is in now, wherever it goes later. */
enum status truth_open(struct truth *t, struct fault *fault);
void truth_close(struct truth *t);

/* The state of the connection between `local`, an address in that namespace, and `remote`; LISTEN
 * or CLOSED when there is none (see lab_truth). Only sends and receives on the open
 * socket. After truth_close there is a line instead. */
enum status truth_read(struct truth *t, const struct endpoint *local, const struct endpoint *remote,
                       enum state *state, struct fault *fault);

/* The queues of the listener at `local`: whether it listens, both lengths, the limit. The other
 * fields are left alone. */
enum status truth_queues(struct truth *t, const struct endpoint *local, struct queues *q,
                         struct fault *fault);

#endif
