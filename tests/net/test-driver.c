/* The live loop with real frames in a network of our own, a0 - wa, wb - b0, and a client that keeps
 * account of how it is called. */
#include "namespace.h"

#include <fcntl.h>
#include <net/ethernet.h>

#include "base/bytes.h"
#include "net/driver.h"
#include "net/relay.h"

enum {
    TYPE_OURS = 0x88b5, /* IEEE 802: for local experiments */
    HEADER = 14,
    FRAME = 60,
    TAKEN = 64,
    STORY = 256,
    LUMP = 45 /* remarks: more than the driver has room for, and not in step with that */
};

struct client {
    struct driver *driver;
    struct relay *ends, *wire;
    unsigned to_send, to_take; /* frames */
    int64_t began_ns, wakes_at, ends_at;
    /* What happened, a letter each: A and B a frame at that end, r a remark, s stop, t tick, l a
     * line that is told, q one that was asked for. */
    char story[STORY];
    size_t told, taken, stops, ticks, remarks;
    int64_t stamps[TAKEN], remarked_ns;
    int64_t handed_on_ns;
    int status; /* a descriptor of /proc/self/status */
    bool patient, ended, fails;
    int signals[4]; /* raised in turn, one a tick, which is told then */
};

static void tell(struct client *c, char what)
{
    CHECK(c->told < STORY - 1);
    c->story[c->told++] = what;
}

static void put(struct client *c, enum end end)
{
    struct fault fault = {""};
    uint8_t frame[FRAME] = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8};
    bytes_put16(frame + 12, TYPE_OURS);
    CHECK(relay_send(c->ends, end, frame, sizeof(frame), &fault) == STATUS_OK);
}

/* --- The client --- */

/* Frames of both ends wait in the taps before either is read. */
static enum status start(void *arg, int64_t now_ns, struct fault *fault)
{
    struct client *c = arg;
    char status[4096] = "";
    (void)fault;
    c->began_ns = now_ns;
    CHECK(pread(c->status, status, sizeof(status) - 1, 0) > 0);
    CHECK(strstr(status, "CapPrm:\t0000000000000000") != NULL);
    CHECK(strstr(status, "NoNewPrivs:\t1") != NULL);
    for (unsigned i = 0; i < c->to_send; i++)
        put(c, i % 3 == 0 ? END_B : END_A);
    return STATUS_OK;
}

static enum status packet(void *arg, enum end tap, const uint8_t *frame, size_t n, int64_t t_ns,
                          struct fault *fault)
{
    struct client *c = arg;
    if (n < HEADER || bytes_be16(frame + 12) != TYPE_OURS)
        return STATUS_OK;
    if (c->fails)
        return fault_set(fault, STATUS_SYSTEM, "the client has had enough");
    CHECK(c->taken < TAKEN);
    c->stamps[c->taken++] = t_ns;
    c->handed_on_ns = driver_now(c->driver);
    tell(c, tap == END_A ? 'A' : 'B');
    c->ended = c->ended || c->taken == c->to_take;
    return STATUS_OK;
}

static enum status tick(void *arg, int64_t now_ns, struct fault *fault)
{
    struct client *c = arg;
    (void)fault;
    if (now_ns < c->wakes_at) /* by a look at the tap */
        return STATUS_OK;
    c->wakes_at = now_ns + CLOCK_MS;
    if (c->ticks < 4 && c->signals[c->ticks] != 0) {
        tell(c, 't');
        CHECK(raise(c->signals[c->ticks]) == 0);
    }
    c->ticks++;
    return STATUS_OK;
}

static int64_t deadline(const void *arg, int64_t now_ns)
{
    (void)now_ns;
    return ((const struct client *)arg)->wakes_at;
}

static enum status stop(void *arg, int64_t now_ns, struct fault *fault)
{
    struct client *c = arg;
    (void)fault;
    tell(c, 's');
    c->stops++;
    c->ends_at = now_ns;
    c->ended = c->to_take == 0;
    return STATUS_OK;
}

static bool over(const void *arg)
{
    return ((const struct client *)arg)->ended;
}

static bool can_wait(const void *arg, int64_t for_ns)
{
    (void)for_ns;
    return ((const struct client *)arg)->patient;
}

static void progress(void *arg, int64_t now_ns, bool asked, char *line, size_t cap)
{
    (void)arg;
    (void)now_ns;
    (void)snprintf(line, cap, "%s", asked ? "asked" : "told");
}

/* Each once, in their order. */
static void remark(void *arg, const char *text, int64_t t_ns)
{
    struct client *c = arg;
    char expected[32];
    (void)snprintf(expected, sizeof(expected), "remark %zu", ++c->remarks);
    CHECK(strcmp(text, expected) == 0);
    CHECK(t_ns > c->remarked_ns);
    c->remarked_ns = t_ns;
    tell(c, 'r');
}

static void hear(void *arg, const char *line)
{
    CHECK(strcmp(line, "told") == 0);
    tell(arg, 'l');
}

static void hear_asked(void *arg, const char *line)
{
    CHECK(strcmp(line, "asked") == 0);
    tell(arg, 'q');
}

static const struct driver_ops plain = {.start = start,
                                        .packet = packet,
                                        .tick = tick,
                                        .deadline = deadline,
                                        .stop = stop,
                                        .over = over,
                                        .can_wait = can_wait,
                                        .progress = progress,
                                        .remark = remark};

/* On one processor: what is sent there is stamped there, in that order. */
static struct client *open_client(const char *a, const char *b)
{
    struct fault fault = {""};
    struct client *c = calloc(1, sizeof(*c));
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((unsigned)sched_getcpu(), &one);
    CHECK(c != NULL && sched_setaffinity(0, sizeof(one), &one) == 0);
    c->wakes_at = CLOCK_NEVER;
    c->status = open("/proc/self/status", O_RDONLY);
    c->ends = relay_open("a0", "b0", &fault);
    c->wire = relay_open(a, b, &fault);
    c->driver = driver_new(&fault);
    CHECK(c->ends != NULL && c->wire != NULL && c->driver != NULL);
    return c;
}

static struct driver_ops by_stamp(void)
{
    struct driver_ops ops = plain;
    ops.by_stamp = true;
    return ops;
}

static struct driver_config configure(struct client *c)
{
    return (struct driver_config){
        .ops = &plain,
        .arg = c,
        .taps = {{.capture = relay_tap(c->wire, END_A), .end = END_A},
                 {.capture = relay_tap(c->wire, END_B), .end = END_B}},
        .within_ns = CLOCK_NEVER,
        .teller = {hear, hear_asked, c},
    };
}

static void close_client(struct client *c)
{
    driver_free(c->driver);
    relay_close(c->wire);
    relay_close(c->ends);
    free(c);
}

/* --- What is tested --- */

static int by_letter(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

/* Two taps, one story; and no privilege is left when it begins. */
static void by_stamp_in_child(void)
{
    struct client *c = open_client("wa", "wb");
    struct driver_config config = configure(c);
    const struct driver_ops ops = by_stamp();
    struct fault fault = {""};
    config.ops = &ops;
    c->to_send = c->to_take = 30;
    CHECK(driver_run(c->driver, &config, &fault) == STATUS_OK);
    CHECK(strcmp(c->story, "BAABAABAABAABAABAABAABAABAABAA") == 0);
    for (size_t i = 1; i < c->taken; i++)
        CHECK(c->stamps[i] >= c->stamps[i - 1]);
    close_client(c);
}

/* A tap that stands beside the others wakes nobody, and is read with them. */
static void beside_in_child(void)
{
    struct client *c = open_client("wa", "wb");
    struct driver_config config = configure(c);
    struct fault fault = {""};
    config.taps[1].beside = true;
    c->wakes_at = 0;
    c->to_send = c->to_take = 9;
    CHECK(driver_run(c->driver, &config, &fault) == STATUS_OK);
    qsort(c->story, c->told, 1, by_letter);
    CHECK(strcmp(c->story, "AAAAAABBB") == 0);
    close_client(c);
}

/* Nothing is looked at sooner than it must be by whom a stamp is all. */
static void patience_in_child(void)
{
    struct client *c = open_client("wa", "wb");
    struct driver_config config = configure(c);
    struct fault fault = {""};
    config.taps[1].capture = NULL;
    c->patient = true;
    c->to_send = 2;
    c->to_take = 1;
    CHECK(driver_run(c->driver, &config, &fault) == STATUS_OK);
    CHECK(c->handed_on_ns >= c->began_ns + DRIVER_LOOK_EVERY);
    close_client(c);
}

/* A signal that asks, one that stops; what has been stopped may go on until it is over, or until a
 * second signal. */
static void signals_in_child(void)
{
    struct client *c = open_client("wa", "wb");
    struct driver_config config = configure(c);
    struct fault fault = {""};
    CHECK(signal(SIGINT, SIG_DFL) != SIG_ERR && signal(SIGQUIT, SIG_DFL) != SIG_ERR);
    c->to_take = 1; /* never: not over by being stopped */
    c->wakes_at = 0;
    c->signals[0] = c->signals[1] = SIGQUIT;
    c->signals[2] = SIGINT;
    c->signals[3] = SIGTERM;
    CHECK(driver_run(c->driver, &config, &fault) == STATUS_OK);
    CHECK(strcmp(c->story, "tqtqtst") == 0);
    close_client(c);
}

/* A client that has nothing to do when it is stopped: its run is over at once, and not before. */
static void stop_without_help(bool by_signal)
{
    struct client *c = open_client("wa", "wb");
    struct driver_config config = configure(c);
    struct driver_ops ops = plain;
    struct fault fault = {""};
    ops.stop = NULL;
    ops.over = NULL;
    config.ops = &ops;
    config.within_ns = by_signal ? CLOCK_NEVER : 20 * CLOCK_MS;
    c->wakes_at = 0;
    c->signals[2] = by_signal ? SIGINT : 0;
    CHECK(signal(SIGINT, SIG_DFL) != SIG_ERR);
    CHECK(driver_run(c->driver, &config, &fault) == STATUS_OK);
    CHECK(strcmp(c->story, by_signal ? "t" : "") == 0);
    CHECK(by_signal || driver_now(c->driver) >= c->began_ns + config.within_ns);
    close_client(c);
}

static void signal_without_help_in_child(void)
{
    stop_without_help(true);
}

static void time_without_help_in_child(void)
{
    stop_without_help(false);
}

/* Whoever waits is told how it goes, until the time is up. */
static void time_in_child(void)
{
    struct client *c = open_client("wa", "wb");
    struct driver_config config = configure(c);
    struct fault fault = {""};
    config.within_ns = 100 * CLOCK_MS;
    config.progress_ns = 20 * CLOCK_MS;
    CHECK(driver_run(c->driver, &config, &fault) == STATUS_OK);
    CHECK(c->stops == 1 && c->ends_at >= c->began_ns + config.within_ns);
    CHECK(strchr(c->story, 'l') != NULL);
    close_client(c);
}

struct talker {
    const struct client *after; /* its first frame */
    size_t old, given;          /* so many stamped long ago, then one that is stamped ahead */
    bool paused;
    bool broken;
};

static bool next(void *arg, struct driver_remark *remark)
{
    struct talker *t = arg;
    if (t->given > t->old || t->after->taken == 0)
        return false;
    if (t->given % LUMP == LUMP - 1 && (t->paused = !t->paused))
        return false; /* the next one is there when it is asked again */
    bool ahead = t->given++ == t->old;
    remark->t_ns = ahead ? clock_ns(CLOCK_REALTIME) + CLOCK_MIN : (int64_t)t->given;
    (void)snprintf(remark->text, sizeof(remark->text), "remark %zu", t->given);
    return true;
}

static enum status state(void *arg, struct fault *fault)
{
    const struct talker *t = arg;
    return t->broken ? fault_set(fault, STATUS_SYSTEM, "it has broken") : STATUS_OK;
}

/* `old` remarks, told between the frames and before the last one; one that is stamped ahead comes
 * after it. */
static void tell_old(size_t old)
{
    struct client *c = open_client("wa", "wb");
    struct driver_config config = configure(c);
    const struct driver_ops ops = by_stamp();
    struct fault fault = {""};
    struct talker t = {.after = c, .old = old};
    int fds[2];
    CHECK(pipe(fds) == 0);
    const struct driver_remarks source = {fds[0], next, state, &t};
    config.ops = &ops;
    config.remarks = &source;
    c->to_send = c->to_take = 9;
    CHECK(driver_run(c->driver, &config, &fault) == STATUS_OK);
    CHECK(c->told == 9 + old + 1 && strncmp(c->story, "Br", 2) == 0);
    CHECK(c->story[c->told - 1] == 'r' && c->story[c->told - 2] != 'r');
    CHECK(old != 1 || strcmp(c->story, "BrAABAABAAr") == 0);
    close_client(c);
}

static void remarks_in_child(void)
{
    tell_old(1);
}

/* What there is no room for stays with its source, and comes later. */
static void many_remarks_in_child(void)
{
    tell_old(100);
}

/* Of the failures the first is told, and nothing is handed on after it. */
static void failures_in_child(void)
{
    struct client *c = open_client("wa", "wb");
    struct driver_config config = configure(c);
    struct fault fault = {""};
    struct talker t = {.given = 1, .broken = true};
    int fds[2];
    CHECK(pipe(fds) == 0);
    const struct driver_remarks source = {fds[0], next, state, &t};
    config.remarks = &source;
    c->to_send = 5;
    c->fails = true;
    CHECK(driver_run(c->driver, &config, &fault) == STATUS_SYSTEM);
    CHECK(strcmp(fault.text, "the client has had enough") == 0 && c->told == 0);
    close_client(c);
}

/* An interface to which something happens while its tap is being read. */
static enum status disturbed(const char *how, int64_t within_ns, struct client *c,
                             struct fault *fault)
{
    struct driver_config config = configure(c);
    int fds[2];
    CHECK(pipe(fds) == 0);
    pid_t other = fork();
    if (other == 0) {
        char go;
        (void)close(fds[1]);
        _exit(read(fds[0], &go, 1) == 1 && system(how) == 0 ? 0 : 1);
    }
    config.within_ns = within_ns;
    CHECK(write(fds[1], "", 1) == 1);
    enum status s = driver_run(c->driver, &config, fault);
    CHECK(waitpid(other, NULL, 0) == other);
    return s;
}

/* One that is down may come up again, and libpcap waits for it: the time runs out. */
static void goes_down_in_child(void)
{
    struct fault fault = {""};
    struct client *c = open_client("ea", "eb");
    CHECK(disturbed("sleep .2; ip link set ea down", CLOCK_S, c, &fault) == STATUS_OK &&
          c->stops == 1);
    close_client(c);
}

static void goes_away_in_child(void)
{
    struct fault fault = {""};
    struct client *c = open_client("ea", "eb");
    c->to_take = 1; /* never: nothing but the failure ends it */
    CHECK(disturbed("sleep .2; ip link del eb", CLOCK_NEVER, c, &fault) == STATUS_SYSTEM);
    CHECK(strcmp(fault.text, "the capture broke: The interface disappeared") == 0);
    CHECK(c->stops == 0);
    close_client(c);
}

UNIT_TEST(drives)
{
    assert_int_equal(in_child(by_stamp_in_child), 0);
    assert_int_equal(in_child(beside_in_child), 0);
    assert_int_equal(in_child(patience_in_child), 0);
}

UNIT_TEST(ends)
{
    assert_int_equal(in_child(time_in_child), 0);
    assert_int_equal(in_child(signals_in_child), 0);
    assert_int_equal(in_child(signal_without_help_in_child), 0);
    assert_int_equal(in_child(time_without_help_in_child), 0);
}

UNIT_TEST(remarks)
{
    assert_int_equal(in_child(remarks_in_child), 0);
    assert_int_equal(in_child(many_remarks_in_child), 0);
    assert_int_equal(in_child(failures_in_child), 0);
}

UNIT_TEST(interfaces)
{
    assert_int_equal(in_child(goes_down_in_child), 0);
    run("ip link set ea up");
    assert_int_equal(in_child(goes_away_in_child), 0);
}

/* One number on both addresses or on neither; the next one where somebody has the first. */
UNIT_TEST(ports)
{
    const struct hash_key key = hash_key_of_seed(7);
    const struct in6_addr v4 = ip_of("127.0.0.1"), v6 = ip_of("::1");
    const struct endpoint remote = {ip_of("192.0.2.1"), 80};
    struct driver_port wanted = {.source = {&v4, &v6}, .key = &key, .remote = &remote, .number = 1};
    struct fault fault = {""};
    uint16_t first, second, third;
    struct driver *d = driver_new(&fault), *other = driver_new(&fault);
    assert_int_equal(driver_reserve(d, &wanted, &first, &fault), STATUS_OK);
    assert_int_equal(driver_reserve(other, &wanted, &second, &fault), STATUS_OK);
    assert_int_not_equal(first, second);
    driver_free(other);
    other = driver_new(&fault);
    wanted.fixed = second;
    wanted.source[0] = NULL;
    assert_int_equal(driver_reserve(d, &wanted, &third, &fault), STATUS_OK);
    assert_int_equal(third, second);
    wanted.source[0] = &v4;
    assert_int_equal(driver_reserve(other, &wanted, &third, &fault), STATUS_NOT_OURS);
    wanted.source[1] = NULL; /* that of the first address was given back */
    assert_int_equal(driver_reserve(d, &wanted, &third, &fault), STATUS_OK);
    driver_free(other);
    driver_free(d);
}

static int set_up(void **unused)
{
    (void)unused;
    new_network();
    run("sysctl -qw net.ipv6.conf.default.disable_ipv6=1 && "
        "ip link add a0 type veth peer name wa && ip link add wb type veth peer name b0 && "
        "ip link add ea type veth peer name eb && "
        "for i in a0 wa wb b0 ea eb; do ip link set $i up || exit; done");
    return 0;
}

UNIT_GROUP(set_up, NULL)
