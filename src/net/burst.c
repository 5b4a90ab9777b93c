/* The two ways of sending, and which of them there is on this interface: see burst.h.
 *
 * AF_XDP (the kernel's Documentation/networking/af_xdp.rst) is the faster one. Frames lie in memory
 * that the kernel shares, and one system call takes some tens of them. It is asked to copy them
 * (XDP_COPY), which works on every device and leaves the driver as it is, and since there is no
 * program at the other side of it (no XSKMAP), nothing is received: what arrives goes where it
 * would go without us. Only one socket can have a device's first queue, and it is waited for a
 * tenth of a second; memory that is shared counts against RLIMIT_MEMLOCK (64 KiB, the old default,
 * are enough); old kernels know nothing of it. So there is not always one to be had.
 *
 * A packet socket (packet(7)) past the queueing discipline, by sendmmsg, works on every Ethernet.
 * Measured over a veth pair on one core, the receiving kernel's half included: some 2000 ns of
 * processor time a packet in batches of 64 to 256, the same within 2 %; 2080 in batches of 16; 2100
 * by a memory-mapped ring (PACKET_TX_RING), whose packets the kernel takes up one page at a time.
 */
#include "net/burst.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "net/netlink.h"
#include "net/privilege.h"

/* What both put before an IP packet: an Ethernet header (IEEE 802.3), its addresses written once
 * and its type with each packet. */
enum {
    HEADER = 14,
    TYPE_AT = 12,
    PAD = 2, /* before a frame, so that the IP header is aligned */
    FRAME_MAX = HEADER + BURST_PACKET_MAX,
    /* What the device may have under way, in octets as the kernel counts them: some 1300 packets */
    ROOM = 1024 * 1024,
};

static void write_addresses(uint8_t *frame, const struct burst_config *c)
{
    memcpy(frame, c->next_mac, BURST_MAC);
    memcpy(frame + BURST_MAC, c->our_mac, BURST_MAC);
}

/* --- A packet socket. --- */

struct slot {
    uint8_t unused[PAD];
    uint8_t frame[FRAME_MAX];
};

struct packet_way {
    int fd;
    unsigned waiting; /* the first `waiting` are complete and not sent */
    struct iovec parts[BURST_MAX];
    struct mmsghdr messages[BURST_MAX];
    struct slot slots[BURST_MAX];
};

static void lay_out(struct packet_way *p, const struct burst_config *c)
{
    for (unsigned i = 0; i < BURST_MAX; i++) {
        write_addresses(p->slots[i].frame, c);
        p->parts[i].iov_base = p->slots[i].frame;
        p->messages[i].msg_hdr = (struct msghdr){.msg_iov = &p->parts[i], .msg_iovlen = 1};
    }
}

/* Protocol 0: the socket is no tap, nothing is received. */
static enum status open_packet(struct packet_way *p, const struct burst_config *c, unsigned ifindex,
                               struct fault *fault)
{
    const int on = 1, room = ROOM;
    const struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)ifindex};
    p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (p->fd < 0 && privilege_check(fault) != STATUS_OK) /* it knows the better line */
        return STATUS_SYSTEM;
    if (p->fd < 0 || bind(p->fd, (const struct sockaddr *)&to, sizeof(to)) != 0 ||
        setsockopt(p->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot send on %s: %s", c->ifname, strerror(errno));
    (void)setsockopt(p->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)); /* less will do */
    lay_out(p, c);
    return STATUS_OK;
}

/* What is left comes to the front, in its order, so that there is room behind it. */
static void take_off(struct packet_way *p, unsigned sent)
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
static enum status flush_packet(struct packet_way *p, unsigned *sent, unsigned *refused, bool *full,
                                struct fault *fault)
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

/* --- AF_XDP, sending only. A frame goes round: free, complete and waiting (it has a descriptor in
 * the sending ring), taken by the kernel, and free again when its address comes back in the
 * completion ring, which is when the device has done with it. Positions in rings count up and wrap;
 * a ring's size is a power of two --- */

enum {
    CHUNK = 2048, /* the least there is; a frame must not reach into the next one */
    STRIDE = PAD + FRAME_MAX,
    CHUNK_FRAMES = CHUNK / STRIDE,
    CHUNKS = 32,
    SHARED_OCTETS = CHUNKS * CHUNK,
    FRAMES = CHUNKS * CHUNK_FRAMES,
    RING = 512,
    RETRIES = 20,
    RETRY_NS = 5 * 1000 * 1000,
    UNUSED_RING = 1, /* of frames to receive into: the kernel insists on one */
};
_Static_assert(FRAMES <= RING, "every frame has a descriptor");
_Static_assert(FRAMES > (int)BURST_MAX, "a whole batch can wait while others are under way");

/* One ring as it lies in our memory. The kernel and we each write one of the two positions. */
struct ring {
    uint8_t *map;
    size_t octets;
    uint32_t *producer, *consumer;
    void *entries;
};

struct xdp_way {
    int fd;
    unsigned batch;
    uint8_t *shared; /* SHARED_OCTETS */
    struct ring sending, completion;
    /* In the sending ring: waiting are those from `taken` to `put`, of which the kernel has been
     * shown those before `shown`. */
    uint32_t put, shown, taken;
    uint32_t completed;
    uint8_t uses[FRAMES]; /* how often it waits or is with the kernel */
    uint16_t free[FRAMES];
    unsigned free_count;
};

static bool map_ring(struct ring *r, int fd, const struct xdp_ring_offset *at, size_t entry,
                     off_t what)
{
    r->octets = (size_t)at->desc + RING * entry;
    void *map = mmap(NULL, r->octets, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, what);
    if (map == MAP_FAILED)
        return false;
    r->map = map;
    r->producer = (uint32_t *)(void *)(r->map + at->producer);
    r->consumer = (uint32_t *)(void *)(r->map + at->consumer);
    r->entries = r->map + at->desc;
    return true;
}

static bool set(int fd, int option, const void *value, size_t n)
{
    return setsockopt(fd, SOL_XDP, option, value, (socklen_t)n) == 0;
}

/* Shared pages, so that a fork leaves them where the kernel looks for them. */
static bool share_memory(struct xdp_way *x)
{
    void *m = mmap(NULL, SHARED_OCTETS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED)
        return false;
    x->shared = m;
    const struct xdp_umem_reg region = {
        .addr = (uintptr_t)m, .len = SHARED_OCTETS, .chunk_size = CHUNK};
    return set(x->fd, XDP_UMEM_REG, &region, sizeof(region));
}

static bool make_rings(struct xdp_way *x)
{
    const int size = RING, unused = UNUSED_RING;
    struct xdp_mmap_offsets at;
    socklen_t n = sizeof(at);
    return set(x->fd, XDP_UMEM_FILL_RING, &unused, sizeof(unused)) &&
           set(x->fd, XDP_UMEM_COMPLETION_RING, &size, sizeof(size)) &&
           set(x->fd, XDP_TX_RING, &size, sizeof(size)) &&
           getsockopt(x->fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &n) == 0 && n == sizeof(at) &&
           map_ring(&x->sending, x->fd, &at.tx, sizeof(struct xdp_desc), XDP_PGOFF_TX_RING) &&
           map_ring(&x->completion, x->fd, &at.cr, sizeof(uint64_t),
                    (off_t)XDP_UMEM_PGOFF_COMPLETION_RING);
}

/* Whoever had the queue may have closed it just now, and the kernel takes its time. */
static bool take_queue(const struct xdp_way *x, const struct sockaddr_xdp *queue)
{
    const struct timespec pause = {.tv_nsec = RETRY_NS};
    for (int left = RETRIES; bind(x->fd, (const struct sockaddr *)queue, sizeof(*queue)) != 0;
         left--) {
        if (errno != EBUSY || left == 0)
            return false;
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

static uint64_t address_of(unsigned frame)
{
    return (uint64_t)frame / CHUNK_FRAMES * CHUNK + (uint64_t)frame % CHUNK_FRAMES * STRIDE + PAD;
}

static unsigned frame_at(uint64_t address)
{
    return (unsigned)(address / CHUNK * CHUNK_FRAMES + address % CHUNK / STRIDE);
}

static void lay_out_chunks(struct xdp_way *x, const struct burst_config *c)
{
    x->batch = c->batch;
    for (unsigned i = 0; i < FRAMES; i++) {
        write_addresses(x->shared + address_of(i), c);
        x->free[x->free_count++] = (uint16_t)i;
    }
}

/* False: not to be had here, for whatever reason. */
static bool open_xdp(struct xdp_way *x, const struct burst_config *c, unsigned ifindex)
{
    const int room = ROOM;
    const struct sockaddr_xdp queue = {
        .sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY, .sxdp_ifindex = ifindex};
    x->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (x->fd < 0 || !share_memory(x) || !make_rings(x) || !take_queue(x, &queue))
        return false;
    (void)setsockopt(x->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)); /* less will do */
    lay_out_chunks(x, c);
    return true;
}

static void close_xdp(struct xdp_way *x)
{
    if (x->fd >= 0)
        (void)close(x->fd);
    if (x->sending.map != NULL)
        (void)munmap(x->sending.map, x->sending.octets);
    if (x->completion.map != NULL)
        (void)munmap(x->completion.map, x->completion.octets);
    if (x->shared != NULL)
        (void)munmap(x->shared, SHARED_OCTETS);
    *x = (struct xdp_way){.fd = -1};
}

static struct xdp_desc *descriptor(const struct xdp_way *x, uint32_t position)
{
    return (struct xdp_desc *)x->sending.entries + position % RING;
}

static void put_xdp(struct xdp_way *x, size_t n)
{
    unsigned frame = x->free[--x->free_count];
    x->uses[frame]++;
    *descriptor(x, x->put++) =
        (struct xdp_desc){.addr = address_of(frame), .len = (uint32_t)(HEADER + n)};
}

static void reclaim(struct xdp_way *x)
{
    const uint64_t *done = x->completion.entries;
    uint32_t end = __atomic_load_n(x->completion.producer, __ATOMIC_ACQUIRE);
    for (; x->completed != end; x->completed++) {
        unsigned frame = frame_at(done[x->completed % RING]);
        if (frame < FRAMES && x->uses[frame] > 0 && --x->uses[frame] == 0)
            x->free[x->free_count++] = (uint16_t)frame;
    }
    __atomic_store_n(x->completion.consumer, end, __ATOMIC_RELEASE);
}

/* Shows the kernel what waits, but no more than leaves frames for a whole batch. What it took and
 * what it completed are counted alike, a refused frame in both, so the difference is under way. */
static void show(struct xdp_way *x)
{
    uint32_t most = x->completed + FRAMES - x->batch;
    uint32_t to = (int32_t)(x->put - most) > 0 ? most : x->put;
    if ((int32_t)(to - x->shown) <= 0)
        return;
    x->shown = to;
    __atomic_store_n(x->sending.producer, to, __ATOMIC_RELEASE);
}

/* Returns how many more the kernel has taken. It publishes its position only when it has sent
 * something, so one that was refused before all others is known from `refused` alone. */
static uint32_t note_taken(struct xdp_way *x, bool refused)
{
    uint32_t at = __atomic_load_n(x->sending.consumer, __ATOMIC_ACQUIRE);
    uint32_t more = at - x->taken;
    if ((int32_t)more <= 0)
        more = refused ? 1 : 0;
    x->taken += more;
    return more;
}

/* The last that was taken has not been sent: it goes first again, before those that are still in
 * the ring. The kernel reads descriptors in sendto alone, so here they may be moved. */
static void put_back(struct xdp_way *x)
{
    for (uint32_t at = x->put; at != x->taken - 1; at--)
        *descriptor(x, at) = *descriptor(x, at - 1);
    x->uses[frame_at(descriptor(x, x->taken)->addr)]++;
    x->put++;
}

/* Enough for one call, or the device or the socket has as many under way as it may (EAGAIN), no
 * memory for a copy (ENOBUFS), refused (EBUSY): it may work later. */
static bool harmless(int error)
{
    return error == 0 || error == EAGAIN || error == EINTR || error == ENOBUFS || error == EBUSY;
}

/* The kernel takes so many a call (EAGAIN: call again). */
static enum status flush_xdp(struct xdp_way *x, unsigned *sent, unsigned *refused, bool *full,
                             struct fault *fault)
{
    *sent = *refused = 0;
    *full = false;
    reclaim(x);
    while (!*full && x->taken != x->put) {
        show(x);
        int error = sendto(x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 ? errno : 0;
        uint32_t more = note_taken(x, error == EBUSY);
        if (error == EBUSY) {
            more--;
            *refused = 1;
            put_back(x);
        }
        *sent += more;
        reclaim(x);
        if (!harmless(error))
            return fault_set(fault, STATUS_SYSTEM, "cannot send: %s", strerror(error));
        *full = error == EBUSY || (more == 0 && error != EINTR);
    }
    return STATUS_OK;
}

/* --- Which of the two --- */

struct burst {
    unsigned ifindex;
    unsigned batch;
    bool by_xdp;
    struct xdp_way xdp; /* else `packet` */
    struct packet_way packet;
    struct nl_sock *asking; /* for the counters; there is no opening it once privileges are gone */
    uint64_t before, told; /* tx_dropped at first; what the device refused since, which it counts */
    uint64_t dropped;      /* as last read */
};

static enum status check_link(struct burst *b, const struct burst_config *c, struct fault *fault)
{
    struct netlink_link link;
    b->ifindex = if_nametoindex(c->ifname);
    if (b->ifindex == 0 || netlink_ask_link(b->asking, b->ifindex, &link) != 0)
        return fault_set(fault, STATUS_SYSTEM, "no interface named '%s'", c->ifname);
    if (!link.ethernet)
        return fault_set(fault, STATUS_SYSTEM, "interface %s is not an Ethernet", c->ifname);
    if (!link.up)
        return fault_set(fault, STATUS_SYSTEM, "interface %s is down: ip link set %s up", c->ifname,
                         c->ifname);
    b->before = link.tx_dropped;
    return STATUS_OK;
}

/* AF_XDP where it is to be had. */
static enum status open_way(struct burst *b, const struct burst_config *c, struct fault *fault)
{
    b->by_xdp = open_xdp(&b->xdp, c, b->ifindex);
    if (b->by_xdp)
        return STATUS_OK;
    close_xdp(&b->xdp);
    return open_packet(&b->packet, c, b->ifindex, fault);
}

struct burst *burst_open(const struct burst_config *c, struct fault *fault)
{
    if (c->batch == 0 || c->batch > BURST_MAX) {
        (void)fault_set(fault, STATUS_MALFORMED, "a batch of %u packets: 1 to %d are possible",
                        c->batch, BURST_MAX);
        return NULL;
    }
    struct burst *b = fault_alloc(sizeof(*b), fault);
    if (b == NULL)
        return NULL;
    b->batch = c->batch;
    b->xdp.fd = b->packet.fd = -1;
    b->asking = netlink_open(fault);
    if (b->asking == NULL || check_link(b, c, fault) != STATUS_OK ||
        open_way(b, c, fault) != STATUS_OK) {
        burst_close(b);
        return NULL;
    }
    return b;
}

void burst_close(struct burst *b)
{
    if (b == NULL)
        return;
    nl_socket_free(b->asking);
    close_xdp(&b->xdp);
    if (b->packet.fd >= 0)
        (void)close(b->packet.fd);
    free(b);
}

const char *burst_way(const struct burst *b)
{
    return b->by_xdp ? "AF_XDP, copied" : "packet socket, sendmmsg";
}

/* With AF_XDP there is always a free frame, since show leaves a batch of them. */
uint8_t *burst_place(struct burst *b, int family)
{
    if (burst_waiting(b) == b->batch)
        return NULL;
    uint8_t *frame = b->by_xdp ? b->xdp.shared + address_of(b->xdp.free[b->xdp.free_count - 1])
                               : b->packet.parts[b->packet.waiting].iov_base;
    bytes_put16(frame + TYPE_AT, family == AF_INET ? ETHERTYPE_IP : ETHERTYPE_IPV6);
    return frame + HEADER;
}

void burst_put(struct burst *b, size_t n)
{
    if (b->by_xdp)
        put_xdp(&b->xdp, n);
    else
        b->packet.parts[b->packet.waiting++].iov_len = HEADER + n;
}

unsigned burst_waiting(const struct burst *b)
{
    return b->by_xdp ? b->xdp.put - b->xdp.taken : b->packet.waiting;
}

enum status burst_flush(struct burst *b, unsigned *sent, bool *full, struct fault *fault)
{
    unsigned refused;
    enum status s = b->by_xdp ? flush_xdp(&b->xdp, sent, &refused, full, fault)
                              : flush_packet(&b->packet, sent, &refused, full, fault);
    b->told += refused;
    return s;
}

uint64_t burst_dropped(struct burst *b)
{
    struct netlink_link link;
    if (netlink_ask_link(b->asking, b->ifindex, &link) == 0) {
        uint64_t all = link.tx_dropped - b->before;
        b->dropped = all > b->told ? all - b->told : 0;
    }
    return b->dropped;
}
