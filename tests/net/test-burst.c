/* Sending in batches, both ways, and receiving in bulk, with real frames in a network of our own:
 * a0 - a1 is up, b0 is up and b1 is not, d0 is down, t0 is a tap that holds TAP_FRAMES. */
#include "namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "net/burst.h"
#include "net/capture.h"
#include "net/privilege.h"
#include "wire/template.h"

enum {
    BATCH = 64,
    PACKETS = 5000,
    PORT = 8111,
    PATIENCE_MS = 60000,
    SMALL_RING = 1024 * 1024,
    TAP_FRAMES = 10,
    ETHERNET = 14
};

#define FILTER "tcp dst port 8111"

static int set_up(void **state)
{
    (void)state;
    new_network();
    run("sysctl -qw net.ipv6.conf.default.disable_ipv6=1 && " /* the kernel sends nothing */
        "for p in a b d; do ip link add ${p}0 type veth peer name ${p}1 || exit; done; "
        "ip link set a1 address 02:00:00:00:00:a1 && "
        "ip link set a0 up && ip link set a1 up && ip link set b0 up");
    return 0;
}

static struct burst_config config(const char *ifname)
{
    return (struct burst_config){.ifname = ifname,
                                 .our_mac = {2, 0, 0, 0, 0, 8},
                                 .next_mac = {2, 0, 0, 0, 0, 0xa1},
                                 .batch = BATCH};
}

/* Each test's state: which way it is to send. */
struct way {
    bool xdp;
    struct burst *holder; /* of the queue, so that there is no AF_XDP for another */
};

static const char xdp[] = "AF_XDP, copied", packet_socket[] = "packet socket, sendmmsg";

static bool kernel_has_xdp(void)
{
    int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

static struct burst *open_any(const char *ifname)
{
    struct fault fault = {""};
    struct burst_config c = config(ifname);
    struct burst *b = burst_open(&c, &fault);
    if (b == NULL)
        fail_msg("%s", fault.text);
    return b;
}

/* The kernel takes a moment to give up what the last test held. NULL: none to be had. */
static struct burst *open_xdp(const char *ifname)
{
    int64_t end = clock_ns(CLOCK_MONOTONIC) + PATIENCE_MS * CLOCK_MS;
    while (clock_ns(CLOCK_MONOTONIC) < end) {
        struct burst *b = open_any(ifname);
        if (strcmp(burst_way(b), xdp) == 0)
            return b;
        assert_string_equal(burst_way(b), packet_socket);
        burst_close(b);
        pause_ms(5);
    }
    return NULL;
}

static struct burst *open_burst(struct way *w, const char *ifname)
{
    w->holder = NULL;
    if (!kernel_has_xdp()) {
        if (w->xdp)
            skip();
        return open_any(ifname);
    }
    struct burst *b = open_xdp(ifname);
    assert_non_null(b);
    if (w->xdp)
        return b;
    w->holder = b;
    b = open_any(ifname);
    assert_string_equal(burst_way(b), packet_socket);
    return b;
}

static void close_burst(struct way *w, struct burst *b)
{
    burst_close(b);
    burst_close(w->holder);
}

static struct capture *open_bulk(const char *ifname, size_t ring)
{
    struct fault fault = {""};
    struct capture *c = capture_open_bulk(ifname, FILTER, ring, &fault);
    if (c == NULL)
        fail_msg("%s", fault.text);
    return c;
}

static unsigned flush(struct burst *b, bool *full)
{
    struct fault fault = {""};
    unsigned sent;
    if (burst_flush(b, &sent, full, &fault) != STATUS_OK)
        fail_msg("%s", fault.text);
    return sent;
}

/* SYNs to PORT of both families in turn, whose sequence number says which it is. */
struct source {
    struct template of[2];
    struct endpoint local[2], remote[2];
};

static void make_source(struct source *s)
{
    static const char *const from[] = {"10.9.0.1", "2001:db8::1"};
    static const char *const to[] = {"10.9.0.2", "2001:db8::2"};
    struct craft *c = craft_new(NULL);
    assert_non_null(c);
    for (size_t i = 0; i < 2; i++) {
        s->local[i] = (struct endpoint){ip_of(from[i]), 40000};
        s->remote[i] = (struct endpoint){ip_of(to[i]), PORT};
        struct segment like = {.src = s->local[i],
                               .dst = s->remote[i],
                               .ttl = 64,
                               .df = true,
                               .flags = FLAG_SYN,
                               .win = 64240};
        assert_int_equal(template_init(&s->of[i], c, &like, NULL), STATUS_OK);
    }
    craft_free(c);
}

static bool put(struct burst *b, const struct source *s, uint32_t number)
{
    size_t i = number % 2;
    uint8_t *at = burst_place(b, i == 0 ? AF_INET : AF_INET6);
    if (at == NULL)
        return false;
    burst_put(b, template_write(&s->of[i], at, &s->local[i], &s->remote[i], seq_of(number),
                                seq_of(0), 0));
    return true;
}

/* What a tap showed. */
struct shown {
    const struct source *source;
    uint32_t count;
    unsigned wrong; /* not the packet whose turn it was, or not to the octet */
    int64_t last_ns;
    unsigned out_of_order;
};

static void note(void *arg, const uint8_t *ip, size_t n, int64_t t_ns)
{
    struct shown *s = arg;
    size_t i = s->count % 2;
    uint8_t want[TEMPLATE_MAX];
    size_t len = template_write(&s->source->of[i], want, &s->source->local[i],
                                &s->source->remote[i], seq_of(s->count), seq_of(0), 0);
    s->wrong += n < len || memcmp(ip, want, len) != 0;
    s->out_of_order += t_ns < s->last_ns;
    s->last_ns = t_ns;
    s->count++;
}

/* Until `count` were shown, within reason, by waiting for the descriptor. */
static void look(struct capture *c, struct shown *s, uint32_t count)
{
    struct fault fault = {""};
    int64_t end = clock_ns(CLOCK_MONOTONIC) + PATIENCE_MS * CLOCK_MS;
    while (s->count < count && clock_ns(CLOCK_MONOTONIC) < end) {
        struct pollfd p = {.fd = capture_fd(c), .events = POLLIN};
        (void)poll(&p, 1, 100);
        if (capture_dispatch(c, 100, note, s, &fault) < 0)
            fail_msg("%s", fault.text);
    }
}

/* All arrive, in order and to the octet, behind the header that was asked for. */
static void arrives(void **state)
{
    struct way *w = *state;
    struct source source;
    bool full;
    make_source(&source);
    struct burst *b = open_burst(w, "a0");
    struct capture *there = open_bulk("a1", 0), *here = open_bulk("a0", SMALL_RING);
    struct shown s = {.source = &source}, outgoing = {.source = &source};
    unsigned sent = 0;
    for (uint32_t i = 0; i < PACKETS; i++) {
        if (!put(b, &source, i)) {
            assert_int_equal(burst_waiting(b), BATCH);
            sent += flush(b, &full);
            assert_false(full);
            assert_int_equal(burst_waiting(b), 0);
            assert_true(put(b, &source, i));
        }
    }
    assert_int_equal(burst_waiting(b), PACKETS % BATCH);
    sent += flush(b, &full);
    assert_int_equal(sent, PACKETS);
    assert_int_equal(flush(b, &full), 0);
    look(there, &s, PACKETS);
    assert_int_equal(s.count, PACKETS);
    assert_int_equal(s.wrong + s.out_of_order, 0);
    assert_true(clock_ns(CLOCK_REALTIME) - s.last_ns < 60 * CLOCK_S);
    assert_int_equal(capture_dropped(there), 0);
    assert_int_equal(burst_dropped(b), 0);
    struct fault fault = {""};
    pause_ms(30);
    assert_int_equal(capture_dispatch(here, 0, note, &outgoing, &fault), 0);
    capture_close(there);
    capture_close(here);
    close_burst(w, b);
}

static void keep_header(void *arg, const uint8_t *frame, size_t n, int64_t t_ns)
{
    (void)t_ns;
    if (n >= 14 + 4 && frame[14] >> 4 == (bytes_be16(frame + 12) == 0x0800 ? 4 : 6)) {
        memcpy(arg, frame, 14);
        ((uint8_t *)arg)[14]++;
    }
}

static void link_header(void **state)
{
    struct way *w = *state;
    static const uint8_t want[] = {2, 0, 0, 0, 0, 0xa1, 2, 0, 0, 0, 0, 8};
    struct source source;
    struct fault fault = {""};
    bool full;
    make_source(&source);
    struct burst *b = open_burst(w, "a0");
    struct capture *whole = capture_open_inbound("a1", &fault);
    assert_non_null(whole);
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t seen[15] = {0};
        assert_true(put(b, &source, i));
        (void)flush(b, &full);
        for (int again = 0; again < PATIENCE_MS && seen[14] == 0; again++) {
            pause_ms(1);
            assert_true(capture_dispatch(whole, 0, keep_header, seen, &fault) >= 0);
        }
        assert_true(seen[14] >= 1);
        assert_memory_equal(seen, want, sizeof(want));
    }
    capture_close(whole);
    close_burst(w, b);
}

/* A device that cannot take them: they wait, are told of, and go out in order when it can. */
static void full_device(void **state)
{
    struct way *w = *state;
    struct source source;
    bool full = false;
    make_source(&source);
    struct burst *b = open_burst(w, "b0");
    for (uint32_t i = 0; i < BATCH; i++)
        assert_true(put(b, &source, i));
    for (int again = 0; again < 3; again++) {
        assert_int_equal(flush(b, &full), 0);
        assert_true(full);
        assert_int_equal(burst_waiting(b), BATCH);
        assert_null(burst_place(b, AF_INET));
    }
    assert_int_equal(burst_dropped(b), 0); /* none without a word */
    run("ip link set b1 up");
    struct capture *there = open_bulk("b1", SMALL_RING);
    struct shown s = {.source = &source};
    unsigned sent = 0;
    for (int again = 0; again < 100 && sent < BATCH; again++) {
        sent += flush(b, &full);
        pause_ms(10);
    }
    assert_int_equal(sent, BATCH);
    look(there, &s, BATCH);
    assert_int_equal(s.count, BATCH);
    assert_int_equal(s.wrong, 0);
    capture_close(there);
    close_burst(w, b);
    run("ip link set b1 down");
}

/* Frames that are sent, and none of the kernel's own, come out of the descriptor. -1: there are no
 * taps here. */
static int open_tap(void)
{
    struct ifreq r = {.ifr_name = "t0", .ifr_flags = IFF_TAP | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && ioctl(fd, TUNSETIFF, &r) == 0) {
        char command[80];
        (void)snprintf(command, sizeof(command), "ip link set t0 txqueuelen %d up", TAP_FRAMES);
        run(command);
        return fd;
    }
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static void empty_tap(int fd, struct shown *s)
{
    uint8_t frame[2048];
    ssize_t n;
    while ((n = read(fd, frame, sizeof(frame))) > ETHERNET)
        note(s, frame + ETHERNET, (size_t)n - ETHERNET, 0);
    assert_true(n < 0 && errno == EAGAIN);
}

/* A device that takes some of a batch: the rest goes out later, in order, none twice, and there is
 * room for as many new ones as went. */
static void partly_full_device(void **state)
{
    struct way *w = *state;
    struct source source;
    make_source(&source);
    int tap = open_tap();
    if (tap < 0)
        skip();
    struct burst *b = open_burst(w, "t0");
    struct shown s = {.source = &source};
    uint32_t made = 0, gone = 0;
    for (int again = 0; again < 100; again++) {
        bool full = false;
        while (put(b, &source, made))
            made++;
        assert_int_equal(burst_waiting(b), BATCH);
        assert_int_equal(flush(b, &full), TAP_FRAMES);
        gone += TAP_FRAMES;
        assert_true(full);
        assert_int_equal(burst_waiting(b), BATCH - TAP_FRAMES);
        assert_int_equal(made - gone, BATCH - TAP_FRAMES);
        assert_int_equal(flush(b, &full), 0);
        assert_true(full);
        empty_tap(tap, &s);
        assert_int_equal(s.count, gone);
    }
    assert_int_equal(s.wrong, 0);
    assert_int_equal(burst_dropped(b), 0);
    close_burst(w, b);
    (void)close(tap);
}

/* The queue has one AF_XDP socket: who comes second sends all the same, and both do. */
UNIT_TEST(queue_taken)
{
    struct source source;
    bool full;
    if (!kernel_has_xdp())
        skip();
    make_source(&source);
    struct burst *first = open_xdp("a0"), *second = open_any("a0");
    struct capture *there = open_bulk("a1", SMALL_RING);
    struct shown s = {.source = &source};
    assert_non_null(first);
    assert_string_equal(burst_way(second), packet_socket);
    for (uint32_t i = 0; i < BATCH; i++) {
        assert_true(put(i % 3 == 0 ? first : second, &source, i));
        assert_int_equal(flush(i % 3 == 0 ? first : second, &full), 1);
    }
    look(there, &s, BATCH);
    assert_int_equal(s.count, BATCH);
    assert_int_equal(s.wrong, 0);
    capture_close(there);
    burst_close(second);
    burst_close(first);
}

/* A ring too small for what comes: what is lost is counted, and the rest is shown. */
static void bulk_counts_what_is_lost(void **state)
{
    struct way *w = *state;
    struct source source;
    bool full;
    make_source(&source);
    struct burst *b = open_burst(w, "a0");
    struct capture *there = open_bulk("a1", SMALL_RING);
    struct shown s = {.source = &source};
    uint32_t total = 0;
    for (; total < 20000; total += BATCH) {
        for (uint32_t i = 0; i < BATCH; i++)
            assert_true(put(b, &source, total + i));
        assert_int_equal(flush(b, &full), BATCH);
    }
    struct fault fault = {""};
    for (int again = 0; again < 5; again++) { /* the last block is handed over by its age */
        pause_ms(20);
        assert_true(capture_dispatch(there, 0, note, &s, &fault) >= 0);
    }
    uint64_t lost = capture_dropped(there);
    assert_true(lost > 0 && s.count > 0);
    assert_int_equal(s.count + lost, total);
    capture_close(there);
    close_burst(w, b);
}

static void dropped_privileges(struct way *w)
{
    struct source source;
    struct fault fault = {""};
    bool full;
    unsigned sent;
    make_source(&source);
    struct burst *b = open_burst(w, "a0");
    struct capture *there = open_bulk("a1", SMALL_RING);
    struct shown s = {.source = &source};
    CHECK(privilege_drop(PRIVILEGE_OF_RUN, &fault) == STATUS_OK);
    for (uint32_t i = 0; i < BATCH; i++)
        CHECK(put(b, &source, i));
    CHECK(burst_flush(b, &sent, &full, &fault) == STATUS_OK && sent == BATCH);
    look(there, &s, BATCH);
    CHECK(s.count == BATCH && s.wrong == 0);
    CHECK(burst_dropped(b) == 0);
    CHECK(capture_dropped(there) == 0);
}

static void dropped_with_xdp(void)
{
    dropped_privileges(&(struct way){.xdp = true});
}

static void dropped_with_packets(void)
{
    dropped_privileges(&(struct way){.xdp = false});
}

static void after_the_drop(void **state)
{
    const struct way *w = *state;
    if (w->xdp && !kernel_has_xdp())
        skip();
    assert_int_equal(in_child(w->xdp ? dropped_with_xdp : dropped_with_packets), 0);
}

static void lost_interface(void **state)
{
    struct way *w = *state;
    struct source source;
    struct fault fault = {""};
    bool full;
    unsigned sent;
    make_source(&source);
    run("ip link add e0 type veth peer name e1 && ip link set e0 up && ip link set e1 up");
    struct burst *b = open_burst(w, "e0");
    assert_true(put(b, &source, 0));
    run("ip link del e0");
    enum status status = STATUS_OK;
    for (int again = 0; again < 2 && status == STATUS_OK; again++)
        status = burst_flush(b, &sent, &full, &fault);
    assert_int_equal(status, STATUS_SYSTEM);
    assert_int_equal(sent, 0);
    assert_int_equal(strncmp(fault.text, "cannot send: ", 13), 0);
    assert_int_equal(burst_dropped(b), 0);
    close_burst(w, b);
}

UNIT_TEST(refusals)
{
    static const struct {
        const char *ifname;
        unsigned batch;
        const char *line;
    } rows[] = {
        {"lo", BATCH, "interface lo is not an Ethernet"},
        {"d0", BATCH, "interface d0 is down: ip link set d0 up"},
        {"none9", BATCH, "no interface named 'none9'"},
        {"a0", 0, "a batch of 0 packets: 1 to 256 are possible"},
        {"a0", 257, "a batch of 257 packets: 1 to 256 are possible"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fault fault = {""};
        struct burst_config c = config(rows[i].ifname);
        c.batch = rows[i].batch;
        assert_null(burst_open(&c, &fault));
        assert_string_equal(fault.text, rows[i].line);
    }
    struct fault fault = {""};
    assert_null(capture_open_bulk("a0", FILTER, SIZE_MAX, &fault));
    assert_null(capture_open_bulk("none9", FILTER, 0, &fault));
    assert_string_equal(fault.text, "no interface named 'none9'");
}

#define EACH_WAY(f)                                                                                \
    unit_add(0, f, &by_xdp, #f " by AF_XDP");                                                      \
    unit_add(0, f, &by_packets, #f " by packet socket")

int main(void)
{
    static struct way by_xdp = {.xdp = true}, by_packets = {.xdp = false};
    EACH_WAY(arrives);
    EACH_WAY(link_header);
    EACH_WAY(full_device);
    EACH_WAY(partly_full_device);
    EACH_WAY(bulk_counts_what_is_lost);
    EACH_WAY(after_the_drop);
    EACH_WAY(lost_interface);
    return unit_run();
}

UNIT_GROUP(set_up, NULL)
