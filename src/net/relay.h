/* Two interfaces and a hand between them: what comes in at either is shown as a whole Ethernet
 * frame, and a frame can be put out at either. What is handed on, and when, its user decides. */
#ifndef TCPSHAKE_NET_RELAY_H
#define TCPSHAKE_NET_RELAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "net/capture.h"
#include "tcp/end.h"

struct relay;

enum {
    RELAY_FRAME_MAX = CAPTURE_FRAME_MAX /* no frame that is shown is larger */
};

/* A frame that came in at `side`, stamped by the kernel, ns since the epoch. It is readable during
 * the call only, in which it may be sent on. */
typedef void relay_fn(void *arg, enum end side, const uint8_t *frame, size_t n, int64_t t_ns);

/* Both interfaces are Ethernets, are up, and are in the network namespace that the process is in
 * now; afterwards it may leave it, and drop its privileges. Caller closes. NULL with a line. */
struct relay *relay_open(const char *ifname_a, const char *ifname_b, struct fault *fault);
void relay_close(struct relay *r);

/* Readable when frames wait at that side. */
int relay_fd(const struct relay *r, enum end side);

/* Hands the frames that wait at `side` to `fn`, at most `max` (0: no bound); returns how many, or
 * -1 with a line when the capture broke. What relay_send puts out is not among them. */
int relay_dispatch(struct relay *r, enum end side, int max, relay_fn *fn, void *arg,
                   struct fault *fault);

/* Puts one whole frame, link header onward, out at `side`, as it is. A full device queue is waited
 * for briefly (bounded). */
enum status relay_send(struct relay *r, enum end side, const uint8_t *frame, size_t n,
                       struct fault *fault);

/* "kernel software stamps, ns"; static. */
const char *relay_clock(const struct relay *r);

/* Frames that came in at either side and were never shown, since relay_open: the ring was full, or
 * they were larger than RELAY_FRAME_MAX. */
uint64_t relay_dropped(struct relay *r);

#endif
