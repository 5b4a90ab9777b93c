/* The tap: libpcap over Linux's memory-mapped packet socket, which shows both directions with the
 * kernel's own stamps. */
#include "net/capture.h"

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

enum capture_kind {
    CAPTURE_WHOLE,
    CAPTURE_HEADERS,
    CAPTURE_INBOUND,
};

/* One packet takes one slot of the ring, and the ring's pages count as ours. With the whole frame's
 * snapshot length two slots fit a page and a full Ethernet frame fits a slot: the ring holds
 * `ring_octets` / 2048 packets. Of headers there are some ten to the page. Who hands frames on has
 * to live through a burst, such as a window of TCP's, without a loss. */
static const struct {
    int frame_octets, ring_octets;
} sizes[] = {
    [CAPTURE_WHOLE] = {CAPTURE_FRAME_MAX, 768 * 1024},
    [CAPTURE_HEADERS] = {CAPTURE_HEADERS_MAX, 256 * 1024},
    [CAPTURE_INBOUND] = {CAPTURE_FRAME_MAX, 8 * 1024 * 1024},
};

struct capture {
    pcap_t *pcap;
    int link;
    int release_fd;
    enum capture_kind kind;
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

static enum status activate(pcap_t *pcap, const char *ifname, enum capture_kind kind,
                            struct fault *fault)
{
    int error = pcap_set_snaplen(pcap, sizes[kind].frame_octets);
    if (error == 0)
        error = pcap_set_buffer_size(pcap, sizes[kind].ring_octets);
    if (error == 0)
        error = pcap_set_promisc(pcap, kind == CAPTURE_INBOUND);
    if (error == 0)
        error = pcap_set_immediate_mode(pcap, 1);
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
static enum status only_inbound(const struct capture *c, const char *ifname, struct fault *fault)
{
    const int on = 1;
    if (c->link != DLT_EN10MB)
        return fault_set(fault, STATUS_SYSTEM, "interface %s is not an Ethernet", ifname);
    if (pcap_setdirection(c->pcap, PCAP_D_IN) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot capture on %s: %s", ifname,
                         pcap_geterr(c->pcap));
    (void)setsockopt(pcap_fileno(c->pcap), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
    return STATUS_OK;
}

static enum status start(struct capture *c, const char *ifname, const char *filter,
                         struct fault *fault)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    enum status s = activate(c->pcap, ifname, c->kind, fault);
    if (s != STATUS_OK)
        return s;
    c->release_fd = release_later(pcap_fileno(c->pcap));
    c->link = pcap_datalink(c->pcap);
    if (!frame_known_link(c->link))
        return fault_set(fault, STATUS_SYSTEM, "interface %s: link type %d is not supported",
                         ifname, c->link);
    if (pcap_setnonblock(c->pcap, 1, error) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot capture on %s: %s", ifname, error);
    return c->kind == CAPTURE_INBOUND ? only_inbound(c, ifname, fault)
                                      : set_filter(c->pcap, filter, fault);
}

static struct capture *open_tap(const char *ifname, enum capture_kind kind, const char *filter,
                                struct fault *fault)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    struct capture *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    c->release_fd = -1;
    c->kind = kind;
    c->pcap = pcap_create(ifname, error);
    if (c->pcap == NULL) {
        (void)fault_set(fault, STATUS_SYSTEM, "cannot capture on %s: %s", ifname, error);
        free(c);
        return NULL;
    }
    if (start(c, ifname, filter, fault) != STATUS_OK) {
        capture_close(c);
        return NULL;
    }
    return c;
}

struct capture *capture_open(const char *ifname, const char *filter, struct fault *fault)
{
    return open_tap(ifname, CAPTURE_WHOLE, filter, fault);
}

struct capture *capture_open_headers(const char *ifname, const char *filter, struct fault *fault)
{
    return open_tap(ifname, CAPTURE_HEADERS, filter, fault);
}

struct capture *capture_open_inbound(const char *ifname, struct fault *fault)
{
    return open_tap(ifname, CAPTURE_INBOUND, NULL, fault);
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
    if (d->c->kind != CAPTURE_INBOUND) {
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
