/* The next hop's link-layer address, resolved by the kernel's ARP or ND, and our own. */
#ifndef TCPSHAKE_NET_NEIGHBOUR_H
#define TCPSHAKE_NET_NEIGHBOUR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "net/netlink.h"

/* Has the kernel resolve `hop` on that interface. `*resolved` false: it did not answer within
 * `wait_ns`. Without the privilege to ask (CAP_NET_ADMIN) an unknown neighbour counts as resolved:
 * the kernel does it for the first packet that is sent there. */
enum status neighbour_resolve(unsigned ifindex, const struct in6_addr *hop, int64_t wait_ns,
                              bool *resolved, struct fault *fault);

/* The same, and the address itself: for whole frames. `*found` false: no answer within `wait_ns`,
 * no right to ask (a packet through a raw socket has the kernel resolve it, and this then finds
 * it), or an interface without such addresses. Opens a socket: before the privileges are dropped.
 */
enum status neighbour_find(unsigned ifindex, const struct in6_addr *hop, int64_t wait_ns,
                           uint8_t mac[NETLINK_MAC], bool *found, struct fault *fault);

/* Our own address there. `*ethernet` false: frames of the interface have no Ethernet header (or
 * are its own affair, as those of lo), and `mac` is left alone. */
enum status neighbour_own(unsigned ifindex, uint8_t mac[NETLINK_MAC], bool *ethernet,
                          struct fault *fault);

#endif
