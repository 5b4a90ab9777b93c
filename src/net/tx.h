/* The way out of a survey's packets: one interface, our address of each family, and from the
 * numbers of a segment to a packet on the wire. By the kernel's routes, one at a time, where the
 * rate is modest; as whole frames to the gateway, in batches, where it is not. What goes neither
 * way from this interface is refused. */
#ifndef TCPSHAKE_NET_TX_H
#define TCPSHAKE_NET_TX_H

#include "measure/survey/survey.h"
#include "net/driver.h"
#include "net/route.h"
#include "talk/syn_like.h"

/* Above this many packets a second they leave as whole frames. */
#define TX_PLAIN_RATE 10000

struct tx;

struct tx_config {
    struct in6_addr first; /* a target: its route is the interface of all, unless `ifname` is set */
    uint32_t scope_id;
    const struct in6_addr *source; /* NULL: as the route says */
    const char *ifname;            /* NULL: as the route says */
    /* The SYN. */
    const struct syn_like *like;
    bool timestamps;
    uint16_t mss; /* 0: as the route's MTU allows */
    uint16_t win;
    uint8_t ttl;
    uint64_t rate; /* packets a second */
    bool whole;    /* each segment must be seen leaving, whatever the rate */
    bool alike;    /* all targets are of the first one's family, and go by its interface */
};

/* Before the privileges are dropped. NULL with a line. Caller closes. */
struct tx *tx_open(const struct tx_config *c, struct fault *fault);
void tx_close(struct tx *o);

const struct route *tx_route(const struct tx *o);
/* Our address, 0: IPv4, 1: IPv6; NULL: that family has no way out of the interface. */
const struct in6_addr *tx_source(const struct tx *o, int family);
/* Whole frames are sent, which no tap on the interface sees. */
bool tx_bursts(const struct tx *o);
/* By what they leave, for the record; static. */
const char *tx_way(const struct tx *o);
/* Packets that the interface took and lost, as far as it tells. */
uint64_t tx_dropped(struct tx *o);

/* Fills in the survey's link, source and mss. The driver is for its clock. */
void tx_fill(struct tx *o, struct survey_config *config, const struct driver *clock);

#endif
