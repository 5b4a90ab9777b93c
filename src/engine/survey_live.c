/* See survey_live.h. */
#include "engine/survey_live.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "engine/numbers.h"
#include "net/burst.h"
#include "net/capture.h"
#include "net/fib.h"
#include "net/inject.h"
#include "net/loop.h"
#include "net/neighbour.h"
#include "net/privilege.h"
#include "net/quiet.h"
#include "wire/template.h"

enum {
    PORT_TRIES = 64,
    /* Packets handed on between two looks at the timers. */
    BURST = 1024,
    PLAIN_BATCH_MAX = 16,
    BURST_BATCH_MIN = 8,
    BURST_BATCH_MAX = 128,
    BATCHES_A_SECOND = 1000, /* at the most, where the rate allows */
    IPV4_HEADERS = 40,
    IPV6_HEADERS = 60,
    LEAST_MTU = 576,
    SLOW_RATE = 2000, /* packets a second */
    SLOW_RING_OCTETS = 256 * 1024,
    PLAIN_RING_OCTETS = 4 * 1024 * 1024,
};
#define NEIGHBOUR_WAIT (3 * CLOCK_S)
/* How often drops are looked for. */
#define LOOK_EVERY (100 * CLOCK_MS)

/* What is there once for each address family. */
struct family {
    bool usable;
    struct in6_addr source;
    uint32_t mtu;
    struct inject *inject;
    struct template syn, reset;
};

struct survey_live {
    struct survey_live_config config;
    struct route route;
    struct family families[2]; /* IPv4, IPv6 */
    uint16_t ports[SURVEY_PORTS_MAX];
    unsigned port_count;
    int quiet[2 * SURVEY_PORTS_MAX];
    unsigned quiet_count;
    struct fib *fib;
    bool fib_trusted;    /* no policy routing: what it says is what the kernel does */
    struct burst *burst; /* for what goes by `route.gateway`; NULL: all by the kernel's routes */
    struct capture *capture;
    struct capture *overheard; /* with a burst: resets of our own kernel's */
    struct loop *loop;
    struct survey *survey;
    unsigned sent; /* of the batch that is being sent */
    int64_t batch_began_ns, progress_at, look_at, ends_at;
    enum status status; /* the first failure of the run */
    struct fault fault;
    bool ended_by_deadline;
};

static int family_of(const struct in6_addr *ip)
{
    return address_is_v4(ip) ? 0 : 1;
}

/* --- Opening --- */

/* The other family's source, if it has a route out of the same interface: what address is asked for
 * does not matter, nothing is sent to it. */
static void find_other_family(struct survey_live *l)
{
    static const uint8_t v4[4] = {192, 0, 2, 1}; /* RFC 5737, RFC 3849 */
    static const struct in6_addr v6 = {.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
    int other = 1 - family_of(&l->config.first);
    const struct in6_addr sample = other == 0 ? address_from_v4(v4) : v6;
    struct route r;
    struct fault ignored;
    if (route_find(&r, &sample, 0, NULL, l->route.ifname, &ignored) != STATUS_OK ||
        r.ifindex != l->route.ifindex)
        return;
    l->families[other] = (struct family){.usable = true, .source = r.source, .mtu = r.mtu};
}

static enum status find_way(struct survey_live *l, struct fault *fault)
{
    const struct survey_live_config *c = &l->config;
    enum status s = route_find(&l->route, &c->first, c->scope_id, c->source, c->ifname, fault);
    if (s != STATUS_OK)
        return s;
    l->families[family_of(&c->first)] =
        (struct family){.usable = true, .source = l->route.source, .mtu = l->route.mtu};
    if (c->source == NULL)
        find_other_family(l);
    return STATUS_OK;
}

/* The port on each of our addresses. */
static enum status reserve(struct survey_live *l, uint16_t port, struct fault *fault)
{
    unsigned before = l->quiet_count;
    for (int i = 0; i < 2; i++) {
        const struct endpoint local = {l->families[i].source, port};
        if (!l->families[i].usable)
            continue;
        enum status s = quiet_open(&local, l->config.scope_id, &l->quiet[l->quiet_count], fault);
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
    const struct endpoint first = {c->first, 0};
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

/* What is to or from our ports, and ICMP errors to us. */
static void filter_text(const struct survey_live *l, struct text *t)
{
    text_printf(t, "(");
    for (unsigned i = 0; i < l->port_count; i++)
        text_printf(t, "%stcp port %u", i != 0 ? " or " : "", l->ports[i]);
    text_printf(t, ") or icmp[0] == 3 or icmp[0] == 11 or icmp[0] == 12 or "
                   "(icmp6 and ip6[40] < 128)");
}

/* Its pages are ours: no larger than the rate wants it. */
static size_t ring_for(const struct survey_live *l)
{
    return l->config.rate <= SLOW_RATE ? SLOW_RING_OCTETS : PLAIN_RING_OCTETS;
}

static enum status open_one_tap(struct survey_live *l, bool bulk, struct capture **capture,
                                void (*fill)(const struct survey_live *l, struct text *t),
                                struct fault *fault)
{
    struct text filter;
    text_init(&filter);
    fill(l, &filter);
    if (filter.failed)
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    else
        *capture = bulk ? capture_open_bulk(l->route.ifname, filter.data, 0, fault)
                        : capture_open_headers(l->route.ifname, filter.data, ring_for(l), fault);
    text_done(&filter);
    return *capture != NULL ? STATUS_OK : STATUS_SYSTEM;
}

/* What a burst sends no tap sees, so what is seen leaving from our ports is our kernel's. */
static void overheard_text(const struct survey_live *l, struct text *t)
{
    text_printf(t, "(ip and tcp[13] & 4 != 0 or ip6 and ip6[53] & 4 != 0) and (");
    for (unsigned i = 0; i < l->port_count; i++)
        text_printf(t, "%stcp src port %u", i != 0 ? " or " : "", l->ports[i]);
    text_printf(t, ")");
}

static enum status open_taps(struct survey_live *l, struct fault *fault)
{
    bool bulk = l->burst != NULL;
    enum status s = open_one_tap(l, bulk, &l->capture, filter_text, fault);
    if (s == STATUS_OK && bulk)
        s = open_one_tap(l, false, &l->overheard, overheard_text, fault);
    return s;
}

/* Whole frames by way of the gateway, where the rate is high, there is one, and its address can be
 * had; otherwise the kernel's routes will do. */
static enum status open_burst(struct survey_live *l, struct fault *fault)
{
    struct burst_config c = {.ifname = l->route.ifname, .batch = BURST_BATCH_MAX};
    bool ethernet = false, found = false;
    if (l->config.rate <= SURVEY_PLAIN_RATE || l->config.whole || !l->route.has_gateway ||
        !l->fib_trusted)
        return STATUS_OK;
    enum status s = neighbour_own(l->route.ifindex, c.our_mac, &ethernet, fault);
    if (s == STATUS_OK && ethernet)
        s = neighbour_find(l->route.ifindex, &l->route.gateway, NEIGHBOUR_WAIT, c.next_mac, &found,
                           fault);
    if (s != STATUS_OK || !found)
        return s;
    l->burst = burst_open(&c, fault);
    return l->burst != NULL ? STATUS_OK : STATUS_SYSTEM;
}

static enum status read_routes(struct survey_live *l, struct fault *fault)
{
    l->fib = fib_open(fault);
    if (l->fib == NULL)
        return STATUS_SYSTEM;
    l->fib_trusted = !fib_has_rules(l->fib);
    return STATUS_OK;
}

static uint16_t mss_for(const struct survey_live *l, int family)
{
    uint32_t headers = family == 0 ? IPV4_HEADERS : IPV6_HEADERS;
    uint32_t mtu = l->families[family].mtu;
    if (l->config.mss != 0)
        return l->config.mss;
    uint32_t mss = (mtu < LEAST_MTU ? LEAST_MTU : mtu) - headers;
    return (uint16_t)(mss > UINT16_MAX ? UINT16_MAX : mss);
}

static enum status make_templates(struct survey_live *l, struct craft *craft, int family,
                                  struct fault *fault)
{
    const struct survey_live_config *c = &l->config;
    struct family *f = &l->families[family];
    struct segment like = {.src = {f->source, 1},
                           .dst = {f->source, 1},
                           .ip_version = family == 0 ? 4 : 6,
                           .ttl = c->ttl,
                           .df = true,
                           .flags = FLAG_SYN,
                           .win = c->win,
                           .opt = {.has_timestamps = c->timestamps}};
    syn_like_options(c->like, mss_for(l, family), &like.opt);
    enum status s = template_init(&f->syn, craft, &like, fault);
    if (s != STATUS_OK)
        return s;
    like.flags = FLAG_RST;
    like.win = 0;
    like.opt = (struct options){0};
    return template_init(&f->reset, craft, &like, fault);
}

static enum status open_families(struct survey_live *l, struct fault *fault)
{
    bool pinned = l->config.ifname != NULL || l->config.scope_id != 0;
    struct craft *craft = craft_new(fault);
    enum status s = craft != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    for (int i = 0; s == STATUS_OK && i < 2; i++) {
        struct family *f = &l->families[i];
        if (!f->usable)
            continue;
        s = make_templates(l, craft, i, fault);
        if (s != STATUS_OK)
            break;
        f->inject =
            inject_open(i == 0 ? AF_INET : AF_INET6, pinned ? l->route.ifname : NULL, fault);
        s = f->inject != NULL ? STATUS_OK : STATUS_SYSTEM;
    }
    craft_free(craft);
    return s;
}

static enum status open_all(struct survey_live *l, struct fault *fault)
{
    enum status s = find_way(l, fault);
    if (s == STATUS_OK)
        s = privilege_check(fault);
    if (s == STATUS_OK)
        s = reserve_ports(l, fault);
    if (s == STATUS_OK)
        s = read_routes(l, fault);
    if (s == STATUS_OK)
        s = open_burst(l, fault);
    if (s == STATUS_OK)
        s = open_taps(l, fault);
    return s == STATUS_OK ? open_families(l, fault) : s;
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
    for (int i = 0; i < 2; i++)
        inject_close(l->families[i].inject);
    burst_close(l->burst);
    fib_free(l->fib);
    capture_close(l->overheard);
    capture_close(l->capture);
    for (unsigned i = 0; i < l->quiet_count; i++)
        (void)close(l->quiet[i]);
    free(l);
}

const struct route *survey_live_route(const struct survey_live *l)
{
    return &l->route;
}

int64_t survey_live_now(const struct survey_live *l)
{
    struct timespec t;
    if (l->loop != NULL)
        return loop_now(l->loop);
    (void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail */
    return t.tv_sec * CLOCK_S + t.tv_nsec;
}

const char *survey_live_clock(const struct survey_live *l)
{
    return l->burst != NULL
               ? "kernel software stamps, ns; of our SYNs the program's, see rtt_slack_us"
               : capture_clock(l->capture);
}

const char *survey_live_way(const struct survey_live *l)
{
    return l->burst != NULL ? burst_way(l->burst) : NULL;
}

/* --- Sending --- */

static void keep_failure(struct survey_live *l, enum status s, const struct fault *fault)
{
    if (s != STATUS_OK && l->status == STATUS_OK) {
        l->status = s;
        l->fault = *fault;
    }
}

/* Whether its answers would come by our interface, and whether it goes by the gateway. */
static bool find_way_to(const struct survey_live *l, const struct in6_addr *ip, bool *by_gateway)
{
    struct fib_way way;
    *by_gateway = false;
    if (!l->families[family_of(ip)].usable)
        return false;
    if (!l->fib_trusted || l->config.scope_id != 0)
        return true; /* the kernel knows */
    if (!fib_find(l->fib, ip, &way))
        return false;
    if (way.local)
        return l->route.loopback;
    *by_gateway = way.has_gateway && address_equal(&way.gateway, &l->route.gateway);
    return way.ifindex == l->route.ifindex || l->config.ifname != NULL;
}

static bool send_by_kernel(struct survey_live *l, struct family *f, const struct template *t,
                           const struct survey_packet *p)
{
    uint8_t packet[TEMPLATE_MAX];
    struct fault fault;
    size_t n = template_write(t, packet, &p->local, &p->remote, p->seq, seq_of(0), p->ts_val);
    enum status s = inject_send(f->inject, packet, n, &fault);
    if (s == STATUS_UNREACHABLE)
        return false;
    keep_failure(l, s, &fault);
    return true;
}

static enum survey_sending send_packet(void *arg, const struct survey_packet *p)
{
    struct survey_live *l = arg;
    int which = family_of(&p->remote.ip);
    struct family *f = &l->families[which];
    const struct template *t = p->syn ? &f->syn : &f->reset;
    bool by_gateway;
    if (!find_way_to(l, &p->remote.ip, &by_gateway))
        return SURVEY_NO_WAY;
    if (l->sent == 0)
        l->batch_began_ns = loop_now(l->loop);
    if (l->burst != NULL && by_gateway) {
        uint8_t *place = burst_place(l->burst, which == 0 ? AF_INET : AF_INET6);
        if (place == NULL) /* more than a batch is never asked for */
            return SURVEY_NO_WAY;
        burst_put(l->burst,
                  template_write(t, place, &p->local, &p->remote, p->seq, seq_of(0), p->ts_val));
    } else if (!send_by_kernel(l, f, t, p)) {
        return SURVEY_NO_WAY;
    }
    l->sent++;
    return SURVEY_TAKEN;
}

static enum survey_sending send_whole(void *arg, const struct in6_addr *remote, const uint8_t *ip,
                                      size_t n)
{
    struct survey_live *l = arg;
    struct fault fault;
    bool by_gateway;
    if (!find_way_to(l, remote, &by_gateway))
        return SURVEY_NO_WAY;
    if (l->sent == 0)
        l->batch_began_ns = loop_now(l->loop);
    enum status s = inject_send(l->families[family_of(remote)].inject, ip, n, &fault);
    if (s == STATUS_UNREACHABLE)
        return SURVEY_NO_WAY;
    keep_failure(l, s, &fault);
    l->sent++;
    return SURVEY_TAKEN;
}

/* What the kernel's routes carried has left already. */
static enum status flush(void *arg, unsigned *left, int64_t *from_ns, int64_t *to_ns, bool *full,
                         struct fault *fault)
{
    struct survey_live *l = arg;
    unsigned sent;
    enum status s = STATUS_OK;
    *full = false;
    *from_ns = l->burst != NULL ? loop_now(l->loop) : l->batch_began_ns;
    if (l->burst != NULL)
        s = burst_flush(l->burst, &sent, full, fault);
    *to_ns = loop_now(l->loop);
    unsigned waiting = l->burst != NULL ? burst_waiting(l->burst) : 0;
    *left = l->sent - waiting;
    l->sent = waiting;
    if (s != STATUS_OK || l->status == STATUS_OK)
        return s;
    *fault = l->fault;
    return l->status;
}

static unsigned batch_for(const struct survey_live *l)
{
    uint64_t wanted = l->config.rate / BATCHES_A_SECOND;
    uint64_t least = l->burst != NULL ? BURST_BATCH_MIN : 1;
    uint64_t most = l->burst != NULL ? BURST_BATCH_MAX : PLAIN_BATCH_MAX;
    return (unsigned)(wanted < least ? least : wanted > most ? most : wanted);
}

/* --- The loop --- */

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
    loop_set_deadline(l->loop, at);
}

static void take_packet(void *arg, const uint8_t *ip, size_t n, int64_t t_ns)
{
    struct survey_live *l = arg;
    survey_packet_seen(l->survey, ip, n, t_ns);
}

static void remark_drops(struct survey_live *l, const char *who, uint64_t count)
{
    char line[160];
    (void)snprintf(line, sizeof(line), "%s lost %" PRIu64 " packets: going slower, %.0f a second",
                   who, count, l->survey->pace.now_rate);
    l->config.remark(l->config.arg, line);
}

static void look_for_drops(struct survey_live *l, int64_t now_ns)
{
    if (now_ns < l->look_at)
        return;
    l->look_at = now_ns + LOOK_EVERY;
    uint64_t before = l->survey->counts.dropped, now = capture_dropped(l->capture);
    if (now > before) {
        survey_lost_packets(l->survey, now, now_ns);
        remark_drops(l, "the capture", now - before);
    }
    before = l->survey->counts.unsent_dropped;
    now = l->burst != NULL ? burst_dropped(l->burst) : 0;
    if (now > before) {
        survey_unsent_packets(l->survey, now, now_ns);
        remark_drops(l, "the interface", now - before);
    }
}

/* What waits in the tap came before now: a time-out must not overtake it. */
static void work(struct survey_live *l)
{
    struct fault fault = {0};
    if (capture_dispatch(l->capture, BURST, take_packet, l, &fault) < 0)
        keep_failure(l, STATUS_SYSTEM, &fault);
    if (l->overheard != NULL && capture_dispatch(l->overheard, BURST, take_packet, l, &fault) < 0)
        keep_failure(l, STATUS_SYSTEM, &fault);
    int64_t now = loop_now(l->loop);
    look_for_drops(l, now);
    if (now >= l->ends_at) {
        l->ends_at = CLOCK_NEVER;
        survey_stop(l->survey, now);
    }
    if (l->status == STATUS_OK)
        keep_failure(l, survey_tick(l->survey, now, &fault), &fault);
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
    full.source[0] = l->families[0].source;
    full.source[1] = l->families[1].source;
    full.mss[0] = mss_for(l, 0);
    full.mss[1] = mss_for(l, 1);
    full.ports = l->ports;
    full.port_count = l->port_count;
    full.link = (struct survey_link){.send = send_packet,
                                     .send_whole = send_whole,
                                     .flush = flush,
                                     .arg = l,
                                     .batch = batch_for(l),
                                     .watched = l->burst == NULL};
    l->loop = loop_new(capture_fd(l->capture), &handlers, fault);
    enum status s = l->loop != NULL ? STATUS_OK : STATUS_SYSTEM;
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
