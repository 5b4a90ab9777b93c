/* The peer: a process in its own network namespace that runs one application, and lives exactly as
 * long as ours does. */
#ifndef TCPSHAKE_LAB_HOST_H
#define TCPSHAKE_LAB_HOST_H

#include <sys/types.h>

#include "base/fault.h"
#include "lab/server.h"

struct host_config {
    struct service service;
    int listener;     /* of server_listen; -1: none */
    int ctl;          /* the peer's end of ctl_open */
    int namespace_fd; /* the network namespace that it moves to */
};

/* Starts the process. The descriptors stay the caller's. It gets SIGTERM when the calling thread
 * dies; the caller may end it so itself. */
enum status host_start(const struct host_config *config, pid_t *pid, struct fault *fault);

#endif
