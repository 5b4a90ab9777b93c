/* See watch.h. */
#include "cli/watch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "cli/record.h"
#include "net/live_pair.h"
#include "lab/lab_upper.h"

/* What does not apply is refused rather than ignored: both ends are kernels, and where they are is
 * the lab's affair. */
static enum status check(const struct watching *w, struct fault *fault)
{
    const struct arguments *o = w->options;
    const char *wrong = w->around->truth  ? "--truth"
                        : w->around->deaf ? "--deaf"
                        : o->host != NULL ? "a TARGET"
                        : o->has_source   ? "--source"
                        : o->interface    ? "--interface"
                        : o->sport != 0   ? "--sport"
                        : o->has_isn      ? "--isn"
                        : o->has_win      ? "--win"
                        : o->has_ttl      ? "--ttl"
                        : o->mss != 0     ? "--mss"
                                          : NULL;
    if (wrong == NULL)
        return STATUS_OK;
    return fault_set(fault, STATUS_MALFORMED,
                     "%s is nothing for two kernels; leave it out, or leave out --a or --b", wrong);
}

static enum status run(const struct watching *w, struct relay *relay, struct record *record,
                       int *code, struct fault *fault)
{
    struct lab *lab = w->around->lab;
    const struct lab_upper ends[ENDS] = {{lab, END_A}, {lab, END_B}};
    const struct upper uppers[ENDS] = {lab_upper_ops(&ends[END_A]), lab_upper_ops(&ends[END_B])};
    const struct talk_config config = {
        .session = 1,
        .local = *lab_at(lab, END_A),
        .remote = *lab_at(lab, END_B),
        .upper = {&uppers[END_A], &uppers[END_B]},
        .deadline_ns = w->options->deadline_ns,
    };
    const struct live_pair_config live = {
        .relay = relay, .progress = record_progress(record), .asked = record_asked, .arg = record};
    const struct run_info info = {.command = w->script->name,
                                  .interface = "lab wire",
                                  .clock = relay_clock(relay),
                                  .heading = w->heading};
    struct talk *pair = calloc(1, sizeof(*pair));
    if (pair == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    enum status s = record_begin(record, &info, &config.remote, w->argc, w->argv, fault);
    if (s == STATUS_OK)
        s = live_pair(&live, pair, &config, w->script, w->state, &record->timeline, fault);
    *code = pair->exit_code;
    output_progress_clear(&record->output);
    free(pair);
    return s;
}

static enum status open_and_run(const struct watching *w, struct record *record, int *code,
                                struct fault *fault)
{
    enum status s = check(w, fault);
    if (s == STATUS_OK)
        s = record_open(record, fault);
    if (s != STATUS_OK)
        return s;
    struct relay *relay = relay_open(lab_tap(END_A), lab_tap(END_B), fault);
    if (relay == NULL)
        return STATUS_SYSTEM;
    s = run(w, relay, record, code, fault);
    relay_close(relay);
    return s;
}

int watch(const struct watching *w)
{
    struct record record;
    struct fault fault = {0};
    int code = EXIT_TROUBLE;
    record_init(&record, w->options);
    enum status s = open_and_run(w, &record, &code, &fault);
    s = record_close(&record, s, &fault);
    if (s != STATUS_OK)
        return command_fail(w->options->command, "%s", fault.text);
    return code;
}
