/* rtnetlink(7) through libnl, one question and one answer at a time: what the files about routes,
 * neighbours and interfaces share. */
#ifndef TCPSHAKE_NET_NETLINK_H
#define TCPSHAKE_NET_NETLINK_H

#include <net/if.h>
#include <netinet/in.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum {
    NETLINK_MAC = 6
};

struct netlink_link {
    char name[IF_NAMESIZE];
    bool up, carrier, ethernet, loopback;
    bool has_neighbours;      /* whose addresses are to be resolved: not on a tunnel, PPP or lo */
    uint8_t mac[NETLINK_MAC]; /* zero but for an Ethernet */
    uint32_t mtu;
    unsigned lower, master; /* the interface that it is laid over, or belongs to; 0: none */
    uint64_t tx_dropped;    /* packets that were to be sent and were not, by the device's count */
};

/* Caller frees with nl_socket_free. NULL with a line. */
struct nl_sock *netlink_open(struct fault *fault);

/* A message with its fixed part; NULL when memory ran out. Caller frees. */
struct nl_msg *netlink_question(int type, int flags, const void *head, size_t n);
/* Adds an attribute and returns the message; NULL, and the message freed, when memory ran out or it
 * is NULL already. An address has 4 or 16 octets. */
struct nl_msg *netlink_put(struct nl_msg *m, int type, const void *data, size_t n);
struct nl_msg *netlink_put_address(struct nl_msg *m, int type, const struct in6_addr *ip);

/* Sends `m` and frees it. Returns 0 with the answer in `*reply` (caller frees; NULL when it was an
 * acknowledgement), or an errno, the kernel's where it gave one; ENOMEM for NULL. */
int netlink_ask(struct nl_sock *sk, struct nl_msg *m, struct nlmsghdr **reply);
/* The same of an answer with a fixed part, which goes to `head`, and attributes up to `max`, which
 * go to `at` and point into `*reply`. */
int netlink_read(struct nl_sock *sk, struct nl_msg *m, void *head, size_t n, struct nlattr *at[],
                 int max, struct nlmsghdr **reply);

/* Returns 0 or an errno; ENODEV: there is no such interface. */
int netlink_ask_link(struct nl_sock *sk, unsigned ifindex, struct netlink_link *link);

/* AF_INET or AF_INET6. */
int netlink_family(const struct in6_addr *ip);

/* From 4 or 16 octets; false: there are not so many. */
bool netlink_get_address(const void *octets, size_t n, struct in6_addr *ip);
/* The same of one that stands `skip` octets into the attribute; false too when `a` is NULL. */
bool netlink_address(const struct nlattr *a, size_t skip, struct in6_addr *ip);

/* 0 when `a` is NULL. */
uint32_t netlink_u32(const struct nlattr *a);

#endif
