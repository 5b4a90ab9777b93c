/* The cable between the two sides of the lab: a veth pair, its addresses, loopback. Both sides have
 * an IPv4 (RFC 5737) and an IPv6 (RFC 3849) documentation address, usable the moment link_open
 * returns. */
#ifndef TCPSHAKE_LAB_LINK_H
#define TCPSHAKE_LAB_LINK_H

#include <netinet/in.h>
#include <stdbool.h>

#include "base/fault.h"

struct nl_sock;

enum link_side {
    LINK_OURS,
    LINK_PEER
};

struct in6_addr link_address(enum link_side side, bool v6);

/* A route netlink socket into the network namespace that the process is in now, in which it stays.
 * Caller frees with link_socket_free. NULL with a line. */
struct nl_sock *link_socket_new(struct fault *fault);
void link_socket_free(struct nl_sock *sock);

/* Lays the cable, one socket for each side; `peer_namespace` refers to the peer's. A machine
 * without IPv6 is a fault only if it is needed. */
enum status link_open(struct nl_sock *ours, struct nl_sock *peers, int peer_namespace, bool need_v6,
                      struct fault *fault);

#endif
