/* See live.h. */
#include "net/live.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/rx_loss.h"
#include "talk/numbers.h"
#include "net/capture.h"
#include "net/inject.h"
#include "net/loop.h"
#include "net/privilege.h"
#include "net/quiet.h"

enum {
    PORT_TRIES = 64,
    /* Packets handed on between two looks at the timers, so that a flood cannot hold up the end. */
    BURST = 256,
};
#define NEIGHBOUR_WAIT (3 * CLOCK_S)
#define PROGRESS_EVERY CLOCK_S
/* How often the tap is read while nothing but stamps matters. Being woken by a packet is work that
 * the kernel does inside our tap, before the next tap stamps the same packet: read at leisure, our
 * stamps and tcpdump's agree to 3 us, woken to 13 us (bench/rtt). The ring holds what comes in
 * between. */
#define LOOK_EVERY (10 * CLOCK_MS)

struct live {
    struct live_config config;
    struct route route;
    struct endpoint *locals;
    int *quiet; /* descriptors, one a session */
    size_t quiet_count;
    struct capture *capture;
    struct inject *inject;
    struct loop *loop;
    bool neighbour_silent;
    struct icmp_error unreachable; /* then */

    struct run *run;
    enum status status; /* the first failure of the run */
    struct fault fault;
    int64_t progress_at;
    struct rx_loss deaf;
    struct remarks aside;
    uint64_t dropped_told;
};

/* --- Opening --- */

static enum status reserve_port(struct live *l, size_t i, struct fault *fault)
{
    struct endpoint *local = &l->locals[i];
    uint32_t tries = l->config.sport != 0 ? 1 : PORT_TRIES;
    enum status s = STATUS_OK;

    local->ip = l->route.source;
    local->port = l->config.sport;
    if (endpoint_equal(local, &l->config.remote))
        return fault_set(fault, STATUS_MALFORMED,
                         "source and target are the same endpoint; choose another --sport");
    for (uint32_t try = 0; try < tries; try++) {
        local->port = l->config.sport != 0
                          ? l->config.sport
                          : numbers_port(&l->config.key, &l->config.remote, (uint32_t)i + 1, try);
        s = quiet_open(local, l->config.scope_id, &l->quiet[i], fault);
        if (s != STATUS_NOT_OURS)
            break;
    }
    if (s == STATUS_OK)
        l->quiet_count++;
    return s;
}

static enum status reserve_ports(struct live *l, struct fault *fault)
{
    l->locals = calloc(l->config.sessions, sizeof(*l->locals));
    l->quiet = calloc(l->config.sessions, sizeof(*l->quiet));
    if (l->locals == NULL || l->quiet == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < l->config.sessions; i++) {
        enum status s = reserve_port(l, i, fault);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

/* Our flows, and the ICMP errors that may be about them. */
static void filter_text(const struct live *l, struct text *t)
{
    char remote[ADDRESS_TEXT_MAX], local[ADDRESS_TEXT_MAX];
    bool v4 = address_is_v4(&l->config.remote.ip);
    address_format(&l->config.remote.ip, remote);
    address_format(&l->route.source, local);
    text_printf(t, "(host %s and host %s and ", remote, local);
    if (l->config.remote.port != 0)
        text_printf(t, "tcp port %u and ", l->config.remote.port);
    text_printf(t, "(");
    for (size_t i = 0; i < l->config.sessions; i++)
        text_printf(t, "%stcp port %u", i != 0 ? " or " : "", l->locals[i].port);
    text_printf(t, ")) or (%s and dst host %s)",
                v4 ? "(icmp[0] == 3 or icmp[0] == 11 or icmp[0] == 12)"
                   : "(icmp6 and ip6[40] < 128)",
                local);
}

static enum status open_tap(struct live *l, struct fault *fault)
{
    struct text filter;
    text_init(&filter);
    filter_text(l, &filter);
    if (filter.failed) {
        text_done(&filter);
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    }
    l->capture = capture_open(l->route.ifname, filter.data, fault);
    text_done(&filter);
    return l->capture != NULL ? STATUS_OK : STATUS_SYSTEM;
}

static enum status open_all(struct live *l, struct fault *fault)
{
    const struct live_config *c = &l->config;
    int family = address_is_v4(&c->remote.ip) ? AF_INET : AF_INET6;
    enum status s = route_find(&l->route, &c->remote.ip, c->scope_id, c->source, c->ifname, fault);
    if (s == STATUS_OK)
        s = privilege_check(fault);
    if (s == STATUS_OK)
        s = reserve_ports(l, fault);
    if (s == STATUS_OK)
        s = open_tap(l, fault);
    if (s != STATUS_OK)
        return s;
    l->inject =
        inject_open(family, c->ifname != NULL || c->scope_id != 0 ? l->route.ifname : NULL, fault);
    if (l->inject == NULL)
        return STATUS_SYSTEM;
    bool resolved = true;
    s = route_resolve_neighbour(&l->route, &c->remote.ip, NEIGHBOUR_WAIT, &resolved, fault);
    l->neighbour_silent = !resolved;
    /* Linux itself answers for a neighbour that does not: host unreachable, from our address. */
    l->unreachable = (struct icmp_error){
        .ip_version = family == AF_INET ? 4 : 6,
        .type = family == AF_INET ? 3 : 1,
        .code = family == AF_INET ? 1 : 3,
        .from = l->route.source,
    };
    return s;
}

struct live *live_open(const struct live_config *config, struct fault *fault)
{
    struct live *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    l->config = *config;
    l->deaf = (struct rx_loss){.key = config->key, .percent = config->deaf};
    l->aside.source = config->aside;
    if (open_all(l, fault) != STATUS_OK) {
        live_free(l);
        return NULL;
    }
    return l;
}

void live_free(struct live *l)
{
    if (l == NULL)
        return;
    loop_free(l->loop);
    inject_close(l->inject);
    capture_close(l->capture);
    for (size_t i = 0; i < l->quiet_count; i++)
        (void)close(l->quiet[i]);
    free(l->quiet);
    free(l->locals);
    free(l);
}

const struct route *live_route(const struct live *l)
{
    return &l->route;
}

const char *live_clock(const struct live *l)
{
    return capture_clock(l->capture);
}

const struct endpoint *live_locals(const struct live *l)
{
    return l->locals;
}

const struct icmp_error *live_unreachable(const struct live *l)
{
    return l->neighbour_silent ? &l->unreachable : NULL;
}

/* --- Running --- */

static enum status send_packet(void *arg, const uint8_t *ip, size_t n, struct fault *fault)
{
    struct live *l = arg;
    return inject_send(l->inject, ip, n, fault);
}

static void keep_failure(struct live *l, enum status s, const struct fault *fault)
{
    if (s != STATUS_OK && l->status == STATUS_OK) {
        l->status = s;
        l->fault = *fault;
    }
}

/* When the loop is to wake up next, or that it need not any more. */
static void plan(struct live *l)
{
    if (run_over(l->run) || l->status != STATUS_OK) {
        loop_stop(l->loop);
        return;
    }
    int64_t at = run_deadline(l->run);
    if (l->config.progress != NULL && l->progress_at < at)
        at = l->progress_at;
    bool wait = run_can_wait(l->run);
    loop_watch(l->loop, !wait);
    if (wait && loop_now(l->loop) + LOOK_EVERY < at)
        at = loop_now(l->loop) + LOOK_EVERY;
    loop_set_deadline(l->loop, at);
}

/* What the kernel could not give us, or we did not hear, is told once, when it happens, and is in
 * the result. */
static void look_for_drops(struct live *l)
{
    uint64_t dropped = capture_dropped(l->capture) + l->deaf.missed;
    if (dropped == l->dropped_told || run_over(l->run))
        return;
    l->dropped_told = dropped;
    talk_lost_packets(&l->run->exchange, dropped);
}

static void tell_asides(struct live *l, int64_t before_ns)
{
    const struct remarks_line *line;
    while ((line = remarks_next(&l->aside, before_ns)) != NULL)
        run_remark(l->run, line->text, line->t_ns);
}

static void take_packet(void *arg, const uint8_t *ip, size_t n, int64_t t_ns)
{
    struct live *l = arg;
    struct fault fault = {0};
    /* A near peer has answered before the tap is through: its packets are among those that are
     * being handed over, and what is to be said of them came in meanwhile. */
    remarks_fetch(&l->aside);
    tell_asides(l, t_ns);
    if (rx_loss_misses(&l->deaf, &l->route.source, &l->config.remote, ip, n)) {
        look_for_drops(l); /* at once: the next packet may be the run's last */
        return;
    }
    if (l->status == STATUS_OK)
        keep_failure(l, run_packet(l->run, ip, n, t_ns, &fault), &fault);
}

static void take_what_waits(struct live *l)
{
    struct fault fault = {0};
    remarks_fetch(&l->aside);
    if (capture_dispatch(l->capture, BURST, take_packet, l, &fault) < 0)
        keep_failure(l, STATUS_SYSTEM, &fault);
    tell_asides(l, CLOCK_NEVER);
    if (l->aside.source != NULL)
        keep_failure(l, l->aside.source->state(l->aside.source->arg, &fault), &fault);
}

static void readable(void *arg)
{
    struct live *l = arg;
    look_for_drops(l);
    take_what_waits(l);
    plan(l);
}

static void aside_readable(void *arg)
{
    struct live *l = arg;
    take_what_waits(l);
    plan(l);
}

static void tell_progress(struct live *l, int64_t now_ns, void (*tell)(void *arg, const char *line))
{
    char line[160];
    const struct talk *x = &l->run->exchange;
    talk_progress(x, now_ns, line, sizeof(line));
    if (line[0] != '\0')
        tell(l->config.arg, line);
}

static void wake(void *arg, int64_t now_ns)
{
    struct live *l = arg;
    struct fault fault = {0};
    /* What waits in the tap came before now: a deadline must not overtake it. */
    take_what_waits(l);
    look_for_drops(l);
    if (l->status == STATUS_OK)
        keep_failure(l, run_tick(l->run, now_ns, &fault), &fault);
    if (l->config.progress != NULL && now_ns >= l->progress_at) {
        l->progress_at = now_ns + PROGRESS_EVERY;
        tell_progress(l, now_ns, l->config.progress);
    }
    plan(l);
}

static void signalled(void *arg, enum loop_signal s)
{
    struct live *l = arg;
    struct fault fault = {0};
    int64_t now = loop_now(l->loop);
    if (s == LOOP_REPORT)
        tell_progress(l, now, l->config.asked);
    else
        keep_failure(l, run_stop(l->run, now, &fault), &fault);
    plan(l);
}

enum status live_run(struct live *l, struct run *run, const struct run_config *config,
                     struct timeline *timeline, struct fault *fault)
{
    const struct loop_handlers handlers = {
        .arg = l, .readable = readable, .wake = wake, .signal = signalled};
    struct link link = {.send = send_packet, .arg = l};

    l->run = run;
    l->loop = loop_new(capture_fd(l->capture), &handlers, fault);
    if (l->loop == NULL)
        return STATUS_SYSTEM;
    enum status s = STATUS_OK;
    if (l->aside.source != NULL)
        s = loop_join(l->loop, l->aside.source->fd, aside_readable, l, fault);
    if (s == STATUS_OK)
        s = privilege_drop(fault);
    if (s != STATUS_OK)
        return s;
    int64_t now = loop_now(l->loop);
    s = run_init(run, config, timeline, link, now, fault);
    if (s != STATUS_OK)
        return s;
    if (run_over(run)) /* there was nothing to wait for */
        return STATUS_OK;
    l->progress_at = now + PROGRESS_EVERY;
    plan(l);
    s = loop_run(l->loop, fault);
    if (s == STATUS_OK && l->status != STATUS_OK) {
        *fault = l->fault;
        s = l->status;
    }
    return s;
}
