/* The two queues of a real listener in the lab, filled by many callers, looked into, and emptied
 * again, as measure/backlog/backlog.h tells it: callers from the lab's address that no kernel has,
 * the tap on our end of the cable, the peer's process and kernel as the listener. The source
 * address is the lab's own invention, taken from it and from nowhere else; outside its namespaces
 * nothing can be sent from here. */
#include <stdlib.h>

#include "base/clock.h"
#include "cli/carry.h"
#include "lab/lab_upper.h"
#include "measure/backlog/backlog.h"
#include "net/live_run.h"
#include "talk/numbers.h"
#include "talk/syn_like.h"

enum {
    BACKLOG_DEFAULT = 4,
    CALLERS_SPARE = 4, /* beyond what the SYN queue should hold */
    IPV4_HEADERS = 40,
    IPV6_HEADERS = 60,
};

/* All that one run holds. */
struct stage {
    struct path path;
    struct backlog_config story;
    struct backlog backlog;
};

/* The parts that are needed. */
static void choose_parts(const struct backlog_asked *a, struct backlog_config *story)
{
    const struct backlog_part *p;
    if (a->as_given) {
        story->parts[story->part_count++] = backlog_part_as_given();
        return;
    }
    for (size_t i = 0; (p = backlog_part_at(i)) != NULL; i++) {
        if (!a->has_face || p->early == (enum overflow)(a->face + OVERFLOW_NO_SYN_ACK))
            story->parts[story->part_count++] = p;
    }
    if (story->part_count == 0) /* that face is every part's */
        story->parts[story->part_count++] = backlog_part_at(0);
}

static enum status plan(const struct backlog_asked *a, const struct lab *lab,
                        struct backlog_config *story, struct fault *fault)
{
    int given = lab_backlog(lab);
    if (given != 0 && (given < BACKLOG_LEAST || given > BACKLOG_MOST))
        return fault_set(fault, STATUS_MALFORMED,
                         "with lab --backlog %d the queues cannot be filled by few callers; it "
                         "takes %d to %d here",
                         given, BACKLOG_LEAST, BACKLOG_MOST);
    *story = (struct backlog_config){
        .backlog = a->backlog != 0 ? (int)a->backlog
                   : given != 0    ? given
                                   : BACKLOG_DEFAULT,
        .watch_ns = a->watch_ns,
    };
    story->callers =
        a->callers != 0 ? (unsigned)a->callers : (unsigned)story->backlog + CALLERS_SPARE;
    choose_parts(a, story);
    return STATUS_OK;
}

/* What of the options does not go together. */
static enum status check(struct session *s, struct fault *fault)
{
    const struct backlog_asked *a = s->state;
    if (a->as_given && a->has_face)
        return fault_set(fault, STATUS_MALFORMED,
                         "--face changes settings and --as-given does not: leave one of them out");
    return STATUS_OK;
}

/* From where they call, and how their SYNs look. */
static void describe_callers(struct session *s, struct stage *st)
{
    const struct route *route = &st->path.route;
    const struct syn_like *like = syn_like_at(0);
    const struct endpoint *remote = lab_at(s->around->lab, END_B);
    struct backlog_config *story = &st->story;
    story->key = hash_key_of_seed(s->record.seed);
    story->repeatable = s->options.has_seed;
    story->base = (struct talk_config){
        .local = {.ip = route->source},
        .remote = *remote,
        .like = like,
        .mss = (uint16_t)(route->mtu - (address_is_v4(&remote->ip) ? IPV4_HEADERS : IPV6_HEADERS)),
        .win = like->win,
        .ttl = like->ttl,
        .timestamps = true,
        .tries = 1,
    };
    uint16_t port = numbers_port(&story->key, remote, 1, 0);
    story->first_port = port > UINT16_MAX - BACKLOG_PORTS ? UINT16_MAX - BACKLOG_PORTS : port;
}

/* Everything that needs a privilege. */
static enum status open_path(const struct lab *lab, struct path *path, struct fault *fault)
{
    const struct in6_addr crowd = lab_crowd(lab);
    const struct path_config config = {.remote = *lab_at(lab, END_B), .invented = &crowd};
    enum status status = path_open(path, &config, fault);
    if (status != STATUS_OK || path_unreachable(path) == NULL)
        return status;
    return fault_set(fault, STATUS_SYSTEM, "the lab's peer does not answer");
}

/* Gives up every privilege. */
static enum status tell(struct session *s, struct stage *st, struct fault *fault)
{
    const struct lab_upper peer = {.lab = s->around->lab, .side = END_B};
    const struct run_info info = {.command = s->measure->name,
                                  .interface = st->path.route.ifname,
                                  .clock = path_clock(&st->path)};
    const struct live_run_config live = {.within_ns = s->options.run.deadline_ns,
                                         .progress = record_progress(&s->record),
                                         .asked = record_asked,
                                         .arg = &s->record};
    st->story.upper = lab_upper_ops(&peer);
    describe_callers(s, st);
    enum status status =
        record_begin(&s->record, &info, &st->story.base.remote, s->argc, s->argv, fault);
    if (status == STATUS_OK)
        status = backlog_init(&st->backlog, &st->story, &s->record.timeline, fault);
    if (status == STATUS_OK)
        status = live_run(&st->path, &live, &st->backlog.talks, fault);
    s->exit_code = st->backlog.exit_code;
    output_progress_clear(&s->record.output);
    return status;
}

static enum status run(struct session *s, struct fault *fault)
{
    struct stage *st = s->stage;
    enum status status = plan(s->state, s->around->lab, &st->story, fault);
    if (status == STATUS_OK)
        status = open_path(s->around->lab, &st->path, fault);
    return status == STATUS_OK ? tell(s, st, fault) : status;
}

static void done(struct session *s)
{
    struct stage *st = s->stage;
    backlog_done(&st->backlog);
    path_close(&st->path);
}

const struct carrier carry_queues = {
    .stage = sizeof(struct stage), .find = check, .run = run, .done = done};
