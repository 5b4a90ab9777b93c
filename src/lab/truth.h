/* What the peer's kernel says: which state its end of a connection is in (sock_diag(7), one exact
 * look-up), and its settings and counters, read from files that were opened in its network
 * namespace and stay those of that namespace. */
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

/* The peer's kernel in numbers. */
struct truth_meter {
    int netstat;
    int settings[QUEUES_SETTINGS]; /* -1: this kernel, or this user, has none */
};

/* Of nothing; truth_meter_close may follow. */
void truth_meter_init(struct truth_meter *m);
/* Opens the files of the network namespace that the process is in now. */
enum status truth_meter_open(struct truth_meter *m, struct fault *fault);
void truth_meter_close(struct truth_meter *m);

/* Fills in settings and counters. Opens nothing: works after privilege_drop. */
enum status truth_meter_read(struct truth_meter *m, struct queues *q, struct fault *fault);

#endif
