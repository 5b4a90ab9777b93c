/* A kernel's TCP that connects to itself: connect(2) to a port of the caller's own address that
 * nobody listens on, again and again, until the kernel chooses that very port to connect from. Then
 * the SYN finds the socket that has sent it. */
#ifndef TCPSHAKE_LAB_SELF_SOCKET_H
#define TCPSHAKE_LAB_SELF_SOCKET_H

#include "base/fault.h"
#include "measure/self_connect.h"

struct self_socket_config {
    struct endpoint at; /* an address of this namespace; the port one that nobody uses */
    uint64_t attempts;  /* no more than these */
    int64_t within_ns;
    /* Now and then, so that people know; `asked`: by SIGQUIT. May be NULL. */
    void (*progress)(void *arg, uint64_t attempts, bool asked);
    void *arg;
};

/* The ports that connect(2) chooses from in the namespace that we are in. */
enum status self_socket_ports(uint16_t *low, uint16_t *high, struct fault *fault);

/* Attempts, and once it has happened: writes a few octets, reads them back, closes. Blocks; SIGINT,
 * SIGTERM and SIGHUP end it and stay blocked afterwards. That it did not happen is no failure: see
 * `d->end`. A failure: the port is somebody's, or the machine has no sockets. */
enum status self_socket_run(const struct self_socket_config *config, struct self_connect_doings *d,
                            struct fault *fault);

#endif
