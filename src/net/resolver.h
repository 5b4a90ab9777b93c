/* Names looked up by a process of its own, which is nobody: what nsswitch brings in never runs with
 * our privileges. It can still open what the system's resolver wants (/etc/hosts, DNS) when this
 * one has given that up, so names can be looked up on the side, a bounded number at a time. */
#ifndef TCPSHAKE_NET_RESOLVER_H
#define TCPSHAKE_NET_RESOLVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

enum {
    RESOLVER_OUTSTANDING = 64, /* asked and not taken, at most */
    RESOLVER_AT_ONCE = 16,     /* look-ups that run at a time */
    RESOLVER_NAME_MAX = 256,
    RESOLVER_REASON_MAX = 96
};

/* What looks up one name, in a thread of that process: its first address, at the system's own pace.
 * STATUS_SYSTEM with the bare reason. */
typedef enum status resolver_look_up(const char *name, int family, struct in6_addr *ip,
                                     uint32_t *scope_id, struct fault *fault);

struct resolver_config {
    resolver_look_up *look_up;
    int64_t patience_ns; /* a look-up that takes longer has failed */
};

struct resolver;

/* Starts the process, which drops its privileges and ends with this one; to be called before
 * privilege_drop. `config` may be NULL: getaddrinfo, and ten seconds of patience. Everything else
 * works after privilege_drop. Caller closes. NULL with a line. */
struct resolver *resolver_open(const struct resolver_config *config, struct fault *fault);
void resolver_close(struct resolver *r); /* waits for the process, which ends at once */

/* `id` is the asker's own, and comes back with the answer; no two alike may be outstanding. family:
 * AF_UNSPEC, AF_INET or AF_INET6. False: RESOLVER_OUTSTANDING are, take one first. */
bool resolver_ask(struct resolver *r, uint64_t id, const char *name, int family);

/* An answer, if one is there: an address (reason empty) or why there is none. Never waits. Every
 * question gets its answer within some multiple of the patience, even if the process dies. */
bool resolver_take(struct resolver *r, uint64_t *id, struct in6_addr *ip,
                   char reason[RESOLVER_REASON_MAX]);

/* Readable when there may be an answer to take. */
int resolver_fd(const struct resolver *r);

/* One look-up, by a process that is there for that alone; both work before privilege_drop only. A
 * name's first address: family AF_UNSPEC, AF_INET or AF_INET6; `*scope_id` is 0 but for link-local
 * ones. STATUS_SYSTEM with the bare reason. */
enum status resolver_name(const char *host, int family, struct in6_addr *ip, uint32_t *scope_id,
                          struct fault *fault);
/* The port of a TCP service; false: there is no such service. */
bool resolver_service(const char *name, uint16_t *port);

#endif
