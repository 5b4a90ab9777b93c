/* See world.h. */
#include "world.h"

#include <math.h>

#include "base/bytes.h"

static double world_random(struct world *w)
{
    return (double)(unit_random(&w->dice) >> 11) / (double)(UINT64_C(1) << 53);
}

static bool world_loses(struct world *w)
{
    return w->loss > 0 && unit_random(&w->dice) % 1000 < w->loss;
}

/* --- Addresses: every sixteenth host has an IPv6 address --- */

bool world_is_v6(uint32_t host)
{
    return host % 16 == 15;
}

static struct endpoint world_remote(uint32_t host)
{
    struct endpoint e = {.port = WORLD_PORT};
    if (world_is_v6(host)) {
        e.ip = (struct in6_addr){.s6_addr = {0x20, 0x01, 0x0d, 0xb8}};
        bytes_put32(e.ip.s6_addr + 12, host);
        return e;
    }
    e.ip = address_from_v4((const uint8_t[4]){10, 77, (uint8_t)(host >> 8), (uint8_t)host});
    return e;
}

static struct endpoint world_local(uint32_t host, uint16_t port)
{
    static const uint8_t v4[4] = {192, 0, 2, 1};
    static const struct in6_addr v6 = {.s6_addr = {0x20, 0x01, 0x0d, 0xb8, 1, [15] = 1}};
    return (struct endpoint){world_is_v6(host) ? v6 : address_from_v4(v4), port};
}

/* --- The wire --- */

static struct world_packet *world_under_way(struct world *w, uint32_t host, int64_t at)
{
    struct world_packet *p = w->free;
    if (p != NULL)
        w->free = p->next;
    else
        p = malloc(sizeof(*p));
    assert_non_null(p);
    *p = (struct world_packet){.host = host};
    assert_true(heap_set(&w->packets, &p->node, at));
    return p;
}

/* A segment of the host's leaves it. */
static struct world_packet *world_says(struct world *w, uint32_t host, uint16_t flags, uint32_t seq,
                                       uint32_t ack, int64_t now)
{
    struct world_packet *p = world_under_way(w, host, now + WORLD_DELAY);
    p->local = w->hosts[host].local;
    p->flags = flags;
    p->seq = seq;
    p->ack = ack;
    return p;
}

/* A segment of ours left at `at`: the tap shows it, and unless it is lost it arrives. */
static void world_we_say(struct world *w, uint32_t host, uint16_t local, uint16_t flags,
                         uint32_t seq, int64_t at)
{
    for (int tap = 0; tap <= 1; tap++) {
        struct world_packet *p = world_under_way(w, host, tap ? at : at + WORLD_DELAY);
        p->tap = tap;
        p->ours = !tap;
        p->local = local;
        p->flags = flags;
        p->seq = seq;
    }
}

static size_t world_octets(const struct world *w, const struct world_packet *p, uint8_t *out)
{
    const uint16_t all[] = WORLD_KINDS;
    const struct endpoint local = world_local(p->host, p->local), remote = world_remote(p->host);
    bool outward = p->ours || p->tap;
    size_t k = 0;
    while (all[k] != p->flags)
        k++;
    return template_write(&w->templates[world_is_v6(p->host)][k], out, outward ? &local : &remote,
                          outward ? &remote : &local, seq_of(p->seq), seq_of(p->ack), 0);
}

/* RFC 792, RFC 4443: a router quotes our SYN. */
static size_t world_icmp(const struct world *w, const struct world_packet *p, uint8_t *out)
{
    struct world_packet syn = *p;
    bool v6 = world_is_v6(p->host);
    size_t header = v6 ? 40 : 20, quoted;
    syn.tap = true;
    syn.flags = FLAG_SYN;
    memset(out, 0, header + 8);
    quoted = world_octets(w, &syn, out + header + 8);
    memcpy(out, out + header + 8, header); /* its own, but for what differs */
    if (v6) {
        bytes_put16(out + 4, (uint16_t)(8 + quoted));
        out[6] = IPPROTO_ICMPV6;
        memcpy(out + 24, out + 8, 16);
    } else {
        bytes_put16(out + 2, (uint16_t)(header + 8 + quoted));
        out[9] = IPPROTO_ICMP;
        memcpy(out + 16, out + 12, 4);
    }
    out[header] = v6 ? 1 : 3;
    out[header + 1] = v6 ? 1 : 13;
    return header + 8 + quoted;
}

/* --- The hosts --- */

bool world_ends_by_reset(const struct stack *row)
{
    return row->end != SCHEDULE_SILENCE;
}

unsigned world_tries(const struct world_host *h)
{
    return h->tries != 0 ? h->tries : (unsigned)(h->row->count - world_ends_by_reset(h->row));
}

/* Whoever is told to try more often goes on doubling, as RFC 6298 5.5 has it, to the ceiling
 * of 2.5, or has come to one. Whoever is told to try less often resets where the next would have
 * been. */
static double world_gap(const struct stack *row, unsigned i)
{
    double last = row->gaps[row->count - 1];
    if (i < row->count)
        return row->gaps[i];
    return row->gaps[row->count - 2] < last / 1.5
               ? fmin(last * (double)(1 << (i + 1 - row->count)), fmax(last, 120))
               : last;
}

static unsigned world_sendings(const struct world_host *h)
{
    return world_tries(h) + 1 + world_ends_by_reset(h->row);
}

/* The next of its schedule, whose gap begins now. */
static void world_next_sending(struct world *w, struct world_host *h, int64_t now)
{
    if (h->sent == world_sendings(h)) {
        heap_remove(&w->timers, &h->timer);
        return; /* it holds the entry on; how long is its own affair */
    }
    double off = 1 + w->jitter * (2 * world_random(w) - 1);
    double gap = world_gap(h->row, h->sent - 1U) * off;
    assert_true(heap_set(&w->timers, &h->timer, now + llround(gap * (double)CLOCK_S)));
}

static void world_sends(struct world *w, struct world_host *h, int64_t now)
{
    bool reset = world_ends_by_reset(h->row) && h->sent == world_tries(h) + 1;
    const uint16_t end = h->row->end == SCHEDULE_RST ? FLAG_RST : FLAG_RST | FLAG_ACK;
    bool lost = world_loses(w) || (h->drops >> h->sent & 1) != 0;
    if (lost)
        h->lost |= 1U << h->sent;
    else
        world_says(w, (uint32_t)(h - w->hosts), reset ? end : FLAG_SYN | FLAG_ACK,
                   reset ? h->iss + 1 : h->iss, h->irs + 1, now);
    h->sent++;
    if (reset) {
        h->half_open = false;
        heap_remove(&w->timers, &h->timer);
    } else {
        world_next_sending(w, h, now);
    }
}

static void world_floods(struct world *w, struct world_host *h, int64_t now)
{
    uint32_t host = (uint32_t)(h - w->hosts);
    for (int i = 0; i < 2000; i++)
        world_says(w, host, FLAG_SYN | FLAG_ACK, i % 3 == 2 ? h->iss + 9 : h->iss, h->irs + 1,
                   now + i * CLOCK_MS);
}

static void world_syn_arrives(struct world *w, struct world_host *h, const struct world_packet *p)
{
    uint32_t host = (uint32_t)(h - w->hosts);
    h->local = p->local;
    h->irs = p->seq;
    h->syns++;
    switch (h->manner) {
    case WORLD_KERNEL_SPOKE:
        world_we_say(w, host, h->local, FLAG_RST, h->irs + 1,
                     p->node.key + WORLD_DELAY + 20 * CLOCK_US);
        /* fall through */
    case WORLD_KEEPS_SCHEDULE:
        h->half_open = true;
        h->sent = 0;
        world_sends(w, h, p->node.key);
        break;
    case WORLD_REFUSES:
        world_says(w, host, FLAG_RST | FLAG_ACK, 0, h->irs + 1, p->node.key);
        break;
    case WORLD_IS_SILENT:
        break;
    case WORLD_ICMP:
        world_says(w, host, FLAG_SYN, h->irs, 0, p->node.key)->icmp = true;
        break;
    case WORLD_REMEMBERS:
        h->half_open = true;
        h->irs = WORLD_REMEMBERED - 1;
        world_says(w, host, FLAG_ACK, 1000, WORLD_REMEMBERED, p->node.key);
        break;
    case WORLD_FLOODS:
        h->half_open = true;
        world_floods(w, h, p->node.key);
        break;
    }
}

static void world_host_hears(struct world *w, const struct world_packet *p)
{
    struct world_host *h = &w->hosts[p->host];
    if (p->flags == FLAG_SYN) {
        world_syn_arrives(w, h, p);
        return;
    }
    assert_int_equal(p->flags, FLAG_RST);
    if (h->manner == WORLD_REMEMBERS && p->seq == WORLD_REMEMBERED)
        h->manner = WORLD_KEEPS_SCHEDULE;
    if (!h->half_open || p->seq != h->irs + 1 || p->local != h->local) {
        h->resets_useless++;
        return;
    }
    h->half_open = false;
    if (h->timer.slot != 0)
        heap_remove(&w->timers, &h->timer);
}

/* --- The survey's link --- */

static enum survey_sending world_send(void *arg, const struct survey_packet *p)
{
    struct world *w = arg;
    uint32_t host = bytes_be32(p->remote.ip.s6_addr + 12) & 0xffff;
    const struct endpoint local = world_local(host, p->local.port), remote = world_remote(host);
    assert_true(endpoint_equal(&local, &p->local) && endpoint_equal(&remote, &p->remote));
    assert_in_range(p->local.port, WORLD_LOCAL, WORLD_LOCAL + WORLD_PORTS - 1);
    assert_true(w->batched < w->config.link.batch);
    if (w->no_way != 0 && host % w->no_way == 0)
        return SURVEY_NO_WAY;
    w->batch[w->batched++] = *p;
    return SURVEY_TAKEN;
}

/* The bound holds in every second, whenever it begins: the packet `rate` before this one left a
 * second ago. */
static void world_count(struct world *w, int64_t now)
{
    int64_t *place = &w->left[w->left_count % w->config.rate];
    if (w->left_count >= w->config.rate && now - *place < CLOCK_S)
        w->too_fast = true;
    *place = now;
    w->left_count++;
}

/* How many of `n` packets find room before an interface that is slower than we are. */
static unsigned world_room(struct world *w, unsigned n, bool *full)
{
    w->queued -= (double)(w->now - w->queued_at) / (double)CLOCK_S * w->drain;
    w->queued = w->queued > 0 ? w->queued : 0;
    w->queued_at = w->now;
    unsigned room = WORLD_QUEUE - (unsigned)w->queued;
    *full = n > room;
    n = n < room ? n : room;
    w->queued += n;
    return n;
}

static enum status world_flush(void *arg, unsigned *left, int64_t *from_ns, int64_t *to_ns,
                               bool *full, struct fault *fault)
{
    struct world *w = arg;
    unsigned n = w->batched;
    (void)fault;
    if (w->drain > 0)
        n = world_room(w, n, full);
    *from_ns = w->now;
    w->now += w->call_ns;
    w->flushes++;
    for (unsigned i = 0; i < n; i++) {
        const struct survey_packet *p = &w->batch[i];
        uint32_t host = bytes_be32(p->remote.ip.s6_addr + 12) & 0xffff;
        w->now += 500;
        world_count(w, w->now);
        w->hosts[host].resets_sent += !p->syn;
        world_we_say(w, host, p->local.port, p->syn ? FLAG_SYN : FLAG_RST, p->seq.v, w->now);
    }
    *to_ns = w->now;
    *left = n;
    w->batched -= n;
    memmove(w->batch, w->batch + n, w->batched * sizeof(w->batch[0]));
    if (w->survey.in_flight > w->most_in_flight)
        w->most_in_flight = w->survey.in_flight;
    return STATUS_OK;
}

static enum survey_supply world_supply(void *arg, int64_t now_ns, struct survey_target *t,
                                       int64_t *at_ns)
{
    struct world *w = arg;
    (void)now_ns;
    (void)at_ns;
    if (w->supplied == w->count)
        return SURVEY_NO_MORE;
    *t = (struct survey_target){
        .session = w->supplied + 1, .number = w->supplied + 1, .at = world_remote(w->supplied)};
    w->supplied++;
    return SURVEY_NEXT;
}

static void world_ended(void *arg, const struct survey_end *e)
{
    struct world *w = arg;
    assert_in_range(e->session, 1, w->count);
    const struct endpoint remote = world_remote(e->session - 1);
    assert_true(endpoint_equal(&e->facts->remote, &remote));
    w->hosts[e->session - 1].told++;
    if (w->ended != NULL)
        w->ended(w, e->session - 1, e);
}

/* --- The run --- */

static void world_templates(struct world *w)
{
    static const uint16_t all[] = WORLD_KINDS;
    struct fault fault;
    struct craft *craft = craft_new(&fault);
    assert_non_null(craft);
    for (size_t i = 0; i < 2 * WORLD_KIND_COUNT; i++) {
        uint32_t sample = i / WORLD_KIND_COUNT == 1 ? 15 : 0;
        const struct segment like = {.src = world_local(sample, WORLD_LOCAL),
                                     .dst = world_remote(sample),
                                     .ttl = 64,
                                     .df = true,
                                     .win = 64240,
                                     .flags = all[i % WORLD_KIND_COUNT]};
        assert_int_equal(template_init(&w->templates[i / WORLD_KIND_COUNT][i % WORLD_KIND_COUNT],
                                       craft, &like, &fault),
                         STATUS_OK);
    }
    craft_free(craft);
}

void world_init(struct world *w, uint32_t count, const struct stack *row)
{
    static uint16_t const ports[WORLD_PORTS] = {WORLD_LOCAL, WORLD_LOCAL + 1, WORLD_LOCAL + 2,
                                                WORLD_LOCAL + 3};
    memset(w, 0, sizeof(*w));
    w->count = count;
    w->hosts = calloc(count, sizeof(*w->hosts));
    assert_non_null(w->hosts);
    w->dice = 20261121;
    for (uint32_t i = 0; i < count; i++) {
        w->hosts[i].row = row;
        w->hosts[i].iss = (uint32_t)unit_random(&w->dice);
    }
    w->now = WORLD_START;
    w->call_ns = CLOCK_US;
    world_templates(w);
    w->config = (struct survey_config){
        .command = "synack",
        .rules = {.listens = true, .wait_ns = 5 * CLOCK_S, .listen_ns = 400 * CLOCK_S},
        .key = {3, 4},
        .repeatable = true,
        .rate = 5000,
        .window = UINT32_MAX,
        .source = {world_local(0, 0).ip, world_local(15, 0).ip},
        .ports = ports,
        .port_count = WORLD_PORTS,
        .link = {.send = world_send, .flush = world_flush, .arg = w, .batch = 64, .watched = true},
        .supply = world_supply,
        .ended = world_ended,
        .arg = w,
    };
}

void world_begin(struct world *w)
{
    struct fault fault;
    w->left = calloc(w->config.rate, sizeof(*w->left));
    assert_non_null(w->left);
    assert_int_equal(survey_init(&w->survey, &w->config, w->now, &fault), STATUS_OK);
}

static void world_delivers(struct world *w, struct world_packet *p)
{
    uint8_t octets[2 * TEMPLATE_MAX];
    heap_remove(&w->packets, &p->node);
    if (p->ours && world_loses(w))
        w->hosts[p->host].resets_lost += p->flags == FLAG_RST;
    else if (p->ours)
        world_host_hears(w, p);
    else if (!p->tap || (w->config.link.watched && !w->blind))
        survey_packet_seen(&w->survey, octets,
                           p->icmp ? world_icmp(w, p, octets) : world_octets(w, p, octets),
                           p->node.key);
    p->next = w->free;
    w->free = p;
}

static int64_t world_key(const struct heap *h)
{
    const struct heap_node *first = heap_first(h);
    return first != NULL ? first->key : CLOCK_NEVER;
}

/* All that is due by now, in its order. */
static void world_happens(struct world *w)
{
    for (;;) {
        int64_t timer = world_key(&w->timers), packet = world_key(&w->packets);
        if (timer > w->now && packet > w->now)
            return;
        if (timer < packet)
            world_sends(w, (struct world_host *)heap_first(&w->timers), timer);
        else
            world_delivers(w, (struct world_packet *)heap_first(&w->packets));
    }
}

void world_pass(struct world *w, int64_t span_ns)
{
    struct fault fault;
    int64_t limit = w->now + span_ns;
    while (!survey_over(&w->survey) && w->now < limit) {
        int64_t at = survey_next(&w->survey);
        int64_t timer = world_key(&w->timers), packet = world_key(&w->packets);
        at = timer < at ? timer : at;
        at = packet < at ? packet : at;
        assert_true(at != CLOCK_NEVER);
        at = at < limit ? at : limit;
        w->now = at > w->now ? at : w->now;
        world_happens(w);
        assert_int_equal(survey_tick(&w->survey, w->now, &fault), STATUS_OK);
    }
}

void world_settles(struct world *w)
{
    for (struct heap_node *n; (n = heap_first(&w->packets)) != NULL;) {
        struct world_packet *p = (struct world_packet *)n;
        w->now = n->key > w->now ? n->key : w->now;
        if (p->ours) {
            world_delivers(w, p);
            continue;
        }
        heap_remove(&w->packets, n);
        p->next = w->free;
        w->free = p;
    }
}

void world_done(struct world *w)
{
    while (heap_first(&w->packets) != NULL) {
        struct world_packet *p = (struct world_packet *)heap_first(&w->packets);
        heap_remove(&w->packets, &p->node);
        free(p);
    }
    for (struct world_packet *p = w->free, *next; p != NULL; p = next) {
        next = p->next;
        free(p);
    }
    heap_done(&w->packets);
    heap_done(&w->timers);
    survey_done(&w->survey);
    free(w->left);
    free(w->hosts);
}
