/* The table of commands, made from the list in Makefile.am. */
#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COMMAND(name) extern const struct command cmd_##name;
#include "cli/commands.def"
#undef COMMAND

static const struct command *const table[] = {
#define COMMAND(name) &cmd_##name,
#include "cli/commands.def"
#undef COMMAND
};

const struct command *command_at(size_t i)
{
    return i < sizeof(table) / sizeof(table[0]) ? table[i] : NULL;
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; command_at(i) != NULL; i++) {
        if (strcmp(table[i]->name, name) == 0)
            return table[i];
    }
    return NULL;
}

int command_run(const struct command *c, const struct surroundings *around, int argc, char **argv)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "tcpshake %s", c->name);
    argv[0] = name;
    return c->run(around, argc, argv);
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

int command_in_lab(const char *command, const struct surroundings *around)
{
    if (around->lab == NULL)
        return command_fail(command, "only in the lab: write 'tcpshake lab %s'", command);
    if (around->truth || around->deaf != 0 || around->kernel_is_a)
        return command_fail(command, "%s of the lab means nothing here",
                            around->truth       ? "--truth"
                            : around->deaf != 0 ? "--deaf"
                                                : "--a");
    return 0;
}
