/* Routes, asked from the kernel one question at a time: rtnetlink(7). The kernel's own look-up
 * answers, so the route, its metrics and the source address (RFC 6724) are those that a connect()
 * would get. */
#include "net/route.h"

#include <ifaddrs.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "net/loop.h"
#include "wire/address.h"

/* What the kernel says of the way to an address. */
struct way {
    unsigned char type; /* RTN_* */
    bool has_source, has_gateway;
    struct in6_addr source, gateway;
    uint32_t ifindex, mtu; /* mtu 0: the route has none of its own */
};

/* `source` NULL and `ifindex` 0 leave the choice to the kernel. Returns 0 or an errno. */
static int ask_way(struct nl_sock *sk, const struct in6_addr *target, const struct in6_addr *source,
                   unsigned ifindex, struct way *way)
{
    unsigned char bits = address_is_v4(target) ? 32 : 128;
    struct rtmsg head = {.rtm_family = (unsigned char)netlink_family(target),
                         .rtm_dst_len = bits,
                         .rtm_src_len = source != NULL ? bits : 0};
    struct nl_msg *m = netlink_question(RTM_GETROUTE, 0, &head, sizeof(head));
    m = netlink_put_address(m, RTA_DST, target);
    if (source != NULL)
        m = netlink_put_address(m, RTA_SRC, source);
    if (ifindex != 0)
        m = netlink_put(m, RTA_OIF, &ifindex, sizeof(ifindex));
    struct nlmsghdr *reply;
    struct nlattr *at[RTA_MAX + 1];
    int error = netlink_read(sk, m, &head, sizeof(head), at, RTA_MAX, &reply);
    if (error != 0)
        return error;
    *way = (struct way){.type = head.rtm_type, .ifindex = netlink_u32(at[RTA_OIF])};
    way->has_source = netlink_address(at[RTA_PREFSRC], 0, &way->source);
    way->has_gateway =
        netlink_address(at[RTA_GATEWAY], 0, &way->gateway) ||
        /* an IPv4 route by way of an IPv6 router (RFC 8950): a family, then the address */
        netlink_address(at[RTA_VIA], sizeof(struct rtvia), &way->gateway);
    if (at[RTA_METRICS] != NULL)
        way->mtu =
            netlink_u32(nla_find(nla_data(at[RTA_METRICS]), nla_len(at[RTA_METRICS]), RTAX_MTU));
    free(reply);
    return 0;
}

/* Whether the route to the target has several next hops: the look-up shows the one that it chose.
 */
static bool has_several_hops(struct nl_sock *sk, const struct in6_addr *target,
                             const struct in6_addr *source)
{
    unsigned char bits = address_is_v4(target) ? 32 : 128;
    struct rtmsg head = {.rtm_family = (unsigned char)netlink_family(target),
                         .rtm_dst_len = bits,
                         .rtm_src_len = source != NULL ? bits : 0,
                         .rtm_flags = RTM_F_FIB_MATCH};
    struct nlattr *at[RTA_MAX + 1];
    struct nlmsghdr *reply;
    struct nl_msg *m = netlink_question(RTM_GETROUTE, 0, &head, sizeof(head));
    m = netlink_put_address(m, RTA_DST, target);
    if (source != NULL)
        m = netlink_put_address(m, RTA_SRC, source);
    if (netlink_read(sk, m, &head, sizeof(head), at, RTA_MAX, &reply) != 0)
        return false;
    bool several = at[RTA_MULTIPATH] != NULL;
    free(reply);
    return several;
}

static enum status check_target(const struct in6_addr *target, struct fault *fault)
{
    char text[ADDRESS_TEXT_MAX];
    bool v4 = address_is_v4(target);
    const uint8_t *octets = v4 ? address_v4_octets(target) : NULL;
    if (v4 ? octets[0] == 0 : IN6_IS_ADDR_UNSPECIFIED(target))
        return fault_set(fault, STATUS_SYSTEM, "%s is no address to connect to",
                         address_format(target, text));
    if (v4 ? octets[0] >= 224 && octets[0] < 240 : IN6_IS_ADDR_MULTICAST(target))
        return fault_set(fault, STATUS_SYSTEM, "%s is a multicast address: TCP has one peer",
                         address_format(target, text));
    return STATUS_OK;
}

/* The interface that was asked for, by name or by the target's scope; `*ifindex` 0 for any. */
static enum status pin_interface(const struct in6_addr *target, uint32_t scope_id,
                                 const char *want_ifname, unsigned *ifindex, struct fault *fault)
{
    *ifindex = scope_id;
    if (want_ifname != NULL) {
        *ifindex = if_nametoindex(want_ifname);
        if (*ifindex == 0)
            return fault_set(fault, STATUS_SYSTEM, "no interface named '%s'", want_ifname);
        if (scope_id != 0 && scope_id != *ifindex)
            return fault_set(fault, STATUS_SYSTEM, "the target's scope is not interface %s",
                             want_ifname);
    }
    if (*ifindex == 0 && IN6_IS_ADDR_LINKLOCAL(target)) {
        char text[ADDRESS_TEXT_MAX];
        return fault_set(fault, STATUS_SYSTEM,
                         "%s is link-local: name its interface, as in fe80::1%%eth0",
                         address_format(target, text));
    }
    return STATUS_OK;
}

static enum status check_link(struct nl_sock *sk, unsigned ifindex, struct netlink_link *link,
                              struct fault *fault)
{
    int error = netlink_ask_link(sk, ifindex, link);
    if (error == ENODEV)
        return fault_set(fault, STATUS_SYSTEM, "no interface with number %u", ifindex);
    if (error != 0)
        return fault_set(fault, STATUS_SYSTEM, "interface %u: %s", ifindex, strerror(error));
    if (!link->up)
        return fault_set(fault, STATUS_SYSTEM, "interface %s is down: ip link set %s up",
                         link->name, link->name);
    if (!link->carrier)
        return fault_set(fault, STATUS_UNREACHABLE, "interface %s has no carrier", link->name);
    return STATUS_OK;
}

/* IPv6 would take any RTA_SRC, so whose address it is is asked for by itself. */
static enum status check_source(struct nl_sock *sk, const struct in6_addr *source,
                                const struct in6_addr *target, unsigned ifindex,
                                struct fault *fault)
{
    char text[ADDRESS_TEXT_MAX];
    struct way way;
    if (address_is_v4(source) != address_is_v4(target))
        return fault_set(fault, STATUS_SYSTEM, "source %s and the target differ in IP version",
                         address_format(source, text));
    int error = ask_way(sk, source, NULL, IN6_IS_ADDR_LINKLOCAL(source) ? ifindex : 0, &way);
    if (error != 0 || way.type != RTN_LOCAL)
        return fault_set(fault, STATUS_SYSTEM, "source %s is no address of this host",
                         address_format(source, text));
    return STATUS_OK;
}

/* What was asked for; `source` NULL and `ifname` NULL (ifindex 0) when it is left to the kernel. */
struct wish {
    const struct in6_addr *target, *source;
    const char *ifname;
    unsigned ifindex;
};

static enum status explain(int error, const struct wish *wish, struct fault *fault)
{
    char text[ADDRESS_TEXT_MAX];
    (void)address_format(wish->target, text);
    if (error == EINVAL && wish->source != NULL) { /* 127.0.0.1 to another host */
        char from[ADDRESS_TEXT_MAX];
        return fault_set(fault, STATUS_SYSTEM, "no route to %s from %s", text,
                         address_format(wish->source, from));
    }
    if (error == EACCES)
        return fault_set(fault, STATUS_SYSTEM, "the route to %s is set to prohibit", text);
    if (error == EINVAL)
        return fault_set(fault, STATUS_SYSTEM, "the route to %s is a blackhole", text);
    if (error == EHOSTUNREACH)
        return fault_set(fault, STATUS_SYSTEM, "the route to %s is set to unreachable", text);
    if (error != ENETUNREACH && error != EAGAIN)
        return fault_set(fault, STATUS_SYSTEM, "no route to %s: %s", text, strerror(error));
    if (strncmp(text, "127.", 4) == 0 || IN6_IS_ADDR_LOOPBACK(wish->target))
        return fault_set(fault, STATUS_SYSTEM, "no route to %s: ip link set lo up", text);
    return fault_set(fault, STATUS_SYSTEM, "no route to %s%s%s", text,
                     wish->ifname != NULL ? " by " : "", wish->ifname != NULL ? wish->ifname : "");
}

/* Only a way to one host is one that TCP can take. */
static enum status check_way(const struct way *way, const struct wish *wish, struct fault *fault)
{
    char text[ADDRESS_TEXT_MAX];
    switch (way->type) {
    case RTN_UNICAST: /* IPv4 refuses this itself */
        return wish->source != NULL && IN6_IS_ADDR_LOOPBACK(wish->source)
                   ? explain(EINVAL, wish, fault)
                   : STATUS_OK;
    case RTN_LOCAL:
        return STATUS_OK;
    case RTN_BROADCAST:
        return fault_set(fault, STATUS_SYSTEM, "%s is a broadcast address: TCP has one peer",
                         address_format(wish->target, text));
    case RTN_ANYCAST:
        return fault_set(fault, STATUS_SYSTEM, "%s is an anycast address of this host",
                         address_format(wish->target, text));
    case RTN_PROHIBIT:
        return explain(EACCES, wish, fault);
    case RTN_BLACKHOLE:
        return explain(EINVAL, wish, fault);
    default:
        return explain(EHOSTUNREACH, wish, fault);
    }
}

static enum status find(struct nl_sock *sk, struct route *r, const struct wish *wish,
                        struct fault *fault)
{
    struct netlink_link link;
    struct way way;
    enum status s = STATUS_OK;
    if (wish->ifindex != 0)
        s = check_link(sk, wish->ifindex, &link, fault);
    if (s == STATUS_OK && wish->source != NULL)
        s = check_source(sk, wish->source, wish->target, wish->ifindex, fault);
    if (s != STATUS_OK)
        return s;
    int error = ask_way(sk, wish->target, wish->source, wish->ifindex, &way);
    if (error != 0)
        return explain(error, wish, fault);
    s = check_way(&way, wish, fault);
    if (s == STATUS_OK)
        s = check_link(sk, way.ifindex, &link, fault);
    if (s != STATUS_OK)
        return s;
    if (wish->source == NULL && !way.has_source)
        return fault_set(fault, STATUS_SYSTEM, "interface %s has no IPv%d address to send from",
                         link.name, address_is_v4(wish->target) ? 4 : 6);
    *r = (struct route){.source = wish->source != NULL ? *wish->source : way.source,
                        .ifindex = way.ifindex,
                        .has_gateway = way.has_gateway,
                        .mtu = way.mtu != 0 ? way.mtu : link.mtu,
                        .loopback = way.type == RTN_LOCAL,
                        .shared = wish->ifindex == 0 && way.type == RTN_UNICAST &&
                                  has_several_hops(sk, wish->target, wish->source),
                        .has_neighbours = way.type != RTN_LOCAL && link.has_neighbours};
    memcpy(r->ifname, link.name, sizeof(r->ifname));
    if (way.has_gateway)
        r->gateway = way.gateway;
    return STATUS_OK;
}

enum status route_find(struct route *r, const struct in6_addr *target, uint32_t scope_id,
                       const struct in6_addr *want_source, const char *want_ifname,
                       struct fault *fault)
{
    struct wish wish = {.target = target, .source = want_source, .ifname = want_ifname};
    enum status s = check_target(target, fault);
    if (s == STATUS_OK)
        s = pin_interface(target, scope_id, want_ifname, &wish.ifindex, fault);
    if (s != STATUS_OK)
        return s;
    struct nl_sock *sk = netlink_open(fault);
    if (sk == NULL)
        return STATUS_SYSTEM;
    s = find(sk, r, &wish, fault);
    nl_socket_free(sk);
    return s;
}

/* Whether `other` shows what `ifindex` does: somewhere under it, or a part of that. */
static bool is_under(struct nl_sock *sk, unsigned ifindex, unsigned other)
{
    struct netlink_link link, below;
    if (netlink_ask_link(sk, other, &link) != 0)
        return true; /* it is gone */
    for (unsigned at = ifindex, depth = 0; at != 0 && depth < 8; at = below.lower, depth++) {
        if (at == other || link.master == at)
            return true;
        if (netlink_ask_link(sk, at, &below) != 0)
            return false;
    }
    return false;
}

unsigned route_others(unsigned ifindex, unsigned out[ROUTE_OTHERS_MAX])
{
    struct fault ignored = {""};
    struct nl_sock *sk = netlink_open(&ignored);
    struct if_nameindex *all = if_nameindex();
    struct netlink_link link;
    unsigned n = 0;
    for (const struct if_nameindex *i = all; sk != NULL && i != NULL && i->if_index != 0; i++) {
        bool other = netlink_ask_link(sk, i->if_index, &link) == 0 && link.up && !link.loopback &&
                     !is_under(sk, ifindex, i->if_index);
        if (other && n < ROUTE_OTHERS_MAX)
            out[n++] = i->if_index;
    }
    if_freenameindex(all);
    nl_socket_free(sk);
    return n;
}

static bool can_be_source(const struct ifaddrs *i, int family, struct in6_addr *ip)
{
    if (i->ifa_addr == NULL || i->ifa_addr->sa_family != family)
        return false;
    *ip = endpoint_of_sockaddr(i->ifa_addr).ip;
    return !IN6_IS_ADDR_LINKLOCAL(ip);
}

bool route_own_address(const char *ifname, int family, struct in6_addr *ip)
{
    struct ifaddrs *all = NULL;
    bool found = false;
    if (getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next)
        found = strcmp(i->ifa_name, ifname) == 0 && can_be_source(i, family, ip);
    freeifaddrs(all);
    return found;
}

/* --- Neighbours: ARP is RFC 826, neighbour discovery RFC 4861, their states rtnetlink(7)'s --- */

enum {
    NUD_USABLE = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY
};

/* The question, and what the kernel knows. */
struct neighbour {
    unsigned ifindex;
    const struct in6_addr *hop;
    unsigned state; /* NUD_* */
    bool has_mac;
    uint8_t mac[NETLINK_MAC];
};

/* Asks for the neighbour's entry. Returns 0 or an errno. */
static int ask_neighbour(struct nl_sock *sk, struct neighbour *n)
{
    struct ndmsg head = {.ndm_family = (unsigned char)netlink_family(n->hop),
                         .ndm_ifindex = (int)n->ifindex};
    struct nl_msg *m = netlink_question(RTM_GETNEIGH, 0, &head, sizeof(head));
    struct nlmsghdr *reply;
    struct nlattr *at[NDA_MAX + 1];
    n->state = NUD_NONE;
    n->has_mac = false;
    int error = netlink_read(sk, netlink_put_address(m, NDA_DST, n->hop), &head, sizeof(head), at,
                             NDA_MAX, &reply);
    if (error != 0)
        return error;
    n->state = head.ndm_state;
    n->has_mac = at[NDA_LLADDR] != NULL && nla_len(at[NDA_LLADDR]) == NETLINK_MAC;
    if (n->has_mac)
        memcpy(n->mac, nla_data(at[NDA_LLADDR]), NETLINK_MAC);
    free(reply);
    return 0;
}

/* Has the kernel use the entry, which makes it resolve the address. */
static int use_neighbour(struct nl_sock *sk, const struct neighbour *n)
{
    const struct ndmsg head = {.ndm_family = (unsigned char)netlink_family(n->hop),
                               .ndm_ifindex = (int)n->ifindex,
                               .ndm_flags = NTF_USE};
    struct nl_msg *m =
        netlink_question(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_ACK, &head, sizeof(head));
    struct nlmsghdr *reply;
    int error = netlink_ask(sk, netlink_put_address(m, NDA_DST, n->hop), &reply);
    free(reply);
    return error;
}

/* Until the entry is usable, failed, or the time is over. Returns 0 or an errno, EPERM where an
 * unknown neighbour must not be asked for. */
static int ask_kernel(struct nl_sock *sk, struct neighbour *n, int64_t wait_ns)
{
    int64_t end = loop_clock(CLOCK_MONOTONIC) + wait_ns;
    int error = ask_neighbour(sk, n);
    if (error == 0 && (n->state & NUD_USABLE) != 0)
        return 0;
    error = use_neighbour(sk, n);
    if (error != 0)
        return error;
    for (long pause = 50 * CLOCK_US;; pause = pause < 5 * CLOCK_MS ? 2 * pause : pause) {
        error = ask_neighbour(sk, n);
        if (error != 0 && error != ENOENT) /* ENOENT: collected since */
            return error;
        if ((n->state & NUD_USABLE) != 0 || n->state == NUD_FAILED ||
            loop_clock(CLOCK_MONOTONIC) >= end)
            return 0;
        (void)nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
    }
}

/* `*asked` false: we may not. */
static enum status look_up(struct neighbour *n, int64_t wait_ns, bool *asked, struct fault *fault)
{
    struct nl_sock *sk = netlink_open(fault);
    if (sk == NULL)
        return STATUS_SYSTEM;
    int error = ask_kernel(sk, n, wait_ns);
    nl_socket_free(sk);
    *asked = error != EPERM;
    if (error != 0 && *asked) {
        char text[ADDRESS_TEXT_MAX], name[IF_NAMESIZE] = "?";
        (void)if_indextoname(n->ifindex, name);
        return fault_set(fault, STATUS_SYSTEM, "neighbour %s on %s: %s",
                         address_format(n->hop, text), name, strerror(error));
    }
    return STATUS_OK;
}

enum status route_resolve_neighbour(const struct route *r, const struct in6_addr *target,
                                    int64_t wait_ns, bool *resolved, struct fault *fault)
{
    struct neighbour n = {.ifindex = r->ifindex, .hop = r->has_gateway ? &r->gateway : target};
    bool asked = true;
    *resolved = true;
    if (!r->has_neighbours)
        return STATUS_OK;
    enum status s = look_up(&n, wait_ns, &asked, fault);
    *resolved = !asked || (n.state & NUD_USABLE) != 0;
    return s;
}

enum status route_neighbour_mac(unsigned ifindex, const struct in6_addr *hop, int64_t wait_ns,
                                uint8_t mac[NETLINK_MAC], bool *found, struct fault *fault)
{
    struct neighbour n = {.ifindex = ifindex, .hop = hop};
    bool asked = true;
    enum status s = look_up(&n, wait_ns, &asked, fault);
    *found = s == STATUS_OK && asked && (n.state & NUD_USABLE) != 0 && n.has_mac;
    if (*found)
        memcpy(mac, n.mac, NETLINK_MAC);
    return s;
}

enum status route_own_mac(unsigned ifindex, uint8_t mac[NETLINK_MAC], bool *ethernet,
                          struct fault *fault)
{
    struct netlink_link link;
    struct nl_sock *sk = netlink_open(fault);
    if (sk == NULL)
        return STATUS_SYSTEM;
    int error = netlink_ask_link(sk, ifindex, &link);
    nl_socket_free(sk);
    if (error != 0)
        return fault_set(fault, STATUS_SYSTEM, "interface %u: %s", ifindex, strerror(error));
    *ethernet = link.ethernet;
    if (link.ethernet)
        memcpy(mac, link.mac, NETLINK_MAC);
    return STATUS_OK;
}
