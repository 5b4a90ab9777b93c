/* How a figure has the peer's application act at a given moment: an order from our process to the
 * peer's, and the answer when the system call has been made. One pair of local sockets, opened
 * before the peer's process is started; afterwards only sent and received on. */
#ifndef TCPSHAKE_LAB_CTL_H
#define TCPSHAKE_LAB_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "lab/lab.h"
#include "wire/address.h"

/* Our end. */
struct ctl {
    int fd;
    uint32_t number; /* of the last order */
};

struct ctl_order {
    uint32_t number; /* the answer bears the same */
    enum call what;
    struct endpoint remote;
    size_t n; /* octets of data */
};

/* `peer_fd` is the caller's, to be handed to the peer's process and closed in ours. */
enum status ctl_open(struct ctl *c, int *peer_fd, struct fault *fault);
void ctl_close(struct ctl *c);
/* Gives an order (its number is set here) and waits a second at most for the answer; see lab_call.
 */
/* The same without words: what the answer says, 0 or an errno. */
int ctl_ask(struct ctl *c, struct ctl_order order, const void *data);
enum status ctl_give(struct ctl *c, struct ctl_order order, const void *data, struct fault *fault);

/* Whether it speaks of no connection. */
bool ctl_is_general(enum call what);

/* The peer's side. Takes an order that poll has announced; false when no more will come. */
bool ctl_take(int fd, struct ctl_order *order, char data[LAB_CALL_DATA_MAX]);
/* `error`: 0 or an errno. */
void ctl_answer(int fd, const struct ctl_order *order, int error);

#endif
