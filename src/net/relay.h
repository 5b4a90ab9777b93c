/* Two interfaces and a hand between them: a tap on each shows what comes in as whole Ethernet
 * frames, and a frame can be put out at either. What is handed on, and when, its user decides. */
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

/* Both interfaces are Ethernets, are up, and are in the network namespace that the process is in
 * now; afterwards it may leave it, and drop its privileges. Caller closes. NULL with a line. */
struct relay *relay_open(const char *ifname_a, const char *ifname_b, struct fault *fault);
void relay_close(struct relay *r);

/* The tap at that side: what comes in there, and not what relay_send puts out. What its ring cannot
 * hold, or is larger than RELAY_FRAME_MAX, is lost and counted. */
struct capture *relay_tap(const struct relay *r, enum end side);

/* Puts one whole frame, link header onward, out at `side`, as it is. A full device queue is waited
 * for briefly (bounded). */
enum status relay_send(struct relay *r, enum end side, const uint8_t *frame, size_t n,
                       struct fault *fault);

/* "kernel software stamps, ns"; static. */
const char *relay_clock(const struct relay *r);

#endif
