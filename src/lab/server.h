/* What the peer's process does all its life: listens, serves its connections with one application,
 * and obeys the commands of its channel. */
#ifndef TCPSHAKE_LAB_SERVER_H
#define TCPSHAKE_LAB_SERVER_H

#include "base/fault.h"
#include "lab/conn.h"

struct service {
    const struct app *app;
    struct endpoint at;
    int backlog; /* 0: SOMAXCONN */
};

/* Opens what the app listens with, in the network namespace that the process is in now; the address
 * need not be there yet. `*fd` is -1 for an app whose port is closed. */
enum status server_listen(const struct service *service, int *fd, struct fault *fault);

struct server;

/* NULL: out of memory. It lives as long as its process. */
struct server *server_new(const struct service *service);
/* `listener` may be -1. Returns when `end` is readable; no command, nor that none will come any
 * more, makes it end. */
void server_run(struct server *s, int listener, int ctl, int end);

#endif
