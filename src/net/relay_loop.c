/* See relay_loop.h. */
#include "net/relay_loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "event/result.h"
#include "net/loop.h"
#include "net/privilege.h"
#include "net/relay.h"

enum {
    BURST = 256, /* frames between two looks at the timers */
    ETHERNET_HEADER = 14,
    GROUP_BIT = 0x01, /* in the first octet of the destination */
    TYPE_OFF = 12,
    TYPE_V4 = 0x0800,
    TYPE_V6 = 0x86dd
};
#define PROGRESS_EVERY CLOCK_S

/* A frame that has come and waits for those of the other tap. */
struct waiting {
    enum end side;
    int64_t t_ns;
    size_t n;
    uint8_t *frame;
};

struct relay_loop {
    struct relay_loop_config config;
    struct relay *relay;
    int taps; /* an epoll of both */
    struct loop *loop;
    struct talk *pair;
    /* What stands before a packet on its way to an end, by the version of IP: as it was before the
     * last one that was for that end alone. */
    uint8_t header[ENDS][2][ETHERNET_HEADER];
    struct waiting waiting[3 * BURST];
    size_t waiting_count;
    int64_t progress_at;
    bool interrupted;
    enum status status; /* the first failure */
    struct fault fault;
};

/* --- Opening --- */

static bool watch(int epoll, int fd)
{
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

struct relay_loop *relay_loop_open(const struct relay_loop_config *config, struct fault *fault)
{
    struct relay_loop *b = calloc(1, sizeof(*b));
    if (b == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    b->config = *config;
    b->taps = epoll_create1(EPOLL_CLOEXEC);
    b->relay = relay_open(config->tap[END_A], config->tap[END_B], fault);
    if (b->relay != NULL && b->taps >= 0 && watch(b->taps, relay_fd(b->relay, END_A)) &&
        watch(b->taps, relay_fd(b->relay, END_B)))
        return b;
    if (b->relay != NULL)
        (void)fault_set(fault, STATUS_SYSTEM, "epoll: %s", strerror(errno));
    relay_loop_free(b);
    return NULL;
}

void relay_loop_free(struct relay_loop *b)
{
    if (b == NULL)
        return;
    loop_free(b->loop);
    relay_close(b->relay);
    if (b->taps >= 0)
        (void)close(b->taps);
    free(b);
}

const char *relay_loop_clock(const struct relay_loop *b)
{
    return relay_clock(b->relay);
}

/* --- Frames --- */

static enum end side_of(enum end end)
{
    return end == END_A ? END_A : END_B;
}

static void keep_failure(struct relay_loop *b, enum status s, const struct fault *fault)
{
    if (s != STATUS_OK && b->status == STATUS_OK) {
        b->status = s;
        b->fault = *fault;
    }
}

enum status relay_loop_pass(void *arg, enum end to, const uint8_t *ip, size_t n,
                            struct fault *fault)
{
    struct relay_loop *b = arg;
    uint8_t frame[RELAY_FRAME_MAX];
    if (n > sizeof(frame) - ETHERNET_HEADER)
        return fault_set(fault, STATUS_SYSTEM, "a packet of %zu octets is too long for the wire",
                         n);
    memcpy(frame, b->header[to][n > 0 && ip[0] >> 4 == 6], ETHERNET_HEADER);
    memcpy(frame + ETHERNET_HEADER, ip, n);
    return relay_send(b->relay, side_of(to), frame, ETHERNET_HEADER + n, fault);
}

static void take_frame(struct relay_loop *b, enum end side, const uint8_t *frame, size_t n,
                       int64_t t_ns)
{
    struct fault fault = {0};
    enum end from = side == END_A ? END_A : END_B;
    enum end to = side == END_A ? END_B : END_A;
    uint16_t type = n > ETHERNET_HEADER ? bytes_be16(frame + TYPE_OFF) : 0;
    bool ip = type == TYPE_V4 || type == TYPE_V6;
    if (!ip || frame[0] & GROUP_BIT) { /* ARP, neighbour discovery, group membership */
        keep_failure(b, relay_send(b->relay, end_other(side), frame, n, &fault), &fault);
        return;
    }
    memcpy(b->header[to][type == TYPE_V6], frame, ETHERNET_HEADER);
    talk_packet(b->pair, from, frame + ETHERNET_HEADER, n - ETHERNET_HEADER, t_ns);
}

static void keep_frame(void *arg, enum end side, const uint8_t *frame, size_t n, int64_t t_ns)
{
    struct relay_loop *b = arg;
    struct fault fault;
    uint8_t *copy = malloc(n);
    if (copy == NULL) {
        keep_failure(b, fault_set(&fault, STATUS_NO_MEMORY, "out of memory"), &fault);
        return;
    }
    memcpy(copy, frame, n);
    size_t i = b->waiting_count++;
    for (; i > 0 && b->waiting[i - 1].t_ns > t_ns; i--) /* by their stamps */
        b->waiting[i] = b->waiting[i - 1];
    b->waiting[i] = (struct waiting){side, t_ns, n, copy};
}

/* --- The loop --- */

static void plan(struct relay_loop *b)
{
    keep_failure(b, b->pair->status, &b->pair->fault);
    if (b->pair->finished || b->status != STATUS_OK) {
        loop_stop(b->loop);
        return;
    }
    int64_t at = talk_deadline(b->pair);
    if (b->config.progress != NULL && b->progress_at < at)
        at = b->progress_at;
    loop_set_deadline(b->loop, at);
}

static void dispatch(struct relay_loop *b)
{
    struct fault fault = {0};
    talk_lost_packets(b->pair, relay_dropped(b->relay));
    /* What came in at A while B was read is older than what B may still bring. */
    static const enum end order[] = {END_A, END_B, END_A};
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        if (relay_dispatch(b->relay, order[i], BURST, keep_frame, b, &fault) < 0)
            keep_failure(b, STATUS_SYSTEM, &fault);
    }
    for (size_t i = 0; i < b->waiting_count; i++) {
        const struct waiting *w = &b->waiting[i];
        take_frame(b, w->side, w->frame, w->n, w->t_ns);
        free(w->frame);
    }
    b->waiting_count = 0;
}

static void readable(void *arg)
{
    struct relay_loop *b = arg;
    dispatch(b);
    plan(b);
}

static void tell(struct relay_loop *b, void (*to)(void *arg, const char *line), int64_t now_ns)
{
    char line[160] = "";
    talk_progress(b->pair, now_ns, line, sizeof(line));
    if (line[0] != '\0')
        to(b->config.arg, line);
}

static void wake(void *arg, int64_t now_ns)
{
    struct relay_loop *b = arg;
    dispatch(b); /* what waits in the taps came before now */
    talk_tick(b->pair, now_ns);
    if (b->config.progress != NULL && now_ns >= b->progress_at) {
        b->progress_at = now_ns + PROGRESS_EVERY;
        tell(b, b->config.progress, now_ns);
    }
    plan(b);
}

static void signalled(void *arg, enum loop_signal s)
{
    struct relay_loop *b = arg;
    if (s == LOOP_REPORT) {
        tell(b, b->config.asked, loop_now(b->loop));
    } else {
        b->interrupted = true;
        talk_stop(b->pair, SCRIPT_STOP_INTERRUPT, loop_now(b->loop));
    }
    plan(b);
}

/* --- The whole --- */

static void add_summary(const struct relay_loop *b, struct timeline *timeline)
{
    const struct talk *p = b->pair;
    struct result summary;
    if (!result_init(&summary))
        return;
    result_set(&summary, "command", json_string(p->script->name));
    result_set(&summary, "sessions", json_integer((json_int_t)p->config.session));
    result_set(&summary, "interrupted", json_boolean(b->interrupted));
    result_set(&summary, "exit_code", json_integer(p->exit_code));
    summary.exit_code = p->exit_code;
    (void)timeline_append(
        timeline, (struct event){.kind = EVENT_SUMMARY, .t_ns = p->now_ns, .result = &summary});
    result_done(&summary);
}

enum status relay_loop_run(struct relay_loop *b, struct talk *p, const struct talk_config *config,
                           const struct script *script, void *state, struct timeline *timeline,
                           struct fault *fault)
{
    const struct loop_handlers handlers = {
        .arg = b, .readable = readable, .wake = wake, .signal = signalled};
    b->pair = p;
    b->loop = loop_new(b->taps, &handlers, fault);
    if (b->loop == NULL)
        return STATUS_SYSTEM;
    enum status s = privilege_drop(fault);
    if (s != STATUS_OK)
        return s;
    int64_t now = loop_now(b->loop);
    struct talk_config from_now = *config;
    if (from_now.deadline_ns != CLOCK_NEVER)
        from_now.deadline_ns += now;
    b->progress_at = now + PROGRESS_EVERY;
    talk_init(p, &from_now, script, state, timeline, now);
    plan(b);
    if (!p->finished)
        s = loop_run(b->loop, fault);
    if (s == STATUS_OK && b->status != STATUS_OK) {
        *fault = b->fault;
        return b->status;
    }
    if (s == STATUS_OK) {
        talk_verdict(p);
        add_summary(b, timeline);
    }
    return s;
}
