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
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/option_row.h"
#include "net/live.h"

enum {
    KEY_ROW = 512,  /* of rows without a letter, one after the other */
    KEY_WIRE = 600, /* the same on the wire */
    KEY_RULE = 700, /* a row of the wire's own table */
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

static enum status take_sysctl(void *field, const char *arg, struct fault *fault)
{
    struct line *line = field;
    if (line->lab.sysctl_count == SYSCTL_MAX)
        return fault_set(fault, STATUS_MALFORMED, "more than %d --sysctl", SYSCTL_MAX);
    line->sysctls[line->lab.sysctl_count++] = arg;
    return STATUS_OK;
}

static enum status take_deaf(void *field, const char *arg, struct fault *fault)
{
    char number[16];
    uint64_t n = 0;
    size_t len = strlen(arg);
    bool marked = len > 1 && len < sizeof(number) && arg[len - 1] == '%';
    (void)snprintf(number, sizeof(number), "%.*s", (int)len - 1, arg);
    if (!text_to_number(marked ? number : arg, 0, LIVE_RX_LOSS_MAX, &n))
        return fault_set(fault, STATUS_MALFORMED, "--deaf takes a share from 0%% to %d%%, not '%s'",
                         LIVE_RX_LOSS_MAX, arg);
    *(unsigned *)field = (unsigned)n;
    return STATUS_OK;
}

static const char *const kernel[] = {"kernel", NULL};

#define FIELD(member) .field = MEASURE_FIELD(struct line, member)
#define GIVEN(member) .given = MEASURE_FIELD(struct line, member)

static const struct measure_option own[] = {
    {"app", 0, 0, MEASURE_STRING, "NAME", "What listens there (default echo)", FIELD(lab.app)},
    {"sysctl", 0, 0, MEASURE_TAKEN, "NAME=VALUE", "Set in the peer's namespace; may be repeated",
     .take = take_sysctl},
    {"backlog", 0, 0, MEASURE_NUMBER, "N",
     "How many connections may wait in the peer's accept queue: its listen(N)", NULL, 1,
     BACKLOG_MAX, FIELD(lab.backlog)},
    {NULL, '6', 0, MEASURE_FLAG, NULL, "Use IPv6 between the two sides", FIELD(lab.v6)},
    {"truth", 0, 0, MEASURE_FLAG, NULL,
     "After every segment, show the peer's real state from its kernel beside the inferred one",
     FIELD(truth)},
    {"a", 0, 0, MEASURE_WORD, "kernel",
     "The peer is end A of a figure that is played, and we are B", .words = kernel,
     GIVEN(kernel[END_A])},
    {"b", 0, 0, MEASURE_WORD, "kernel",
     "The peer is end B, as it is by default; with --a kernel too, both ends are kernels and we "
     "are the wire between them",
     .words = kernel, GIVEN(kernel[END_B])},
    {"deaf", 0, 0, MEASURE_TAKEN, "PERCENT",
     "Do not hear this share of the peer's packets, at random; the same ones for the same seed",
     FIELD(deaf), .take = take_deaf},
    {0},
};

static const struct measure_option of_wire[] = {
    {"wire", 0, WIRE_GROUP, MEASURE_FLAG, NULL,
     "Have every packet carried by a process between the sides; each option below does, too",
     FIELD(wired)},
    {"seed", 0, WIRE_GROUP, MEASURE_NUMBER, "N", "What falls to chance on the wire, again", NULL, 0,
     ARGUMENTS_SEED_MAX, FIELD(wire.seed), GIVEN(seeded)},
    {0},
};

/* Ours, and those that stand in the wire's table. */
static void list_options(struct argp_option all[ROWS_MAX])
{
    size_t n = option_row_list(own, KEY_ROW, all);
    all[n++] = (struct argp_option){.doc = "The wire between the two sides:", .group = WIRE_GROUP};
    n += option_row_list(of_wire, KEY_WIRE, all + n);
    for (size_t i = 0; n + 1 < ROWS_MAX && netem_rule_option(i) != NULL; i++) {
        const struct netem_option *o = netem_rule_option(i);
        all[n++] = (struct argp_option){o->name, KEY_RULE + (int)i, o->argument,
                                        0,       o->summary,        WIRE_GROUP};
    }
    all[n] = (struct argp_option){0};
}

static error_t take_key(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    struct fault fault;
    enum status s;
    const struct measure_option *row = option_row_of(own, KEY_ROW, key);
    if (key == ARGP_KEY_INIT) {
        state->err_stream = NULL; /* one line of complaint is enough: getopt's */
        return 0;
    }
    if (key == ARGP_KEY_ARG) {
        line->command_at = state->next - 1;
        state->next = state->argc; /* the rest is the command's */
        return 0;
    }
    if (row == NULL)
        row = option_row_of(of_wire, KEY_WIRE, key);
    const struct netem_option *rule =
        row == NULL && key >= KEY_RULE ? netem_rule_option((size_t)(key - KEY_RULE)) : NULL;
    if (row != NULL)
        s = option_row_take(row, line, arg, &fault);
    else if (rule != NULL)
        s = netem_rule_add(&line->wire.rules, rule, arg, &fault);
    else
        return ARGP_ERR_UNKNOWN;
    line->wired = line->wired || rule != NULL;
    return s == STATUS_OK ? 0 : arguments_refuse(state, "%s", fault.text);
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
        .parser = take_key,
        .args_doc = "COMMAND [ARGUMENTS]",
        .doc = "Runs a command against a real Linux TCP peer on this machine, in namespaces that "
               "go away with it; needs no root and no set-up.\v ",
        .help_filter = help_filter,
    };
    argp_err_exit_status = EXIT_TROUBLE;
    return argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, line) == 0 ? 0 : EXIT_TROUBLE;
}

/* So that `tcpshake open $PEER` works as typed, whether or not tcpshake is installed. Last, as the
 * folder may be one that others write to. */
static bool put_ourselves_into_path(void)
{
    char self[4096], path[8192];
    const char *old = getenv("PATH");
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n <= 0)
        return false;
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    int len = snprintf(path, sizeof(path), "%s:%s", old != NULL ? old : "/usr/bin:/bin", self);
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

static int run(const struct context *context, int argc, char **argv)
{
    struct line line = {0};
    struct fault fault;

    (void)context;
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
    const struct context inside = {.lab = lab,
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
