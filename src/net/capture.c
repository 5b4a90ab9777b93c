/* The tap: libpcap over Linux's memory-mapped packet socket, which shows both directions with the
 * kernel's own stamps. */
#include "net/capture.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <pcap/dlt.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/privilege.h"
#include "wire/frame.h"

/* One packet takes one slot of the ring. With this snapshot length two slots fit a page and a full
 * Ethernet frame fits a slot; the ring holds RING_OCTETS / 2048 packets. Its pages count as ours.
 * Who hands frames on has to live through a burst, such as a window of TCP's, without a loss. */
enum {
    RING_OCTETS = 768 * 1024,
    ANY_RING_OCTETS = 128 * 1024,
    INBOUND_RING_OCTETS = 8 * 1024 * 1024
};

/* In bulk packets lie close together in blocks, which the kernel hands over when they are full or
 * this old. */
enum {
    BULK_RING_OCTETS = 16 * 1024 * 1024,
    BULK_BLOCK_MS = 10
};

/* What a tap is to be. */
struct tap {
    const char *filter; /* NULL: everything */
    int frame_max;
    size_t ring_octets;
    int block_ms;  /* 0: each packet is shown at once */
    bool incoming; /* nothing that goes out */
    bool any;      /* of several interfaces: with the header that tells which */
    bool whole;    /* for handing on: the link header too, whoever it is for, nothing cut */
};

struct capture {
    pcap_t *pcap;
    int link;
    int release_fd;
    bool whole;
    uint64_t cut; /* frames of which not all was captured */
};

struct delivery {
    struct capture *c;
    capture_fn *fn;
    void *arg;
};

/* Taking down the ring of a packet socket waits for two RCU grace periods (15 to 25 ms measured,
 * 60 % of a whole short run), in whichever process drops the last reference, even when that process
 * only exits. An io_uring instance releases its registered files from a kernel worker, so a
 * reference kept there moves that wait out of ours. The instance starts disabled and is never
 * enabled: no operation can be submitted to it. Where io_uring is not allowed nothing but those
 * milliseconds is lost, so a failure is none of ours. Returns the instance, or -1. */
static int release_later(int fd)
{
    struct io_uring_params params = {.flags = IORING_SETUP_R_DISABLED};
    int ring = (int)syscall(SYS_io_uring_setup, 1, &params);
    if (ring >= 0)
        (void)syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &fd, 1);
    return ring;
}

static enum status explain(pcap_t *pcap, int error, const char *ifname, struct fault *fault)
{
    switch (error) {
    case PCAP_ERROR_PERM_DENIED:
        if (privilege_check(fault) != STATUS_OK) /* it knows the better line */
            return STATUS_SYSTEM;
        return fault_set(fault, STATUS_SYSTEM, "not permitted to capture on %s", ifname);
    case PCAP_ERROR_NO_SUCH_DEVICE:
        return fault_set(fault, STATUS_SYSTEM, "no interface named '%s'", ifname);
    case PCAP_ERROR_IFACE_NOT_UP:
        return fault_set(fault, STATUS_SYSTEM, "interface %s is down: ip link set %s up", ifname,
                         ifname);
    default:
        return fault_set(fault, STATUS_SYSTEM, "cannot capture on %s: %s", ifname,
                         error == PCAP_ERROR ? pcap_geterr(pcap) : pcap_statustostr(error));
    }
}

static enum status activate(pcap_t *pcap, const char *ifname, const struct tap *tap,
                            struct fault *fault)
{
    int error = pcap_set_snaplen(pcap, tap->frame_max);
    if (error == 0)
        error = pcap_set_buffer_size(pcap, (int)tap->ring_octets);
    if (error == 0)
        error = pcap_set_promisc(pcap, tap->whole);
    if (error == 0)
        error = pcap_set_immediate_mode(pcap, tap->block_ms == 0);
    if (error == 0 && tap->block_ms != 0)
        error = pcap_set_timeout(pcap, tap->block_ms);
    if (error == 0)
        error = pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
    if (error == 0)
        error = pcap_activate(pcap);
    return error < 0 ? explain(pcap, error, ifname, fault) : STATUS_OK; /* > 0 is a warning */
}

/* libpcap runs the filter itself over what the ring took in before the kernel had it. */
static enum status set_filter(pcap_t *pcap, const char *filter, struct fault *fault)
{
    struct bpf_program program;
    if (pcap_compile(pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
        return fault_set(fault, STATUS_SYSTEM, "capture filter '%s': %s", filter,
                         pcap_geterr(pcap));
    int error = pcap_setfilter(pcap, &program);
    pcap_freecode(&program);
    if (error != 0)
        return fault_set(fault, STATUS_SYSTEM, "capture filter '%s': %s", filter,
                         pcap_geterr(pcap));
    return STATUS_OK;
}

/* libpcap passes over what goes out when the ring is read; a kernel that knows the option does not
 * even put it there. */
static enum status only_incoming(const struct capture *c, const char *ifname, struct fault *fault)
{
    const int on = 1;
    if (pcap_setdirection(c->pcap, PCAP_D_IN) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot capture on %s: %s", ifname,
                         pcap_geterr(c->pcap));
    (void)setsockopt(pcap_fileno(c->pcap), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
    return STATUS_OK;
}

static enum status check_link(const struct capture *c, const char *ifname, struct fault *fault)
{
    if (c->whole && c->link != DLT_EN10MB)
        return fault_set(fault, STATUS_SYSTEM, "interface %s is not an Ethernet", ifname);
    if (!frame_known_link(c->link))
        return fault_set(fault, STATUS_SYSTEM, "interface %s: link type %d is not supported",
                         ifname, c->link);
    return STATUS_OK;
}

static enum status start(struct capture *c, const char *ifname, const struct tap *tap,
                         struct fault *fault)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    enum status s = activate(c->pcap, ifname, tap, fault);
    if (s != STATUS_OK)
        return s;
    c->release_fd = release_later(pcap_fileno(c->pcap));
    if (tap->any && pcap_set_datalink(c->pcap, DLT_LINUX_SLL2) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot capture on %s: %s", ifname,
                         pcap_geterr(c->pcap));
    c->link = pcap_datalink(c->pcap);
    s = check_link(c, ifname, fault);
    if (s == STATUS_OK && pcap_setnonblock(c->pcap, 1, error) != 0)
        s = fault_set(fault, STATUS_SYSTEM, "cannot capture on %s: %s", ifname, error);
    if (s == STATUS_OK && tap->incoming)
        s = only_incoming(c, ifname, fault);
    return s == STATUS_OK && tap->filter != NULL ? set_filter(c->pcap, tap->filter, fault) : s;
}

static struct capture *open_tap(const char *ifname, const struct tap *tap, struct fault *fault)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    struct capture *c = fault_alloc(sizeof(*c), fault);
    if (c == NULL)
        return NULL;
    c->release_fd = -1;
    c->whole = tap->whole;
    c->pcap = pcap_create(ifname, error);
    if (c->pcap == NULL) {
        (void)fault_set(fault, STATUS_SYSTEM, "cannot capture on %s: %s", ifname, error);
        free(c);
        return NULL;
    }
    if (start(c, ifname, tap, fault) != STATUS_OK) {
        capture_close(c);
        return NULL;
    }
    return c;
}

struct capture *capture_open(const char *ifname, const char *filter, struct fault *fault)
{
    const struct tap tap = {
        .filter = filter, .frame_max = CAPTURE_FRAME_MAX, .ring_octets = RING_OCTETS};
    return open_tap(ifname, &tap, fault);
}

struct capture *capture_open_headers(const char *ifname, const char *filter, size_t ring_octets,
                                     struct fault *fault)
{
    const struct tap tap = {
        .filter = filter, .frame_max = CAPTURE_HEADERS_MAX, .ring_octets = ring_octets};
    return open_tap(ifname, &tap, fault);
}

struct capture *capture_open_any(const char *filter, struct fault *fault)
{
    const struct tap tap = {.filter = filter,
                            .frame_max = CAPTURE_FRAME_MAX,
                            .ring_octets = ANY_RING_OCTETS,
                            .incoming = true,
                            .any = true};
    return open_tap("any", &tap, fault);
}

struct capture *capture_open_inbound(const char *ifname, struct fault *fault)
{
    const struct tap tap = {.frame_max = CAPTURE_FRAME_MAX,
                            .ring_octets = INBOUND_RING_OCTETS,
                            .incoming = true,
                            .whole = true};
    return open_tap(ifname, &tap, fault);
}

struct capture *capture_open_bulk(const char *ifname, const char *filter, size_t ring_octets,
                                  struct fault *fault)
{
    const struct tap tap = {.filter = filter,
                            .frame_max = CAPTURE_HEADERS_MAX,
                            .ring_octets = ring_octets != 0 ? ring_octets : BULK_RING_OCTETS,
                            .block_ms = BULK_BLOCK_MS,
                            .incoming = true};
    if (ring_octets > INT_MAX) {
        (void)fault_set(fault, STATUS_MALFORMED, "a ring of %zu octets is too large", ring_octets);
        return NULL;
    }
    return open_tap(ifname, &tap, fault);
}

enum status capture_only(struct capture *c, const struct port_filter *f, struct fault *fault)
{
    struct bpf_insn code[PORT_FILTER_MAX];
    struct bpf_program program = {.bf_len = port_filter_build(f, c->link, code), .bf_insns = code};
    if (program.bf_len == 0)
        return fault_set(fault, STATUS_SYSTEM, "link type %d is not supported", c->link);
    if (pcap_setfilter(c->pcap, &program) != 0)
        return fault_set(fault, STATUS_SYSTEM, "capture filter: %s", pcap_geterr(c->pcap));
    return STATUS_OK;
}

enum status capture_lock(struct capture *c, struct fault *fault)
{
    const int on = 1;
    if (setsockopt(pcap_fileno(c->pcap), SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot lock the capture: %s", strerror(errno));
    return STATUS_OK;
}

void capture_close(struct capture *c)
{
    if (c == NULL)
        return;
    pcap_close(c->pcap);
    if (c->release_fd >= 0)
        (void)close(c->release_fd); /* last: it holds the last reference */
    free(c);
}

int capture_fd(const struct capture *c)
{
    return pcap_get_selectable_fd(c->pcap);
}

static void deliver(u_char *arg, const struct pcap_pkthdr *h, const u_char *frame)
{
    const struct delivery *d = (const void *)arg;
    const uint8_t *ip;
    size_t n;
    /* The precision asked for makes tv_usec count nanoseconds. */
    int64_t t_ns = h->ts.tv_sec * CLOCK_S + h->ts.tv_usec;
    if (!d->c->whole) {
        if (frame_ip(d->c->link, frame, h->caplen, &ip, &n))
            d->fn(d->arg, ip, n, t_ns);
    } else if (h->caplen < h->len)
        d->c->cut++;
    else
        d->fn(d->arg, frame, h->caplen, t_ns);
}

int capture_dispatch(struct capture *c, int max, capture_fn *fn, void *arg, struct fault *fault)
{
    struct delivery d = {.c = c, .fn = fn, .arg = arg};
    int n = pcap_dispatch(c->pcap, max > 0 ? max : -1, deliver, (u_char *)&d);
    if (n >= 0)
        return n;
    (void)fault_set(fault, STATUS_SYSTEM, "the capture broke: %s", pcap_geterr(c->pcap));
    return -1;
}

uint64_t capture_dropped(struct capture *c)
{
    struct pcap_stat stat;
    if (pcap_stats(c->pcap, &stat) != 0)
        return c->cut;
    return c->cut + stat.ps_drop + stat.ps_ifdrop;
}

const char *capture_clock(const struct capture *c)
{
    (void)c;
    return "kernel software stamps, ns";
}
