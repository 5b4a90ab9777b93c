/* See survey_live.h. */
#include "net/survey_live.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "talk/numbers.h"
#include "net/capture.h"
#include "net/loop.h"
#include "net/privilege.h"
#include "net/quiet.h"

enum {
    PORT_TRIES = 64,
    /* Packets handed on between two looks at the timers. */
    BURST = 1024,
    TROUBLES = 3,     /* kinds that are told: see tell_troubles */
    SLOW_RATE = 4000, /* packets a second */
    SLOW_RING_OCTETS = 256 * 1024,
    PLAIN_RING_OCTETS = 4 * 1024 * 1024,
};
#define DOZE_MOST (10 * CLOCK_MS)
/* How often losses are looked for, and told. */
#define LOOK_EVERY (100 * CLOCK_MS)
#define TELL_EVERY CLOCK_S

struct survey_live {
    struct survey_live_config config;
    struct tx *outlet;
    uint16_t ports[SURVEY_PORTS_MAX];
    unsigned port_count;
    int quiet[2 * SURVEY_PORTS_MAX];
    unsigned quiet_count;
    struct capture *capture;
    struct capture *overheard; /* with a burst: resets of our own kernel's */
    struct loop *loop;
    struct survey *survey;
    int64_t progress_at, look_at, tell_at, ends_at;
    uint64_t told[TROUBLES]; /* how often, of each */
    bool told_window;
    enum status status; /* the first failure of the run */
    struct fault fault;
};

/* --- Opening --- */

/* The port on each of our addresses. */
static enum status reserve(struct survey_live *l, uint16_t port, struct fault *fault)
{
    unsigned before = l->quiet_count;
    for (int i = 0; i < 2; i++) {
        const struct in6_addr *source = tx_source(l->outlet, i);
        if (source == NULL)
            continue;
        const struct endpoint local = {*source, port};
        enum status s =
            quiet_open(&local, l->config.out.scope_id, &l->quiet[l->quiet_count], fault);
        if (s != STATUS_OK) {
            while (l->quiet_count > before)
                (void)close(l->quiet[--l->quiet_count]);
            return s;
        }
        l->quiet_count++;
    }
    l->ports[l->port_count++] = port;
    return STATUS_OK;
}

static enum status reserve_ports(struct survey_live *l, struct fault *fault)
{
    const struct survey_live_config *c = &l->config;
    const struct endpoint first = {c->out.first, 0};
    unsigned wanted = c->sport != 0 ? 1 : c->ports;
    for (unsigned i = 0; i < wanted; i++) {
        enum status s = STATUS_NOT_OURS;
        for (uint32_t try = 0; s == STATUS_NOT_OURS && try < PORT_TRIES; try++)
            s = reserve(l, c->sport != 0 ? c->sport : numbers_port(&c->key, &first, i, try), fault);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

/* Its pages are ours: no larger than the rate wants it. */
static size_t ring_for(const struct survey_live *l)
{
    return l->config.out.rate <= SLOW_RATE ? SLOW_RING_OCTETS : PLAIN_RING_OCTETS;
}

/* What is to or from our ports, and ICMP errors to us. What a burst sends no tap sees, so what is
 * seen leaving from our ports beside one is our kernel's. */
static enum status open_one_tap(struct survey_live *l, bool bulk, bool resets_out,
                                struct capture **capture, struct fault *fault)
{
    const char *ifname = tx_route(l->outlet)->ifname;
    const struct port_filter filter = {
        .ports = l->ports, .count = l->port_count, .resets_out = resets_out};
    *capture = bulk ? capture_open_bulk(ifname, NULL, 0, fault)
                    : capture_open_headers(ifname, NULL, ring_for(l), fault);
    return *capture != NULL ? capture_only(*capture, &filter, fault) : STATUS_SYSTEM;
}

static enum status open_taps(struct survey_live *l, struct fault *fault)
{
    bool bulk = tx_bursts(l->outlet);
    enum status s = open_one_tap(l, bulk, false, &l->capture, fault);
    if (s == STATUS_OK && bulk)
        s = open_one_tap(l, false, true, &l->overheard, fault);
    return s;
}

static enum status open_all(struct survey_live *l, struct fault *fault)
{
    l->outlet = tx_open(&l->config.out, fault);
    if (l->outlet == NULL)
        return STATUS_SYSTEM;
    enum status s = reserve_ports(l, fault);
    return s == STATUS_OK ? open_taps(l, fault) : s;
}

struct survey_live *survey_live_open(const struct survey_live_config *c, struct fault *fault)
{
    struct survey_live *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    l->config = *c;
    if (open_all(l, fault) != STATUS_OK) {
        survey_live_free(l);
        return NULL;
    }
    return l;
}

void survey_live_free(struct survey_live *l)
{
    if (l == NULL)
        return;
    loop_free(l->loop);
    capture_close(l->overheard);
    capture_close(l->capture);
    for (unsigned i = 0; i < l->quiet_count; i++)
        (void)close(l->quiet[i]);
    tx_close(l->outlet);
    free(l);
}

const struct route *survey_live_route(const struct survey_live *l)
{
    return tx_route(l->outlet);
}

int64_t survey_live_now(const struct survey_live *l)
{
    struct timespec t;
    if (l->loop != NULL)
        return loop_now(l->loop);
    (void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail */
    return t.tv_sec * CLOCK_S + t.tv_nsec;
}

const char *survey_live_way(const struct survey_live *l)
{
    return tx_way(l->outlet);
}

const char *survey_live_clock(const struct survey_live *l)
{
    return tx_bursts(l->outlet)
               ? "kernel software stamps, ns; of our SYNs the program's, see rtt_slack_us"
               : capture_clock(l->capture);
}

/* --- The loop --- */

static void keep_failure(struct survey_live *l, enum status s, const struct fault *fault)
{
    if (s != STATUS_OK && l->status == STATUS_OK) {
        l->status = s;
        l->fault = *fault;
    }
}

/* Nobody is asked and somebody will be soon: what comes until then (our last reset leaving, for the
 * most part) has its stamp and can wait in the tap. Saves a third of ping's time at full speed. */
static bool may_doze(const struct survey_live *l, int64_t until_ns)
{
    return l->survey->in_flight == 0 && !l->config.out.whole && !tx_bursts(l->outlet) &&
           until_ns < loop_now(l->loop) + DOZE_MOST;
}

/* When the loop is to wake up next, or that it need not any more. */
static void plan(struct survey_live *l)
{
    if (survey_over(l->survey) || l->status != STATUS_OK) {
        loop_stop(l->loop);
        return;
    }
    int64_t at = survey_next(l->survey);
    if (l->config.progress != NULL && l->progress_at < at)
        at = l->progress_at;
    if (l->ends_at < at)
        at = l->ends_at;
    loop_watch(l->loop, !may_doze(l, at));
    loop_set_deadline(l->loop, at);
}

static void take_packet(void *arg, const uint8_t *ip, size_t n, int64_t t_ns)
{
    struct survey_live *l = arg;
    survey_packet_seen(l->survey, ip, n, t_ns);
}

/* What was lost or full since it was told last, a line each at the most. */
static void tell_troubles(struct survey_live *l)
{
    const struct survey_counts *c = &l->survey->counts;
    const struct {
        uint64_t count;
        const char *before, *behind;
    } all[TROUBLES] = {
        {c->dropped, "the capture lost ", " packets"},
        {c->unsent_dropped, "the interface lost ", " packets"},
        {c->full, "the kernel had no room ", " times"},
    };
    char line[160];
    for (unsigned i = 0; i < TROUBLES; i++) {
        if (all[i].count <= l->told[i])
            continue;
        (void)snprintf(line, sizeof(line), "%s%" PRIu64 "%s: going slower, %.0f a second",
                       all[i].before, all[i].count - l->told[i], all[i].behind,
                       l->survey->pace.now_rate);
        l->told[i] = all[i].count;
        l->config.remark(l->config.arg, line);
    }
    if (c->window_full > 0 && !l->told_window) {
        l->told_window = true;
        (void)snprintf(line, sizeof(line),
                       "%" PRIu32 " targets are under way, as many as --window allows: the others "
                       "wait",
                       l->survey->config.window);
        l->config.remark(l->config.arg, line);
    }
}

static void look_for_troubles(struct survey_live *l, int64_t now_ns)
{
    if (now_ns < l->look_at)
        return;
    l->look_at = now_ns + LOOK_EVERY;
    survey_lost_packets(l->survey, capture_dropped(l->capture), now_ns);
    survey_unsent_packets(l->survey, tx_dropped(l->outlet), now_ns);
    if (now_ns < l->tell_at)
        return;
    l->tell_at = now_ns + TELL_EVERY;
    tell_troubles(l);
}

/* Whether anything came. */
static bool take_what_came(struct survey_live *l)
{
    struct fault fault = {0};
    int heard = capture_dispatch(l->capture, BURST, take_packet, l, &fault);
    int overheard =
        l->overheard != NULL ? capture_dispatch(l->overheard, BURST, take_packet, l, &fault) : 0;
    if (heard < 0 || overheard < 0)
        keep_failure(l, STATUS_SYSTEM, &fault);
    return heard > 0 || overheard > 0;
}

static void send_what_may_go(struct survey_live *l)
{
    struct fault fault = {0};
    if (l->status == STATUS_OK)
        keep_failure(l, survey_tick(l->survey, loop_now(l->loop), &fault), &fault);
}

/* What waits in the tap came before now: a time-out must not overtake it. A peer on this machine
 * has answered by the time that a packet is sent: looking at once saves being woken for it. */
static void work(struct survey_live *l)
{
    (void)take_what_came(l);
    int64_t now = loop_now(l->loop);
    look_for_troubles(l, now);
    if (now >= l->ends_at) {
        l->ends_at = CLOCK_NEVER;
        survey_stop(l->survey, now);
    }
    send_what_may_go(l);
    if (take_what_came(l))
        send_what_may_go(l);
    if (l->config.progress != NULL && now >= l->progress_at) {
        l->progress_at = now + l->config.progress_ns;
        l->config.progress(l->config.arg, now);
    }
    plan(l);
}

static void readable(void *arg)
{
    work(arg);
}

static void wake(void *arg, int64_t now_ns)
{
    (void)now_ns;
    work(arg);
}

static void supply_readable(void *arg)
{
    struct survey_live *l = arg;
    survey_wake(l->survey);
    work(l);
}

static void signalled(void *arg, enum loop_signal s)
{
    struct survey_live *l = arg;
    int64_t now = loop_now(l->loop);
    if (s == LOOP_REPORT) {
        l->config.asked(l->config.arg, now);
        return;
    }
    survey_stop(l->survey, now);
    plan(l);
}

static enum status begin(struct survey_live *l, const struct survey_config *config, int64_t *start,
                         struct fault *fault)
{
    const struct loop_handlers handlers = {
        .arg = l, .readable = readable, .wake = wake, .signal = signalled};
    struct survey_config full = *config;
    full.ports = l->ports;
    full.port_count = l->port_count;
    l->loop = loop_new(capture_fd(l->capture), &handlers, fault);
    enum status s = l->loop != NULL ? STATUS_OK : STATUS_SYSTEM;
    tx_fill(l->outlet, &full, l->loop);
    if (s == STATUS_OK && l->config.supply_fd >= 0)
        s = loop_join(l->loop, l->config.supply_fd, supply_readable, l, fault);
    if (s == STATUS_OK)
        s = privilege_drop(fault);
    if (s != STATUS_OK)
        return s;
    *start = loop_now(l->loop);
    return survey_init(l->survey, &full, *start, fault);
}

enum status survey_live_run(struct survey_live *l, struct survey *s,
                            const struct survey_config *config, int64_t deadline_ns,
                            struct fault *fault)
{
    int64_t start;
    l->survey = s;
    enum status status = begin(l, config, &start, fault);
    if (status != STATUS_OK)
        return status;
    l->progress_at = start + l->config.progress_ns;
    l->ends_at = deadline_ns == CLOCK_NEVER ? CLOCK_NEVER : start + deadline_ns;
    loop_set_deadline(l->loop, start);
    status = loop_run(l->loop, fault);
    if (status == STATUS_OK && l->status != STATUS_OK) {
        *fault = l->fault;
        status = l->status;
    }
    return status;
}
