/* Endpoints as the sockets of the lab's kernels take and give them. */
#ifndef TCPSHAKE_LAB_SOCKADDR_H
#define TCPSHAKE_LAB_SOCKADDR_H

#include <sys/socket.h>

#include "wire/address.h"

/* Returns the length that the address has. */
socklen_t sockaddr_of(const struct endpoint *e, struct sockaddr_storage *out);
/* Of AF_INET or AF_INET6. */
struct endpoint sockaddr_endpoint(const struct sockaddr_storage *from);

#endif
