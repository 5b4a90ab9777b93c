/* Capture, injection, the quiet socket, the loop and the dropping of privileges, with real packets
 * in a network of our own. */
#include "namespace.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <sys/socket.h>

#include "net/capture.h"
#include "net/inject.h"
#include "net/loop.h"
#include "net/privilege.h"
#include "net/quiet.h"
#include "wire/craft.h"

/* Under these sanitizers there is no filter. */
#if defined(__SANITIZE_ADDRESS__) || !defined(HAVE_SECCOMP)
#define UNFILTERED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNFILTERED 1
#endif
#endif

enum {
    LOCAL_PORT = 40001,
    REMOTE_PORT = 7,
    PACKET_MAX = 256,
    BURST = 300,
    FLOOD = 3000
};

/* One tap and one injector on one interface, and an endpoint at each side of a segment. */
struct netem {
    struct capture *capture;
    struct inject *inject;
    struct endpoint local, remote;
};

struct matched {
    size_t count;
    uint8_t first[PACKET_MAX];
    size_t first_len;
    int64_t stamps[BURST];
};

static void note(void *arg, const uint8_t *ip, size_t n, int64_t t_ns)
{
    struct matched *s = arg;
    if (s->count == 0) {
        s->first_len = n < PACKET_MAX ? n : PACKET_MAX;
        memcpy(s->first, ip, s->first_len);
    }
    if (s->count < BURST)
        s->stamps[s->count] = t_ns;
    s->count++;
}

static struct capture *open_capture(const char *ifname, const char *filter)
{
    struct fault fault = {""};
    struct capture *c = capture_open(ifname, filter, &fault);
    if (c == NULL)
        fail_msg("%s", fault.text);
    return c;
}

static struct netem open_wire(const char *ifname, const char *local, const char *remote)
{
    struct fault fault = {""};
    struct netem w = {.local = {ip_of(local), LOCAL_PORT}, .remote = {ip_of(remote), REMOTE_PORT}};
    w.capture = open_capture(ifname, address_is_v4(&w.local.ip) ? "ip and tcp port 40001"
                                                                : "ip6 and tcp port 40001");
    w.inject = inject_open(address_is_v4(&w.local.ip) ? AF_INET : AF_INET6, ifname, &fault);
    if (w.inject == NULL)
        fail_msg("%s", fault.text);
    return w;
}

static void close_wire(struct netem *w)
{
    inject_close(w->inject);
    capture_close(w->capture);
}

/* A segment that nobody asked for, as the peer of a probe would send it. Returns its length. */
static size_t make_segment(const struct netem *w, uint16_t flags, size_t data,
                           uint8_t out[PACKET_MAX])
{
    struct fault fault = {""};
    size_t n = 0;
    struct segment s = {.src = w->remote,
                        .dst = w->local,
                        .ip_version = address_is_v4(&w->local.ip) ? 4 : 6,
                        .ttl = 64,
                        .df = true,
                        .ip_id = 4711,
                        .seq = seq_of(1000),
                        .ack = seq_of(2000),
                        .flags = flags,
                        .win = 65535};
    struct craft *craft = craft_new(&fault);
    if (craft == NULL || craft_segment(craft, &s, "data", data, out, PACKET_MAX, &n, &fault) != 0)
        fail_msg("%s", fault.text);
    craft_free(craft);
    return n;
}

static size_t make_answer(const struct netem *w, uint8_t out[PACKET_MAX])
{
    return make_segment(w, FLAG_SYN | FLAG_ACK, 0, out);
}

static void send_segment(const struct netem *w, uint16_t flags, size_t data)
{
    struct fault fault = {""};
    uint8_t packet[PACKET_MAX];
    size_t n = make_segment(w, flags, data, packet);
    if (inject_send(w->inject, packet, n, &fault) != STATUS_OK)
        fail_msg("%s", fault.text);
}

static void send_answer(const struct netem *w)
{
    send_segment(w, FLAG_SYN | FLAG_ACK, 0);
}

static void look(const struct netem *w, struct matched *s)
{
    struct fault fault = {""};
    if (capture_dispatch(w->capture, 0, note, s, &fault) < 0)
        fail_msg("%s", fault.text);
}

/* ---- capture and inject ---- */

static void round_trip(const char *local, const char *remote)
{
    struct netem w = open_wire("lo", local, remote);
    struct matched s = {0};
    uint8_t packet[PACKET_MAX];
    size_t n = make_answer(&w, packet);
    int64_t before = clock_ns(CLOCK_REALTIME), last = before;
    size_t fine = 0;
    for (int i = 0; i < 20; i++)
        send_answer(&w);
    int64_t after = clock_ns(CLOCK_REALTIME);
    pause_ms(20);
    look(&w, &s);
    assert_true(s.count >= 20);
    assert_int_equal(s.first_len, n);
    assert_memory_equal(s.first, packet, n);
    for (size_t i = 0; i < s.count; i++) {
        assert_true(s.stamps[i] >= last && s.stamps[i] <= after);
        fine += s.stamps[i] % 1000 != 0;
        last = s.stamps[i];
    }
    assert_true(fine > s.count / 2); /* microseconds would all end in 000 */
    assert_string_equal(capture_clock(w.capture), "kernel software stamps, ns");
    close_wire(&w);
}

UNIT_TEST(round_trips)
{
    round_trip("127.0.0.1", "127.0.0.1");
    round_trip("::1", "::1");
}

/* Link-local: the injector's interface stands for the scope. */
UNIT_TEST(link_local)
{
    run("ip addr add fe80::77/64 dev v0 && ip neigh add fe80::99 lladdr 2:0:0:0:0:9 dev v0");
    struct netem w = open_wire("v0", "fe80::99", "fe80::77"); /* from us to a neighbour */
    struct matched s = {0};
    send_answer(&w);
    pause_ms(20);
    look(&w, &s);
    assert_int_equal(s.count, 1);
    close_wire(&w);
}

UNIT_TEST(dispatch_bound)
{
    struct netem w = open_wire("lo", "127.0.0.1", "127.0.0.1");
    struct fault fault = {""};
    struct matched s = {0};
    int fd;
    assert_int_equal(quiet_open(&w.local, 0, &fd, &fault), STATUS_OK);
    assert_int_equal(capture_dispatch(w.capture, 0, note, &s, &fault), 0);
    for (int i = 0; i < 5; i++)
        send_answer(&w);
    pause_ms(20);
    assert_int_equal(capture_dispatch(w.capture, 2, note, &s, &fault), 2);
    assert_int_equal(capture_dispatch(w.capture, 0, note, &s, &fault), 3);
    assert_int_equal(capture_dispatch(w.capture, 0, note, &s, &fault), 0);
    assert_int_equal(s.count, 5);
    (void)close(fd);
    close_wire(&w);
}

/* Unread, the ring holds BURST packets; what it cannot hold is counted. */
UNIT_TEST(drops)
{
    run("ip neigh replace 10.9.0.2 lladdr 2:0:0:0:0:2 dev v0");
    struct netem w = open_wire("v0", "10.9.0.2", "10.9.0.1");
    struct matched s = {0};
    for (int i = 0; i < BURST; i++)
        send_answer(&w);
    pause_ms(20);
    look(&w, &s);
    assert_int_equal(s.count, BURST);
    assert_int_equal(capture_dropped(w.capture), 0);
    for (int i = 0; i < FLOOD; i++)
        send_answer(&w);
    pause_ms(20);
    look(&w, &s);
    uint64_t dropped = capture_dropped(w.capture);
    assert_true(dropped > 0);
    assert_int_equal(s.count + dropped, BURST + FLOOD);
    assert_int_equal(capture_dropped(w.capture), dropped);
    close_wire(&w);
}

UNIT_TEST(capture_refusals)
{
    struct fault fault = {""};
    assert_null(capture_open("none9", "tcp", &fault));
    assert_string_equal(fault.text, "no interface named 'none9'");
    assert_null(capture_open("d0", "tcp", &fault));
    assert_string_equal(fault.text, "interface d0 is down: ip link set d0 up");
    assert_null(capture_open("lo", "tcp and and", &fault));
    assert_non_null(strstr(fault.text, "capture filter 'tcp and and': "));
    assert_null(inject_open(AF_INET, "none9", &fault));
    assert_non_null(strstr(fault.text, "cannot send on none9: "));
}

UNIT_TEST(inject_refusals)
{
    struct fault fault = {""};
    struct netem w = open_wire("v0", "10.9.0.2", "10.9.0.1");
    uint8_t large[2000] = {0};
    size_t n = make_answer(&w, large);
    large[2] = sizeof(large) >> 8;
    large[3] = sizeof(large) & 0xff;
    assert_int_equal(inject_send(w.inject, large, sizeof(large), &fault), STATUS_SYSTEM);
    assert_string_equal(fault.text, "2000 octets do not fit the interface's MTU");
    run("ip link set v0 down");
    assert_int_equal(inject_send(w.inject, large, n, &fault), STATUS_UNREACHABLE);
    assert_non_null(strstr(fault.text, "cannot send: Network is "));
    run("ip link set v0 up");
    close_wire(&w);
}

/* A queue of one packet that leaves at 8 kbit/s: soon there is no room, and not for 100 ms. */
UNIT_TEST(full_queue)
{
    if (system("tc qdisc add dev v0 root tbf rate 8kbit burst 200 limit 200 2>&1") != 0)
        skip();
    run("ip neigh replace 10.9.0.2 lladdr 2:0:0:0:0:2 dev v0");
    struct fault fault = {""};
    struct netem w = open_wire("v0", "10.9.0.2", "10.9.0.1");
    uint8_t packet[PACKET_MAX];
    size_t n = make_answer(&w, packet);
    int refused = 0;
    int64_t longest = 0;
    for (int i = 0; i < 20 && refused == 0; i++) {
        int64_t start = clock_ns(CLOCK_MONOTONIC);
        refused = inject_send(w.inject, packet, n, &fault) != STATUS_OK;
        int64_t waited = clock_ns(CLOCK_MONOTONIC) - start;
        longest = waited > longest ? waited : longest;
    }
    run("tc qdisc del dev v0 root");
    close_wire(&w);
    /* 54 octets leave every 54 ms, so each send finds room within its 100 ms. */
    assert_int_equal(refused, 0);
    assert_true(longest > 10 * CLOCK_MS);
}

/* ---- quiet ---- */

/* Segments that a closed port or a listener answers, each in its way: how many answers came. */
static size_t answers(const struct netem *w)
{
    static const uint16_t kinds[] = {FLAG_SYN,
                                     FLAG_SYN | FLAG_ACK,
                                     FLAG_ACK,
                                     FLAG_FIN | FLAG_ACK,
                                     FLAG_PSH | FLAG_ACK,
                                     FLAG_SYN | FLAG_FIN,
                                     FLAG_FIN | FLAG_PSH | FLAG_URG,
                                     0};
    const size_t sent = sizeof(kinds) / sizeof(kinds[0]);
    struct matched s = {0};
    for (size_t i = 0; i < sent; i++)
        send_segment(w, kinds[i], i % 2 * 4);
    pause_ms(50);
    look(w, &s);
    assert_true(s.count >= sent); /* what came is captured in any case */
    return s.count - sent;
}

static void kernel_is_quiet(const char *local, const char *remote)
{
    struct netem w = open_wire("lo", local, remote);
    struct fault fault = {""};
    int fd;
    assert_int_equal(answers(&w), 8);
    if (quiet_open(&w.local, 0, &fd, &fault) != STATUS_OK)
        fail_msg("%s", fault.text);
    assert_int_equal(answers(&w), 0);
    (void)close(fd);
    assert_int_equal(answers(&w), 8);
    close_wire(&w);
}

UNIT_TEST(quiet)
{
    kernel_is_quiet("127.0.0.1", "127.0.0.1");
    kernel_is_quiet("::1", "::1");
    kernel_is_quiet("10.9.0.1", "10.9.0.1");
}

UNIT_TEST(quiet_refusals)
{
    struct fault fault = {""};
    struct endpoint e = {ip_of("127.0.0.1"), LOCAL_PORT};
    int fd, other = -1;
    assert_int_equal(quiet_open(&e, 0, &fd, &fault), STATUS_OK);
    assert_int_equal(quiet_open(&e, 0, &other, &fault), STATUS_NOT_OURS);
    assert_string_equal(fault.text, "127.0.0.1:40001 is in use by another program");
    assert_int_equal(other, -1);
    (void)close(fd);
    e.ip = ip_of("192.0.2.1");
    assert_int_equal(quiet_open(&e, 0, &fd, &fault), STATUS_SYSTEM);
    assert_string_equal(fault.text, "192.0.2.1:40001 is no address of this host");
    /* One port serves both families: an IPv6 socket must not take the IPv4 port. */
    e.ip = ip_of("::1");
    assert_int_equal(quiet_open(&e, 0, &fd, &fault), STATUS_OK);
    e.ip = ip_of("127.0.0.1");
    assert_int_equal(quiet_open(&e, 0, &other, &fault), STATUS_OK);
    (void)close(fd);
    (void)close(other);
}

/* ---- loop ---- */

struct scene {
    struct loop *loop;
    int64_t deadline;
    int reads, wakes, stops, reports, early, fd;
};

static void on_readable(void *arg)
{
    struct scene *s = arg;
    char c;
    if (read(s->fd, &c, 1) == 1)
        s->reads++;
}

static void on_wake(void *arg, int64_t now_ns)
{
    struct scene *s = arg;
    s->early += now_ns < s->deadline;
    if (++s->wakes == 20) {
        loop_stop(s->loop);
        return;
    }
    s->deadline = loop_now(s->loop) + (int64_t)s->wakes * 37 * CLOCK_US;
    loop_set_deadline(s->loop, s->deadline);
}

static void on_signal(void *arg, enum loop_signal signal)
{
    struct scene *s = arg;
    if (signal == LOOP_REPORT)
        s->reports++;
    else
        s->stops++;
    if (s->reports == 1 && s->stops == 0)
        (void)raise(SIGINT);
    else if (s->stops == 1)
        (void)raise(SIGTERM);
}

static void open_scene(struct scene *s, int fds[2])
{
    struct fault fault = {""};
    const struct loop_handlers handlers = {
        .arg = s, .readable = on_readable, .wake = on_wake, .signal = on_signal};
    *s = (struct scene){0};
    CHECK(pipe(fds) == 0);
    s->fd = fds[0];
    s->loop = loop_new(fds[0], &handlers, &fault);
    CHECK(s->loop != NULL);
}

static void deadlines_in_child(void)
{
    struct scene s;
    struct fault fault = {""};
    int fds[2];
    open_scene(&s, fds);
    CHECK(llabs(loop_now(s.loop) - clock_ns(CLOCK_REALTIME)) < CLOCK_S);
    CHECK(write(fds[1], "ab", 2) == 2);
    loop_set_deadline(s.loop, loop_now(s.loop) - CLOCK_S);
    loop_set_deadline(s.loop, CLOCK_NEVER);
    s.deadline = loop_now(s.loop) + 5 * CLOCK_MS;
    loop_set_deadline(s.loop, s.deadline + CLOCK_MIN);
    loop_set_deadline(s.loop, s.deadline);
    CHECK(loop_run(s.loop, &fault) == STATUS_OK);
    CHECK(s.wakes == 20 && s.early == 0 && s.reads == 2);
    loop_free(s.loop);
}

static void signals_in_child(void)
{
    struct scene s;
    struct fault fault = {""};
    int fds[2];
    /* Whoever started the tests in the background may have had these ignored. */
    CHECK(signal(SIGINT, SIG_DFL) != SIG_ERR && signal(SIGQUIT, SIG_DFL) != SIG_ERR);
    CHECK(signal(SIGHUP, SIG_IGN) != SIG_ERR); /* nohup */
    open_scene(&s, fds);
    CHECK(raise(SIGHUP) == 0 && raise(SIGQUIT) == 0);
    CHECK(loop_run(s.loop, &fault) == STATUS_OK); /* ended by the second stop alone */
    CHECK(s.reports == 1 && s.stops == 1);
    loop_free(s.loop);
}

/* Beside the first descriptor, as many as there is room for, each to its own. */
static void joined_in_child(void)
{
    struct scene s, other[2] = {{0}, {0}};
    struct fault fault = {""};
    int fds[2], more[2][2];
    open_scene(&s, fds);
    for (int i = 0; i < 2; i++) {
        CHECK(pipe(more[i]) == 0);
        other[i].fd = more[i][0];
        CHECK(loop_join(s.loop, more[i][0], on_readable, &other[i], &fault) == STATUS_OK);
    }
    /* Its writing end is never readable. */
    CHECK(loop_join(s.loop, more[0][1], on_readable, &s, &fault) == STATUS_OK);
    CHECK(loop_join(s.loop, fds[1], on_readable, &s, &fault) == STATUS_SYSTEM);
    CHECK(strcmp(fault.text, "event loop: more than 4 descriptors") == 0);
    CHECK(write(fds[1], "a", 1) == 1 && write(more[0][1], "bcd", 3) == 3);
    CHECK(write(more[1][1], "ef", 2) == 2);
    s.wakes = 19; /* the next is the last */
    loop_set_deadline(s.loop, loop_now(s.loop) + CLOCK_S);
    CHECK(loop_run(s.loop, &fault) == STATUS_OK);
    CHECK(s.reads == 1 && other[0].reads == 3 && other[1].reads == 2);
    loop_free(s.loop);
}

UNIT_TEST(loops)
{
    assert_int_equal(in_child(deadlines_in_child), 0);
    assert_int_equal(in_child(joined_in_child), 0);
    assert_int_equal(in_child(signals_in_child), 0);
}

/* ---- privilege ---- */

static void check_without(void)
{
    struct fault fault = {""};
    capng_clear(CAPNG_SELECT_BOTH);
    CHECK(capng_apply(CAPNG_SELECT_CAPS) == 0);
    CHECK(privilege_check(&fault) == STATUS_SYSTEM);
    CHECK(strstr(fault.text, "sudo") != NULL && strstr(fault.text, "tcpshake lab") != NULL);
    char self[256] = "";
    CHECK(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    CHECK(strstr(fault.text, "setcap cap_net_raw+ep ") != NULL);
    CHECK(strlen(self) > 150 || strstr(fault.text, self) != NULL);
    struct fault again = {""};
    CHECK(inject_open(AF_INET, NULL, &again) == NULL && strcmp(again.text, fault.text) == 0);
    CHECK(capture_open("lo", "tcp", &again) == NULL && strcmp(again.text, fault.text) == 0);
}

/* A capability that does not reach this network: that of another user namespace. */
static void check_elsewhere(void)
{
    struct fault fault = {""};
    if (unshare(CLONE_NEWUSER) != 0)
        return; /* nesting forbidden: nothing to see */
    CHECK(privilege_check(&fault) == STATUS_SYSTEM);
    CHECK(strstr(fault.text, "in spite of CAP_NET_RAW") != NULL);
}

UNIT_TEST(checks)
{
    struct fault fault = {""};
    assert_int_equal(privilege_check(&fault), STATUS_OK);
    assert_int_equal(in_child(check_without), 0);
    assert_int_equal(in_child(check_elsewhere), 0);
}

static void drop(void)
{
    struct fault fault = {""};
    if (privilege_drop(PRIVILEGE_OF_RUN, &fault) != STATUS_OK) {
        (void)dprintf(2, "# %s\n", fault.text);
        _exit(1);
    }
}

/* Everything a run does after the drop, and its end by exit() with all that libraries clean up. */
static void work_after_drop(void)
{
    struct fault fault = {""};
    struct netem w = open_wire("lo", "127.0.0.1", "127.0.0.1"), w6 = open_wire("lo", "::1", "::1");
    struct scene s;
    char status[4096] = "";
    int fds[2], fd, fd6;
    open_scene(&s, fds);
    int self = open("/proc/self/status", O_RDONLY);
    drop();
    CHECK(pread(self, status, sizeof(status) - 1, 0) > 0);
    CHECK(strstr(status, "CapEff:\t0000000000000000") != NULL);
    CHECK(strstr(status, "CapPrm:\t0000000000000000") != NULL);
    CHECK(strstr(status, "CapBnd:\t0000000000000000") != NULL);
    CHECK(strstr(status, "NoNewPrivs:\t1") != NULL);
    CHECK(quiet_open(&w.local, 0, &fd, &fault) == STATUS_OK);
    CHECK(quiet_open(&w6.local, 0, &fd6, &fault) == STATUS_OK);
    CHECK(answers(&w) == 0 && answers(&w6) == 0); /* the filter needs a capability, silence not */
    CHECK(capture_dropped(w.capture) == 0);
    CHECK(close(fd) == 0 && close(fd6) == 0);
    s.deadline = loop_now(s.loop) + CLOCK_MS;
    loop_set_deadline(s.loop, s.deadline);
    CHECK(loop_run(s.loop, &fault) == STATUS_OK && s.wakes == 20);
    loop_free(s.loop);
#ifndef UNFILTERED
    CHECK(open("/etc/passwd", O_RDONLY) == -1 && errno == EACCES);
    CHECK(kill(1, 0) == -1 && errno == EACCES);
#endif
    time_t now = time(NULL);
    struct tm tm;
    CHECK(localtime_r(&now, &tm) != NULL);
    (void)fprintf(stdout, "# at %d with %s\n", tm.tm_hour, strerror(EIO));
    void *large = malloc(1 << 22);
    CHECK(large != NULL);
    free(large);
    close_wire(&w);
    close_wire(&w6);
    exit(0);
}

/* What is locked shows what it showed, whoever got hold of the descriptor. */
static void look_at_a_locked_tap(void)
{
    struct fault fault = {""};
    struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)};
    struct sock_fprog program = {.len = 1, .filter = all};
    struct capture *c = open_capture("lo", "tcp");
    int fd = capture_fd(c);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0);
    CHECK(capture_lock(c, &fault) == STATUS_OK);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &program, sizeof(program)) != 0);
    capture_close(c);
}

static void lose_interface_after_drop(void)
{
    struct fault fault = {""};
    struct matched s = {0};
    int go[2], n = 0;
    CHECK(pipe(go) == 0);
    run("ip link add g0 type veth peer name g1 && ip link set g1 up && ip link set g0 up");
    struct capture *c = open_capture("g0", "tcp");
    pid_t pid = fork();
    if (pid == 0) { /* the drop leaves its parent no way to run `ip` */
        char byte;
        _exit(read(go[0], &byte, 1) == 1 ? system("ip link del g0") : 1);
    }
    drop();
    CHECK(write(go[1], "", 1) == 1);
    CHECK(waitpid(pid, NULL, 0) == pid);
    for (int i = 0; i < 100 && n >= 0; i++) {
        n = capture_dispatch(c, 0, note, &s, &fault);
        pause_ms(5);
    }
    CHECK(n == -1 && strncmp(fault.text, "the capture broke: ", 19) == 0);
    capture_close(c);
}

UNIT_TEST(drops_privileges)
{
    assert_int_equal(in_child(work_after_drop), 0);
    assert_int_equal(in_child(lose_interface_after_drop), 0);
    assert_int_equal(in_child(look_at_a_locked_tap), 0);
}

#ifndef UNFILTERED

static void execute(void)
{
    drop();
    (void)execl("/bin/true", "true", (char *)NULL);
}

static void open_udp(void)
{
    drop();
    (void)socket(AF_INET, SOCK_DGRAM, 0);
}

static void open_packet(void)
{
    drop();
    (void)socket(AF_PACKET, SOCK_STREAM, 0);
}

static void open_another_stream(void)
{
    drop();
    (void)socket(AF_INET, SOCK_STREAM, 262); /* IPPROTO_MPTCP */
}

/* An open quiet socket is allowed; a connection by it is not. */
static void connect_by_sending(void)
{
    const struct sockaddr_in to = {.sin_family = AF_INET};
    drop();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)sendto(fd, "", 1, MSG_FASTOPEN, (const struct sockaddr *)&to, sizeof(to));
}

static void copy_a_descriptor(void)
{
    drop();
    (void)fcntl(0, F_GETFL); /* which is allowed */
    (void)fcntl(0, F_DUPFD, 10);
}

static void fork_again(void)
{
    drop();
    (void)fork();
}

static void abort_itself(void)
{
    drop();
    abort();
}

UNIT_TEST(forbidden)
{
    assert_int_equal(in_child(execute) & 0x7f, SIGSYS);
    assert_int_equal(in_child(open_udp) & 0x7f, SIGSYS);
    assert_int_equal(in_child(open_packet) & 0x7f, SIGSYS);
    assert_int_equal(in_child(open_another_stream) & 0x7f, SIGSYS);
    assert_int_equal(in_child(connect_by_sending) & 0x7f, SIGSYS);
    assert_int_equal(in_child(copy_a_descriptor) & 0x7f, SIGSYS);
    assert_int_equal(in_child(fork_again) & 0x7f, SIGSYS);
    assert_int_equal(in_child(abort_itself) & 0x7f, SIGABRT);
}

#else

UNIT_TEST(forbidden)
{
    skip();
}

#endif

static int set_up(void **state)
{
    (void)state;
    new_network();
    run("ip link add v0 type veth peer name v1 && ip link add d0 type veth peer name d1 && "
        "ip link set v1 up && ip link set v0 up && ip addr add 10.9.0.1/24 dev v0");
    return 0;
}

UNIT_GROUP(set_up, NULL)
