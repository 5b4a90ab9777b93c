/* The two queues of a real listener in the lab, filled by many callers, looked into, and emptied
 * again, as measure/backlog/backlog.h tells it. */
#include "base/clock.h"
#include "cli/carry.h"
#include "lab/live_backlog.h"

enum {
    BACKLOG_DEFAULT = 4,
    CALLERS_SPARE = 4, /* beyond what the SYN queue should hold */
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

static enum status tell(struct session *s, struct live_backlog *live, struct backlog_config *story,
                        struct fault *fault)
{
    const struct run_info info = {
        .command = s->measure->name,
        .interface = live_backlog_interface(live),
        .clock = live_backlog_clock(live),
    };
    enum status status =
        record_begin(&s->record, &info, lab_at(s->around->lab, END_B), s->argc, s->argv, fault);
    if (status == STATUS_OK)
        status = live_backlog_run(live, story, &s->record.timeline, &s->exit_code, fault);
    output_progress_clear(&s->record.output);
    return status;
}

static enum status run(struct session *s, struct fault *fault)
{
    struct lab *lab = s->around->lab;
    struct backlog_config story;
    enum status status = plan(s->state, lab, &story, fault);
    if (status != STATUS_OK)
        return status;
    const struct live_backlog_config config = {
        .lab = lab,
        .key = hash_key_of_seed(s->record.seed),
        .repeatable = s->options.has_seed,
        .within_ns = s->options.run.deadline_ns,
        .teller = {record_progress(&s->record), record_asked, &s->record},
    };
    struct live_backlog *live = live_backlog_open(&config, fault);
    if (live == NULL)
        return STATUS_SYSTEM;
    status = tell(s, live, &story, fault);
    live_backlog_free(live);
    return status;
}

const struct carrier carry_queues = {.find = check, .run = run};
