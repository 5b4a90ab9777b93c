/* The routing table as it was when it was read, so that nothing has to be asked once the privileges
 * are gone, and so that asking for each of a million targets costs next to nothing. For one target
 * net/route.h asks the kernel itself. */
#ifndef TCPSHAKE_NET_FIB_H
#define TCPSHAKE_NET_FIB_H

#include <netinet/in.h>
#include <stdbool.h>

#include "base/fault.h"

struct fib;

struct fib_way {
    unsigned ifindex;
    bool local; /* an address of this host: by way of lo */
    bool has_gateway;
    struct in6_addr gateway; /* of either family, whatever the target's (RFC 8950) */
    bool on_link;            /* the target is itself the next hop */
};

/* Reads the kernel's tables local, main and default, both families, in the network namespace that
 * the process is in. Caller frees. NULL with a line. */
struct fib *fib_open(struct fault *fault);
void fib_free(struct fib *f);

/* The way that the kernel's look-up by destination alone takes: table local first, then main; the
 * longest prefix, then the lowest metric; of several hops the first. False: no route, a route set
 * to unreachable, prohibit or blackhole, an interface that is down or without carrier, an address
 * that is no single host's (multicast, broadcast, anycast of this host), or link-local IPv6, which
 * means nothing without an interface. No system call; some tens of nanoseconds. */
bool fib_find(const struct fib *f, const struct in6_addr *target, struct fib_way *out);

/* Whether the kernel's own choice may depend on more than the destination: policy routing rules
 * beyond the three that are always there (ip-rule(8)), or routes by source or TOS, which are passed
 * over here. The answers of fib_find may then differ from the kernel's. */
bool fib_has_rules(const struct fib *f);

#endif
