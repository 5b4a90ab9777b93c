/* See neighbour.h; ARP is RFC 826, neighbour discovery RFC 4861, their states rtnetlink(7)'s. */
#include "net/neighbour.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "wire/address.h"

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

static void read_entry(struct neighbour *n, struct nlmsghdr *reply)
{
    struct ndmsg head;
    struct nlattr *at[NDA_MAX + 1];
    if (nlmsg_parse(reply, sizeof(head), at, NDA_MAX, NULL) != 0)
        return;
    memcpy(&head, nlmsg_data(reply), sizeof(head));
    n->state = head.ndm_state;
    n->has_mac = at[NDA_LLADDR] != NULL && nla_len(at[NDA_LLADDR]) == NETLINK_MAC;
    if (n->has_mac)
        memcpy(n->mac, nla_data(at[NDA_LLADDR]), NETLINK_MAC);
}

/* Asks for the neighbour's entry (RTM_GETNEIGH) or has the kernel use it (RTM_NEWNEIGH), which
 * makes it resolve the address. Returns 0 or an errno. */
static int ask_neighbour(struct nl_sock *sk, int type, struct neighbour *n)
{
    bool use = type == RTM_NEWNEIGH;
    struct ndmsg head = {.ndm_family = (unsigned char)netlink_family(n->hop),
                         .ndm_ifindex = (int)n->ifindex,
                         .ndm_flags = use ? NTF_USE : 0};
    struct nl_msg *m =
        netlink_question(type, use ? NLM_F_CREATE | NLM_F_ACK : 0, &head, sizeof(head));
    if (m == NULL)
        return ENOMEM;
    if (netlink_put_address(m, NDA_DST, n->hop) != 0) {
        nlmsg_free(m);
        return ENOMEM;
    }
    struct nlmsghdr *reply;
    int error = netlink_ask(sk, m, &reply);
    n->state = NUD_NONE;
    n->has_mac = false;
    if (error == 0 && reply != NULL)
        read_entry(n, reply);
    free(reply);
    return error;
}

static int64_t monotonic_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * CLOCK_S + t.tv_nsec;
}

/* Until the entry is usable, failed, or the time is over. Returns 0 or an errno, EPERM where an
 * unknown neighbour must not be asked for. */
static int ask_kernel(struct nl_sock *sk, struct neighbour *n, int64_t wait_ns)
{
    int64_t end = monotonic_now() + wait_ns;
    int error = ask_neighbour(sk, RTM_GETNEIGH, n);
    if (error == 0 && (n->state & NUD_USABLE) != 0)
        return 0;
    error = ask_neighbour(sk, RTM_NEWNEIGH, n);
    if (error != 0)
        return error;
    for (long pause = 50 * CLOCK_US;; pause = pause < 5 * CLOCK_MS ? 2 * pause : pause) {
        error = ask_neighbour(sk, RTM_GETNEIGH, n);
        if (error != 0 && error != ENOENT) /* ENOENT: collected since */
            return error;
        if ((n->state & NUD_USABLE) != 0 || n->state == NUD_FAILED || monotonic_now() >= end)
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

enum status neighbour_resolve(unsigned ifindex, const struct in6_addr *hop, int64_t wait_ns,
                              bool *resolved, struct fault *fault)
{
    struct neighbour n = {.ifindex = ifindex, .hop = hop};
    bool asked = true;
    enum status s = look_up(&n, wait_ns, &asked, fault);
    *resolved = !asked || (n.state & NUD_USABLE) != 0;
    return s;
}

enum status neighbour_find(unsigned ifindex, const struct in6_addr *hop, int64_t wait_ns,
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

enum status neighbour_own(unsigned ifindex, uint8_t mac[NETLINK_MAC], bool *ethernet,
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
