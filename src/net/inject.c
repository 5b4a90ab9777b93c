/* Sending: the packet is complete, the socket only has to hand it to the kernel. libnet writes to a
 * raw socket that is ours, in a context that opens none. */
#include "net/inject.h"

#include <errno.h>
#include <libnet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "net/privilege.h"

/* How long a full queue is waited for, and how often it is tried. Then, how often when the error
 * may be an earlier packet's. */
enum {
    SEND_TRIES = 100,
    STALE_TRIES = 3,
    SEND_PAUSE_NS = 1000 * 1000
};

struct inject {
    libnet_t *net; /* without a socket of its own: it has ours */
    int family;    /* AF_PACKET: frames */
};

/* Linux allots up to net.core.wmem_max of this. */
enum {
    SEND_ROOM = 1024 * 1024
};

/* libnet sends to an address without a scope: the bound interface stands in for it. A socket bound
 * to lo would have Linux route our own addresses as if they were another host's, and a closed port
 * then sends no RST; the kernel finds lo by itself. */
static enum status pin(int fd, const char *ifname, struct fault *fault)
{
    struct ifreq request = {0};
    size_t n = strnlen(ifname, IF_NAMESIZE - 1);
    memcpy(request.ifr_name, ifname, n);
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0 ||
        ((request.ifr_flags & IFF_LOOPBACK) == 0 &&
         setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ifname, (socklen_t)n) != 0))
        return fault_set(fault, STATUS_SYSTEM, "cannot send on %s: %s", ifname, strerror(errno));
    return STATUS_OK;
}

/* IPPROTO_RAW: the header is ours too, in both versions. With RECVERR Linux tells of a packet that
 * a full device queue dropped; without it that one counts as sent. */
static enum status prepare_raw(int fd, int family, const char *ifname, struct fault *fault)
{
    const int on = 1, room = SEND_ROOM;
    bool v4 = family == AF_INET;
    if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) != 0 ||
        setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, &on,
                   sizeof(on)) != 0)
        return fault_set(fault, STATUS_SYSTEM, "raw socket: %s", strerror(errno));
    return ifname != NULL ? pin(fd, ifname, fault) : STATUS_OK;
}

/* Bound with protocol 0: it sends out of this interface, and is no tap. */
static enum status prepare_frames(int fd, const char *ifname, struct fault *fault)
{
    const struct sockaddr_ll to = {.sll_family = AF_PACKET,
                                   .sll_ifindex = (int)if_nametoindex(ifname)};
    if (to.sll_ifindex == 0 || bind(fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot send on %s: %s", ifname, strerror(errno));
    return STATUS_OK;
}

/* libnet would open the same socket, and then grow its buffer by 6500 system calls. */
static enum status open_socket(struct inject *i, const char *ifname, struct fault *fault)
{
    bool frames = i->family == AF_PACKET;
    int fd = socket(i->family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, frames ? 0 : IPPROTO_RAW);
    if (fd < 0) {
        int error = errno;
        return privilege_check(fault) != STATUS_OK /* it knows the better line */
                   ? STATUS_SYSTEM
                   : fault_set(fault, STATUS_SYSTEM, "%s socket: %s", frames ? "packet" : "raw",
                               strerror(error));
    }
    i->net->fd = fd; /* closed by libnet_destroy */
    return frames ? prepare_frames(fd, ifname, fault) : prepare_raw(fd, i->family, ifname, fault);
}

struct inject *inject_open(int family, const char *ifname, struct fault *fault)
{
    char error[LIBNET_ERRBUF_SIZE] = "";
    struct inject *i = fault_alloc(sizeof(*i), fault);
    if (i == NULL)
        return NULL;
    i->family = family;
    i->net = libnet_init(LIBNET_NONE, NULL, error);
    if (i->net == NULL)
        (void)fault_set(fault, STATUS_SYSTEM, "libnet: %.*s", (int)strcspn(error, "\n"), error);
    else if (open_socket(i, ifname, fault) == STATUS_OK)
        return i;
    inject_close(i);
    return NULL;
}

struct inject *inject_open_link(const char *ifname, struct fault *fault)
{
    return inject_open(AF_PACKET, ifname, fault);
}

void inject_close(struct inject *i)
{
    if (i == NULL)
        return;
    libnet_destroy(i->net);
    free(i);
}

static enum status explain(int error, size_t n, struct fault *fault)
{
    if (error == EPERM)
        return fault_set(fault, STATUS_SYSTEM,
                         "the kernel refuses to send: a firewall rule for outgoing packets?");
    if (error == EMSGSIZE)
        return fault_set(fault, STATUS_SYSTEM, "%zu octets do not fit the interface's MTU", n);
    if (error == EAGAIN || error == ENOBUFS)
        return fault_set(fault, STATUS_FULL, "the interface's queue stays full");
    /* no route, one set to unreachable, one set to prohibit */
    bool no_way = error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES;
    return fault_set(fault, no_way ? STATUS_UNREACHABLE : STATUS_SYSTEM, "cannot send: %s",
                     strerror(error));
}

static int write_packet(const struct inject *i, const uint8_t *packet, size_t n)
{
    switch (i->family) {
    case AF_INET:
        return libnet_write_raw_ipv4(i->net, packet, (uint32_t)n);
    case AF_INET6:
        return libnet_write_raw_ipv6(i->net, packet, (uint32_t)n);
    default: /* libnet would look the interface up for each frame */
        return (int)send(i->net->fd, packet, n, 0);
    }
}

/* With IP_RECVERR Linux hands an ICMP error about the socket's protocol to the next send, which
 * then sends nothing. That protocol is 255 here, so none is about our TCP, but before 2025 anybody
 * could send one that was. Asking once takes the error away. */
static int write_fresh(const struct inject *i, const uint8_t *packet, size_t n)
{
    int error = 0;
    for (int attempt = 0; attempt < STALE_TRIES; attempt++) {
        if (write_packet(i, packet, n) >= 0)
            return 0;
        error = errno;
        if (error == EAGAIN || error == ENOBUFS)
            break;
    }
    return error;
}

enum status inject_send(struct inject *i, const uint8_t *packet, size_t n, struct fault *fault)
{
    const struct timespec pause = {.tv_nsec = SEND_PAUSE_NS};
    int error = 0;
    if (n > IP_MAXPACKET)
        return explain(EMSGSIZE, n, fault);
    for (int attempt = 0; attempt < SEND_TRIES; attempt++) {
        error = write_fresh(i, packet, n);
        if (error == 0)
            return STATUS_OK;
        if (error != EAGAIN && error != ENOBUFS)
            break;
        (void)nanosleep(&pause, NULL); /* poll would not wait: the socket itself has room */
    }
    return explain(error, n, fault);
}
