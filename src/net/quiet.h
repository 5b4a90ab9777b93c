/* Keeping the local kernel out of the conversation, with no firewall rule and no spare address: a
 * TCP socket bound to our address and port, with a classic BPF filter that accepts nothing (or a
 * signature key that nobody has), and listening. The kernel finds a listener, drops the segment
 * and sends no RST; libpcap has already seen it. It reserves the port and goes away with the
 * process. */
#ifndef TCPSHAKE_NET_QUIET_H
#define TCPSHAKE_NET_QUIET_H

#include "base/fault.h"
#include "wire/address.h"

/* Binds `local` (port given, the caller chooses it) and silences it; `scope_id` for link-local
 * sources. Returns the descriptor in `*fd`, which the caller closes when the last segment of the
 * conversation is through. STATUS_NOT_OURS when the port is taken (try another), STATUS_SYSTEM with
 * a line when the address is not this host's. */
enum status quiet_open(const struct endpoint *local, uint32_t scope_id, int *fd,
                       struct fault *fault);

#endif
