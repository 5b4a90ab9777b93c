/* `tcpshake lab`: any other command against a real Linux TCP peer in namespaces of this machine. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/arguments.h"
#include "net/live.h"
#include "figure/figure.h"

enum {
    KEY_APP = 512,
    KEY_SYSCTL,
    KEY_BACKLOG,
    KEY_TRUTH,
    KEY_A,
    KEY_B,
    KEY_DEAF,
    KEY_WIRE,
    KEY_SEED,
    KEY_RULE /* and one more for each row of the wire's table */
};
enum {
    SYSCTL_MAX = 32,
    SYSCTL_DEFAULTS_MAX = 8, /* of a command */
    BACKLOG_MAX = 65535,
    ROWS_MAX = 32,
    WIRE_GROUP = 1 /* in the help */
};

struct line {
    struct lab_options lab;
    const char *sysctls[SYSCTL_MAX + SYSCTL_DEFAULTS_MAX];
    bool truth;
    unsigned deaf;
    bool kernel[2]; /* --a kernel, --b kernel */
    struct netem_config wire;
    bool wired, seeded;
    int command_at; /* where COMMAND stands in argv */
};

static const struct argp_option own_options[] = {
    {"app", KEY_APP, "NAME", 0, "What listens there (default echo)", 0},
    {"sysctl", KEY_SYSCTL, "NAME=VALUE", 0, "Set in the peer's namespace; may be repeated", 0},
    {"backlog", KEY_BACKLOG, "N", 0,
     "How many connections may wait in the peer's accept queue: its listen(N)", 0},
    {NULL, '6', NULL, 0, "Use IPv6 between the two sides", 0},
    {"truth", KEY_TRUTH, NULL, 0,
     "After every segment, show the peer's real state from its kernel beside the inferred one", 0},
    {"a", KEY_A, "kernel", 0, "The peer is end A of a figure that is played, and we are B", 0},
    {"b", KEY_B, "kernel", 0,
     "The peer is end B, as it is by default; with --a kernel too, both ends are kernels and we "
     "are "
     "the wire between them",
     0},
    {"deaf", KEY_DEAF, "PERCENT", 0,
     "Do not hear this share of the peer's packets, at random; the same ones for the same seed", 0},
    {NULL, 0, NULL, 0, "The wire between the two sides:", WIRE_GROUP},
    {"wire", KEY_WIRE, NULL, 0,
     "Have every packet carried by a process between the sides; each option below does, too",
     WIRE_GROUP},
    {"seed", KEY_SEED, "N", 0, "What falls to chance on the wire, again", WIRE_GROUP},
};

/* Ours, and those that stand in the wire's table. */
static void list_options(struct argp_option all[ROWS_MAX])
{
    size_t n = sizeof(own_options) / sizeof(own_options[0]);
    memcpy(all, own_options, sizeof(own_options));
    for (size_t i = 0; n + 1 < ROWS_MAX && netem_rule_option(i) != NULL; i++) {
        const struct netem_option *o = netem_rule_option(i);
        all[n++] = (struct argp_option){o->name, KEY_RULE + (int)i, o->argument,
                                        0,       o->summary,        WIRE_GROUP};
    }
    all[n] = (struct argp_option){0};
}

static error_t take_sysctl(struct line *line, const struct argp_state *state, const char *arg)
{
    if (line->lab.sysctl_count == SYSCTL_MAX)
        return arguments_refuse(state, "more than %d --sysctl", SYSCTL_MAX);
    line->sysctls[line->lab.sysctl_count++] = arg;
    return 0;
}

static error_t take_backlog(struct line *line, const struct argp_state *state, const char *arg)
{
    uint64_t n = 0;
    error_t error = arguments_number(state, "--backlog", arg, 1, BACKLOG_MAX, &n);
    line->lab.backlog = (int)n;
    return error;
}

static error_t take_deaf(struct line *line, const struct argp_state *state, const char *arg)
{
    char number[16];
    uint64_t n = 0;
    size_t len = strlen(arg);
    bool marked = len > 1 && len < sizeof(number) && arg[len - 1] == '%';
    (void)snprintf(number, sizeof(number), "%.*s", (int)len - 1, arg);
    if (!text_to_number(marked ? number : arg, 0, LIVE_DEAF_MAX, &n))
        return arguments_refuse(state, "--deaf takes a share from 0%% to %d%%, not '%s'",
                                LIVE_DEAF_MAX, arg);
    line->deaf = (unsigned)n;
    return 0;
}

static error_t take_rule(struct line *line, const struct argp_state *state,
                         const struct netem_option *option, const char *arg)
{
    struct fault fault;
    line->wired = true;
    if (netem_rule_add(&line->wire.rules, option, arg, &fault) != STATUS_OK)
        return arguments_refuse(state, "%s", fault.text);
    return 0;
}

static error_t take_end(struct line *line, const struct argp_state *state, enum end end,
                        const char *arg)
{
    line->kernel[end] = true;
    if (strcmp(arg, "kernel") == 0)
        return 0;
    return arguments_refuse(state, "--%c takes kernel, not '%s'", end == END_A ? 'a' : 'b', arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->err_stream = NULL; /* one line of complaint is enough: getopt's */
        return 0;
    case KEY_APP:
        line->lab.app = arg;
        return 0;
    case KEY_SYSCTL:
        return take_sysctl(line, state, arg);
    case KEY_BACKLOG:
        return take_backlog(line, state, arg);
    case '6':
        line->lab.v6 = true;
        return 0;
    case KEY_TRUTH:
        line->truth = true;
        return 0;
    case KEY_A:
        return take_end(line, state, END_A, arg);
    case KEY_B:
        return take_end(line, state, END_B, arg);
    case KEY_DEAF:
        return take_deaf(line, state, arg);
    case KEY_WIRE:
        line->wired = true;
        return 0;
    case KEY_SEED:
        line->seeded = true;
        return arguments_number(state, "--seed", arg, 0, ARGUMENTS_SEED_MAX, &line->wire.seed);
    case ARGP_KEY_ARG:
        line->command_at = state->next - 1;
        state->next = state->argc; /* the rest is the command's */
        return 0;
    default:
        if (key >= KEY_RULE && netem_rule_option((size_t)(key - KEY_RULE)) != NULL)
            return take_rule(line, state, netem_rule_option((size_t)(key - KEY_RULE)), arg);
        return ARGP_ERR_UNKNOWN;
    }
}

/* The apps stand in one table, which the help shows as it is. */
static char *help_filter(int key, const char *text, void *input)
{
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)(uintptr_t)text;
    char *all = NULL;
    size_t n;
    FILE *f = open_memstream(&all, &n);
    if (f == NULL)
        return NULL;
    (void)fprintf(f,
                  "COMMAND is any other command, or 'sh' for a shell on our side, with the "
                  "peer's address and port in $PEER. Without a TARGET the peer is meant.\n\n"
                  "On the wire WAY is a-b, from our side, or b-a. A SHARE is 10%% or WAY:10%%; a "
                  "TIME is 20ms, 20ms+-5ms or WAY:20ms; a SEGMENT is WAY:BITS#N, the N-th of its "
                  "way with these control bits (#1 unless told; #* is each); WHICH is either of "
                  "SHARE and SEGMENT. For instance --drop a-b:FIN#1 --hold b-a:SYN,ACK#1:2s. "
                  "ARP and neighbour discovery always pass.\n\n"
                  "Apps:\n");
    for (size_t i = 0; lab_app_at(i) != NULL; i++)
        (void)fprintf(f, "  %-9s %s\n", lab_app_at(i)->name, lab_app_at(i)->summary);
    (void)fclose(f);
    return all;
}

static int parse_line(struct line *line, int argc, char **argv)
{
    struct argp_option options[ROWS_MAX];
    list_options(options);
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "COMMAND [ARGUMENTS]",
        .doc = "Runs a command against a real Linux TCP peer on this machine, in namespaces that "
               "go away with it; needs no root and no set-up.\v ",
        .help_filter = help_filter,
    };
    argp_err_exit_status = EXIT_TROUBLE;
    return argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, line) == 0 ? 0 : EXIT_TROUBLE;
}

/* So that `tcpshake open $PEER` works as typed, whether or not tcpshake is installed. */
static bool put_ourselves_into_path(void)
{
    char self[4096], path[8192];
    const char *old = getenv("PATH");
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n <= 0)
        return false;
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    int len = snprintf(path, sizeof(path), "%s:%s", self, old != NULL ? old : "/usr/bin:/bin");
    return len > 0 && (size_t)len < sizeof(path) && setenv("PATH", path, 1) == 0;
}

/* The shell takes our place, so that the peer's life hangs on the shell's. */
static int run_shell(const struct lab *lab, char **argv)
{
    char peer[ENDPOINT_TEXT_MAX];
    char standard[] = "/bin/sh";
    char *shell = getenv("SHELL");
    if (shell == NULL || shell[0] == '\0' || argv[1] != NULL)
        shell = standard;
    argv[0] = shell; /* bash behaves otherwise when it is called sh */
    if (setenv("PEER", endpoint_format(lab_at(lab, END_B), peer), 1) != 0 ||
        !put_ourselves_into_path())
        return command_fail("lab", "cannot prepare the shell's environment");
    (void)fflush(NULL);
    (void)execv(shell, argv);
    return command_fail("lab", "cannot run %s: %s", shell, strerror(errno));
}

static bool is_between_kernels(const struct measure *m)
{
    return m != NULL && (m->carrier == MEASURE_KERNELS || m->carrier == MEASURE_FIGURE);
}

/* What the command needs of the lab and the user has not chosen. */
static void prepare_for(struct line *line, const struct measure *m)
{
    size_t defaults = 0;
    if (m == NULL)
        return;
    if (line->lab.app == NULL)
        line->lab.app = m->lab_app;
    line->lab.between =
        m->carrier == MEASURE_KERNELS || (line->kernel[END_A] && line->kernel[END_B]);
    while (m->sysctls != NULL && m->sysctls[defaults].name != NULL)
        defaults++;
    memmove(line->sysctls + defaults, line->sysctls, line->lab.sysctl_count * sizeof(char *));
    for (size_t i = 0; i < defaults; i++) /* first, so that the user's come over them */
        line->sysctls[i] = m->sysctls[i].assignment;
    line->lab.sysctl_count += defaults;
}

/* What falls to chance falls anew in each run, unless a seed is given. */
static int lay_wire(struct line *line)
{
    if (!line->wired)
        return 0;
    if (line->lab.between)
        return command_fail("lab", "between two kernels we are the wire ourselves: leave out its "
                                   "options");
    if (!line->seeded &&
        getrandom(&line->wire.seed, sizeof(line->wire.seed), 0) != sizeof(line->wire.seed))
        return command_fail("lab", "the kernel gives no random numbers");
    line->wire.seed &= ARGUMENTS_SEED_MAX;
    line->lab.wire = &line->wire;
    return 0;
}

/* Rules on single segments do what they say, and no more than that. */
static bool is_chancy(const struct netem_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (rules->rule[i].share > 0 || rules->rule[i].action == NETEM_DELAY)
            return true;
    }
    return false;
}

static int run(const struct surroundings *around, int argc, char **argv)
{
    struct line line = {0};
    struct fault fault;

    (void)around;
    line.lab.sysctls = line.sysctls;
    int wrong = parse_line(&line, argc, argv);
    if (wrong != 0)
        return wrong;
    if (line.command_at == 0)
        return command_fail("lab", "no command; try 'tcpshake lab open'");
    const char *name = argv[line.command_at];
    struct command c = {0};
    bool shell = strcmp(name, "sh") == 0;
    if (!shell && (!command_find(&c, name) || c.run == run)) /* no lab in the lab */
        return command_fail("lab", "there is no command '%s' to run; 'tcpshake --help' lists them",
                            name);
    if (line.kernel[END_A] && line.kernel[END_B] && !is_between_kernels(c.measure))
        return command_fail("lab", "'%s' needs an end of ours; leave out --a or --b", name);
    prepare_for(&line, c.measure);
    wrong = lay_wire(&line);
    if (wrong != 0)
        return wrong;
    struct lab *lab = lab_open(&line.lab, &fault);
    if (lab == NULL)
        return command_fail("lab", "%s", fault.text);
    const struct surroundings inside = {.lab = lab,
                                        .truth = line.truth,
                                        .deaf = line.deaf,
                                        .kernel_is_a = line.kernel[END_A],
                                        .between = line.lab.between,
                                        .sysctls = line.sysctls,
                                        .sysctl_count = line.lab.sysctl_count,
                                        .chancy = is_chancy(&line.wire.rules)};
    int code = shell ? run_shell(lab, argv + line.command_at)
                     : command_run(&c, &inside, argc - line.command_at, argv + line.command_at);
    lab_close(lab);
    return code;
}

const struct command cmd_lab = {
    .name = "lab",
    .summary = "any command against a real Linux peer on this machine, without root",
    .run = run,
};
