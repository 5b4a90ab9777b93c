/* A run against a real host: the route, the quiet ports, the tap, the raw socket, the loop. */
#ifndef TCPSHAKE_NET_LIVE_H
#define TCPSHAKE_NET_LIVE_H

#include "net/remarks.h"
#include "talk/talks.h"
#include "net/route.h"

struct live;

struct live_config {
    struct endpoint remote;
    uint32_t scope_id;
    const struct in6_addr *source; /* NULL: as the route says */
    const char *ifname;            /* NULL: as the route says */
    uint16_t sport;                /* 0: from the key */
    size_t sessions;
    struct hash_key key;
    unsigned deaf; /* percent of the peer's packets that are lost on purpose: deaf.h */
    const struct remarks_source *aside; /* who has remarks on the packets; NULL: nobody */
    /* Called now and then with one line on how it goes; NULL: nobody waits. */
    void (*progress)(void *arg, const char *line);
    /* The user asked how it goes (SIGQUIT). */
    void (*asked)(void *arg, const char *line);
    void *arg;
};

/* Opens everything that needs a privilege, in this order: route, ports, tap, raw socket. Nothing is
 * sent but what resolves the neighbour. Caller frees; NULL with a line for the user. */
struct live *live_open(const struct live_config *config, struct fault *fault);
void live_free(struct live *l);

const struct route *live_route(const struct live *l);
const char *live_clock(const struct live *l);
/* The next hop answered neither ARP nor ND: what to tell the run; NULL when it did. */
const struct icmp_error *live_unreachable(const struct live *l);
/* Our ends, one a session. */
const struct endpoint *live_locals(const struct live *l);

/* Gives up every privilege, then runs the conversations to their end. */
enum status live_run(struct live *l, struct talks *talks, struct fault *fault);

#endif
