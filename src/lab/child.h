/* What the lab's processes have in common: how they start, what they leave behind, what they may
 * do, and that they end with the process that started them. */
#ifndef TCPSHAKE_LAB_CHILD_H
#define TCPSHAKE_LAB_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/fault.h"

/* What the child does from its first moment to its end; it never returns. It is in a session of its
 * own, at "/", without SIGPIPE, and gets SIGTERM, which ends it, when the thread that started it
 * dies. It calls child_is_ready when all that can fail is done, else child_failed. */
typedef void child_fn(void *arg, int ready);

/* Starts the child and waits until it is ready. `who` it is stands in the line of a failure, which
 * is the child's own if it has one: "the lab's peer". */
enum status child_start(child_fn *live, void *arg, const char *who, pid_t *pid,
                        struct fault *fault);

/* Ends it and waits for that, unless seccomp forbids the signal: then it dies when we do. No child
 * (-1) is as good. */
void child_end(pid_t *pid);

/* False when nobody waits for it any more. */
bool child_is_ready(int ready);

__attribute__((noreturn)) void child_failed(int ready, const struct fault *fault);

/* Closes everything but the `n` descriptors of `kept`, which get new numbers (-1 stays -1), and
 * nothing of the starter's terminal, pipes and files stays open: they must not outlive their use
 * there by a descriptor forgotten here. The standard ones are /dev/null. */
void child_shed(int *const kept[], size_t n);

/* Keeps of the capabilities what a peer's commands need: binding a low port, and to be allowed (not
 * effective, until child_administer) to administer the network of its own namespace. Nothing in
 * this process can reach another network. */
bool child_drop_privileges(void);
/* Makes CAP_NET_ADMIN effective, or no longer. False, with errno, where it is not permitted. */
bool child_administer(bool wanted);

#endif
