/* See live_backlog.h. The source address is the lab's own invention, taken from it and from nowhere
 * else; outside its namespaces nothing can be sent from here. */
#include "lab/live_backlog.h"

#include <stdlib.h>
#include <string.h>

#include "net/path.h"
#include "talk/numbers.h"
#include "talk/syn_like.h"

enum {
    IPV4_HEADERS = 40,
    IPV6_HEADERS = 60,
};

struct live_backlog {
    struct live_backlog_config config;
    struct path path;
    struct talk_config base;
    uint16_t first_port;
    struct crowd crowd;
    struct backlog story;
    const struct backlog_config *told; /* what the story is to be, and to whom it is told */
    struct timeline *timeline;
};

/* --- Opening --- */

static void describe_callers(struct live_backlog *l)
{
    const struct lab *lab = l->config.lab;
    const struct syn_like *like = syn_like_at(0);
    const struct endpoint *remote = lab_at(lab, END_B);
    uint32_t headers = address_is_v4(&remote->ip) ? IPV4_HEADERS : IPV6_HEADERS;
    l->base = (struct talk_config){
        .local = {.ip = l->path.route.source},
        .remote = *remote,
        .like = like,
        .mss = (uint16_t)(l->path.route.mtu - headers),
        .win = like->win,
        .ttl = like->ttl,
        .timestamps = true,
        .tries = 1,
    };
    uint16_t port = numbers_port(&l->config.key, remote, 1, 0);
    l->first_port = port > UINT16_MAX - CROWD_MAX ? UINT16_MAX - CROWD_MAX : port;
}

static enum status open_all(struct live_backlog *l, struct fault *fault)
{
    const struct in6_addr crowd = lab_crowd(l->config.lab);
    const struct path_config config = {.remote = *lab_at(l->config.lab, END_B), .invented = &crowd};
    enum status s = path_open(&l->path, &config, fault);
    if (s != STATUS_OK)
        return s;
    describe_callers(l);
    return path_unreachable(&l->path) == NULL
               ? STATUS_OK
               : fault_set(fault, STATUS_SYSTEM, "the lab's peer does not answer");
}

struct live_backlog *live_backlog_open(const struct live_backlog_config *config,
                                       struct fault *fault)
{
    struct live_backlog *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    l->config = *config;
    if (open_all(l, fault) == STATUS_OK)
        return l;
    live_backlog_free(l);
    return NULL;
}

void live_backlog_free(struct live_backlog *l)
{
    if (l == NULL)
        return;
    crowd_done(&l->crowd);
    path_close(&l->path);
    free(l);
}

const char *live_backlog_interface(const struct live_backlog *l)
{
    return l->path.route.ifname;
}

const char *live_backlog_clock(const struct live_backlog *l)
{
    return path_clock(&l->path);
}

/* --- Hands --- */

static struct lab *lab_of(void *arg)
{
    return ((struct live_backlog *)arg)->config.lab;
}

static enum status set(void *arg, const char *assignment, struct fault *fault)
{
    return lab_call(lab_of(arg), END_B, CALL_SET, NULL, assignment, strlen(assignment), fault);
}

static enum status listen_anew(void *arg, struct fault *fault)
{
    enum status s = lab_call(lab_of(arg), END_B, CALL_STOP_LISTENING, NULL, NULL, 0, fault);
    if (s != STATUS_OK)
        return s;
    return lab_call(lab_of(arg), END_B, CALL_LISTEN, NULL, NULL, 0, fault);
}

static enum status accept_all(void *arg, struct fault *fault)
{
    return lab_call(lab_of(arg), END_B, CALL_ACCEPT, NULL, NULL, 0, fault);
}

static enum status measure(void *arg, struct queues *q, struct fault *fault)
{
    return lab_queues(lab_of(arg), q, fault);
}

static enum status has_entry(void *arg, const struct endpoint *caller, bool *entry,
                             struct fault *fault)
{
    enum state state = STATE_CLOSED;
    enum status s = lab_truth(lab_of(arg), END_B, caller, &state, fault);
    *entry = state == STATE_SYN_RECEIVED;
    return s;
}

/* --- The driver's calls --- */

static enum status start(void *arg, int64_t now_ns, struct fault *fault)
{
    struct live_backlog *l = arg;
    enum status s = crowd_init(&l->crowd, &l->base, l->first_port, &l->config.key,
                               l->config.repeatable, path_link(&l->path), fault);
    return s == STATUS_OK ? backlog_init(&l->story, l->told, &l->crowd, l->timeline, now_ns, fault)
                          : s;
}

static enum status packet(void *arg, enum end tap, const uint8_t *ip, size_t n, int64_t t_ns,
                          struct fault *fault)
{
    (void)tap;
    (void)fault;
    crowd_packet(&((struct live_backlog *)arg)->crowd, ip, n, t_ns);
    return STATUS_OK;
}

static void lost(void *arg, uint64_t total, int64_t now_ns)
{
    (void)now_ns;
    crowd_lost_packets(&((struct live_backlog *)arg)->crowd, total);
}

static enum status tick(void *arg, int64_t now_ns, struct fault *fault)
{
    return backlog_go_on(&((struct live_backlog *)arg)->story, now_ns, fault);
}

/* What is on its way is waited for a moment, by the packets that come or by the clock. */
static int64_t deadline(const void *arg, int64_t now_ns)
{
    int64_t at = backlog_deadline(&((const struct live_backlog *)arg)->story);
    return at < now_ns + CLOCK_MS ? now_ns + CLOCK_MS : at;
}

static enum status stop(void *arg, int64_t now_ns, struct fault *fault)
{
    return backlog_stop(&((struct live_backlog *)arg)->story, now_ns, fault);
}

static bool over(const void *arg)
{
    return ((const struct live_backlog *)arg)->story.over;
}

static void progress(void *arg, int64_t now_ns, bool asked, char *line, size_t cap)
{
    (void)now_ns;
    (void)asked;
    backlog_progress(&((struct live_backlog *)arg)->story, line, cap);
}

enum status live_backlog_run(struct live_backlog *l, struct backlog_config *story,
                             struct timeline *timeline, int *exit_code, struct fault *fault)
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
        .eager = true,
    };
    const struct driver_config to_drive = {
        .ops = &ops,
        .arg = l,
        .taps = {l->path.tap},
        .within_ns = l->config.within_ns,
        .progress_ns = l->config.teller.told != NULL ? CLOCK_S : 0,
        .teller = l->config.teller,
    };
    story->hands = (struct backlog_hands){.set = set,
                                          .listen = listen_anew,
                                          .accept = accept_all,
                                          .measure = measure,
                                          .has_entry = has_entry,
                                          .arg = l};
    l->told = story;
    l->timeline = timeline;
    enum status s = driver_run(l->path.driver, &to_drive, fault);
    *exit_code = l->story.exit_code;
    return s;
}
