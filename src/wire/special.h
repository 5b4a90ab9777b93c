/* Addresses that are set aside for a purpose: the rows of special.def. */
#ifndef TCPSHAKE_WIRE_SPECIAL_H
#define TCPSHAKE_WIRE_SPECIAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "wire/wide.h"

struct special {
    struct wide first; /* IPv4 mapped */
    unsigned prefix;   /* of the 128 bits */
    bool never;        /* no destination of a TCP segment: multicast, broadcast, unspecified */
    const char *name;  /* "private use" */
    const char *rfc;   /* "RFC 1918" */
};

/* The narrowest block that holds the address; NULL: it is an ordinary one. Static. A binary search
 * or two. */
const struct special *special_find(const struct in6_addr *ip);

/* The rows in order, the blocks (within = false) or those within them, for who lists them. */
const struct special *special_rows(bool within, size_t *n);

#endif
