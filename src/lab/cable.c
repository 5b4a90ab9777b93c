/* The veth pairs: see link.h. What would disturb a measurement is switched off:
 * - No link-local addresses, so no duplicate address detection and no router solicitations; our own
 *   addresses skip detection too (RFC 4862 5.4: it would hold them back for a second or more).
 * - The peer knows our link address for good, so its SYN-ACK never waits for ARP or ND. We have to
 *   ask for the peer's by ARP, as with any host: that path is to be exercised, and it is over
 * before anything is timed. Over IPv6 we know it for good too: the kernel solicits of its own
 * accord only from a link-local address.
 * - No checksum offload: what crosses a veth otherwise has no TCP checksum yet and may be larger
 *   than the MSS, unlike anything on a wire. */
#include "lab/cable.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/sockios.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "wire/address.h"

enum {
    LO_INDEX = 1,   /* in every network namespace */
    CROWD_HOST = 3, /* beside those of the two sides */
    /* Chosen rather than looked up, and beyond those of the tunnel devices that some kernels put
     * into each new namespace. They differ because a device whose index is that of its other end
     * passes for one without another end, and its carrier is then reported late. */
    FIRST_INDEX = 101,
    WAIT_US = 2000000,
    WAIT_STEP_US = 50,
    ADDR_GEN_NONE = 1, /* IN6_ADDR_GEN_MODE_NONE, of a header that clashes with libc's */
};

static const char *const names[] = {
    [CABLE_OURS] = "lab-ours",
    [CABLE_PEER] = "lab-peer",
    [CABLE_WIRE_A] = "lab-wire-a",
    [CABLE_WIRE_B] = "lab-wire-b",
};

const char *cable_name(enum cable_side side)
{
    return names[side];
}

static int index_of(enum cable_side side)
{
    return FIRST_INDEX + (int)side;
}

static struct in6_addr numbered(uint8_t host, bool v6)
{
    if (!v6)
        return address_from_v4((const uint8_t[]){192, 0, 2, host});
    return (struct in6_addr){.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [15] = host}};
}

struct in6_addr cable_address(enum cable_side side, bool v6)
{
    return numbered((uint8_t)(1 + side), v6);
}

struct in6_addr cable_crowd(bool v6)
{
    return numbered(CROWD_HOST, v6);
}

/* Caller puts it. NULL when memory ran out. */
static struct nl_addr *netlink_address(const struct in6_addr *ip, bool whole)
{
    bool v6 = !address_is_v4(ip);
    struct nl_addr *a = v6 ? nl_addr_build(AF_INET6, (void *)(uintptr_t)ip, sizeof(*ip))
                           : nl_addr_build(AF_INET, address_v4_octets(ip), 4);
    if (a != NULL && !whole)
        nl_addr_set_prefixlen(a, v6 ? 64 : 24);
    return a;
}

/* The same, with the prefix of the cable. */
static struct nl_addr *protocol_address(enum cable_side side, bool v6)
{
    const struct in6_addr ip = cable_address(side, v6);
    return netlink_address(&ip, false);
}

static struct nl_addr *hardware_address(enum cable_side side)
{
    const uint8_t mac[] = {0x02, 0, 0, 0, 0, (uint8_t)(1 + side)}; /* locally administered */
    return nl_addr_build(AF_LLC, mac, sizeof(mac));
}

static enum status failed(struct fault *fault, const char *what, int error)
{
    return fault_set(fault, error == -NLE_NOMEM ? STATUS_NO_MEMORY : STATUS_SYSTEM,
                     "cannot set up the lab: %s: %s", what, nl_geterror(error));
}

struct nl_sock *cable_socket_new(struct fault *fault)
{
    struct nl_sock *sock = nl_socket_alloc();
    int error = sock != NULL ? nl_connect(sock, NETLINK_ROUTE) : -NLE_NOMEM;
    if (error == 0)
        return sock;
    failed(fault, "netlink", error);
    nl_socket_free(sock);
    return NULL;
}

static int name_end(struct rtnl_link *link, enum cable_side side)
{
    struct nl_addr *mac = hardware_address(side);
    if (mac == NULL)
        return -NLE_NOMEM;
    rtnl_link_set_name(link, names[side]);
    rtnl_link_set_ifindex(link, index_of(side));
    rtnl_link_set_addr(link, mac); /* takes a reference of its own */
    nl_addr_put(mac);
    return 0;
}

/* In the namespace of `sock`, its other end in another one. */
static int create_pair(struct nl_sock *sock, enum cable_side near, enum cable_side far,
                       int far_namespace)
{
    struct rtnl_link *link = rtnl_link_veth_alloc();
    if (link == NULL)
        return -NLE_NOMEM;
    struct rtnl_link *peer = rtnl_link_veth_get_peer(link);
    int error = name_end(link, near);
    if (error == 0)
        error = name_end(peer, far);
    if (error == 0) {
        rtnl_link_set_ns_fd(peer, far_namespace);
        error = rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL);
    }
    rtnl_link_put(peer);
    rtnl_link_put(link);
    return error;
}

static int without_link_local(struct nl_sock *sock, enum cable_side side)
{
    struct rtnl_link *link = rtnl_link_alloc();
    if (link == NULL)
        return -NLE_NOMEM;
    rtnl_link_set_ifindex(link, index_of(side));
    int error = rtnl_link_inet6_set_addr_gen_mode(link, ADDR_GEN_NONE);
    if (error == 0)
        error = rtnl_link_change(sock, link, link, 0);
    rtnl_link_put(link);
    return error;
}

static int bring_up(struct nl_sock *sock, int index)
{
    struct rtnl_link *link = rtnl_link_alloc();
    if (link == NULL)
        return -NLE_NOMEM;
    rtnl_link_set_ifindex(link, index);
    rtnl_link_set_flags(link, IFF_UP);
    int error = rtnl_link_change(sock, link, link, 0);
    rtnl_link_put(link);
    return error;
}

static int add_address(struct nl_sock *sock, enum cable_side side, bool v6)
{
    struct rtnl_addr *addr = rtnl_addr_alloc();
    struct nl_addr *local = protocol_address(side, v6);
    int error = -NLE_NOMEM;
    if (addr != NULL && local != NULL) {
        rtnl_addr_set_ifindex(addr, index_of(side));
        if (v6)
            rtnl_addr_set_flags(addr, IFA_F_NODAD);
        error = rtnl_addr_set_local(addr, local);
        if (error == 0)
            error = rtnl_addr_add(sock, addr, 0);
    }
    nl_addr_put(local);
    rtnl_addr_put(addr);
    return error;
}

/* Tells `side` that an address is where the other one is. */
static int add_address_of_other(struct nl_sock *sock, enum cable_side side,
                                const struct in6_addr *address)
{
    enum cable_side other = side == CABLE_OURS ? CABLE_PEER : CABLE_OURS;
    struct rtnl_neigh *neighbour = rtnl_neigh_alloc();
    struct nl_addr *ip = netlink_address(address, true);
    struct nl_addr *mac = hardware_address(other);
    int error = -NLE_NOMEM;
    if (neighbour != NULL && ip != NULL && mac != NULL) {
        rtnl_neigh_set_ifindex(neighbour, index_of(side));
        rtnl_neigh_set_state(neighbour, NUD_PERMANENT);
        rtnl_neigh_set_lladdr(neighbour, mac);
        error = rtnl_neigh_set_dst(neighbour, ip);
        if (error == 0)
            error = rtnl_neigh_add(sock, neighbour, NLM_F_CREATE);
    }
    nl_addr_put(mac);
    nl_addr_put(ip);
    rtnl_neigh_put(neighbour);
    return error;
}

/* Tells `side` where the other one is, and the peer where the crowd is. */
static int add_neighbour(struct nl_sock *sock, enum cable_side side, bool v6)
{
    const struct in6_addr other = cable_address(side == CABLE_OURS ? CABLE_PEER : CABLE_OURS, v6);
    const struct in6_addr crowd = cable_crowd(v6);
    int error = add_address_of_other(sock, side, &other);
    return error == 0 && side == CABLE_PEER ? add_address_of_other(sock, side, &crowd) : error;
}

/* Any socket of the namespace takes device requests. */
static int without_offload(struct nl_sock *sock, enum cable_side side)
{
    struct ethtool_value off = {.cmd = ETHTOOL_STXCSUM, .data = 0};
    struct ifreq request = {.ifr_data = (void *)&off};
    (void)strncpy(request.ifr_name, names[side], sizeof(request.ifr_name) - 1);
    if (ioctl(nl_socket_get_fd(sock), SIOCETHTOOL, &request) != 0)
        return -nl_syserr2nlerr(errno);
    return 0;
}

/* A device sends nothing until the kernel has processed the change of its carrier, which it does
 * in its own time after both ends are up, or when asked. */
static bool has_carrier(struct nl_sock *sock, enum cable_side side)
{
    struct rtnl_link *link;
    if (rtnl_link_get_kernel(sock, index_of(side), NULL, &link) != 0)
        return false;
    bool up = rtnl_link_get_operstate(link) == IF_OPER_UP;
    rtnl_link_put(link);
    return up;
}

/* An IPv6 address, even one exempt from duplicate address detection, is put to use by a work item
 * of the kernel: it joins the solicited-node group, then makes the route to the address local. */
static bool has_v6(struct nl_sock *sock, enum cable_side side)
{
    struct nl_addr *ip = protocol_address(side, true);
    if (ip == NULL)
        return false;
    nl_addr_set_prefixlen(ip, 128);
    struct rtnl_route *route;
    bool found = rtnl_route_lookup(sock, ip, &route) == 0;
    nl_addr_put(ip);
    if (!found)
        return false;
    bool local = rtnl_route_get_type(route) == RTN_LOCAL;
    rtnl_route_put(route);
    return local;
}

/* On sides from `first` to `last`. */
static enum status await(struct nl_sock *const socks[], enum cable_side first, enum cable_side last,
                         bool (*ready)(struct nl_sock *sock, enum cable_side side),
                         const char *what, struct fault *fault)
{
    const struct timespec pause = {.tv_nsec = WAIT_STEP_US * 1000L};
    int waited = 0;
    for (enum cable_side side = first; side <= last; side++) {
        for (; !ready(socks[side], side); waited += WAIT_STEP_US) {
            if (waited >= WAIT_US)
                return failed(fault, what, -NLE_AGAIN);
            (void)nanosleep(&pause, NULL);
        }
    }
    return STATUS_OK;
}

static enum status configure_v4(struct nl_sock *const socks[], struct fault *fault)
{
    for (enum cable_side side = CABLE_OURS; side <= CABLE_PEER; side++) {
        int error = add_address(socks[side], side, false);
        if (error != 0)
            return failed(fault, "IPv4 address", error);
    }
    int error = add_neighbour(socks[CABLE_PEER], CABLE_PEER, false);
    return error == 0 ? STATUS_OK : failed(fault, "neighbour", error);
}

static enum status configure_v6(struct nl_sock *const socks[], struct fault *fault)
{
    for (enum cable_side side = CABLE_OURS; side <= CABLE_PEER; side++) {
        int error = add_address(socks[side], side, true);
        if (error != 0)
            return failed(fault, "IPv6 address (is IPv6 switched off on this machine?)", error);
        error = add_neighbour(socks[side], side, true);
        if (error != 0)
            return failed(fault, "neighbour", error);
    }
    return await(socks, CABLE_OURS, CABLE_PEER, has_v6, "IPv6 address", fault);
}

static int create_cables(const struct cable_sites *sites)
{
    if (sites->wire == NULL)
        return create_pair(sites->ours, CABLE_OURS, CABLE_PEER, sites->peer_fd);
    int error = create_pair(sites->wire, CABLE_WIRE_A, CABLE_OURS, sites->ours_fd);
    return error == 0 ? create_pair(sites->wire, CABLE_WIRE_B, CABLE_PEER, sites->peer_fd) : error;
}

static enum status bring_side_up(struct nl_sock *sock, enum cable_side side, struct fault *fault)
{
    (void)without_link_local(sock, side); /* fails where there is no IPv6: as good */
    int error = without_offload(sock, side);
    if (error == 0)
        error = bring_up(sock, LO_INDEX);
    if (error == 0)
        error = bring_up(sock, index_of(side));
    return error == 0 ? STATUS_OK : failed(fault, names[side], error);
}

enum status cable_open(const struct cable_sites *sites, bool need_v6, struct fault *fault)
{
    struct nl_sock *const socks[] = {[CABLE_OURS] = sites->ours,
                                     [CABLE_PEER] = sites->peer,
                                     [CABLE_WIRE_A] = sites->wire,
                                     [CABLE_WIRE_B] = sites->wire};
    enum cable_side last = sites->wire != NULL ? CABLE_WIRE_B : CABLE_PEER;
    int error = create_cables(sites);
    if (error != 0)
        return failed(fault, "veth pair (does the kernel have the veth driver?)", error);
    enum status s = STATUS_OK;
    for (enum cable_side side = CABLE_OURS; s == STATUS_OK && side <= last; side++)
        s = bring_side_up(socks[side], side, fault);
    if (s == STATUS_OK)
        s = configure_v4(socks, fault);
    if (s == STATUS_OK)
        s = await(socks, CABLE_OURS, last, has_carrier, "carrier", fault);
    if (s != STATUS_OK)
        return s;
    s = configure_v6(socks, need_v6 ? fault : NULL);
    return need_v6 ? s : STATUS_OK;
}
