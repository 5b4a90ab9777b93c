/* From what was typed to an endpoint: names, ports, brackets, scopes. */
#ifndef TCPSHAKE_NET_RESOLVE_H
#define TCPSHAKE_NET_RESOLVE_H

#include <stdbool.h>

#include "base/fault.h"
#include "wire/address.h"

enum {
    RESOLVE_HOST_MAX = 256,
    RESOLVE_PORT_MAX = 32
};

/* A target taken apart, nothing looked up yet. */
struct resolve_target {
    char host[RESOLVE_HOST_MAX];
    char port[RESOLVE_PORT_MAX];
};

/* "HOST:PORT", "[V6]:PORT", "[V6%scope]:PORT", or `text` = HOST with the port as a word of its own
 * (`port_word`, else NULL). Pure: no look-up. Says exactly what is wrong: a bare IPv6 address with
 * a port glued on, a missing port, an unclosed bracket. */
enum status resolve_parse(struct resolve_target *t, const char *text, const char *port_word,
                          struct fault *fault);

/* family: AF_UNSPEC, AF_INET or AF_INET6. Ports by number (1 to 65535) or service name. The first
 * address that the resolver gives is taken; `numeric` looks nothing up and takes no names.
 * `*scope_id` is 0 but for link-local targets. */
enum status resolve_lookup(const struct resolve_target *t, int family, bool numeric,
                           struct endpoint *out, uint32_t *scope_id, struct fault *fault);

#endif
