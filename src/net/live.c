/* See live.h. */
#include "net/live.h"

#include <string.h>

#include "base/bytes.h"
#include "event/result.h"
#include "net/driver.h"
#include "wire/ip.h"

enum {
    ETHERNET_HEADER = 14,
    GROUP_BIT = 0x01, /* in the first octet of the destination */
    TYPE_OFF = 12,
    TYPE_V4 = 0x0800,
    TYPE_V6 = 0x86dd
};

/* --- Loss on purpose --- */

/* By its addresses alone, since it may be malformed behind them. Both ends on one address differ in
 * their ports. */
static bool is_ours(const struct in6_addr *local, const struct endpoint *remote, const uint8_t *ip,
                    size_t n)
{
    struct ip_packet p;
    if (ip_parse(&p, ip, n, NULL) != STATUS_OK || !address_equal(&p.src, local))
        return false;
    if (!address_equal(local, &remote->ip))
        return true;
    return p.protocol == IPPROTO_TCP && p.off + 2 <= n && bytes_be16(ip + p.off) != remote->port;
}

static bool chance(const struct hash_key *key, uint64_t number, unsigned percent)
{
    struct {
        uint64_t number;
        char purpose[8];
    } hashed = {.number = number, .purpose = "deaf"};
    return hash_bytes(key, &hashed, sizeof(hashed)) % 100 < percent;
}

bool live_misses(struct live_rx_loss *l, const struct in6_addr *local,
                 const struct endpoint *remote, const uint8_t *ip, size_t n)
{
    if (l->percent == 0 || is_ours(local, remote, ip, n) || !chance(&l->key, l->came++, l->percent))
        return false;
    l->missed++;
    return true;
}

/* --- With a real host --- */

/* What the driver's calls are about. */
struct host {
    struct path *path;
    struct talks *talks;
    struct live_rx_loss rx_loss;
    uint64_t lost;
    bool beside; /* it was told that answers come by another interface */
};

static struct talks *talks_of(const void *arg)
{
    return ((const struct host *)arg)->talks;
}

static enum status host_start(void *arg, int64_t now_ns, struct fault *fault)
{
    return talks_start(talks_of(arg), path_link(((struct host *)arg)->path), now_ns, fault);
}

/* What the kernel could not give us, or we did not hear, is told once, when it happens, and is in
 * the result. */
static void tell_losses(const struct host *c)
{
    talks_lost_packets(c->talks, c->lost + c->rx_loss.missed);
}

static void host_lost(void *arg, uint64_t total, int64_t now_ns)
{
    struct host *c = arg;
    (void)now_ns;
    c->lost = total;
    tell_losses(c);
}

static enum status host_packet(void *arg, enum end tap, const uint8_t *ip, size_t n, int64_t t_ns,
                               struct fault *fault)
{
    struct host *c = arg;
    if (tap == END_B && !c->beside) {
        c->beside = true;
        talks_remark(c->talks, "answers come in by another interface than ours leave by", t_ns);
    }
    if (!live_misses(&c->rx_loss, &c->path->route.source, &c->path->config.remote, ip, n))
        return talks_packet(c->talks, ip, n, t_ns, fault);
    tell_losses(c); /* at once: the next packet may be the last */
    return STATUS_OK;
}

static enum status host_tick(void *arg, int64_t now_ns, struct fault *fault)
{
    return talks_tick(talks_of(arg), now_ns, fault);
}

static int64_t host_deadline(const void *arg, int64_t now_ns)
{
    (void)now_ns;
    return talks_deadline(talks_of(arg));
}

static enum status host_stop(void *arg, int64_t now_ns, struct fault *fault)
{
    return talks_stop(talks_of(arg), now_ns, fault);
}

static void host_stepped(void *arg, int64_t step_ns, int64_t now_ns)
{
    struct talks *t = talks_of(arg);
    for (struct talks_entry *e = talks_oldest(t); e != NULL; e = talks_younger(e))
        talk_clock_set(&e->talk, step_ns, now_ns);
}

static void host_failed(void *arg, const char *why, int64_t now_ns)
{
    talks_fail(talks_of(arg), why, now_ns);
}

static bool host_over(const void *arg)
{
    return talks_over(talks_of(arg));
}

static bool host_can_wait(const void *arg, int64_t for_ns)
{
    (void)for_ns;
    return talks_can_wait(talks_of(arg));
}

static void host_progress(void *arg, int64_t now_ns, bool asked, char *line, size_t cap)
{
    (void)asked;
    talks_progress(talks_of(arg), now_ns, line, cap);
}

static void host_remark(void *arg, const char *text, int64_t t_ns)
{
    talks_remark(talks_of(arg), text, t_ns);
}

enum status live_run(struct path *path, const struct live_run_config *live, struct talks *talks,
                     struct fault *fault)
{
    static const struct driver_ops ops = {
        .start = host_start,
        .packet = host_packet,
        .tick = host_tick,
        .deadline = host_deadline,
        .stop = host_stop,
        .over = host_over,
        .stepped = host_stepped,
        .failed = host_failed,
        .can_wait = host_can_wait,
        .lost = host_lost,
        .progress = host_progress,
        .remark = host_remark,
    };
    struct host client = {
        .path = path,
        .talks = talks,
        .rx_loss = {.key = path->config.key, .percent = live->deaf},
    };
    const struct driver_config driver = {
        .ops = &ops,
        .arg = &client,
        .taps = {path->taps[END_A], path->taps[END_B]},
        .remarks = live->remarks,
        .within_ns = live->within_ns,
        .progress_ns = live->teller.told != NULL ? CLOCK_S : 0,
        .teller = live->teller,
    };
    return driver_run(path->driver, &driver, fault);
}

/* --- Between two kernels --- */

struct pair {
    struct relay *relay;
    struct talk *pair;
    struct talk_config config;
    const struct script *script;
    void *state;
    struct timeline *timeline;
    /* What stands before a packet on its way to an end, by the version of IP: as it was before the
     * last one that was for that end alone. */
    uint8_t header[ENDS][2][ETHERNET_HEADER];
    bool interrupted;
};

static enum status pass(void *arg, enum end to, const uint8_t *ip, size_t n, struct fault *fault)
{
    struct pair *c = arg;
    uint8_t frame[RELAY_FRAME_MAX];
    if (n > sizeof(frame) - ETHERNET_HEADER)
        return fault_set(fault, STATUS_SYSTEM, "a packet of %zu octets is too long for the wire",
                         n);
    memcpy(frame, c->header[to][n > 0 && ip[0] >> 4 == 6], ETHERNET_HEADER);
    memcpy(frame + ETHERNET_HEADER, ip, n);
    return relay_send(c->relay, to, frame, ETHERNET_HEADER + n, fault);
}

/* The pair keeps its first failure. */
static enum status how_it_is(const struct pair *c, struct fault *fault)
{
    if (c->pair->status != STATUS_OK)
        *fault = c->pair->fault;
    return c->pair->status;
}

static enum status pair_packet(void *arg, enum end from, const uint8_t *frame, size_t n,
                               int64_t t_ns, struct fault *fault)
{
    struct pair *c = arg;
    enum end to = end_other(from);
    uint16_t type = n > ETHERNET_HEADER ? bytes_be16(frame + TYPE_OFF) : 0;
    bool ip = type == TYPE_V4 || type == TYPE_V6;
    if (!ip || frame[0] & GROUP_BIT) /* ARP, neighbour discovery, group membership */
        return relay_send(c->relay, to, frame, n, fault);
    memcpy(c->header[to][type == TYPE_V6], frame, ETHERNET_HEADER);
    talk_packet(c->pair, from, frame + ETHERNET_HEADER, n - ETHERNET_HEADER, t_ns);
    return how_it_is(c, fault);
}

static enum status pair_start(void *arg, int64_t now_ns, struct fault *fault)
{
    struct pair *c = arg;
    if (c->config.deadline_ns != CLOCK_NEVER)
        c->config.deadline_ns += now_ns;
    talk_init(c->pair, &c->config, c->script, c->state, c->timeline, now_ns);
    return how_it_is(c, fault);
}

static void pair_lost(void *arg, uint64_t total, int64_t now_ns)
{
    (void)now_ns;
    talk_lost_packets(((struct pair *)arg)->pair, total);
}

static enum status pair_tick(void *arg, int64_t now_ns, struct fault *fault)
{
    struct pair *c = arg;
    talk_tick(c->pair, now_ns);
    return how_it_is(c, fault);
}

static int64_t pair_deadline(const void *arg, int64_t now_ns)
{
    (void)now_ns;
    return talk_deadline(((const struct pair *)arg)->pair);
}

static enum status pair_stop(void *arg, int64_t now_ns, struct fault *fault)
{
    struct pair *c = arg;
    c->interrupted = true;
    talk_stop(c->pair, SCRIPT_STOP_INTERRUPT, now_ns);
    return how_it_is(c, fault);
}

static bool pair_over(const void *arg)
{
    return ((const struct pair *)arg)->pair->finished;
}

static void pair_progress(void *arg, int64_t now_ns, bool asked, char *line, size_t cap)
{
    const struct pair *c = arg;
    (void)asked;
    talk_progress(c->pair, now_ns, line, cap);
}

static void add_summary(const struct pair *c)
{
    const struct talk *p = c->pair;
    struct result summary = {.exit_code = p->exit_code};
    result_set_text(&summary, "command", c->script->name);
    result_set_integer(&summary, "sessions", (int64_t)p->config.session);
    result_set_flag(&summary, "interrupted", c->interrupted);
    result_set_integer(&summary, "exit_code", p->exit_code);
    (void)timeline_append(
        c->timeline, (struct event){.kind = EVENT_SUMMARY, .t_ns = p->now_ns, .result = &summary});
    result_done(&summary);
}

enum status live_pair(struct relay *relay, const struct driver_teller *teller, struct talk *p,
                      const struct talk_config *config, const struct script *script, void *state,
                      struct timeline *timeline, struct fault *fault)
{
    static const struct driver_ops ops = {
        .start = pair_start,
        .packet = pair_packet,
        .tick = pair_tick,
        .deadline = pair_deadline,
        .stop = pair_stop,
        .over = pair_over,
        .lost = pair_lost,
        .progress = pair_progress,
        .by_stamp = true,
    };
    struct pair client = {.relay = relay,
                          .pair = p,
                          .config = *config,
                          .script = script,
                          .state = state,
                          .timeline = timeline};
    client.config.pass = pass;
    client.config.arg = &client;
    const struct driver_config to_drive = {
        .ops = &ops,
        .arg = &client,
        .taps = {{.capture = relay_tap(relay, END_A), .end = END_A},
                 {.capture = relay_tap(relay, END_B), .end = END_B}},
        .within_ns = CLOCK_NEVER, /* the pair has its own time */
        .progress_ns = teller->told != NULL ? CLOCK_S : 0,
        .teller = *teller,
    };
    struct driver *driver = driver_new(fault);
    if (driver == NULL)
        return STATUS_NO_MEMORY;
    enum status s = driver_run(driver, &to_drive, fault);
    if (s == STATUS_OK) {
        talk_verdict(p);
        add_summary(&client);
    }
    driver_free(driver);
    return s;
}
