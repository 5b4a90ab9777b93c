/* A TCP connection whose two ends are one socket. The kernel makes all of it; we watch it on
 * loopback and read it with our own TCB. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "cli/carry.h"
#include "lab/self_socket.h"
#include "measure/self_connect.h"
#include "net/driver.h"
#include "wire/segment.h"

#define PROGRESS_EVERY CLOCK_S

/* All that one run holds. */
struct stage {
    struct session *s;
    const struct self_connect_asked *asked;
    struct capture *capture;
    struct driver *driver;
    struct endpoint at;
    struct self_connect self;
    struct self_connect_doings doings;
    bool connected_told;
    bool came, all_read; /* out of the tap */
    int64_t progress_at;
};

static int64_t real_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * CLOCK_S + t.tv_nsec;
}

/* Linux prefers, to connect from, the ports whose parity is that of the range's lower end; the
 * others are taken when those are used up. */
static enum status choose_port(struct stage *st, struct fault *fault)
{
    static const char salt[] = "self-connect";
    uint16_t low, high;
    const struct hash_key key = hash_key_of_seed(st->s->record.seed);
    enum status s = self_socket_ports(&low, &high, fault);
    if (s != STATUS_OK)
        return s;
    uint64_t pick = hash_bytes(&key, salt, sizeof(salt)) % ((uint64_t)(high - low) / 2 + 1);
    st->at.port = (uint16_t)(low + 2 * pick);
    if (st->asked->port == 0)
        return STATUS_OK;
    st->at.port = (uint16_t)st->asked->port;
    if (st->at.port >= low && st->at.port <= high)
        return STATUS_OK;
    return fault_set(fault, STATUS_MALFORMED,
                     "port %u is none that the kernel connects from: those are %u to %u",
                     (unsigned)st->at.port, (unsigned)low, (unsigned)high);
}

/* Only the segments whose two ends are the same: the refused attempts are many and do not fill the
 * ring. */
static enum status open_tap(struct stage *st, struct fault *fault)
{
    char ip[ADDRESS_TEXT_MAX], filter[160];
    (void)snprintf(filter, sizeof(filter), "src host %s and tcp src port %u and tcp dst port %u",
                   address_format(&st->at.ip, ip), (unsigned)st->at.port, (unsigned)st->at.port);
    st->driver = driver_new(fault);
    if (st->driver != NULL)
        st->capture = capture_open("lo", filter, fault);
    return st->capture != NULL ? STATUS_OK : STATUS_SYSTEM;
}

static void tell(void *arg, uint64_t attempts, bool asked)
{
    struct stage *st = arg;
    char line[96];
    int64_t now = real_now();
    (void)snprintf(line, sizeof(line), "%" PRIu64 " attempts to connect from port %u, all refused",
                   attempts, (unsigned)st->at.port);
    if (asked) {
        output_progress_clear(&st->s->record.output);
        (void)fprintf(stderr, "%s\n", line);
    } else if (output_progress_wanted(&st->s->options) && now - st->progress_at >= PROGRESS_EVERY) {
        st->progress_at = now;
        output_progress(&st->s->record.output, line);
    }
}

/* The kernel was asked before the first octet of data was sent. */
static enum status packet(void *arg, enum end tap, const uint8_t *ip, size_t n, int64_t t_ns,
                          struct fault *fault)
{
    struct stage *st = arg;
    struct segment seg;
    (void)tap;
    (void)fault;
    st->came = true;
    if (segment_decode(&seg, ip, n, NULL) != STATUS_OK || !endpoint_equal(&seg.src, &st->at) ||
        !endpoint_equal(&seg.dst, &st->at))
        return STATUS_OK;
    if (seg.len > 0 && !st->connected_told && st->doings.kernel_known)
        self_connect_truth(&st->self, st->doings.connected);
    st->connected_told = st->connected_told || seg.len > 0;
    self_connect_segment(&st->self, &st->doings, &seg, t_ns);
    return STATUS_OK;
}

/* What is in the ring was all sent within system calls that have returned. */
static enum status tick(void *arg, int64_t now_ns, struct fault *fault)
{
    struct stage *st = arg;
    (void)now_ns;
    (void)fault;
    st->all_read = !st->came;
    st->came = false;
    return STATUS_OK;
}

static int64_t deadline(const void *arg, int64_t now_ns)
{
    (void)arg;
    return now_ns;
}

static enum status stop(void *arg, int64_t now_ns, struct fault *fault)
{
    (void)now_ns;
    (void)fault;
    ((struct stage *)arg)->all_read = true;
    return STATUS_OK;
}

static bool over(const void *arg)
{
    return ((const struct stage *)arg)->all_read;
}

static void lost(void *arg, uint64_t total, int64_t now_ns)
{
    (void)now_ns;
    ((struct stage *)arg)->self.capture_dropped = total;
}

static enum status read_tap(struct stage *st, struct fault *fault)
{
    static const struct driver_ops ops = {.packet = packet,
                                          .tick = tick,
                                          .deadline = deadline,
                                          .stop = stop,
                                          .over = over,
                                          .lost = lost};
    const struct driver_config config = {
        .ops = &ops,
        .arg = st,
        .taps = {{.capture = st->capture}},
        .within_ns = CLOCK_NEVER,
    };
    enum status s = driver_run(st->driver, &config, fault);
    if (s == STATUS_OK && st->doings.end == SELF_CONNECT_HAPPENED && st->doings.kernel_known)
        self_connect_truth(&st->self, st->doings.closed);
    return s;
}

static enum status watch(struct stage *st, struct fault *fault)
{
    const struct self_socket_config config = {
        .at = st->at,
        .attempts = st->asked->attempts,
        .within_ns = st->s->options.run.deadline_ns,
        .progress = tell,
        .arg = st,
    };
    enum status s = self_socket_run(&config, &st->doings, fault);
    output_progress_clear(&st->s->record.output);
    if (s == STATUS_OK)
        s = read_tap(st, fault);
    if (s == STATUS_OK)
        st->s->exit_code = self_connect_conclude(&st->self, &st->doings, real_now());
    return s;
}

static enum status begin(struct stage *st, struct fault *fault)
{
    struct session *s = st->s;
    const struct run_info info = {
        .command = s->measure->name, .interface = "lo", .clock = capture_clock(st->capture)};
    self_connect_init(&st->self, &st->at, &s->record.timeline);
    return record_begin(&s->record, &info, &st->at, s->argc, s->argv, fault);
}

static enum status run(struct session *s, struct fault *fault)
{
    struct stage st = {.s = s, .asked = s->state};
    st.at.ip = lab_at(s->around->lab, END_A)->ip;
    enum status status = choose_port(&st, fault);
    if (status == STATUS_OK)
        status = open_tap(&st, fault);
    if (status == STATUS_OK)
        status = begin(&st, fault);
    if (status == STATUS_OK)
        status = watch(&st, fault);
    driver_free(st.driver);
    capture_close(st.capture);
    return status;
}

const struct carrier carry_socket = {.run = run};
