/* A command of the program: one file cmd-NAME.c, one line in Makefile.am. */
#ifndef TCPSHAKE_CLI_COMMAND_H
#define TCPSHAKE_CLI_COMMAND_H

#include "lab/lab.h"

/* What a command is run in. */
struct surroundings {
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
    const char *usage;   /* what follows the name */
    const char *summary; /* one line */
    /* What the lab's peer runs for it by default; NULL: the lab's own choice. */
    const char *lab_app;
    enum {
        COMMAND_OUR_END,    /* one end is ours */
        COMMAND_EITHER,     /* it does with two kernels as well */
        COMMAND_TWO_KERNELS /* and needs them: for the lab alone */
    } ends;
    const char *const *lab_sysctls; /* set in the lab unless the user sets them; ends with NULL */
    /* argv[0] is "tcpshake NAME". Returns the exit status. */
    int (*run)(const struct surroundings *around, int argc, char **argv);
};

enum {
    EXIT_AS_EXPECTED = 0,
    EXIT_OTHERWISE = 1,
    EXIT_TROUBLE = 2,
    EXIT_NO_ANSWER = 3,
};

/* NULL when there is none of that name. */
const struct command *command_find(const char *name);
/* Row `i` of the table, NULL past the end. */
const struct command *command_at(size_t i);
/* Runs it under the name "tcpshake NAME"; argv[0] is NAME. */
int command_run(const struct command *c, const struct surroundings *around, int argc, char **argv);

/* "tcpshake COMMAND: TEXT" on stderr; returns EXIT_TROUBLE. */
int command_fail(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* For a command that exists in the lab only: 0, or the status to exit with when it was called
 * elsewhere, or with options of the lab that mean nothing to it. */
int command_in_lab(const char *command, const struct surroundings *around);

#endif
