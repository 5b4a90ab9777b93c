/* Routes, links and neighbours, asked from the kernel one question at a time: rtnetlink(7) through
 * libnl. The kernel's own look-up answers, so the route, its metrics and the source address
 * (RFC 6724) are those that a connect() would get. */
#include "net/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "wire/address.h"

enum {
    NUD_USABLE = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY
};

/* What the kernel says of the way to an address. */
struct way {
    unsigned char type; /* RTN_* */
    bool has_source, has_gateway;
    struct in6_addr source, gateway;
    uint32_t ifindex, mtu; /* mtu 0: the route has none of its own */
};

struct link {
    char name[IF_NAMESIZE];
    bool up, carrier;
    uint32_t mtu;
};

static struct nl_sock *open_netlink(struct fault *fault)
{
    struct nl_sock *sk = nl_socket_alloc();
    if (sk == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    int error = nl_connect(sk, NETLINK_ROUTE);
    if (error != 0) {
        (void)fault_set(fault, STATUS_SYSTEM, "netlink: %s", nl_geterror(error));
        nl_socket_free(sk);
        return NULL;
    }
    nl_socket_disable_auto_ack(sk); /* a question then has one answer: a message or an error */
    return sk;
}

/* Sends `m` and frees it. Returns 0 with the answer in `*reply` (caller frees; NULL when it was an
 * acknowledgement), or an errno, the kernel's where it gave one. */
static int ask(struct nl_sock *sk, struct nl_msg *m, struct nlmsghdr **reply)
{
    struct sockaddr_nl from;
    unsigned char *buffer = NULL;
    *reply = NULL;
    int sent = nl_send_auto(sk, m);
    nlmsg_free(m);
    if (sent < 0)
        return EIO;
    int n = nl_recv(sk, &from, &buffer, NULL);
    if (n <= 0)
        return EIO;
    struct nlmsghdr *h = (void *)buffer;
    int error = nlmsg_ok(h, n) ? 0 : EIO;
    if (error == 0 && h->nlmsg_type != NLMSG_ERROR) {
        *reply = h;
        return 0;
    }
    if (error == 0 && nlmsg_datalen(h) >= (int)sizeof(struct nlmsgerr))
        error = -((const struct nlmsgerr *)nlmsg_data(h))->error;
    free(buffer);
    return error;
}

/* A message with its fixed part; NULL when memory ran out. */
static struct nl_msg *question(int type, int flags, const void *head, size_t n)
{
    struct nl_msg *m = nlmsg_alloc_simple(type, flags);
    if (m != NULL && nlmsg_append(m, (void *)(uintptr_t)head, n, NLMSG_ALIGNTO) != 0) {
        nlmsg_free(m);
        return NULL;
    }
    return m;
}

static int family_of(const struct in6_addr *ip)
{
    return address_is_v4(ip) ? AF_INET : AF_INET6;
}

/* In a message an address has 4 or 16 octets. */
static int put_address(struct nl_msg *m, int type, const struct in6_addr *ip)
{
    return address_is_v4(ip) ? nla_put(m, type, 4, address_v4_octets(ip))
                             : nla_put(m, type, sizeof(*ip), ip);
}

static bool get_address(const uint8_t *data, size_t n, struct in6_addr *ip)
{
    if (n == 4)
        *ip = address_from_v4(data);
    else if (n == sizeof(*ip))
        memcpy(ip, data, sizeof(*ip));
    else
        return false;
    return true;
}

static bool get_address_from(const struct nlattr *a, size_t skip, struct in6_addr *ip)
{
    if (a == NULL || (size_t)nla_len(a) < skip)
        return false;
    return get_address((const uint8_t *)nla_data(a) + skip, (size_t)nla_len(a) - skip, ip);
}

static uint32_t get_u32(const struct nlattr *a)
{
    return a != NULL && nla_len(a) >= 4 ? nla_get_u32(a) : 0;
}

/* `source` NULL and `ifindex` 0 leave the choice to the kernel. Returns 0 or an errno. */
static int ask_way(struct nl_sock *sk, const struct in6_addr *target, const struct in6_addr *source,
                   unsigned ifindex, struct way *way)
{
    unsigned char bits = address_is_v4(target) ? 32 : 128;
    struct rtmsg head = {.rtm_family = (unsigned char)family_of(target),
                         .rtm_dst_len = bits,
                         .rtm_src_len = source != NULL ? bits : 0};
    struct nl_msg *m = question(RTM_GETROUTE, 0, &head, sizeof(head));
    if (m == NULL)
        return ENOMEM;
    if (put_address(m, RTA_DST, target) != 0 ||
        (source != NULL && put_address(m, RTA_SRC, source) != 0) ||
        (ifindex != 0 && nla_put_u32(m, RTA_OIF, ifindex) != 0)) {
        nlmsg_free(m);
        return ENOMEM;
    }
    struct nlmsghdr *reply;
    int error = ask(sk, m, &reply);
    if (error != 0)
        return error;
    struct nlattr *at[RTA_MAX + 1];
    if (reply == NULL || nlmsg_parse(reply, sizeof(head), at, RTA_MAX, NULL) != 0) {
        free(reply);
        return EIO;
    }
    memcpy(&head, nlmsg_data(reply), sizeof(head));
    *way = (struct way){.type = head.rtm_type, .ifindex = get_u32(at[RTA_OIF])};
    way->has_source = get_address_from(at[RTA_PREFSRC], 0, &way->source);
    way->has_gateway =
        get_address_from(at[RTA_GATEWAY], 0, &way->gateway) ||
        /* an IPv4 route by way of an IPv6 router (RFC 8950): a family, then the address */
        get_address_from(at[RTA_VIA], sizeof(struct rtvia), &way->gateway);
    if (at[RTA_METRICS] != NULL)
        way->mtu = get_u32(nla_find(nla_data(at[RTA_METRICS]), nla_len(at[RTA_METRICS]), RTAX_MTU));
    free(reply);
    return 0;
}

static int ask_link(struct nl_sock *sk, unsigned ifindex, struct link *link)
{
    struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex};
    struct nl_msg *m = question(RTM_GETLINK, 0, &head, sizeof(head));
    struct nlmsghdr *reply;
    int error = m != NULL ? ask(sk, m, &reply) : ENOMEM;
    if (error != 0)
        return error;
    struct nlattr *at[IFLA_MAX + 1];
    if (reply == NULL || nlmsg_parse(reply, sizeof(head), at, IFLA_MAX, NULL) != 0) {
        free(reply);
        return EIO;
    }
    memcpy(&head, nlmsg_data(reply), sizeof(head));
    *link = (struct link){.up = (head.ifi_flags & IFF_UP) != 0,
                          .carrier = at[IFLA_CARRIER] == NULL || nla_get_u8(at[IFLA_CARRIER]) != 0,
                          .mtu = get_u32(at[IFLA_MTU])};
    if (at[IFLA_IFNAME] != NULL)
        (void)nla_strlcpy(link->name, at[IFLA_IFNAME], sizeof(link->name));
    free(reply);
    return 0;
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

static enum status check_link(struct nl_sock *sk, unsigned ifindex, struct link *link,
                              struct fault *fault)
{
    int error = ask_link(sk, ifindex, link);
    if (error == ENODEV)
        return fault_set(fault, STATUS_SYSTEM, "no interface with number %u", ifindex);
    if (error != 0)
        return fault_set(fault, STATUS_SYSTEM, "interface %u: %s", ifindex, strerror(error));
    if (!link->up)
        return fault_set(fault, STATUS_SYSTEM, "interface %s is down: ip link set %s up",
                         link->name, link->name);
    if (!link->carrier)
        return fault_set(fault, STATUS_SYSTEM, "interface %s has no carrier", link->name);
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
    struct link link;
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
                        .loopback = way.type == RTN_LOCAL};
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
    struct nl_sock *sk = open_netlink(fault);
    if (sk == NULL)
        return STATUS_SYSTEM;
    s = find(sk, r, &wish, fault);
    nl_socket_free(sk);
    return s;
}

/* Asks for the neighbour's entry (RTM_GETNEIGH) or has the kernel use it (RTM_NEWNEIGH), which
 * makes it resolve the address. Returns 0 with NUD_* in `*state`, or an errno. */
static int ask_neighbour(struct nl_sock *sk, int type, unsigned ifindex, const struct in6_addr *hop,
                         unsigned *state)
{
    bool use = type == RTM_NEWNEIGH;
    struct ndmsg head = {.ndm_family = (unsigned char)family_of(hop),
                         .ndm_ifindex = (int)ifindex,
                         .ndm_flags = use ? NTF_USE : 0};
    struct nl_msg *m = question(type, use ? NLM_F_CREATE | NLM_F_ACK : 0, &head, sizeof(head));
    if (m == NULL)
        return ENOMEM;
    if (put_address(m, NDA_DST, hop) != 0) {
        nlmsg_free(m);
        return ENOMEM;
    }
    struct nlmsghdr *reply;
    int error = ask(sk, m, &reply);
    *state = NUD_NONE;
    if (error == 0 && reply != NULL && nlmsg_datalen(reply) >= (int)sizeof(head)) {
        memcpy(&head, nlmsg_data(reply), sizeof(head));
        *state = head.ndm_state;
    }
    free(reply);
    return error;
}

static int64_t monotonic_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * CLOCK_S + t.tv_nsec;
}

/* Returns 0 or an errno. */
static int resolve(struct nl_sock *sk, unsigned ifindex, const struct in6_addr *hop,
                   int64_t wait_ns, bool *resolved)
{
    unsigned state;
    int64_t end = monotonic_now() + wait_ns;
    int error = ask_neighbour(sk, RTM_GETNEIGH, ifindex, hop, &state);
    *resolved = error == 0 && (state & NUD_USABLE) != 0;
    if (*resolved)
        return 0;
    error = ask_neighbour(sk, RTM_NEWNEIGH, ifindex, hop, &state);
    *resolved = error == EPERM;
    if (error != 0)
        return error == EPERM ? 0 : error;
    for (long pause = 50 * CLOCK_US;; pause = pause < 5 * CLOCK_MS ? 2 * pause : pause) {
        error = ask_neighbour(sk, RTM_GETNEIGH, ifindex, hop, &state);
        if (error != 0 && error != ENOENT) /* ENOENT: collected since */
            return error;
        *resolved = (state & NUD_USABLE) != 0;
        if (*resolved || state == NUD_FAILED || monotonic_now() >= end)
            return 0;
        (void)nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
    }
}

enum status route_resolve_neighbour(const struct route *r, const struct in6_addr *target,
                                    int64_t wait_ns, bool *resolved, struct fault *fault)
{
    const struct in6_addr *hop = r->has_gateway ? &r->gateway : target;
    *resolved = true;
    if (r->loopback)
        return STATUS_OK;
    struct nl_sock *sk = open_netlink(fault);
    if (sk == NULL)
        return STATUS_SYSTEM;
    int error = resolve(sk, r->ifindex, hop, wait_ns, resolved);
    nl_socket_free(sk);
    if (error != 0) {
        char text[ADDRESS_TEXT_MAX];
        return fault_set(fault, STATUS_SYSTEM, "neighbour %s on %s: %s", address_format(hop, text),
                         r->ifname, strerror(error));
    }
    return STATUS_OK;
}
