/* See others.h. The clients are sockets of our own namespace. The box stands in the peer's: it puts
 * frames onto the cable as the peer does; to drop what comes it gives the device another link
 * address, by which the kernel takes all of it for somebody else's, while a packet socket still
 * sees it. */
#include "others.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lab/cable.h"
#include "lab/child.h"
#include "lab/namespace.h"
#include "peer_side.h"
#include "wire/craft.h"

enum {
    ORDER_MAX = 4096,
    LINK_HEADER = sizeof(struct ether_header),
    ANSWER_SECONDS = 2
};

struct order {
    enum others_act act;
    uint8_t ip[ORDER_MAX];
};

/* The child's. */
struct box {
    const struct lab *lab;
    int orders, device; /* a packet socket on the peer's device */
    struct sockaddr_ll at;
    uint8_t ours[ETH_ALEN], peer[ETH_ALEN];
    int clients[OTHERS_CLIENTS];
    bool rejects;
    struct craft *craft;
};

/* --- The way to the peer's namespace --- */

static bool link_address(int fd, enum cable_side side, uint8_t out[ETH_ALEN])
{
    struct ifreq r = {0};
    (void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", cable_name(side));
    if (ioctl(fd, SIOCGIFHWADDR, &r) != 0)
        return false;
    memcpy(out, r.ifr_hwaddr.sa_data, ETH_ALEN);
    return true;
}

static bool open_device(struct box *b)
{
    b->device = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
    b->at = (struct sockaddr_ll){.sll_family = AF_PACKET,
                                 .sll_protocol = htons(ETH_P_ALL),
                                 .sll_ifindex = (int)if_nametoindex(cable_name(CABLE_PEER))};
    return b->device >= 0 && b->at.sll_ifindex > 0 &&
           bind(b->device, (const struct sockaddr *)&b->at, sizeof(b->at)) == 0 &&
           link_address(b->device, CABLE_PEER, b->peer);
}

static bool settle(struct box *b)
{
    int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there = peer_side_open(getppid());
    int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool ok = here >= 0 && there >= 0 && probe >= 0 && link_address(probe, CABLE_OURS, b->ours) &&
              namespace_enter(there, NULL) == STATUS_OK && open_device(b) &&
              namespace_enter(here, NULL) == STATUS_OK;
    (void)close(probe);
    (void)close(here);
    (void)close(there);
    return ok;
}

/* --- What the box does --- */

static bool put(const struct box *b, const uint8_t *ip, size_t n)
{
    uint8_t frame[LINK_HEADER + ORDER_MAX];
    struct ether_header head;
    if (n == 0 || n > ORDER_MAX)
        return false;
    memcpy(head.ether_dhost, b->ours, ETH_ALEN);
    memcpy(head.ether_shost, b->peer, ETH_ALEN);
    head.ether_type = htons(ip[0] >> 4 == 4 ? ETHERTYPE_IP : ETHERTYPE_IPV6);
    memcpy(frame, &head, LINK_HEADER);
    memcpy(frame + LINK_HEADER, ip, n);
    return send(b->device, frame, LINK_HEADER + n, 0) == (ssize_t)(LINK_HEADER + n);
}

static bool stand_between(struct box *b, bool between)
{
    struct ifreq r = {.ifr_hwaddr.sa_family = ARPHRD_ETHER};
    (void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", cable_name(CABLE_PEER));
    memcpy(r.ifr_hwaddr.sa_data, b->peer, ETH_ALEN);
    if (between)
        r.ifr_hwaddr.sa_data[ETH_ALEN - 1] ^= 0x55;
    return ioctl(b->device, SIOCSIFHWADDR, &r) == 0;
}

/* RFC 9293 3.10.7.1: what a TCP says where there is no connection, in the peer's name. */
static void reject(const struct box *b, const struct segment *seg)
{
    struct fault ignored;
    uint8_t ip[256];
    size_t n = 0;
    struct segment rst = {.src = seg->dst, .dst = seg->src, .ttl = OTHERS_TTL, .flags = FLAG_RST};
    if (seg->flags & FLAG_RST)
        return;
    if (seg->flags & FLAG_ACK) {
        rst.seq = seg->ack;
    } else {
        rst.ack = segment_end(seg);
        rst.flags |= FLAG_ACK;
    }
    if (craft_segment(b->craft, &rst, NULL, 0, ip, sizeof(ip), &n, &ignored) == STATUS_OK)
        (void)put(b, ip, n);
}

static void look(const struct box *b)
{
    uint8_t frame[ORDER_MAX];
    struct sockaddr_ll from = {0};
    socklen_t len = sizeof(from);
    struct segment seg;
    struct fault ignored;
    ssize_t n = recvfrom(b->device, frame, sizeof(frame), 0, (struct sockaddr *)&from, &len);
    if (n > LINK_HEADER && b->rejects && from.sll_pkttype != PACKET_OUTGOING &&
        segment_decode(&seg, frame + LINK_HEADER, (size_t)n - LINK_HEADER, &ignored) == STATUS_OK &&
        endpoint_equal(&seg.dst, lab_at(b->lab, END_B)))
        reject(b, &seg);
}

/* --- Clients --- */

static void leave(struct box *b)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    for (size_t i = 0; i < OTHERS_CLIENTS; i++) {
        if (b->clients[i] < 0)
            continue;
        (void)setsockopt(b->clients[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        (void)close(b->clients[i]);
        b->clients[i] = -1;
    }
}

static bool fill(struct box *b)
{
    struct sockaddr_storage to;
    socklen_t n = endpoint_to_sockaddr(lab_at(b->lab, END_B), &to);
    leave(b);
    for (size_t i = 0; i < OTHERS_CLIENTS; i++) {
        b->clients[i] = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (b->clients[i] < 0 ||
            (connect(b->clients[i], (const struct sockaddr *)&to, n) != 0 && errno != EINPROGRESS))
            return false;
    }
    return true;
}

/* --- The child --- */

static bool obey(struct box *b, const struct order *o, size_t n)
{
    switch (o->act) {
    case OTHERS_FILL:
        return fill(b);
    case OTHERS_LEAVE:
        leave(b);
        return true;
    case OTHERS_EARLIER:
    case OTHERS_BLIND:
    case OTHERS_KNOWING:
        return put(b, o->ip, n);
    case OTHERS_SWALLOW:
    case OTHERS_REJECT:
    case OTHERS_PASS:
        b->rejects = o->act == OTHERS_REJECT;
        return stand_between(b, o->act != OTHERS_PASS);
    case OTHERS_ACTS:
        break;
    }
    return false;
}

/* Ends with whoever gives the orders. */
static void serve(void *arg, int ready)
{
    struct box *b = arg;
    const struct fault trouble = {"the others cannot get at the network"};
    for (size_t i = 0; i < OTHERS_CLIENTS; i++)
        b->clients[i] = -1;
    b->craft = craft_new(NULL);
    if (b->craft == NULL || !settle(b) || !child_is_ready(ready))
        child_failed(ready, &trouble);
    for (;;) {
        struct order o;
        struct pollfd p[] = {{.fd = b->orders, .events = POLLIN},
                             {.fd = b->device, .events = POLLIN}};
        if (poll(p, 2, -1) < 0)
            continue;
        if (p[1].revents != 0)
            look(b);
        if (p[0].revents == 0)
            continue;
        ssize_t n = recv(b->orders, &o, sizeof(o), 0);
        if (n < (ssize_t)sizeof(o.act))
            _exit(0);
        bool done = obey(b, &o, (size_t)n - sizeof(o.act));
        (void)send(b->orders, &done, sizeof(done), MSG_NOSIGNAL);
    }
}

/* --- The walk's side --- */

enum status others_start(struct others *o, const struct lab *lab, struct fault *fault)
{
    int pair[2];
    pid_t pid;
    o->fd = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return fault_set(fault, STATUS_SYSTEM, "socketpair: %s", strerror(errno));
    struct box box = {.lab = lab, .orders = pair[1]};
    const struct timeval limit = {.tv_sec = ANSWER_SECONDS};
    (void)setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    enum status s = child_start(serve, &box, "the others on the network", &pid, fault);
    (void)close(pair[1]);
    if (s == STATUS_OK)
        o->fd = pair[0];
    else
        (void)close(pair[0]);
    return s;
}

bool others_do(const struct others *o, enum others_act act, const uint8_t *ip, size_t n)
{
    struct order order = {.act = act};
    bool done = false;
    if (o->fd < 0 || n > sizeof(order.ip))
        return false;
    if (n > 0)
        memcpy(order.ip, ip, n);
    return send(o->fd, &order, sizeof(order.act) + n, MSG_NOSIGNAL) > 0 &&
           recv(o->fd, &done, sizeof(done), 0) == sizeof(done) && done;
}
