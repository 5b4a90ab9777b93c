/* The program: finds the command and runs it. */
#include <argp.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* The descriptors 0 to 2 that whoever started us has closed are taken, for the other direction:
 * what is opened next must not get their numbers, and what is written there has to fail. */
static bool hold_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false;
    }
    return true;
}

/* With the rights of whoever owns the file, every file that a user names would be read and written
 * with them. */
static bool is_setuid(void)
{
    return getuid() != geteuid() || getgid() != getegid();
}

static int refuse_setuid(void)
{
    char self[200] = "";
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    (void)fprintf(stderr,
                  "tcpshake: not with a setuid or setgid bit: `sudo chmod ug-s %1$s`, then `sudo "
                  "setcap cap_net_raw+ep %1$s`\n",
                  n > 0 ? self : "tcpshake");
    return EXIT_TROUBLE;
}

/* What ends libevent is one line, and not the exit status of a closed port. */
static void tell(int severity, const char *message)
{
    if (severity == EVENT_LOG_ERR)
        (void)fprintf(stderr, "tcpshake: %s\n", message);
}

static void give_up(int error)
{
    (void)error;
    _exit(EXIT_TROUBLE);
}

int main(int argc, char **argv)
{
    const struct context context = {0};

    if (!hold_standard_descriptors())
        return EXIT_TROUBLE;
    if (is_setuid())
        return refuse_setuid();
    event_set_log_callback(tell);
    event_set_fatal_callback(give_up);

    argp_program_version = "tcpshake " PACKAGE_VERSION;
    /* A reader that goes away, and a limit to the size of files, show as a failed write, which has
     * its own line. */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
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
