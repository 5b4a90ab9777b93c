/* See live_survey.h. */
#include "net/live_survey.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/driver.h"

enum {
    TROUBLES = 3,     /* kinds that are told: see tell_troubles */
    SLOW_RATE = 4000, /* packets a second */
    SLOW_RING_OCTETS = 256 * 1024,
    PLAIN_RING_OCTETS = 4 * 1024 * 1024,
};
/* How often losses are looked for, and told. */
#define LOOK_EVERY (100 * CLOCK_MS)
#define TELL_EVERY CLOCK_S

struct live_survey {
    struct live_survey_config config;
    struct tx *outlet;
    struct driver *driver;
    uint16_t ports[SURVEY_PORTS_MAX];
    unsigned port_count;
    struct capture *capture;
    struct capture
        *elsewhere; /* what comes in by other interfaces than the SYNs leave by; or NULL */
    struct capture *overheard; /* with a burst: resets of our own kernel's */
    struct survey *survey;
    const struct survey_config *asked_for;
    int64_t tell_at;
    uint64_t told[TROUBLES]; /* how often, of each */
    bool told_window;
};

/* --- Opening --- */

/* Each on both of our addresses. */
static enum status reserve_ports(struct live_survey *l, struct fault *fault)
{
    const struct live_survey_config *c = &l->config;
    const struct endpoint first = {c->out.first, 0};
    struct driver_port wanted = {
        .source = {tx_source(l->outlet, 0), tx_source(l->outlet, 1)},
        .scope_id = c->out.scope_id,
        .fixed = c->sport,
        .key = &c->key,
        .remote = &first,
    };
    unsigned count = c->sport != 0 ? 1 : c->ports;
    for (; l->port_count < count; l->port_count++) {
        wanted.number = l->port_count;
        enum status s = driver_reserve(l->driver, &wanted, &l->ports[l->port_count], fault);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

/* Its pages are ours: no larger than the rate wants it. */
static size_t ring_for(const struct live_survey *l)
{
    return l->config.out.rate <= SLOW_RATE ? SLOW_RING_OCTETS : PLAIN_RING_OCTETS;
}

/* What is to or from our ports, and ICMP errors to us. What a burst sends no tap sees, so what is
 * seen leaving from our ports beside one is our kernel's. */
static enum status open_one_tap(struct live_survey *l, bool bulk, bool resets_out,
                                struct capture **capture, struct fault *fault)
{
    const char *ifname = tx_route(l->outlet)->ifname;
    const struct port_filter filter = {
        .ports = l->ports, .count = l->port_count, .resets_out = resets_out};
    *capture = bulk ? capture_open_bulk(ifname, NULL, 0, fault)
                    : capture_open_headers(ifname, NULL, ring_for(l), fault);
    return *capture != NULL ? capture_only(*capture, &filter, fault) : STATUS_SYSTEM;
}

/* Where routes are not symmetric, answers come by another interface. */
static enum status open_tap_elsewhere(struct live_survey *l, struct fault *fault)
{
    const struct route *route = tx_route(l->outlet);
    unsigned others[ROUTE_OTHERS_MAX];
    struct port_filter filter = {.ports = l->ports, .count = l->port_count, .ifindex = others};
    filter.ifindex_count = route->loopback ? 0 : route_others(route->ifindex, others);
    if (filter.ifindex_count == 0)
        return STATUS_OK;
    l->elsewhere = capture_open_any(NULL, fault);
    return l->elsewhere != NULL ? capture_only(l->elsewhere, &filter, fault) : STATUS_SYSTEM;
}

static enum status open_taps(struct live_survey *l, struct fault *fault)
{
    bool bulk = tx_bursts(l->outlet);
    enum status s = open_one_tap(l, bulk, false, &l->capture, fault);
    if (s == STATUS_OK)
        s = open_tap_elsewhere(l, fault);
    if (s == STATUS_OK && bulk)
        s = open_one_tap(l, false, true, &l->overheard, fault);
    return s;
}

static enum status open_all(struct live_survey *l, struct fault *fault)
{
    l->driver = driver_new(fault);
    if (l->driver != NULL)
        l->outlet = tx_open(&l->config.out, fault);
    if (l->outlet == NULL)
        return STATUS_SYSTEM;
    enum status s = reserve_ports(l, fault);
    return s == STATUS_OK ? open_taps(l, fault) : s;
}

struct live_survey *live_survey_open(const struct live_survey_config *c, struct fault *fault)
{
    struct live_survey *l = fault_alloc(sizeof(*l), fault);
    if (l == NULL)
        return NULL;
    l->config = *c;
    if (open_all(l, fault) != STATUS_OK) {
        live_survey_free(l);
        return NULL;
    }
    return l;
}

void live_survey_free(struct live_survey *l)
{
    if (l == NULL)
        return;
    driver_free(l->driver);
    capture_close(l->overheard);
    capture_close(l->elsewhere);
    capture_close(l->capture);
    tx_close(l->outlet);
    free(l);
}

const struct route *live_survey_route(const struct live_survey *l)
{
    return tx_route(l->outlet);
}

int64_t live_survey_now(const struct live_survey *l)
{
    return driver_now(l->driver);
}

const char *live_survey_way(const struct live_survey *l)
{
    return tx_way(l->outlet);
}

const char *live_survey_clock(const struct live_survey *l)
{
    return tx_bursts(l->outlet)
               ? "kernel software stamps, ns; of our SYNs the program's, see rtt_slack_us"
               : capture_clock(l->capture);
}

/* --- The driver's calls --- */

/* What was lost or full since it was told last, a line each at the most. */
static void tell_troubles(struct live_survey *l)
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

static void lost(void *arg, uint64_t total, int64_t now_ns)
{
    struct live_survey *l = arg;
    survey_lost_packets(l->survey, total, now_ns);
    survey_unsent_packets(l->survey, tx_dropped(l->outlet), now_ns);
    if (now_ns < l->tell_at)
        return;
    l->tell_at = now_ns + TELL_EVERY;
    tell_troubles(l);
}

static enum status start(void *arg, int64_t now_ns, struct fault *fault)
{
    struct live_survey *l = arg;
    struct survey_config full = *l->asked_for;
    full.ports = l->ports;
    full.port_count = l->port_count;
    tx_fill(l->outlet, &full, l->driver);
    return survey_init(l->survey, &full, now_ns, fault);
}

static enum status packet(void *arg, enum end tap, const uint8_t *ip, size_t n, int64_t t_ns,
                          struct fault *fault)
{
    (void)tap;
    (void)fault;
    survey_packet_seen(((struct live_survey *)arg)->survey, ip, n, t_ns);
    return STATUS_OK;
}

static enum status tick(void *arg, int64_t now_ns, struct fault *fault)
{
    return survey_tick(((struct live_survey *)arg)->survey, now_ns, fault);
}

static int64_t deadline(const void *arg, int64_t now_ns)
{
    (void)now_ns;
    return survey_next(((const struct live_survey *)arg)->survey);
}

static enum status stop(void *arg, int64_t now_ns, struct fault *fault)
{
    (void)fault;
    survey_stop(((struct live_survey *)arg)->survey, now_ns);
    return STATUS_OK;
}

static bool over(const void *arg)
{
    return survey_over(((const struct live_survey *)arg)->survey);
}

/* Nobody is asked and somebody will be soon: what comes until then (our last reset leaving, for the
 * most part) has its stamp and can wait in the tap. Saves a third of ping's time at full speed. */
static bool can_wait(const void *arg, int64_t for_ns)
{
    const struct live_survey *l = arg;
    return l->survey->in_flight == 0 && !l->config.out.whole && !tx_bursts(l->outlet) &&
           for_ns < DRIVER_LOOK_EVERY;
}

/* Who asks for a survey has its own ways to tell. */
static void progress(void *arg, int64_t now_ns, bool asked, char *line, size_t cap)
{
    const struct live_survey *l = arg;
    (void)line;
    (void)cap;
    (asked ? l->config.asked : l->config.progress)(l->config.arg, now_ns);
}

static void supply_readable(void *arg)
{
    survey_wake(((struct live_survey *)arg)->survey);
}

enum status live_survey_run(struct live_survey *l, struct survey *s,
                            const struct survey_config *config, int64_t deadline_ns,
                            struct fault *fault)
{
    const struct driver_ops ops = {
        .start = start,
        .packet = packet,
        .tick = tick,
        .deadline = deadline,
        .stop = stop,
        .over = over,
        .can_wait = can_wait,
        .lost = lost,
        .progress = progress,
        .readable = l->config.supply_fd >= 0 ? supply_readable : NULL,
        .look_ns = LOOK_EVERY,
        .eager = true,
    };
    struct driver_config to_drive = {
        .ops = &ops,
        .arg = l,
        .taps = {{.capture = l->capture}},
        .fd = l->config.supply_fd,
        .within_ns = deadline_ns,
        .progress_ns = l->config.progress != NULL ? l->config.progress_ns : 0,
    };
    unsigned taps = 1;
    if (l->elsewhere != NULL)
        to_drive.taps[taps++].capture = l->elsewhere;
    if (l->overheard != NULL)
        to_drive.taps[taps] = (struct driver_tap){.capture = l->overheard, .beside = true};
    l->survey = s;
    l->asked_for = config;
    return driver_run(l->driver, &to_drive, fault);
}
