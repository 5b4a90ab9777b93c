/* The peer's kernel in numbers: settings and counters, read from files that were opened in its
 * network namespace and stay those of that namespace. */
#ifndef TCPSHAKE_LAB_METER_H
#define TCPSHAKE_LAB_METER_H

#include "base/fault.h"
#include "measure/backlog/queues.h"

struct meter {
    int netstat;
    int settings[QUEUES_SETTINGS]; /* -1: this kernel, or this user, has none */
};

/* Of nothing; meter_close may follow. */
void meter_init(struct meter *m);
/* Opens the files of the network namespace that the process is in now. */
enum status meter_open(struct meter *m, struct fault *fault);
void meter_close(struct meter *m);

/* Fills in settings and counters. Opens nothing: works after privilege_drop. */
enum status meter_read(struct meter *m, struct queues *q, struct fault *fault);

#endif
