/* Names among the targets: those that were picked wait here, a bounded number, for the resolver. */
#ifndef TCPSHAKE_TARGETS_TARGET_NAMES_H
#define TCPSHAKE_TARGETS_TARGET_NAMES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "net/resolver.h"

enum target_name_state {
    TARGET_NAME_NEW,
    TARGET_NAME_ASKED,
    TARGET_NAME_KNOWN,
    TARGET_NAME_UNKNOWN
};

/* One name, looked up once however many ports of it are targets. Shared: see _hold and _drop. */
struct target_name {
    unsigned holders;
    enum target_name_state state;
    struct in6_addr ip; /* of a KNOWN one */
    char *reason;       /* of an UNKNOWN one, why */
    char text[];
};

struct target_names;

/* A picked target that waits. */
struct target_names_waiter {
    uint64_t index;
    struct target_name *name;
    uint16_t port;
};

/* Starts the resolver: before privilege_drop; `config` as resolver_open has it. Caller closes. NULL
 * with a line. */
struct target_names *target_names_open(int family, const struct resolver_config *config,
                                       struct fault *fault);
void target_names_close(struct target_names *names);

/* NULL: no memory. The caller is its first holder. */
struct target_name *target_names_new(const char *text);
struct target_name *target_names_hold(struct target_name *name);
void target_names_drop(struct target_name *name); /* NULL is fine */

bool target_names_full(const struct target_names *names);
size_t target_names_waiting(const struct target_names *names);
int target_names_fd(const struct target_names *names);

/* Lets a target wait, which holds its name. Not when they are full. */
void target_names_wait(struct target_names *names, const struct target_names_waiter *waiter);

/* One whose name is known or known to be unknown; the caller drops its name. */
bool target_names_take(struct target_names *names, struct target_names_waiter *out);

#endif
