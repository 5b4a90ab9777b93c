/* AF_XDP, sending only: see burst_xdp.h.
 *
 * A frame goes round: free, complete and waiting (it has a descriptor in the sending ring), taken
 * by the kernel, and free again when its address comes back in the completion ring, which is when
 * the device has done with it. Positions in rings count up and wrap; a ring's size is a power of
 * two. */
#include "net/burst_xdp.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "net/burst_frame.h"

enum {
    CHUNK = 2048, /* the least there is; a frame must not reach into the next one */
    STRIDE = BURST_FRAME_PAD + BURST_FRAME_MAX,
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

struct burst_xdp {
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

/* --- Opening --- */

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
static bool share_memory(struct burst_xdp *x)
{
    void *m = mmap(NULL, SHARED_OCTETS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (m == MAP_FAILED)
        return false;
    x->shared = m;
    const struct xdp_umem_reg region = {
        .addr = (uintptr_t)m, .len = SHARED_OCTETS, .chunk_size = CHUNK};
    return set(x->fd, XDP_UMEM_REG, &region, sizeof(region));
}

static bool make_rings(struct burst_xdp *x)
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
static bool take_queue(const struct burst_xdp *x, const struct sockaddr_xdp *queue)
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

static bool open_socket(struct burst_xdp *x, unsigned ifindex)
{
    const int room = BURST_FRAME_ROOM;
    const struct sockaddr_xdp queue = {
        .sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY, .sxdp_ifindex = ifindex};
    x->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (x->fd < 0 || !share_memory(x) || !make_rings(x) || !take_queue(x, &queue))
        return false;
    (void)setsockopt(x->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)); /* less will do */
    return true;
}

static uint64_t address_of(unsigned frame)
{
    return (uint64_t)frame / CHUNK_FRAMES * CHUNK + (uint64_t)frame % CHUNK_FRAMES * STRIDE +
           BURST_FRAME_PAD;
}

static unsigned frame_at(uint64_t address)
{
    return (unsigned)(address / CHUNK * CHUNK_FRAMES + address % CHUNK / STRIDE);
}

static void lay_out(struct burst_xdp *x, const struct burst_config *c)
{
    x->batch = c->batch;
    for (unsigned i = 0; i < FRAMES; i++) {
        burst_frame_address(x->shared + address_of(i), c);
        x->free[x->free_count++] = (uint16_t)i;
    }
}

struct burst_xdp *burst_xdp_open(const struct burst_config *c, unsigned ifindex)
{
    struct burst_xdp *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return NULL;
    if (!open_socket(x, ifindex)) {
        burst_xdp_close(x);
        return NULL;
    }
    lay_out(x, c);
    return x;
}

static void unmap(void *map, size_t octets)
{
    if (map != NULL)
        (void)munmap(map, octets);
}

void burst_xdp_close(struct burst_xdp *x)
{
    if (x == NULL)
        return;
    if (x->fd >= 0)
        (void)close(x->fd);
    unmap(x->sending.map, x->sending.octets);
    unmap(x->completion.map, x->completion.octets);
    unmap(x->shared, SHARED_OCTETS);
    free(x);
}

/* --- Filling --- */

static struct xdp_desc *descriptor(const struct burst_xdp *x, uint32_t position)
{
    return (struct xdp_desc *)x->sending.entries + position % RING;
}

/* There is always a free frame, since show leaves a batch of them. */
uint8_t *burst_xdp_place(struct burst_xdp *x, int family)
{
    if (burst_xdp_waiting(x) == x->batch)
        return NULL;
    return burst_frame_begin(x->shared + address_of(x->free[x->free_count - 1]), family);
}

void burst_xdp_put(struct burst_xdp *x, size_t n)
{
    unsigned frame = x->free[--x->free_count];
    x->uses[frame]++;
    *descriptor(x, x->put++) =
        (struct xdp_desc){.addr = address_of(frame), .len = (uint32_t)(BURST_FRAME_HEADER + n)};
}

unsigned burst_xdp_waiting(const struct burst_xdp *x)
{
    return x->put - x->taken;
}

/* --- Sending --- */

static void reclaim(struct burst_xdp *x)
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
static void show(struct burst_xdp *x)
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
static uint32_t note_taken(struct burst_xdp *x, bool refused)
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
static void put_back(struct burst_xdp *x)
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
enum status burst_xdp_flush(struct burst_xdp *x, unsigned *sent, unsigned *refused, bool *full,
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
