/* See backlog_live.h. The source address is the lab's own invention, taken from it and from nowhere
 * else; outside its namespaces nothing can be sent from here. */
#include "lab/backlog_live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "talk/numbers.h"
#include "net/capture.h"
#include "net/inject.h"
#include "net/loop.h"
#include "net/privilege.h"
#include "net/route.h"
#include "talk/syn_like.h"

enum {
    BURST = 256, /* packets between two looks at the time */
    IPV4_HEADERS = 40,
    IPV6_HEADERS = 60,
};
#define NEIGHBOUR_WAIT (3 * CLOCK_S)
#define PROGRESS_EVERY CLOCK_S

struct backlog_live {
    struct backlog_live_config config;
    struct route route;
    struct talk_config base;
    uint16_t first_port;
    struct capture *capture;
    struct inject *inject;
    struct loop *loop;
    struct crowd crowd;
    struct backlog story;
    int64_t progress_at, end_at;
    enum status status; /* the first failure */
    struct fault fault;
};

/* --- Opening --- */

static void describe_callers(struct backlog_live *l)
{
    const struct lab *lab = l->config.lab;
    const struct syn_like *like = syn_like_at(0);
    const struct endpoint *remote = lab_at(lab, END_B);
    uint32_t headers = address_is_v4(&remote->ip) ? IPV4_HEADERS : IPV6_HEADERS;
    l->base = (struct talk_config){
        .local = {.ip = lab_crowd(lab)},
        .remote = *remote,
        .like = like,
        .mss = (uint16_t)(l->route.mtu - headers),
        .win = like->win,
        .ttl = like->ttl,
        .timestamps = true,
        .tries = 1,
    };
    uint16_t port = numbers_port(&l->config.key, remote, 1, 0);
    l->first_port = port > UINT16_MAX - CROWD_MAX ? UINT16_MAX - CROWD_MAX : port;
}

static enum status open_tap(struct backlog_live *l, struct fault *fault)
{
    char ours[ADDRESS_TEXT_MAX], theirs[ADDRESS_TEXT_MAX], filter[200];
    (void)snprintf(filter, sizeof(filter), "host %s and host %s and tcp port %u",
                   address_format(&l->base.local.ip, ours),
                   address_format(&l->base.remote.ip, theirs), (unsigned)l->base.remote.port);
    l->capture = capture_open(l->route.ifname, filter, fault);
    return l->capture != NULL ? STATUS_OK : STATUS_SYSTEM;
}

static enum status open_all(struct backlog_live *l, struct fault *fault)
{
    const struct endpoint *peer = lab_at(l->config.lab, END_B);
    bool resolved = true;
    enum status s = route_find(&l->route, &peer->ip, 0, NULL, NULL, fault);
    if (s != STATUS_OK)
        return s;
    describe_callers(l);
    s = open_tap(l, fault);
    if (s != STATUS_OK)
        return s;
    l->inject = inject_open(address_is_v4(&peer->ip) ? AF_INET : AF_INET6, l->route.ifname, fault);
    if (l->inject == NULL)
        return STATUS_SYSTEM;
    s = route_resolve_neighbour(&l->route, &peer->ip, NEIGHBOUR_WAIT, &resolved, fault);
    return s == STATUS_OK && !resolved
               ? fault_set(fault, STATUS_SYSTEM, "the lab's peer does not answer")
               : s;
}

struct backlog_live *backlog_live_open(const struct backlog_live_config *config,
                                       struct fault *fault)
{
    struct backlog_live *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    l->config = *config;
    if (open_all(l, fault) == STATUS_OK)
        return l;
    backlog_live_free(l);
    return NULL;
}

void backlog_live_free(struct backlog_live *l)
{
    if (l == NULL)
        return;
    crowd_done(&l->crowd);
    loop_free(l->loop);
    inject_close(l->inject);
    capture_close(l->capture);
    free(l);
}

const char *backlog_live_interface(const struct backlog_live *l)
{
    return l->route.ifname;
}

const char *backlog_live_clock(const struct backlog_live *l)
{
    return capture_clock(l->capture);
}

/* --- Hands --- */

static struct lab *lab_of(void *arg)
{
    return ((struct backlog_live *)arg)->config.lab;
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

/* --- Running --- */

static enum status send_packet(void *arg, const uint8_t *ip, size_t n, struct fault *fault)
{
    return inject_send(((struct backlog_live *)arg)->inject, ip, n, fault);
}

static void keep_failure(struct backlog_live *l, enum status s, const struct fault *fault)
{
    if (s != STATUS_OK && l->status == STATUS_OK) {
        l->status = s;
        l->fault = *fault;
    }
}

static void plan(struct backlog_live *l)
{
    if (l->story.over || l->status != STATUS_OK) {
        loop_stop(l->loop);
        return;
    }
    int64_t at = backlog_deadline(&l->story);
    /* What is on its way is waited for a moment, by the packets that come or by the clock. */
    int64_t soon = loop_now(l->loop) + CLOCK_MS;
    at = at < soon ? soon : at;
    if (!l->story.interrupted && l->end_at < at)
        at = l->end_at;
    if (l->config.progress != NULL && l->progress_at < at)
        at = l->progress_at;
    loop_set_deadline(l->loop, at);
}

static void take_packet(void *arg, const uint8_t *ip, size_t n, int64_t t_ns)
{
    crowd_packet(&((struct backlog_live *)arg)->crowd, ip, n, t_ns);
}

static void go_on(struct backlog_live *l)
{
    struct fault fault = {0};
    if (capture_dispatch(l->capture, BURST, take_packet, l, &fault) < 0)
        keep_failure(l, STATUS_SYSTEM, &fault);
    crowd_lost_packets(&l->crowd, capture_dropped(l->capture));
    if (l->status == STATUS_OK)
        keep_failure(l, backlog_go_on(&l->story, loop_now(l->loop), &fault), &fault);
}

static void readable(void *arg)
{
    struct backlog_live *l = arg;
    go_on(l);
    plan(l);
}

static void stop(struct backlog_live *l, int64_t now_ns)
{
    struct fault fault = {0};
    keep_failure(l, backlog_stop(&l->story, now_ns, &fault), &fault);
}

static void wake(void *arg, int64_t now_ns)
{
    struct backlog_live *l = arg;
    char line[160];
    go_on(l);
    if (!l->story.interrupted && now_ns >= l->end_at)
        stop(l, now_ns);
    if (l->config.progress != NULL && now_ns >= l->progress_at) {
        l->progress_at = now_ns + PROGRESS_EVERY;
        backlog_progress(&l->story, line, sizeof(line));
        l->config.progress(l->config.arg, line);
    }
    plan(l);
}

static void signalled(void *arg, enum loop_signal s)
{
    struct backlog_live *l = arg;
    char line[160];
    if (s == LOOP_REPORT) {
        backlog_progress(&l->story, line, sizeof(line));
        l->config.asked(l->config.arg, line);
    } else {
        stop(l, loop_now(l->loop));
    }
    plan(l);
}

static enum status begin(struct backlog_live *l, const struct backlog_config *story,
                         struct timeline *timeline, struct fault *fault)
{
    const struct link link = {.send = send_packet, .arg = l};
    int64_t now = loop_now(l->loop);
    enum status s = crowd_init(&l->crowd, &l->base, l->first_port, &l->config.key,
                               l->config.repeatable, link, fault);
    if (s == STATUS_OK)
        s = backlog_init(&l->story, story, &l->crowd, timeline, now, fault);
    l->progress_at = now + PROGRESS_EVERY;
    l->end_at = l->config.within_ns == CLOCK_NEVER ? CLOCK_NEVER : now + l->config.within_ns;
    return s;
}

enum status backlog_live_run(struct backlog_live *l, struct backlog_config *story,
                             struct timeline *timeline, int *exit_code, struct fault *fault)
{
    const struct loop_handlers handlers = {
        .arg = l, .readable = readable, .wake = wake, .signal = signalled};
    story->hands = (struct backlog_hands){.set = set,
                                          .listen = listen_anew,
                                          .accept = accept_all,
                                          .measure = measure,
                                          .has_entry = has_entry,
                                          .arg = l};
    l->loop = loop_new(capture_fd(l->capture), &handlers, fault);
    if (l->loop == NULL)
        return STATUS_SYSTEM;
    enum status s = privilege_drop(fault);
    if (s == STATUS_OK)
        s = begin(l, story, timeline, fault);
    if (s != STATUS_OK)
        return s;
    plan(l);
    s = loop_run(l->loop, fault);
    if (s == STATUS_OK && l->status != STATUS_OK) {
        *fault = l->fault;
        s = l->status;
    }
    *exit_code = l->story.exit_code;
    return s;
}
