/* See live_pair.h. */
#include "net/live_pair.h"

#include <string.h>

#include "base/bytes.h"
#include "event/result.h"
#include "net/driver.h"

enum {
    ETHERNET_HEADER = 14,
    GROUP_BIT = 0x01, /* in the first octet of the destination */
    TYPE_OFF = 12,
    TYPE_V4 = 0x0800,
    TYPE_V6 = 0x86dd
};

/* What the driver's calls are about. */
struct client {
    const struct live_pair_config *live;
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

/* --- Frames --- */

static enum status pass(void *arg, enum end to, const uint8_t *ip, size_t n, struct fault *fault)
{
    struct client *c = arg;
    uint8_t frame[RELAY_FRAME_MAX];
    if (n > sizeof(frame) - ETHERNET_HEADER)
        return fault_set(fault, STATUS_SYSTEM, "a packet of %zu octets is too long for the wire",
                         n);
    memcpy(frame, c->header[to][n > 0 && ip[0] >> 4 == 6], ETHERNET_HEADER);
    memcpy(frame + ETHERNET_HEADER, ip, n);
    return relay_send(c->live->relay, to, frame, ETHERNET_HEADER + n, fault);
}

/* The pair keeps its first failure. */
static enum status how_it_is(const struct client *c, struct fault *fault)
{
    if (c->pair->status != STATUS_OK)
        *fault = c->pair->fault;
    return c->pair->status;
}

static enum status packet(void *arg, enum end from, const uint8_t *frame, size_t n, int64_t t_ns,
                          struct fault *fault)
{
    struct client *c = arg;
    enum end to = end_other(from);
    uint16_t type = n > ETHERNET_HEADER ? bytes_be16(frame + TYPE_OFF) : 0;
    bool ip = type == TYPE_V4 || type == TYPE_V6;
    if (!ip || frame[0] & GROUP_BIT) /* ARP, neighbour discovery, group membership */
        return relay_send(c->live->relay, to, frame, n, fault);
    memcpy(c->header[to][type == TYPE_V6], frame, ETHERNET_HEADER);
    talk_packet(c->pair, from, frame + ETHERNET_HEADER, n - ETHERNET_HEADER, t_ns);
    return how_it_is(c, fault);
}

/* --- The rest of the driver's calls --- */

static enum status start(void *arg, int64_t now_ns, struct fault *fault)
{
    struct client *c = arg;
    if (c->config.deadline_ns != CLOCK_NEVER)
        c->config.deadline_ns += now_ns;
    talk_init(c->pair, &c->config, c->script, c->state, c->timeline, now_ns);
    return how_it_is(c, fault);
}

static void lost(void *arg, uint64_t total, int64_t now_ns)
{
    (void)now_ns;
    talk_lost_packets(((struct client *)arg)->pair, total);
}

static enum status tick(void *arg, int64_t now_ns, struct fault *fault)
{
    struct client *c = arg;
    talk_tick(c->pair, now_ns);
    return how_it_is(c, fault);
}

static int64_t deadline(const void *arg, int64_t now_ns)
{
    (void)now_ns;
    return talk_deadline(((const struct client *)arg)->pair);
}

static enum status stop(void *arg, int64_t now_ns, struct fault *fault)
{
    struct client *c = arg;
    c->interrupted = true;
    talk_stop(c->pair, SCRIPT_STOP_INTERRUPT, now_ns);
    return how_it_is(c, fault);
}

static bool over(const void *arg)
{
    return ((const struct client *)arg)->pair->finished;
}

static void progress(void *arg, int64_t now_ns, bool asked, char *line, size_t cap)
{
    const struct client *c = arg;
    (void)asked;
    talk_progress(c->pair, now_ns, line, cap);
}

/* --- The whole --- */

static void add_summary(const struct client *c)
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

enum status live_pair(const struct live_pair_config *live, struct talk *p,
                      const struct talk_config *config, const struct script *script, void *state,
                      struct timeline *timeline, struct fault *fault)
{
    static const struct driver_ops ops = {
        .start = start,
        .packet = packet,
        .tick = tick,
        .deadline = deadline,
        .stop = stop,
        .over = over,
        .lost = lost,
        .progress = progress,
        .by_stamp = true,
    };
    struct client client = {.live = live,
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
        .taps = {{.capture = relay_tap(live->relay, END_A), .end = END_A},
                 {.capture = relay_tap(live->relay, END_B), .end = END_B}},
        .within_ns = CLOCK_NEVER, /* the pair has its own time */
        .progress_ns = live->progress != NULL ? CLOCK_S : 0,
        .told = live->progress,
        .asked = live->asked,
        .teller = live->arg,
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
