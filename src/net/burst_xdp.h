/* One of the two ways of net/burst, and the faster one: AF_XDP (the kernel's
 * Documentation/networking/af_xdp.rst), sending only. Frames lie in memory that the kernel shares,
 * and one system call takes some tens of them. It is asked to copy them (XDP_COPY), which works on
 * every device and leaves the driver as it is, and since there is no program at the other side of
 * it (no XSKMAP), nothing is received: what arrives goes where it would go without us.
 *
 * Only one socket can have a device's first queue, and it is waited for a tenth of a second; memory
 * that is shared counts against RLIMIT_MEMLOCK (64 KiB, the old default, are enough); old kernels
 * know nothing of it. So there is not always one to be had. Functions mean what those of burst.h
 * mean.
 */
#ifndef TCPSHAKE_NET_BURST_XDP_H
#define TCPSHAKE_NET_BURST_XDP_H

#include "net/burst.h"

struct burst_xdp;

/* NULL: not to be had here, for whatever reason. */
struct burst_xdp *burst_xdp_open(const struct burst_config *c, unsigned ifindex);
void burst_xdp_close(struct burst_xdp *x);

uint8_t *burst_xdp_place(struct burst_xdp *x, int family);
void burst_xdp_put(struct burst_xdp *x, size_t n);
unsigned burst_xdp_waiting(const struct burst_xdp *x);

/* `*refused`: how often the device would not take one (EBUSY), which it counts as dropped. */
enum status burst_xdp_flush(struct burst_xdp *x, unsigned *sent, unsigned *refused, bool *full,
                            struct fault *fault);

#endif
