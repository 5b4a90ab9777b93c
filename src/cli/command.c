/* The table of commands, made from the lists in Makefile.am. */
#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/session.h"

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

int command_run(const struct command *c, const struct surroundings *around, int argc, char **argv)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "tcpshake %s", c->name);
    argv[0] = name;
    return c->measure != NULL ? session_run(c->measure, around, argc, argv)
                              : c->run(around, argc, argv);
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
