/* A packet socket that only sends, by sendmmsg: see burst_packet.h. Measured over a veth pair on
 * one core, the receiving kernel's half included: some 2000 ns of processor time a packet in
 * batches of 64 to 256, the same within 2 %; 2080 in batches of 16; 2100 by a memory-mapped ring
 * (PACKET_TX_RING), whose packets the kernel takes up one page at a time. */
#include "net/burst_packet.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/burst_frame.h"
#include "net/privilege.h"

struct slot {
    uint8_t unused[BURST_FRAME_PAD];
    uint8_t frame[BURST_FRAME_MAX];
};

struct burst_packet {
    int fd;
    unsigned batch, waiting; /* the first `waiting` are complete and not sent */
    struct iovec parts[BURST_MAX];
    struct mmsghdr messages[BURST_MAX];
    struct slot slots[BURST_MAX];
};

static void lay_out(struct burst_packet *p, const struct burst_config *c)
{
    p->batch = c->batch;
    for (unsigned i = 0; i < BURST_MAX; i++) {
        burst_frame_address(p->slots[i].frame, c);
        p->parts[i].iov_base = p->slots[i].frame;
        p->messages[i].msg_hdr = (struct msghdr){.msg_iov = &p->parts[i], .msg_iovlen = 1};
    }
}

/* Protocol 0: the socket is no tap, nothing is received. */
static enum status open_socket(struct burst_packet *p, const char *ifname, unsigned ifindex,
                               struct fault *fault)
{
    const int on = 1, room = BURST_FRAME_ROOM;
    const struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)ifindex};
    p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (p->fd < 0 && privilege_check(fault) != STATUS_OK) /* it knows the better line */
        return STATUS_SYSTEM;
    if (p->fd < 0 || bind(p->fd, (const struct sockaddr *)&to, sizeof(to)) != 0 ||
        setsockopt(p->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot send on %s: %s", ifname, strerror(errno));
    (void)setsockopt(p->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)); /* less will do */
    return STATUS_OK;
}

struct burst_packet *burst_packet_open(const struct burst_config *c, unsigned ifindex,
                                       struct fault *fault)
{
    struct burst_packet *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    if (open_socket(p, c->ifname, ifindex, fault) != STATUS_OK) {
        burst_packet_close(p);
        return NULL;
    }
    lay_out(p, c);
    return p;
}

void burst_packet_close(struct burst_packet *p)
{
    if (p == NULL)
        return;
    if (p->fd >= 0)
        (void)close(p->fd);
    free(p);
}

uint8_t *burst_packet_place(struct burst_packet *p, int family)
{
    if (p->waiting == p->batch)
        return NULL;
    return burst_frame_begin(p->parts[p->waiting].iov_base, family);
}

void burst_packet_put(struct burst_packet *p, size_t n)
{
    p->parts[p->waiting++].iov_len = BURST_FRAME_HEADER + n;
}

unsigned burst_packet_waiting(const struct burst_packet *p)
{
    return p->waiting;
}

/* What is left comes to the front, in its order, so that there is room behind it. */
static void take_off(struct burst_packet *p, unsigned sent)
{
    p->waiting -= sent;
    for (unsigned i = 0; sent != 0 && i < p->waiting; i++) {
        struct iovec free_part = p->parts[i];
        p->parts[i] = p->parts[sent + i];
        p->parts[sent + i] = free_part;
    }
}

/* After a failure of a later packet sendmmsg tells only how many went before it: trying that one
 * again tells why, or works. Unless the socket had too much under way, the device refused it both
 * times. */
enum status burst_packet_flush(struct burst_packet *p, unsigned *sent, unsigned *refused,
                               bool *full, struct fault *fault)
{
    int error = 0;
    unsigned stops = 0;
    *sent = 0;
    while (error == 0 && *sent < p->waiting) {
        int n = sendmmsg(p->fd, p->messages + *sent, p->waiting - *sent, MSG_DONTWAIT);
        if (n > 0) {
            *sent += (unsigned)n;
            stops += *sent < p->waiting;
        } else if (errno != EINTR) {
            error = errno;
        }
    }
    take_off(p, *sent);
    *refused = error == EAGAIN ? 0 : stops + (error == ENOBUFS);
    *full = error == ENOBUFS || error == EAGAIN;
    return error == 0 || *full
               ? STATUS_OK
               : fault_set(fault, STATUS_SYSTEM, "cannot send: %s", strerror(error));
}
