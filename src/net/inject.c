/* Sending: the packet is complete, libnet's socket only has to hand it to the kernel. */
#include "net/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <libnet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "net/privilege.h"

/* How long a full queue is waited for, and how often it is tried. Then, how often when the error
 * may be an earlier packet's. */
enum {
    SEND_TRIES = 100,
    STALE_TRIES = 3,
    SEND_PAUSE_NS = 1000 * 1000
};

struct inject {
    libnet_t *net;
    int family; /* AF_PACKET: frames */
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

/* libnet's link socket is a tap on everything as well: nobody reads it, so it is to see nothing. */
static enum status close_ears(int fd, struct fault *fault)
{
    const int on = 1;
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog nothing = {.len = 1, .filter = code};
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &nothing, sizeof(nothing)) != 0)
        return fault_set(fault, STATUS_SYSTEM, "packet socket: %s", strerror(errno));
    (void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)); /* Linux 4.20 */
    return STATUS_OK;
}

static enum status prepare(const struct inject *i, const char *ifname, struct fault *fault)
{
    const int on = 1;
    int fd = libnet_getfd(i->net);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return fault_set(fault, STATUS_SYSTEM, "raw socket: %s", strerror(errno));
    if (i->family == AF_PACKET)
        return close_ears(fd, fault);
    /* Without this Linux reports a packet that a full device queue dropped as sent. */
    int failed = i->family == AF_INET ? setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on))
                                      : setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
    if (failed != 0)
        return fault_set(fault, STATUS_SYSTEM, "raw socket: %s", strerror(errno));
    return ifname != NULL ? pin(fd, ifname, fault) : STATUS_OK;
}

static libnet_t *open_net(int family, const char *ifname, char *error)
{
    switch (family) {
    case AF_INET:
        return libnet_init(LIBNET_RAW4, NULL, error);
    case AF_INET6:
        return libnet_init(LIBNET_RAW6, NULL, error);
    default:
        return libnet_init(LIBNET_LINK_ADV, ifname, error);
    }
}

struct inject *inject_open(int family, const char *ifname, struct fault *fault)
{
    char error[LIBNET_ERRBUF_SIZE] = "";
    struct inject *i = calloc(1, sizeof(*i));
    if (i == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    i->family = family;
    i->net = open_net(family, ifname, error);
    if (i->net == NULL) {
        if (privilege_check(fault) == STATUS_OK) /* it knows the better line */
            (void)fault_set(fault, STATUS_SYSTEM, "%s socket: %.*s",
                            family == AF_PACKET ? "packet" : "raw", (int)strcspn(error, "\n"),
                            error);
        free(i);
        return NULL;
    }
    if (prepare(i, ifname, fault) != STATUS_OK) {
        inject_close(i);
        return NULL;
    }
    return i;
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
    default:
        return libnet_adv_write_link(i->net, packet, (uint32_t)n);
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
