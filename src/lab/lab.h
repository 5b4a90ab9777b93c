/* The embedded lab: a real Linux TCP peer on this machine, with no root and no set-up. A user
 * namespace (unless we are privileged already), a network namespace for each side, a veth pair
 * between them, real kernel sockets in the peer's; on demand also in ours, and the two of them tied
 * together by nothing but a namespace between them, the wire's, in which we stand. Everything is
 * held by this process and its children alone: when the process dies, in whatever way, all of it is
 * gone. */
#ifndef TCPSHAKE_LAB_LAB_H
#define TCPSHAKE_LAB_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "lab/netem/netem_wire.h"
#include "measure/backlog/queues.h"
#include "tcp/call.h"
#include "tcp/end.h"
#include "tcp/state.h"
#include "wire/address.h"

/* What listens on the peer; one row of the table in lab/conn.c. */
struct lab_app {
    const char *name, *summary;
    uint16_t port;
};

struct lab_options {
    const char *app;            /* a name from lab_app_at; NULL: "echo" */
    const char *const *sysctls; /* "NAME=VALUE", in the namespace of each kernel */
    size_t sysctl_count;
    int backlog; /* of the peer's listen(); 0: SOMAXCONN */
    bool v6;
    /* Both sides are kernels, and this process stands between them: nothing passes from one to the
     * other but what it forwards from lab_tap(END_A) to lab_tap(END_B) and back. Our side's
     * application acts on command; nobody listens there until it is told to. */
    bool between;
    /* The wire that carries everything from side to side, by a process of its own, and what it does
     * on the way; NULL: one cable, as good as it can be. Not with `between`. */
    const struct netem_config *wire;
};

struct lab;

/* Row `i` of the table of apps, NULL past the end: help, completion and man page read it too. */
const struct lab_app *lab_app_at(size_t i);

/* Moves this process into a fresh network namespace (our side, or the wire's) and starts the peer.
 * Must be called before anything else is opened and while single-threaded. Bad options and a
 * machine that forbids namespaces give one line that says what to do. Caller calls lab_close. */
struct lab *lab_open(const struct lab_options *options, struct fault *fault);
void lab_close(struct lab *lab);

/* Where a side's application listens (or would, for "closed" and "filtered") and connects from. */
const struct endpoint *lab_at(const struct lab *lab, enum end side);
/* The device on the wire that leads to a side, with `between`; static. */
const char *lab_tap(enum end side);

/* The wire, which has something to tell; NULL without one. */
struct netem_wire *lab_wire(struct lab *lab);

/* The true state of a side's end of the connection lab_at <-> `remote`, from its kernel (sock_diag,
 * exact look-up: request sockets and TIME-WAIT included), without disturbing it. No socket for the
 * connection: LISTEN if one listens on the port, else CLOSED. */
enum status lab_truth(struct lab *lab, enum end side, const struct endpoint *remote,
                      enum state *state, struct fault *fault);

enum {
    LAB_CALL_DATA_MAX = 65536
};

/* Makes a side's application act. A call that speaks of a connection means the newest between
 * lab_at and `remote`, whoever opened it. CONNECT stops listening and connects from where it
 * listened; a connection that is left of an earlier time forbids it. After CLOSE the application
 * still reads, and ignores. LISTEN listens again, on a port that was closed too. SET takes
 * NAME=VALUE: a setting of its namespace, or `backlog`; an app that waits waits again after that.
 *
 * Returns when the peer's system call has been made, or after a second at most with a line. A line
 * too for what cannot be: no such connection, octets after CLOSE. CLOSE, ABORT and SEND for a
 * connection that came in and is still half-open (SYN-RECEIVED) wait until it is established, as
 * the RFC's CLOSE and SEND do; CRASH of it is impossible. `remote` is not looked at by
 * STOP_LISTENING, LISTEN, ACCEPT and SET, nor `data` but by SEND and SET. Works after
 * privilege_drop. */
enum status lab_call(struct lab *lab, enum end side, enum call call, const struct endpoint *remote,
                     const void *data, size_t n, struct fault *fault);

/* What a side's application has learnt last of a connection: 0 that the other end is done, an errno
 * that it is broken, EAGAIN nothing of the kind since it has one. */
int lab_saw(struct lab *lab, enum end side);
/* What lab_options.backlog was; 0: nothing. */
int lab_backlog(const struct lab *lab);

/* An address on the cable to the peer that no kernel has: what is sent from it is answered to us,
 * and nobody but us says anything to the answer. It exists nowhere else. */
struct in6_addr lab_crowd(const struct lab *lab);

/* What the peer's kernel says of its listener's queues, its settings and counters; only for an app
 * that waits. Works after privilege_drop. */
enum status lab_queues(struct lab *lab, struct queues *q, struct fault *fault);

/* Whether the peer answers every SYN with a cookie (tcp_syncookies=2) and so keeps no entry for a
 * half-open connection: its kernel then says LISTEN where RFC 9293 has SYN-RECEIVED (RFC 4987 3.6).
 */
bool lab_keeps_no_entry(const struct lab *lab);

#endif
