/* Which of the two ways of sending there is on this interface, and what both share: see burst.h. */
#include "net/burst.h"

#include <net/if.h>
#include <stdlib.h>

#include "net/burst_packet.h"
#include "net/burst_xdp.h"
#include "net/netlink.h"

struct burst {
    unsigned ifindex;
    struct burst_xdp *xdp; /* NULL: `packet` */
    struct burst_packet *packet;
    struct nl_sock *asking; /* for the counters; there is no opening it once privileges are gone */
    uint64_t before, told;  /* tx_dropped at first; what the device refused since */
    uint64_t dropped;       /* as last read */
};

static enum status check_link(struct burst *b, const struct burst_config *c, struct fault *fault)
{
    struct netlink_link link;
    b->ifindex = if_nametoindex(c->ifname);
    if (b->ifindex == 0 || netlink_ask_link(b->asking, b->ifindex, &link) != 0)
        return fault_set(fault, STATUS_SYSTEM, "no interface named '%s'", c->ifname);
    if (!link.ethernet)
        return fault_set(fault, STATUS_SYSTEM, "interface %s is not an Ethernet", c->ifname);
    if (!link.up)
        return fault_set(fault, STATUS_SYSTEM, "interface %s is down: ip link set %s up", c->ifname,
                         c->ifname);
    b->before = link.tx_dropped;
    return STATUS_OK;
}

/* AF_XDP where it is to be had. */
static enum status open_way(struct burst *b, const struct burst_config *c, struct fault *fault)
{
    b->xdp = burst_xdp_open(c, b->ifindex);
    if (b->xdp == NULL)
        b->packet = burst_packet_open(c, b->ifindex, fault);
    return b->xdp != NULL || b->packet != NULL ? STATUS_OK : STATUS_SYSTEM;
}

struct burst *burst_open(const struct burst_config *c, struct fault *fault)
{
    if (c->batch == 0 || c->batch > BURST_MAX) {
        (void)fault_set(fault, STATUS_MALFORMED, "a batch of %u packets: 1 to %d are possible",
                        c->batch, BURST_MAX);
        return NULL;
    }
    struct burst *b = calloc(1, sizeof(*b));
    if (b == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    b->asking = netlink_open(fault);
    if (b->asking == NULL || check_link(b, c, fault) != STATUS_OK ||
        open_way(b, c, fault) != STATUS_OK) {
        burst_close(b);
        return NULL;
    }
    return b;
}

void burst_close(struct burst *b)
{
    if (b == NULL)
        return;
    nl_socket_free(b->asking);
    burst_xdp_close(b->xdp);
    burst_packet_close(b->packet);
    free(b);
}

const char *burst_way(const struct burst *b)
{
    return b->xdp != NULL ? "AF_XDP, copied" : "packet socket, sendmmsg";
}

uint8_t *burst_place(struct burst *b, int family)
{
    return b->xdp != NULL ? burst_xdp_place(b->xdp, family) : burst_packet_place(b->packet, family);
}

void burst_put(struct burst *b, size_t n)
{
    if (b->xdp != NULL)
        burst_xdp_put(b->xdp, n);
    else
        burst_packet_put(b->packet, n);
}

unsigned burst_waiting(const struct burst *b)
{
    return b->xdp != NULL ? burst_xdp_waiting(b->xdp) : burst_packet_waiting(b->packet);
}

enum status burst_flush(struct burst *b, unsigned *sent, bool *full, struct fault *fault)
{
    unsigned refused;
    enum status s = b->xdp != NULL ? burst_xdp_flush(b->xdp, sent, &refused, full, fault)
                                   : burst_packet_flush(b->packet, sent, &refused, full, fault);
    b->told += refused;
    return s;
}

uint64_t burst_dropped(struct burst *b)
{
    struct netlink_link link;
    if (netlink_ask_link(b->asking, b->ifindex, &link) == 0) {
        uint64_t all = link.tx_dropped - b->before;
        b->dropped = all > b->told ? all - b->told : 0;
    }
    return b->dropped;
}
