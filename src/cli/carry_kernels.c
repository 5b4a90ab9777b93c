/* A measurement between two kernels of the lab, with us as the wire. */
#include <stdlib.h>

#include "base/clock.h"
#include "cli/carry.h"
#include "lab/lab_upper.h"
#include "net/live.h"
#include "talk/talk.h"

/* What does not apply is refused rather than ignored: both ends are kernels, and where they are is
 * the lab's affair. */
static enum status check(struct session *s, struct fault *fault)
{
    static const char why[] = "is nothing for two kernels; leave it out, or leave out --a or --b";
    static const struct measure_refusal refused[] = {
        {"source", why}, {"interface", why}, {"sport", why}, {"isn", why},
        {"win", why},    {"ttl", why},       {"mss", why},   {NULL, NULL}};
    const struct measure_refusal *r = arguments_refused(&s->options, refused);
    const char *wrong = s->around->truth          ? "--truth"
                        : s->around->deaf         ? "--deaf"
                        : s->options.host != NULL ? "a TARGET"
                                                  : NULL;
    if (wrong == NULL && r == NULL)
        return STATUS_OK;
    return fault_set(fault, STATUS_MALFORMED, "%s%s %s", wrong != NULL ? "" : "--",
                     wrong != NULL ? wrong : r->option, why);
}

static enum status relay_all(struct session *s, struct relay *relay, struct fault *fault)
{
    struct lab *lab = s->around->lab;
    const struct lab_upper ends[ENDS] = {{lab, END_A}, {lab, END_B}};
    const struct upper uppers[ENDS] = {lab_upper_ops(&ends[END_A]), lab_upper_ops(&ends[END_B])};
    const struct talk_config config = {
        .session = 1,
        .local = *lab_at(lab, END_A),
        .remote = *lab_at(lab, END_B),
        .upper = {&uppers[END_A], &uppers[END_B]},
        .deadline_ns = s->options.run.deadline_ns,
    };
    const struct driver_teller teller = {record_progress(&s->record), record_asked, &s->record};
    const struct run_info info = {.command = s->measure->name,
                                  .interface = "lab wire",
                                  .clock = relay_clock(relay),
                                  .heading = s->heading};
    struct talk *pair = calloc(1, sizeof(*pair));
    if (pair == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    enum status status = record_begin(&s->record, &info, &config.remote, s->argc, s->argv, fault);
    if (status == STATUS_OK)
        status = live_pair(relay, &teller, pair, &config, s->script, s->state, &s->record.timeline,
                           fault);
    s->exit_code = pair->exit_code;
    output_progress_clear(&s->record.output);
    free(pair);
    return status;
}

static enum status run(struct session *s, struct fault *fault)
{
    struct relay *relay = relay_open(lab_tap(END_A), lab_tap(END_B), fault);
    if (relay == NULL)
        return STATUS_SYSTEM;
    enum status status = relay_all(s, relay, fault);
    relay_close(relay);
    return status;
}

const struct carrier carry_kernels = {.find = check, .run = run};
