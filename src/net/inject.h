/* Ready-made packets onto the wire: libnet's raw socket for IP, its link layer for whole frames. */
#ifndef TCPSHAKE_NET_INJECT_H
#define TCPSHAKE_NET_INJECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

struct inject;

/* family AF_INET or AF_INET6. `ifname` pins the interface (needed for link-local targets), NULL
 * leaves it to the routes, as a loopback interface does. Caller closes. NULL with a line, as
 * capture_open. */
struct inject *inject_open(int family, const char *ifname, struct fault *fault);
/* For whole Ethernet frames out of this interface, whatever the routes say. The rest as above. */
struct inject *inject_open_link(const char *ifname, struct fault *fault);
void inject_close(struct inject *i);

/* One whole packet, IP header onward, or for inject_open_link the link header onward. A full device
 * queue is waited for briefly (bounded). STATUS_UNREACHABLE: the kernel has no route for this one,
 * or one that refuses; other packets may well be sent. What an earlier packet met under way is no
 * failure of this one. STATUS_FULL: it was waited for, and there is still no room. */
enum status inject_send(struct inject *i, const uint8_t *packet, size_t n, struct fault *fault);

#endif
