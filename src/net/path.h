/* The path to one host: the route and our address on it, our quiet ports, a tap on what is between
 * us, the raw socket, and the next hop's address. */
#ifndef TCPSHAKE_NET_PATH_H
#define TCPSHAKE_NET_PATH_H

#include "net/driver.h"
#include "net/route.h"
#include "talk/talks.h"

/* What it points to is needed by path_open alone. */
struct path_config {
    struct endpoint remote; /* port 0: not known yet */
    uint32_t scope_id;
    const struct in6_addr *source; /* NULL: as the route says */
    const char *ifname;            /* NULL: as the route says */
    /* An address that no kernel has, in place of ours: nothing need be kept quiet. NULL: ours. */
    const struct in6_addr *invented;
    uint16_t sport; /* 0: from the key */
    size_t ports;   /* how many of ours; 0: whatever the segments say */
    struct hash_key key;
};

struct path {
    struct path_config config;
    struct route route;
    struct endpoint *locals; /* our ends, one a port */
    struct driver *driver;
    struct driver_tap taps[DRIVER_TAPS_MAX]; /* END_A: on the route's interface; END_B: what comes
                                                in by any other; no capture: there is none */
    struct inject *inject;
    bool neighbour_silent; /* the next hop has answered neither ARP nor ND */
};

/* Opens everything that needs a privilege, in this order: route, ports, tap, raw socket. Nothing is
 * sent but what resolves the neighbour. Release with path_close, also after a failure. */
enum status path_open(struct path *p, const struct path_config *config, struct fault *fault);
void path_close(struct path *p);

/* Who stamps; static. */
const char *path_clock(const struct path *p);
/* That the next hop does not answer; static. NULL when it does. */
const struct icmp_error *path_unreachable(const struct path *p);
/* Puts packets onto it, with the path's memory. */
struct link path_link(struct path *p);

#endif
