/* The cable between the two sides of the lab: a veth pair, or two where the wire stands between
 * them; addresses, loopback. Both sides have an IPv4 (RFC 5737) and an IPv6 (RFC 3849)
 * documentation address, usable the moment cable_open returns. */
#ifndef TCPSHAKE_LAB_CABLE_H
#define TCPSHAKE_LAB_CABLE_H

#include <netinet/in.h>
#include <stdbool.h>

#include "base/fault.h"

struct nl_sock;

/* The ends of cables. The wire's have no address: its kernel takes no part. */
enum cable_side {
    CABLE_OURS,
    CABLE_PEER,
    CABLE_WIRE_A, /* of the cable to our side */
    CABLE_WIRE_B, /* of the cable to the peer's */
};

/* Where everything is: route sockets into the namespaces, and descriptors of those. */
struct cable_sites {
    struct nl_sock *ours, *peer;
    int ours_fd, peer_fd;
    struct nl_sock *wire; /* NULL: one cable from side to side */
};

/* The name of its device; static. */
const char *cable_name(enum cable_side side);
/* Of CABLE_OURS or CABLE_PEER. */
struct in6_addr cable_address(enum cable_side side, bool v6);

/* Of nobody, on the cable between the two sides: the peer sends what is for it to our device for
 * good, and our kernel, which neither has it nor forwards, drops that without a word. */
struct in6_addr cable_crowd(bool v6);

/* A route netlink socket into the network namespace that the process is in now, in which it stays.
 * Caller frees with nl_socket_free. NULL with a line. */
struct nl_sock *cable_socket_new(struct fault *fault);

/* Lays the cable. A machine without IPv6 is a fault only if it is needed. */
enum status cable_open(const struct cable_sites *sites, bool need_v6, struct fault *fault);

#endif
