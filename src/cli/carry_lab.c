/* What the lab's kernels do among themselves, and we look at: a measurement between two of them
 * with us as the wire; the two queues of a real listener, filled by many callers and emptied again
 * (measure/backlog/backlog.h); and a connection whose two ends are one socket, which the kernel
 * makes all of, watched on loopback and read with our own TCB. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "cli/carry.h"
#include "lab/lab_upper.h"
#include "lab/self_socket.h"
#include "measure/backlog/backlog.h"
#include "measure/self_connect.h"
#include "net/driver.h"
#include "net/live.h"
#include "net/loop.h"
#include "talk/numbers.h"
#include "talk/syn_like.h"
#include "talk/talk.h"
#include "wire/segment.h"
#include "wire/ip.h"

/* --- Two kernels --- */

/* What does not apply is refused rather than ignored: both ends are kernels, and where they are is
 * the lab's affair. */
static enum status check_kernels(struct session *s, struct fault *fault)
{
    static const char why[] = "is nothing for two kernels; leave it out, or leave out --a or --b";
    static const struct measure_refusal refused[] = {
        {"source", why}, {"interface", why}, {"sport", why}, {"isn", why},
        {"win", why},    {"ttl", why},       {"mss", why},   {NULL, NULL}};
    const struct measure_refusal *r = arguments_refused(&s->options, refused);
    const char *wrong = s->context->truth         ? "--truth"
                        : s->context->deaf        ? "--deaf"
                        : s->options.host != NULL ? "a TARGET"
                                                  : NULL;
    if (wrong == NULL && r == NULL)
        return STATUS_OK;
    return fault_set(fault, STATUS_MALFORMED, "%s%s %s", wrong != NULL ? "" : "--",
                     wrong != NULL ? wrong : r->option, why);
}

static enum status relay_all(struct session *s, struct relay *relay, struct fault *fault)
{
    struct lab *lab = s->context->lab;
    const struct lab_upper ends[ENDS] = {{lab, END_A}, {lab, END_B}};
    const struct upper uppers[ENDS] = {lab_upper_ops(&ends[END_A]), lab_upper_ops(&ends[END_B])};
    const struct talk_config config = {
        .session = 1,
        .local = *lab_at(lab, END_A),
        .remote = *lab_at(lab, END_B),
        .upper = {&uppers[END_A], &uppers[END_B]},
        .deadline_ns = s->options.run.deadline_ns,
    };
    const struct driver_teller teller = {record_progress(&s->record), record_asked, &s->record};
    const struct run_info info = {
        .interface = "lab wire", .clock = relay_clock(relay), .heading = s->heading};
    struct talk *pair = calloc(1, sizeof(*pair));
    if (pair == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    enum status status = record_begin(&s->record, &info, &config.remote, fault);
    if (status == STATUS_OK)
        status = live_pair(relay, &teller, pair, &config, s->script, s->state, &s->record.timeline,
                           fault);
    s->exit_code = pair->exit_code;
    free(pair);
    return status;
}

static enum status run_kernels(struct session *s, struct fault *fault)
{
    struct relay *relay = relay_open(lab_tap(END_A), lab_tap(END_B), fault);
    if (relay == NULL)
        return STATUS_SYSTEM;
    enum status status = relay_all(s, relay, fault);
    relay_close(relay);
    return status;
}

const struct carrier carry_lab_kernels = {.find = check_kernels, .run = run_kernels};

/* --- Two queues --- */

enum {
    BACKLOG_DEFAULT = 4,
    CALLERS_SPARE = 4, /* beyond what the SYN queue should hold */
};

/* All that one run holds. The callers have an address of the lab's that no kernel has, the tap is
 * on our end of the cable, and the listener is the peer's process and kernel. */
struct queues_stage {
    struct path path;
    struct lab_upper peer;
    struct backlog_config story;
    struct backlog backlog;
};

/* The parts that are needed. */
static void choose_parts(const struct backlog_asked *a, struct backlog_config *story)
{
    const struct backlog_part *p;
    if (a->as_given) {
        story->parts[story->part_count++] = backlog_part_as_given();
        return;
    }
    for (size_t i = 0; (p = backlog_part_at(i)) != NULL; i++) {
        if (!a->has_face || p->early == (enum overflow)(a->face + OVERFLOW_NO_SYN_ACK))
            story->parts[story->part_count++] = p;
    }
    if (story->part_count == 0) /* that face is every part's */
        story->parts[story->part_count++] = backlog_part_at(0);
}

static enum status plan(const struct backlog_asked *a, const struct lab *lab,
                        struct backlog_config *story, struct fault *fault)
{
    int given = lab_backlog(lab);
    if (given != 0 && (given < BACKLOG_LEAST || given > BACKLOG_MOST))
        return fault_set(fault, STATUS_MALFORMED,
                         "with lab --backlog %d the queues cannot be filled by few callers; it "
                         "takes %d to %d here",
                         given, BACKLOG_LEAST, BACKLOG_MOST);
    *story = (struct backlog_config){
        .backlog = a->backlog != 0 ? (int)a->backlog
                   : given != 0    ? given
                                   : BACKLOG_DEFAULT,
        .watch_ns = a->watch_ns,
    };
    story->callers =
        a->callers != 0 ? (unsigned)a->callers : (unsigned)story->backlog + CALLERS_SPARE;
    choose_parts(a, story);
    return STATUS_OK;
}

/* What of the options does not go together. */
static enum status check_queues(struct session *s, struct fault *fault)
{
    const struct backlog_asked *a = s->state;
    if (a->as_given && a->has_face)
        return fault_set(fault, STATUS_MALFORMED,
                         "--face changes settings and --as-given does not: leave one of them out");
    return STATUS_OK;
}

/* From where they call, and how their SYNs look. */
static void describe_callers(struct session *s, struct queues_stage *st)
{
    const struct route *route = &st->path.route;
    const struct syn_like *like = syn_like_at(0);
    const struct endpoint *remote = lab_at(s->context->lab, END_B);
    struct backlog_config *story = &st->story;
    story->key = hash_key_of_seed(s->record.seed);
    story->repeatable = s->options.has_seed;
    story->base = (struct talk_config){
        .local = {.ip = route->source},
        .remote = *remote,
        .like = like,
        .mss = ip_mss(address_is_v4(&remote->ip) ? 4 : 6, route->mtu),
        .win = like->win,
        .ttl = like->ttl,
        .timestamps = true,
        .tries = 1,
    };
    uint16_t port = numbers_port(&story->key, remote, 1, 0);
    story->first_port = port > UINT16_MAX - BACKLOG_PORTS ? UINT16_MAX - BACKLOG_PORTS : port;
}

/* Everything that needs a privilege. */
static enum status open_path(const struct lab *lab, struct path *path, struct fault *fault)
{
    const struct in6_addr crowd = lab_crowd(lab);
    const struct path_config config = {.remote = *lab_at(lab, END_B), .invented = &crowd};
    enum status status = path_open(path, &config, fault);
    if (status != STATUS_OK || path_unreachable(path) == NULL)
        return status;
    return fault_set(fault, STATUS_SYSTEM, "the lab's peer does not answer");
}

/* Gives up every privilege. */
static enum status tell_queues(struct session *s, struct queues_stage *st, struct fault *fault)
{
    const struct run_info info = {.interface = st->path.route.ifname,
                                  .clock = path_clock(&st->path)};
    const struct live_run_config live = {
        .within_ns = s->options.run.deadline_ns,
        .teller = {record_progress(&s->record), record_asked, &s->record}};
    st->peer = (struct lab_upper){s->context->lab, END_B};
    st->story.upper = lab_upper_ops(&st->peer);
    describe_callers(s, st);
    enum status status = record_begin(&s->record, &info, &st->story.base.remote, fault);
    if (status == STATUS_OK)
        status = backlog_init(&st->backlog, &st->story, &s->record.timeline, fault);
    if (status == STATUS_OK)
        status = live_run(&st->path, &live, &st->backlog.talks, fault);
    s->exit_code = st->backlog.exit_code;
    return status;
}

static enum status run_queues(struct session *s, struct fault *fault)
{
    struct queues_stage *st = s->stage;
    enum status status = plan(s->state, s->context->lab, &st->story, fault);
    if (status == STATUS_OK)
        status = open_path(s->context->lab, &st->path, fault);
    return status == STATUS_OK ? tell_queues(s, st, fault) : status;
}

static void done_queues(struct session *s)
{
    struct queues_stage *st = s->stage;
    backlog_done(&st->backlog);
    path_close(&st->path);
}

const struct carrier carry_lab_queues = {.stage = sizeof(struct queues_stage),
                                         .find = check_queues,
                                         .run = run_queues,
                                         .done = done_queues};

/* --- One socket --- */

#define PROGRESS_EVERY CLOCK_S

/* All that one run holds. */
struct watch {
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

/* Linux prefers, to connect from, the ports whose parity is that of the range's lower end; the
 * others are taken when those are used up. */
static enum status choose_port(struct watch *st, struct fault *fault)
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
static enum status open_tap(struct watch *st, struct fault *fault)
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
    struct watch *st = arg;
    char line[96];
    int64_t now = loop_clock(CLOCK_REALTIME);
    (void)snprintf(line, sizeof(line), "%" PRIu64 " attempts to connect from port %u, all refused",
                   attempts, (unsigned)st->at.port);
    if (asked) {
        record_asked(&st->s->record, line);
    } else if (record_progress(&st->s->record) != NULL && now - st->progress_at >= PROGRESS_EVERY) {
        st->progress_at = now;
        record_tell(&st->s->record, line);
    }
}

/* The kernel was asked before the first octet of data was sent. */
static enum status packet(void *arg, enum end tap, const uint8_t *ip, size_t n, int64_t t_ns,
                          struct fault *fault)
{
    struct watch *st = arg;
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
    struct watch *st = arg;
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

static bool over(const void *arg)
{
    return ((const struct watch *)arg)->all_read;
}

static void lost(void *arg, uint64_t total, int64_t now_ns)
{
    (void)now_ns;
    ((struct watch *)arg)->self.capture_dropped = total;
}

static enum status read_tap(struct watch *st, struct fault *fault)
{
    static const struct driver_ops ops = {
        .packet = packet, .tick = tick, .deadline = deadline, .over = over, .lost = lost};
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

static enum status watch(struct watch *st, struct fault *fault)
{
    const struct self_socket_config config = {
        .at = st->at,
        .attempts = st->asked->attempts,
        .within_ns = st->s->options.run.deadline_ns,
        .progress = tell,
        .arg = st,
    };
    enum status s = self_socket_run(&config, &st->doings, fault);
    if (s == STATUS_OK)
        s = read_tap(st, fault);
    if (s == STATUS_OK)
        st->s->exit_code =
            self_connect_conclude(&st->self, &st->doings, loop_clock(CLOCK_REALTIME));
    return s;
}

static enum status begin(struct watch *st, struct fault *fault)
{
    struct session *s = st->s;
    const struct run_info info = {.interface = "lo", .clock = capture_clock(st->capture)};
    self_connect_init(&st->self, &st->at, &s->record.timeline);
    return record_begin(&s->record, &info, &st->at, fault);
}

static enum status run_socket(struct session *s, struct fault *fault)
{
    struct watch st = {.s = s, .asked = s->state};
    st.at.ip = lab_at(s->context->lab, END_A)->ip;
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

const struct carrier carry_lab_socket = {.run = run_socket};
