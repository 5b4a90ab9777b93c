/* See netlink.h; rtnetlink(7), netlink(7). */
#include "net/netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/address.h"

struct nl_sock *netlink_open(struct fault *fault)
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

int netlink_ask(struct nl_sock *sk, struct nl_msg *m, struct nlmsghdr **reply)
{
    struct sockaddr_nl from;
    unsigned char *buffer = NULL;
    *reply = NULL;
    if (m == NULL)
        return ENOMEM;
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

int netlink_read(struct nl_sock *sk, struct nl_msg *m, void *head, size_t n, struct nlattr *at[],
                 int max, struct nlmsghdr **reply)
{
    int error = netlink_ask(sk, m, reply);
    if (error != 0)
        return error;
    if (*reply == NULL || nlmsg_parse(*reply, (int)n, at, max, NULL) != 0) {
        free(*reply);
        return EIO;
    }
    memcpy(head, nlmsg_data(*reply), n);
    return 0;
}

struct nl_msg *netlink_question(int type, int flags, const void *head, size_t n)
{
    struct nl_msg *m = nlmsg_alloc_simple(type, flags);
    if (m != NULL && nlmsg_append(m, (void *)(uintptr_t)head, n, NLMSG_ALIGNTO) != 0) {
        nlmsg_free(m);
        return NULL;
    }
    return m;
}

int netlink_family(const struct in6_addr *ip)
{
    return address_is_v4(ip) ? AF_INET : AF_INET6;
}

struct nl_msg *netlink_put(struct nl_msg *m, int type, const void *data, size_t n)
{
    if (m != NULL && nla_put(m, type, (int)n, data) == 0)
        return m;
    nlmsg_free(m);
    return NULL;
}

struct nl_msg *netlink_put_address(struct nl_msg *m, int type, const struct in6_addr *ip)
{
    return address_is_v4(ip) ? netlink_put(m, type, address_v4_octets(ip), 4)
                             : netlink_put(m, type, ip, sizeof(*ip));
}

bool netlink_get_address(const void *octets, size_t n, struct in6_addr *ip)
{
    if (n == 4)
        *ip = address_from_v4(octets);
    else if (n == sizeof(*ip))
        memcpy(ip, octets, sizeof(*ip));
    else
        return false;
    return true;
}

bool netlink_address(const struct nlattr *a, size_t skip, struct in6_addr *ip)
{
    return a != NULL && (size_t)nla_len(a) >= skip &&
           netlink_get_address((const uint8_t *)nla_data(a) + skip, (size_t)nla_len(a) - skip, ip);
}

uint32_t netlink_u32(const struct nlattr *a)
{
    return a != NULL && nla_len(a) >= 4 ? nla_get_u32(a) : 0;
}

static void read_dropped(struct netlink_link *link, struct nlattr *a)
{
    struct rtnl_link_stats64 stats;
    size_t need = offsetof(struct rtnl_link_stats64, tx_dropped) + sizeof(stats.tx_dropped);
    if (a == NULL || (size_t)nla_len(a) < need)
        return;
    memcpy(&stats, nla_data(a), need); /* an older kernel's may be shorter */
    link->tx_dropped = stats.tx_dropped;
}

int netlink_ask_link(struct nl_sock *sk, unsigned ifindex, struct netlink_link *link)
{
    struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex};
    struct nl_msg *m = netlink_question(RTM_GETLINK, 0, &head, sizeof(head));
    struct nlmsghdr *reply;
    struct nlattr *at[IFLA_MAX + 1];
    int error = netlink_read(sk, m, &head, sizeof(head), at, IFLA_MAX, &reply);
    if (error != 0)
        return error;
    *link = (struct netlink_link){.up = (head.ifi_flags & IFF_UP) != 0,
                                  .carrier =
                                      at[IFLA_CARRIER] == NULL || nla_get_u8(at[IFLA_CARRIER]) != 0,
                                  .mtu = netlink_u32(at[IFLA_MTU]),
                                  .lower = netlink_u32(at[IFLA_LINK]),
                                  .master = netlink_u32(at[IFLA_MASTER])};
    if (at[IFLA_LINK_NETNSID] != NULL) /* the other end of a cable is not under this one */
        link->lower = 0;
    link->has_neighbours = (head.ifi_flags & (IFF_NOARP | IFF_POINTOPOINT | IFF_LOOPBACK)) == 0;
    link->loopback = (head.ifi_flags & IFF_LOOPBACK) != 0;
    link->ethernet = head.ifi_type == ARPHRD_ETHER && at[IFLA_ADDRESS] != NULL &&
                     nla_len(at[IFLA_ADDRESS]) == NETLINK_MAC;
    if (link->ethernet)
        memcpy(link->mac, nla_data(at[IFLA_ADDRESS]), NETLINK_MAC);
    read_dropped(link, at[IFLA_STATS64]);
    if (at[IFLA_IFNAME] != NULL)
        (void)nla_strlcpy(link->name, at[IFLA_IFNAME], sizeof(link->name));
    free(reply);
    return 0;
}
