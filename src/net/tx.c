/* See tx.h. */
#include "net/tx.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/burst.h"
#include "net/fib.h"
#include "net/inject.h"
#include "net/privilege.h"
#include "wire/ip.h"
#include "wire/template.h"

enum {
    PLAIN_BATCH_MAX = 16,
    BURST_BATCH_MIN = 8,
    BURST_BATCH_MAX = 128,
    BATCHES_A_SECOND = 1000, /* at the most, where the rate allows */
};
#define NEIGHBOUR_WAIT (3 * CLOCK_S)

/* What is there once for each address family. */
struct family {
    bool usable;
    struct in6_addr source;
    uint32_t mtu;
    struct inject *inject;
    struct template syn, reset;
};

struct tx {
    struct tx_config config;
    struct route route;
    struct family families[2]; /* IPv4, IPv6 */
    struct fib *fib;
    bool fib_trusted;    /* no policy routing: what it says is what the kernel does */
    struct burst *burst; /* for what goes by `route.gateway`; NULL: all by the kernel's routes */
    const struct driver *clock;
    unsigned sent; /* of the batch that is being sent */
    int64_t batch_began_ns;
    enum status status; /* the first failure */
    struct fault fault;
};

static int family_of(const struct in6_addr *ip)
{
    return address_is_v4(ip) ? 0 : 1;
}

/* --- Opening --- */

/* The other family's source, as the kernel chooses it if it has a default route out of the same
 * interface, else an address of that: what address is asked for does not matter, nothing is sent to
 * it. */
static void find_other_family(struct tx *o)
{
    static const uint8_t v4[4] = {192, 0, 2, 1}; /* RFC 5737, RFC 3849 */
    static const struct in6_addr v6 = {.s6_addr = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
    int other = 1 - family_of(&o->config.first);
    const struct in6_addr sample = other == 0 ? address_from_v4(v4) : v6;
    struct route r;
    struct fault ignored;
    struct family *f = &o->families[other];
    if (route_find(&r, &sample, 0, NULL, o->route.ifname, &ignored) == STATUS_OK &&
        r.ifindex == o->route.ifindex)
        *f = (struct family){.usable = true, .source = r.source, .mtu = r.mtu};
    else if (route_own_address(o->route.ifname, other == 0 ? AF_INET : AF_INET6, &f->source))
        *f = (struct family){.usable = true, .source = f->source, .mtu = o->route.mtu};
}

static enum status find_way(struct tx *o, struct fault *fault)
{
    const struct tx_config *c = &o->config;
    enum status s = route_find(&o->route, &c->first, c->scope_id, c->source, c->ifname, fault);
    if (s != STATUS_OK)
        return s;
    o->families[family_of(&c->first)] =
        (struct family){.usable = true, .source = o->route.source, .mtu = o->route.mtu};
    if (c->source == NULL && !c->alike)
        find_other_family(o);
    return STATUS_OK;
}

/* Whole frames by way of the gateway, where the rate is high, there is one, and its address can be
 * had; otherwise the kernel's routes will do. */
static enum status open_burst(struct tx *o, struct fault *fault)
{
    struct burst_config c = {.ifname = o->route.ifname, .batch = BURST_BATCH_MAX};
    bool ethernet = false, found = false;
    if (o->config.rate <= TX_PLAIN_RATE || o->config.whole || !o->route.has_gateway ||
        !o->fib_trusted)
        return STATUS_OK;
    enum status s = route_own_mac(o->route.ifindex, c.our_mac, &ethernet, fault);
    if (s == STATUS_OK && ethernet)
        s = route_neighbour_mac(o->route.ifindex, &o->route.gateway, NEIGHBOUR_WAIT, c.next_mac,
                                &found, fault);
    if (s != STATUS_OK || !found)
        return s;
    o->burst = burst_open(&c, fault);
    return o->burst != NULL ? STATUS_OK : STATUS_SYSTEM;
}

static enum status read_routes(struct tx *o, struct fault *fault)
{
    o->fib = fib_open(fault);
    if (o->fib == NULL)
        return STATUS_SYSTEM;
    o->fib_trusted = !fib_has_rules(o->fib);
    return STATUS_OK;
}

static uint16_t fits(const struct tx *o, int family)
{
    return ip_mss(family == 0 ? 4 : 6, o->families[family].mtu);
}

static uint16_t mss_for(const struct tx *o, int family)
{
    return o->config.mss != 0 ? o->config.mss : fits(o, family);
}

static enum status make_templates(struct tx *o, struct craft *craft, int family,
                                  struct fault *fault)
{
    const struct tx_config *c = &o->config;
    struct family *f = &o->families[family];
    struct segment like = {.src = {f->source, 1},
                           .dst = {f->source, 1},
                           .ip_version = family == 0 ? 4 : 6,
                           .ttl = c->ttl,
                           .df = true,
                           .flags = FLAG_SYN,
                           .win = c->win,
                           .opt = {.has_timestamps = c->timestamps}};
    syn_like_options(c->like, mss_for(o, family), &like.opt);
    enum status s = template_init(&f->syn, craft, &like, fault);
    if (s != STATUS_OK)
        return s;
    like.flags = FLAG_RST;
    like.win = 0;
    like.opt = (struct options){0};
    return template_init(&f->reset, craft, &like, fault);
}

static enum status open_families(struct tx *o, struct fault *fault)
{
    bool pinned = o->config.ifname != NULL || o->config.scope_id != 0;
    struct craft *craft = craft_new(fault);
    enum status s = craft != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    for (int i = 0; s == STATUS_OK && i < 2; i++) {
        struct family *f = &o->families[i];
        if (!f->usable)
            continue;
        s = make_templates(o, craft, i, fault);
        if (s != STATUS_OK)
            break;
        f->inject =
            inject_open(i == 0 ? AF_INET : AF_INET6, pinned ? o->route.ifname : NULL, fault);
        s = f->inject != NULL ? STATUS_OK : STATUS_SYSTEM;
    }
    craft_free(craft);
    return s;
}

struct tx *tx_open(const struct tx_config *c, struct fault *fault)
{
    struct tx *o = fault_alloc(sizeof(*o), fault);
    if (o == NULL)
        return NULL;
    o->config = *c;
    enum status s = find_way(o, fault);
    if (s == STATUS_OK)
        s = privilege_check(fault);
    if (s == STATUS_OK && !o->config.alike)
        s = read_routes(o, fault);
    if (s == STATUS_OK)
        s = open_burst(o, fault);
    if (s == STATUS_OK)
        s = open_families(o, fault);
    if (s == STATUS_OK)
        return o;
    tx_close(o);
    return NULL;
}

void tx_close(struct tx *o)
{
    if (o == NULL)
        return;
    for (int i = 0; i < 2; i++)
        inject_close(o->families[i].inject);
    burst_close(o->burst);
    fib_free(o->fib);
    free(o);
}

const struct route *tx_route(const struct tx *o)
{
    return &o->route;
}

const struct in6_addr *tx_source(const struct tx *o, int family)
{
    return o->families[family].usable ? &o->families[family].source : NULL;
}

bool tx_bursts(const struct tx *o)
{
    return o->burst != NULL;
}

const char *tx_way(const struct tx *o)
{
    return o->burst != NULL ? burst_way(o->burst) : "raw socket";
}

uint64_t tx_dropped(struct tx *o)
{
    return o->burst != NULL ? burst_dropped(o->burst) : 0;
}

/* --- Sending --- */

static void keep_failure(struct tx *o, enum status s, const struct fault *fault)
{
    if (s != STATUS_OK && o->status == STATUS_OK) {
        o->status = s;
        o->fault = *fault;
    }
}

/* Whether its answers would come by our interface, and whether it goes by the gateway. */
static bool find_way_to(const struct tx *o, const struct in6_addr *ip, bool *by_gateway)
{
    struct fib_way way;
    *by_gateway = false;
    if (!o->families[family_of(ip)].usable)
        return false;
    if (o->fib == NULL || !o->fib_trusted || o->config.scope_id != 0)
        return true; /* the kernel knows */
    if (!fib_find(o->fib, ip, &way))
        return false;
    if (way.local)
        return o->route.loopback;
    *by_gateway = way.has_gateway && address_equal(&way.gateway, &o->route.gateway);
    return way.ifindex == o->route.ifindex || o->config.ifname != NULL;
}

static enum survey_sending sending_of(struct tx *o, enum status s, const struct fault *fault)
{
    if (s == STATUS_UNREACHABLE)
        return SURVEY_NO_WAY;
    if (s == STATUS_FULL)
        return SURVEY_NO_ROOM;
    keep_failure(o, s, fault);
    return SURVEY_TAKEN;
}

static enum survey_sending send_by_kernel(struct tx *o, struct family *f, const struct template *t,
                                          const struct survey_packet *p)
{
    uint8_t packet[TEMPLATE_MAX];
    struct fault fault;
    size_t n = template_write(t, packet, &p->local, &p->remote, p->seq, seq_of(0), p->ts_val);
    return sending_of(o, inject_send(f->inject, packet, n, &fault), &fault);
}

static enum survey_sending send_packet(void *arg, const struct survey_packet *p)
{
    struct tx *o = arg;
    int which = family_of(&p->remote.ip);
    struct family *f = &o->families[which];
    const struct template *t = p->syn ? &f->syn : &f->reset;
    bool by_gateway;
    if (!find_way_to(o, &p->remote.ip, &by_gateway))
        return SURVEY_NO_WAY;
    if (o->sent == 0)
        o->batch_began_ns = driver_now(o->clock);
    if (o->burst != NULL && by_gateway) {
        uint8_t *place = burst_place(o->burst, which == 0 ? AF_INET : AF_INET6);
        if (place == NULL) /* more than a batch is never asked for */
            return SURVEY_NO_ROOM;
        burst_put(o->burst,
                  template_write(t, place, &p->local, &p->remote, p->seq, seq_of(0), p->ts_val));
    } else {
        enum survey_sending sending = send_by_kernel(o, f, t, p);
        if (sending != SURVEY_TAKEN)
            return sending;
    }
    o->sent++;
    return SURVEY_TAKEN;
}

static enum survey_sending send_whole(void *arg, const struct in6_addr *remote, const uint8_t *ip,
                                      size_t n)
{
    struct tx *o = arg;
    struct fault fault;
    bool by_gateway;
    if (!find_way_to(o, remote, &by_gateway))
        return SURVEY_NO_WAY;
    if (o->sent == 0)
        o->batch_began_ns = driver_now(o->clock);
    struct inject *inject = o->families[family_of(remote)].inject;
    enum survey_sending sending = sending_of(o, inject_send(inject, ip, n, &fault), &fault);
    o->sent += sending == SURVEY_TAKEN;
    return sending;
}

/* What the kernel's routes carried has left already. */
static enum status flush(void *arg, unsigned *left, int64_t *from_ns, int64_t *to_ns, bool *full,
                         struct fault *fault)
{
    struct tx *o = arg;
    unsigned sent;
    enum status s = STATUS_OK;
    *full = false;
    *from_ns = o->burst != NULL ? driver_now(o->clock) : o->batch_began_ns;
    if (o->burst != NULL)
        s = burst_flush(o->burst, &sent, full, fault);
    *to_ns = driver_now(o->clock);
    unsigned waiting = o->burst != NULL ? burst_waiting(o->burst) : 0;
    *left = o->sent - waiting;
    o->sent = waiting;
    if (s != STATUS_OK || o->status == STATUS_OK)
        return s;
    *fault = o->fault;
    return o->status;
}

static unsigned batch_for(const struct tx *o)
{
    uint64_t wanted = o->config.rate / BATCHES_A_SECOND;
    uint64_t least = o->burst != NULL ? BURST_BATCH_MIN : 1;
    uint64_t most = o->burst != NULL ? BURST_BATCH_MAX : PLAIN_BATCH_MAX;
    return (unsigned)(wanted < least ? least : wanted > most ? most : wanted);
}

void tx_fill(struct tx *o, struct survey_config *config, const struct driver *clock)
{
    o->clock = clock;
    for (int i = 0; i < 2; i++) {
        config->source[i] = o->families[i].source;
        config->mss[i] = mss_for(o, i);
        config->fits[i] = fits(o, i);
    }
    config->link = (struct survey_link){.send = send_packet,
                                        .send_whole = send_whole,
                                        .flush = flush,
                                        .arg = o,
                                        .batch = batch_for(o),
                                        .watched = o->burst == NULL};
}
