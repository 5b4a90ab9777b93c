/* See session.h. */
#include "cli/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum {
    SETTING_MAX = 100000
};

static const struct carrier *const carriers[] = {
    [MEASURE_TALK] = &carry_talk,     [MEASURE_KERNELS] = &carry_kernels,
    [MEASURE_FIGURE] = &carry_figure, [MEASURE_TURNS] = &carry_turns,
    [MEASURE_LIST] = &carry_list,     [MEASURE_QUEUES] = &carry_queues,
    [MEASURE_SOCKET] = &carry_socket,
};

/* What does not apply is refused rather than ignored. */
static enum status check_lab(const struct session *s, struct fault *fault)
{
    const struct surroundings *around = s->around;
    const char *wrong = around->truth         ? "--truth"
                        : around->deaf != 0   ? "--deaf"
                        : around->kernel_is_a ? "--a"
                                              : NULL;
    if ((s->measure->can & MEASURE_IN_LAB) != 0 && around->lab == NULL)
        return fault_set(fault, STATUS_MALFORMED, "only in the lab: write 'tcpshake lab %s'",
                         s->measure->name);
    if ((s->measure->can & MEASURE_LAB_EYES) == 0 && wrong != NULL)
        return fault_set(fault, STATUS_MALFORMED, "%s of the lab means nothing here", wrong);
    return STATUS_OK;
}

/* The last one that is in force; the lab has accepted it, so it is a number of its kernel's. */
static uint64_t setting(const struct surroundings *around, const char *name)
{
    uint64_t value = 0;
    size_t n = strlen(name);
    for (size_t i = 0; i < around->sysctl_count; i++) {
        const char *s = around->sysctls[i];
        if (strncmp(s, name, n) == 0 && s[n] == '=')
            (void)text_to_number(s + n + 1, 0, SETTING_MAX, &value);
    }
    return value;
}

/* What the script wants to know besides its own options. */
static void fill_in(struct session *s)
{
    const struct measure *m = s->measure;
    measure_store(&m->wait, s->state, (uint64_t)s->options.run.wait_ns);
    for (const struct measure_sysctl *c = m->sysctls; c != NULL && c->name != NULL; c++)
        measure_store(&c->field, s->state, setting(s->around, c->name) * (uint64_t)c->unit);
}

static enum status carry(struct session *s, const struct carrier *c, struct fault *fault)
{
    enum status status = check_lab(s, fault);
    if (status == STATUS_OK && c->find != NULL)
        status = c->find(s, fault);
    if (status != STATUS_OK || s->over)
        return status;
    status = record_open(&s->record, fault);
    return status == STATUS_OK ? c->run(s, fault) : status;
}

static int run(struct session *s)
{
    const struct carrier *c = carriers[s->measure->carrier];
    struct fault fault = {0};
    fill_in(s);
    record_init(&s->record, &s->options);
    enum status status = record_close(&s->record, carry(s, c, &fault), &fault);
    if (c->done != NULL)
        c->done(s);
    if (status == STATUS_OK)
        return s->exit_code;
    return s->told ? EXIT_TROUBLE : command_fail(s->measure->name, "%s", fault.text);
}

int session_run(const struct measure *m, const struct surroundings *around, int argc, char **argv)
{
    struct session s = {
        .measure = m,
        .options = arguments_defaults(m, around->chancy),
        .around = around,
        .script = m->script,
        .state = calloc(1, m->size),
        .stage = calloc(1, carriers[m->carrier]->stage + 1),
        .argc = argc,
        .argv = argv,
    };
    int code = EXIT_TROUBLE;
    if (s.state == NULL || s.stage == NULL) {
        (void)command_fail(m->name, "out of memory");
    } else {
        measure_begin(m, s.state, &s.options.run);
        code = arguments_parse(&s.options, s.state, argc, argv);
        if (code == 0)
            code = run(&s);
        arguments_done(&s.options);
    }
    free(s.state);
    free(s.stage);
    return code;
}
