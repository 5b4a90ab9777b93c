/* What the program can be told to do: a measurement, which is a row of src/measure/, or something
 * else, which is a file cmd-NAME.c here. Either is one line in Makefile.am. */
#ifndef TCPSHAKE_CLI_COMMAND_H
#define TCPSHAKE_CLI_COMMAND_H

#include <stdio.h>

#include "base/text.h"
#include "lab/lab.h"
#include "measure/measure.h"

/* What a command is run in. */
struct context {
    struct lab *lab;            /* NULL outside the lab */
    bool truth;                 /* lab --truth */
    unsigned deaf;              /* lab --deaf, in percent */
    bool kernel_is_a;           /* lab --a kernel: of a figure */
    bool between;               /* lab --a kernel --b kernel: neither end is ours */
    const char *const *sysctls; /* in force in the lab, "NAME=VALUE", later ones over earlier */
    size_t sysctl_count;
    bool chancy; /* the lab's wire loses at random or delays: patience is needed */
};

struct command {
    const char *name;
    const char *summary;           /* one line */
    const struct measure *measure; /* NULL: */
    /* argv[0] is "tcpshake NAME". Returns the exit status. */
    int (*run)(const struct context *context, int argc, char **argv);
};

enum {
    EXIT_AS_EXPECTED = 0,
    EXIT_OTHERWISE = 1,
    EXIT_TROUBLE = 2,
    EXIT_NO_ANSWER = 3,
};

/* False: there is none of that name. */
bool command_find(struct command *c, const char *name);
/* The `i`-th in the order of their names; false past the end. */
bool command_at(struct command *c, size_t i);
/* Runs it under the name "tcpshake NAME"; argv[0] is NAME. */
int command_run(const struct command *c, const struct context *context, int argc, char **argv);

/* "tcpshake COMMAND: TEXT" on stderr; returns EXIT_TROUBLE. */
int command_fail(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* All of `out` on stdout at once, and released. Returns the exit status; a failure has been told.
 */
int command_print(const char *command, struct text *out);
/* Appends all of the file, or more than `most` octets where it has them; NULL: errno says why it
 * could not be opened. Closes it, unless it is stdin. */
enum status command_read(FILE *f, const char *name, size_t most, struct text *out,
                         struct fault *fault);

#endif
