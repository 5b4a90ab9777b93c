/* See command.h. The table of commands, made from the lists in Makefile.am; and the one way from
 * the command line of a measurement to its exit status: the options into the fields of its row,
 * what does not apply refused, the record opened, its packets carried, the record closed, and what
 * went wrong told in one line. */
#include "cli/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/carry.h"

#define COMMAND(name) extern const struct command cmd_##name;
#define MEASURE(name)
#include "measure/commands.def"
#undef COMMAND
#undef MEASURE

/* NULL: the next measurement stands here. */
static const struct command *const table[] = {
#define COMMAND(name) &cmd_##name,
#define MEASURE(name) NULL,
#include "measure/commands.def"
#undef COMMAND
#undef MEASURE
};

bool command_at(struct command *c, size_t i)
{
    size_t measures = 0;
    if (i >= sizeof(table) / sizeof(table[0]))
        return false;
    if (table[i] != NULL) {
        *c = *table[i];
        return true;
    }
    for (size_t before = 0; before < i; before++)
        measures += table[before] == NULL;
    const struct measure *m = measure_at(measures);
    *c = (struct command){.name = m->name, .summary = m->summary, .measure = m};
    return true;
}

bool command_find(struct command *c, const char *name)
{
    for (size_t i = 0; command_at(c, i); i++) {
        if (strcmp(c->name, name) == 0)
            return true;
    }
    return false;
}

/* --- A measurement --- */

enum {
    SETTING_MAX = 100000
};

static const struct carrier *const carriers[] = {
    [MEASURE_TALK] = &carry_talk,         [MEASURE_KERNELS] = &carry_lab_kernels,
    [MEASURE_FIGURE] = &carry_figure,     [MEASURE_TURNS] = &carry_turns,
    [MEASURE_LIST] = &carry_list,         [MEASURE_QUEUES] = &carry_lab_queues,
    [MEASURE_SOCKET] = &carry_lab_socket,
};

/* What does not apply is refused rather than ignored. */
static enum status check_lab(const struct session *s, struct fault *fault)
{
    const struct context *context = s->context;
    const char *wrong = context->truth         ? "--truth"
                        : context->deaf != 0   ? "--deaf"
                        : context->kernel_is_a ? "--a"
                                               : NULL;
    if ((s->measure->can & MEASURE_IN_LAB) != 0 && context->lab == NULL)
        return fault_set(fault, STATUS_MALFORMED, "only in the lab: write 'tcpshake lab %s'",
                         s->measure->name);
    if ((s->measure->can & MEASURE_LAB_EYES) == 0 && wrong != NULL)
        return fault_set(fault, STATUS_MALFORMED, "%s of the lab means nothing here", wrong);
    return STATUS_OK;
}

/* The last one that is in force; the lab has accepted it, so it is a number of its kernel's. */
static uint64_t setting(const struct context *context, const char *name)
{
    uint64_t value = 0;
    size_t n = strlen(name);
    for (size_t i = 0; i < context->sysctl_count; i++) {
        const char *s = context->sysctls[i];
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
        measure_store(&c->field, s->state, setting(s->context, c->name) * (uint64_t)c->unit);
}

static enum status find_and_run(struct session *s, const struct carrier *c, struct fault *fault)
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
    enum status status = record_close(&s->record, find_and_run(s, c, &fault), &fault);
    if (c->done != NULL)
        c->done(s);
    if (status == STATUS_OK)
        return s->exit_code;
    return s->told ? EXIT_TROUBLE : command_fail(s->measure->name, "%s", fault.text);
}

static int run_measure(const struct measure *m, const struct context *context, int argc,
                       char **argv)
{
    struct session s = {
        .measure = m,
        .options = arguments_defaults(m, context->chancy),
        .context = context,
        .script = m->script,
        .state = calloc(1, m->size),
        .stage = calloc(1, carriers[m->carrier]->stage + 1),
    };
    int code = EXIT_TROUBLE;
    if (s.state == NULL || s.stage == NULL) {
        (void)command_fail(m->name, "out of memory");
    } else {
        measure_begin(m, s.state, &s.options.run);
        code = arguments_parse(&s.options, s.state, argc, argv);
        record_init(&s.record, &s.options, argc, argv);
        if (code == 0)
            code = run(&s);
        arguments_done(&s.options);
    }
    free(s.state);
    free(s.stage);
    return code;
}

/* --- Any command --- */

int command_run(const struct command *c, const struct context *context, int argc, char **argv)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "tcpshake %s", c->name);
    argv[0] = name;
    return c->measure != NULL ? run_measure(c->measure, context, argc, argv)
                              : c->run(context, argc, argv);
}

int command_fail(const char *command, const char *fmt, ...)
{
    va_list ap;
    (void)fprintf(stderr, "tcpshake %s: ", command);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    return EXIT_TROUBLE;
}

int command_print(const char *command, struct text *out)
{
    int code = EXIT_AS_EXPECTED;
    if (out->failed)
        code = command_fail(command, "out of memory");
    else if (fwrite(out->data, 1, out->len, stdout) != out->len || fflush(stdout) != 0)
        code = command_fail(command, "cannot write standard output: %s", strerror(errno));
    text_done(out);
    return code;
}

enum status command_read(FILE *f, const char *name, size_t most, struct text *out,
                         struct fault *fault)
{
    char buffer[4096];
    size_t n;
    if (f == NULL)
        return fault_set(fault, STATUS_SYSTEM, "cannot read %s: %s", name, strerror(errno));
    while (out->len <= most && !out->failed && (n = fread(buffer, 1, sizeof(buffer), f)) > 0)
        text_put(out, buffer, n);
    enum status s =
        ferror(f) ? fault_set(fault, STATUS_SYSTEM, "cannot read %s: %s", name, strerror(errno))
                  : STATUS_OK;
    if (f != stdin)
        (void)fclose(f);
    return s == STATUS_OK && out->failed ? fault_set(fault, STATUS_NO_MEMORY, "out of memory") : s;
}
