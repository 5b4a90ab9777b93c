/* See between.h. */
#include "engine/between.h"

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
    GROUP = 0x01, /* of the first octet of an address: a multicast, or a broadcast */
    TYPE_OFF = 12,
    TYPE_V4 = 0x0800,
    TYPE_V6 = 0x86dd
};
#define PROGRESS_EVERY CLOCK_S

struct between {
    struct between_config config;
    struct relay *relay;
    int taps; /* an epoll of both */
    struct loop *loop;
    struct pair *pair;
    /* What stands before an IP packet on its way to an end: before the one that is being taken
     * what stands there, before one that was kept what stood before the last that was for that
     * end alone. */
    const uint8_t *taken; /* its frame; NULL: none is */
    uint8_t header[PAIR_ENDS][ETHERNET_HEADER];
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

struct between *between_open(const struct between_config *config, struct fault *fault)
{
    struct between *b = calloc(1, sizeof(*b));
    if (b == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    b->config = *config;
    b->taps = epoll_create1(EPOLL_CLOEXEC);
    b->relay = relay_open(config->tap[FIGURE_A], config->tap[FIGURE_B], fault);
    if (b->relay != NULL && b->taps >= 0 && watch(b->taps, relay_fd(b->relay, RELAY_A)) &&
        watch(b->taps, relay_fd(b->relay, RELAY_B)))
        return b;
    if (b->relay != NULL)
        (void)fault_set(fault, STATUS_SYSTEM, "epoll: %s", strerror(errno));
    between_free(b);
    return NULL;
}

void between_free(struct between *b)
{
    if (b == NULL)
        return;
    loop_free(b->loop);
    relay_close(b->relay);
    if (b->taps >= 0)
        (void)close(b->taps);
    free(b);
}

const char *between_clock(const struct between *b)
{
    return relay_clock(b->relay);
}

/* --- Frames --- */

static enum relay_side side_of(enum figure_side end)
{
    return end == FIGURE_A ? RELAY_A : RELAY_B;
}

static void keep_failure(struct between *b, enum status s, const struct fault *fault)
{
    if (s != STATUS_OK && b->status == STATUS_OK) {
        b->status = s;
        b->fault = *fault;
    }
}

enum status between_pass(void *arg, enum figure_side to, const uint8_t *ip, size_t n,
                         struct fault *fault)
{
    struct between *b = arg;
    uint8_t frame[RELAY_FRAME_MAX];
    if (n > sizeof(frame) - ETHERNET_HEADER)
        return fault_set(fault, STATUS_SYSTEM, "a packet of %zu octets is too long for the wire",
                         n);
    if (b->taken != NULL && ip == b->taken + ETHERNET_HEADER) {
        memcpy(frame, b->taken, ETHERNET_HEADER);
    } else {
        memcpy(frame, b->header[to], ETHERNET_HEADER);
        bytes_put16(frame + TYPE_OFF, n > 0 && ip[0] >> 4 == 6 ? TYPE_V6 : TYPE_V4);
    }
    memcpy(frame + ETHERNET_HEADER, ip, n);
    return relay_send(b->relay, side_of(to), frame, ETHERNET_HEADER + n, fault);
}

static void take_frame(void *arg, enum relay_side side, const uint8_t *frame, size_t n,
                       int64_t t_ns)
{
    struct between *b = arg;
    struct fault fault = {0};
    enum figure_side from = side == RELAY_A ? FIGURE_A : FIGURE_B;
    enum figure_side to = side == RELAY_A ? FIGURE_B : FIGURE_A;
    uint16_t type = n > ETHERNET_HEADER ? bytes_be16(frame + TYPE_OFF) : 0;
    if (type != TYPE_V4 && type != TYPE_V6) {
        keep_failure(b, relay_send(b->relay, relay_other(side), frame, n, &fault), &fault);
        return;
    }
    if (!(frame[0] & GROUP))
        memcpy(b->header[to], frame, ETHERNET_HEADER);
    b->taken = frame;
    pair_packet(b->pair, from, frame + ETHERNET_HEADER, n - ETHERNET_HEADER, t_ns);
    b->taken = NULL;
}

/* --- The loop --- */

static void plan(struct between *b)
{
    keep_failure(b, b->pair->status, &b->pair->fault);
    if (b->pair->finished || b->status != STATUS_OK) {
        loop_stop(b->loop);
        return;
    }
    int64_t at = pair_deadline(b->pair);
    if (b->config.progress != NULL && b->progress_at < at)
        at = b->progress_at;
    loop_set_deadline(b->loop, at);
}

static void dispatch(struct between *b)
{
    struct fault fault = {0};
    pair_lost_packets(b->pair, relay_dropped(b->relay));
    for (enum relay_side side = RELAY_A; side <= RELAY_B; side++) {
        if (relay_dispatch(b->relay, side, BURST, take_frame, b, &fault) < 0)
            keep_failure(b, STATUS_SYSTEM, &fault);
    }
}

static void readable(void *arg)
{
    struct between *b = arg;
    dispatch(b);
    plan(b);
}

static void tell(struct between *b, void (*to)(void *arg, const char *line), int64_t now_ns)
{
    char line[160] = "";
    b->pair->script->progress(b->pair, now_ns, line, sizeof(line));
    if (line[0] != '\0')
        to(b->config.arg, line);
}

static void wake(void *arg, int64_t now_ns)
{
    struct between *b = arg;
    dispatch(b); /* what waits in the taps came before now */
    pair_tick(b->pair, now_ns);
    if (b->config.progress != NULL && now_ns >= b->progress_at) {
        b->progress_at = now_ns + PROGRESS_EVERY;
        tell(b, b->config.progress, now_ns);
    }
    plan(b);
}

static void signalled(void *arg, enum loop_signal s)
{
    struct between *b = arg;
    if (s == LOOP_REPORT) {
        tell(b, b->config.asked, loop_now(b->loop));
    } else {
        b->interrupted = true;
        pair_stop(b->pair, PROBE_STOP_INTERRUPT, loop_now(b->loop));
    }
    plan(b);
}

/* --- The whole --- */

static void add_summary(const struct between *b, struct timeline *timeline)
{
    const struct pair *p = b->pair;
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

enum status between_run(struct between *b, struct pair *p, const struct pair_config *config,
                        const struct pair_script *script, void *state, struct timeline *timeline,
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
    struct pair_config from_now = *config;
    if (from_now.deadline_ns != CLOCK_NEVER)
        from_now.deadline_ns += now;
    b->progress_at = now + PROGRESS_EVERY;
    pair_init(p, &from_now, script, state, timeline, now);
    plan(b);
    if (!p->finished)
        s = loop_run(b->loop, fault);
    if (s == STATUS_OK && b->status != STATUS_OK) {
        *fault = b->fault;
        return b->status;
    }
    if (s == STATUS_OK) {
        pair_conclude(p);
        add_summary(b, timeline);
    }
    return s;
}
