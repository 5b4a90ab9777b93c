/* The one privilege that a peer's process keeps for when it is needed: to administer the network of
 * its own namespace. */
#ifndef TCPSHAKE_LAB_CAPS_H
#define TCPSHAKE_LAB_CAPS_H

#include <stdbool.h>

/* Makes CAP_NET_ADMIN effective, or no longer. False, with errno, where it is not permitted. */
bool caps_administer(bool wanted);

#endif
