/* The way to a target: source address, interface, next hop and its link-layer address, asked from
 * the kernel by netlink. */
#ifndef TCPSHAKE_NET_ROUTE_H
#define TCPSHAKE_NET_ROUTE_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "net/netlink.h"

struct route {
    struct in6_addr source; /* IPv4 mapped, as everywhere */
    unsigned ifindex;
    char ifname[IF_NAMESIZE];
    bool has_gateway;
    struct in6_addr gateway;
    uint32_t mtu;        /* of the route, else of the interface */
    bool loopback;       /* the target is an address of this host */
    bool shared;         /* it was chosen among several next hops (ECMP) */
    bool has_neighbours; /* the next hop's link-layer address is to be resolved */
};

/* `want_source`, `want_ifname` may be NULL. `scope_id` for link-local targets, else 0. Refuses,
 * with a line that says what to do: no route, an interface that does not exist or is down,
 * broadcast and multicast targets, a source address this host does not have. */
enum status route_find(struct route *r, const struct in6_addr *target, uint32_t scope_id,
                       const struct in6_addr *want_source, const char *want_ifname,
                       struct fault *fault);

/* An address of the interface that can be a source anywhere: not a link-local one of IPv6. `family`
 * is AF_INET or AF_INET6. False: it has none. */
bool route_own_address(const char *ifname, int family, struct in6_addr *ip);

/* The interfaces by which answers may come that have left for `ifindex`: all that are up, but for
 * it, lo, and those that show its packets too, which it is laid over or which belong to it. Returns
 * how many, of which the first ROUTE_OTHERS_MAX go to `out`. */
enum {
    ROUTE_OTHERS_MAX = 64
};
unsigned route_others(unsigned ifindex, unsigned out[ROUTE_OTHERS_MAX]);

/* Has ARP or ND resolve the next hop, where there is one, before anything is timed. `*resolved`
 * false: the neighbour
 * did not answer within `wait_ns` (the target is unreachable, not an error). Without the privilege
 * to ask (CAP_NET_ADMIN) an unknown neighbour counts as resolved: the kernel will hold the first
 * segment back itself, and the capture stamps it after that. */
enum status route_resolve_neighbour(const struct route *r, const struct in6_addr *target,
                                    int64_t wait_ns, bool *resolved, struct fault *fault);

/* The link-layer address of a neighbour, for whole frames, resolved by the kernel as above.
 * `*found` false: no answer within `wait_ns`, no right to ask (a packet through a raw socket has
 * the kernel resolve it, and this then finds it), or an interface without such addresses. Opens a
 * socket: before the privileges are dropped. */
enum status route_neighbour_mac(unsigned ifindex, const struct in6_addr *hop, int64_t wait_ns,
                                uint8_t mac[NETLINK_MAC], bool *found, struct fault *fault);

/* Our own there. `*ethernet` false: frames of the interface have no Ethernet header (or are its own
 * affair, as those of lo), and `mac` is left alone. */
enum status route_own_mac(unsigned ifindex, uint8_t mac[NETLINK_MAC], bool *ethernet,
                          struct fault *fault);

#endif
