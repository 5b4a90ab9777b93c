/* The embedded lab: a real Linux TCP peer on this machine, with no root and no set-up. A user
 * namespace (unless we are privileged already), a network namespace for each side, a veth pair
 * between them, real kernel sockets in the peer's. Everything is held by this process and its one
 * child alone: when the process dies, in whatever way, all of it is gone. */
#ifndef TCPSHAKE_LAB_LAB_H
#define TCPSHAKE_LAB_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "tcp/state.h"
#include "wire/address.h"

/* What listens on the peer; one row of the table in lab/app.c. */
struct lab_app {
    const char *name, *summary;
    uint16_t port;
};

struct lab_options {
    const char *app;            /* a name from lab_app_at; NULL: "echo" */
    const char *const *sysctls; /* "NAME=VALUE", in the peer's namespace */
    size_t sysctl_count;
    int backlog; /* of the peer's listen(); 0: SOMAXCONN */
    bool v6;
};

struct lab;

/* Row `i` of the table of apps, NULL past the end: help, completion and man page read it too. */
const struct lab_app *lab_app_at(size_t i);

/* Moves this process into a fresh network namespace (our side) and starts the peer. Must be called
 * before anything else is opened and while single-threaded. Bad options and a machine that forbids
 * namespaces give one line that says what to do. Caller calls lab_close. */
struct lab *lab_open(const struct lab_options *options, struct fault *fault);
void lab_close(struct lab *lab);

/* Where the peer's application listens (or would, for "closed" and "filtered"). */
const struct endpoint *lab_peer(const struct lab *lab);

/* The true state of the peer's end of the connection `ours` <-> lab_peer, from its kernel
 * (sock_diag, exact look-up: request sockets and TIME-WAIT included), without disturbing it. No
 * socket for the connection: LISTEN if one listens on the port, else CLOSED. */
enum status lab_truth(struct lab *lab, const struct endpoint *ours, enum state *state,
                      struct fault *fault);

/* Whether the peer answers every SYN with a cookie (tcp_syncookies=2) and so keeps no entry for a
 * half-open connection: its kernel then says LISTEN where RFC 9293 has SYN-RECEIVED (RFC 4987 3.6).
 */
bool lab_keeps_no_entry(const struct lab *lab);

#endif
