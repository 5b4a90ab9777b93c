/* See live_backlog.h. The source address is the lab's own invention, taken from it and from nowhere
 * else; outside its namespaces nothing can be sent from here. */
#include "lab/live_backlog.h"

#include <stdlib.h>

#include "lab/lab_upper.h"
#include "net/live_run.h"
#include "talk/numbers.h"
#include "talk/syn_like.h"

enum {
    IPV4_HEADERS = 40,
    IPV6_HEADERS = 60,
};

struct live_backlog {
    struct live_backlog_config config;
    struct path path;
    struct backlog story;
};

static void describe_callers(const struct live_backlog *l, struct backlog_config *story)
{
    const struct syn_like *like = syn_like_at(0);
    const struct endpoint *remote = lab_at(l->config.lab, END_B);
    uint32_t headers = address_is_v4(&remote->ip) ? IPV4_HEADERS : IPV6_HEADERS;
    story->base = (struct talk_config){
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
    story->first_port = port > UINT16_MAX - BACKLOG_PORTS ? UINT16_MAX - BACKLOG_PORTS : port;
    story->key = l->config.key;
    story->repeatable = l->config.repeatable;
}

static enum status open_all(struct live_backlog *l, struct fault *fault)
{
    const struct in6_addr crowd = lab_crowd(l->config.lab);
    const struct path_config config = {.remote = *lab_at(l->config.lab, END_B), .invented = &crowd};
    enum status s = path_open(&l->path, &config, fault);
    if (s != STATUS_OK)
        return s;
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
    backlog_done(&l->story);
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

enum status live_backlog_run(struct live_backlog *l, struct backlog_config *story,
                             struct timeline *timeline, int *exit_code, struct fault *fault)
{
    const struct lab_upper peer = {.lab = l->config.lab, .side = END_B};
    const struct live_run_config live = {
        .within_ns = l->config.within_ns,
        .progress = l->config.progress,
        .asked = l->config.asked,
        .arg = l->config.arg,
    };
    story->upper = lab_upper_ops(&peer);
    describe_callers(l, story);
    enum status s = backlog_init(&l->story, story, timeline, fault);
    if (s == STATUS_OK)
        s = live_run(&l->path, &live, &l->story.talks, fault);
    *exit_code = l->story.exit_code;
    return s;
}
