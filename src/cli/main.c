/* The program: finds the command and runs it. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static int print_help(FILE *to)
{
    (void)fprintf(to, "Usage: tcpshake COMMAND [OPTIONS] [TARGET]\n"
                      "       tcpshake --help | --version\n"
                      "Shakes hands with a TCP peer, one crafted segment at a time, and shows\n"
                      "what both ends did.\n\n");
    struct command c;
    for (size_t i = 0; command_at(&c, i); i++)
        (void)fprintf(to, "  %-12s %s\n", c.name, c.summary);
    (void)fprintf(to,
                  "\nTARGET is HOST:PORT, [V6]:PORT or HOST PORT.\n"
                  "'tcpshake COMMAND --help' lists a command's options; 'man tcpshake' has all.\n"
                  "No host of your own at hand? 'tcpshake lab open' needs none, and no root.\n");
    return EXIT_AS_EXPECTED;
}

static int print_version(void)
{
    (void)printf("tcpshake %s\n", PACKAGE_VERSION);
    return EXIT_AS_EXPECTED;
}

static int unknown(const char *name)
{
    (void)fprintf(stderr, "tcpshake: there is no command '%s'; 'tcpshake --help' lists them\n",
                  name);
    return EXIT_TROUBLE;
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

int main(int argc, char **argv)
{
    const struct context context = {0};

    argp_program_version = "tcpshake " PACKAGE_VERSION;
    /* A reader that goes away shows as a failed write, which has its own line. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        (void)print_help(stderr);
        return EXIT_TROUBLE;
    }
    if (is_one_of(argv[1], "-h", "--help", "help"))
        return print_help(stdout);
    if (is_one_of(argv[1], "-V", "--version", "version"))
        return print_version();
    struct command c;
    if (!command_find(&c, argv[1]))
        return unknown(argv[1]);
    return command_run(&c, &context, argc - 1, argv + 1);
}
