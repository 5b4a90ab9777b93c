/* The peer: a process in its own network namespace that runs one application, and lives exactly as
 * long as ours does. */
#ifndef TCPSHAKE_LAB_HOST_H
#define TCPSHAKE_LAB_HOST_H

#include <sys/types.h>

#include "base/fault.h"
#include "lab/app.h"
#include "wire/address.h"

/* Opens what `app` listens with, in the network namespace that the process is in now; the address
 * need not be there yet. `*fd` is -1 for an app whose port is closed. backlog 0: SOMAXCONN. */
enum status host_listen(const struct app *app, const struct endpoint *at, int backlog, int *fd,
                        struct fault *fault);

/* Starts the process, which moves to the network namespace `namespace_fd`. Both descriptors stay
 * the caller's. It gets SIGTERM when the calling thread dies; the caller may end it so itself. */
enum status host_start(const struct app *app, int listener, int namespace_fd, pid_t *pid,
                       struct fault *fault);

#endif
