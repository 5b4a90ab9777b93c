/* `tcpshake ping`: a SYN now and then, and how long the answer takes, as ping does it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/ping_session.h"
#include "net/live_survey.h"

static const char name[] = "ping";

enum {
    KEY_LIVE = 512
};
#define INTERVAL_LEAST CLOCK_MS

struct line {
    struct arguments common;
    uint64_t count;
    int64_t interval_ns;
    const char *file;
    bool live;
};

static const struct argp_option options[] = {
    {"count", 'c', "N", 0, "Stop after N SYNs to each target (default: go on)", 6},
    {"interval", 'i', "TIME", 0,
     "From one SYN to a target to the next, at least 1ms (default 1s); several targets share it "
     "evenly",
     6},
    {"timestamp", 'D', NULL, 0, "Print the time, in seconds since 1970, before each line", 6},
    {"file", 'f', "FILE", 0,
     "Ask the targets in this file too, one a line, # begins a comment; - is standard input", 6},
    {"live", KEY_LIVE, NULL, 0,
     "In place of a line a probe show one line on the terminal that moves with them", 6},
    {0},
};

static const char doc[] =
    "Sends a SYN each second, resets what the SYN-ACK opens with exactly the number that the peer "
    "expects, and prints a line for each answer and statistics at the end, as ping does. A closed "
    "port answers too; a retransmitted SYN-ACK is no answer and gives no RTT."
    "\vExit status: 0 open at least once, 1 answered and never open, 2 usage or system error, 3 no "
    "answer.";

static error_t take_count(struct line *line, const struct argp_state *state, const char *arg)
{
    return arguments_number(state, "--count", arg, 1, UINT32_MAX, &line->count);
}

static error_t take_interval(struct line *line, const struct argp_state *state, const char *arg)
{
    error_t error = arguments_duration(state, "--interval", arg, &line->interval_ns);
    if (error == 0 && line->interval_ns < INTERVAL_LEAST)
        return arguments_refuse(state,
                                "--interval takes 1ms or more, not '%s': faster than that is no "
                                "measurement but a flood",
                                arg);
    return error;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    switch (key) {
    case 'c':
        return take_count(line, state, arg);
    case 'i':
        return take_interval(line, state, arg);
    case 'D':
        line->common.stamped = true;
        return 0;
    case 'f':
        line->file = arg;
        return 0;
    case KEY_LIVE:
        line->live = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What does not apply is refused rather than ignored. */
static int check_options(const struct line *line, const struct surroundings *around)
{
    const struct arguments *o = &line->common;
    if (o->pcapng != NULL || o->mermaid != NULL)
        return command_fail(name,
                            "%s records one conversation, and these are many: 'tcpshake open "
                            "%s FILE' records one",
                            o->pcapng != NULL ? "--pcapng" : "--mermaid",
                            o->pcapng != NULL ? "--pcapng" : "--mermaid");
    if (o->dry_run)
        return command_fail(name, "--dry-run has nothing to show here: 'tcpshake open --dry-run' "
                                  "shows the same SYN");
    if (o->has_isn)
        return command_fail(name, "--isn would make all SYNs one: each has a number of its own");
    if (around->truth || around->deaf != 0 || around->kernel_is_a)
        return command_fail(name, "%s of the lab means nothing here",
                            around->truth       ? "--truth"
                            : around->deaf != 0 ? "--deaf"
                                                : "--a");
    if (line->live && !isatty(STDERR_FILENO))
        return command_fail(name, "--live needs a terminal on standard error to draw on");
    return 0;
}

/* Nobody is asked faster than the engine sends: a SYN and a reset each. */
static int check_pace(const struct line *line, size_t targets)
{
    const int64_t least = 2 * CLOCK_S / TX_PLAIN_RATE;
    if (line->interval_ns >= least * (int64_t)targets)
        return 0;
    return command_fail(name,
                        "%zu targets need an --interval of %gms at least: more than %d SYNs "
                        "a second are a survey's",
                        targets, (double)(least * (int64_t)targets) / (double)CLOCK_MS,
                        TX_PLAIN_RATE / 2);
}

static void complain(void *arg, const char *text)
{
    (void)arg;
    (void)fprintf(stderr, "tcpshake ping: %s\n", text);
}

static enum status find_targets(const struct line *line, const struct surroundings *around,
                                struct ping_list *list, struct fault *fault)
{
    const struct arguments *o = &line->common;
    enum status s = STATUS_OK;
    if (o->word_count == 0 && line->file == NULL && around->lab != NULL)
        s = ping_list_add(list, o, lab_at(around->lab, END_B), 0, NULL, fault);
    if (s == STATUS_OK)
        s = ping_list_words(list, o, fault);
    if (s == STATUS_OK && line->file != NULL)
        s = ping_list_file(list, o, line->file, complain, NULL, fault);
    if (s != STATUS_OK || list->count > 0)
        return s;
    if (line->file != NULL)
        return fault_set(fault, STATUS_MALFORMED, "no target in %s",
                         strcmp(line->file, "-") == 0 ? "standard input" : line->file);
    return fault_set(fault, STATUS_MALFORMED,
                     "no target; write HOST:PORT, [V6]:PORT or HOST PORT, or put 'lab' before the "
                     "command to run it against a peer on this machine");
}

static int ask(struct line *line, const struct surroundings *around, int argc, char **argv)
{
    struct fault fault = {0};
    struct ping_list list;
    ping_list_init(&list);
    int code = find_targets(line, around, &list, &fault) == STATUS_OK
                   ? check_pace(line, list.count)
                   : command_fail(name, "%s", fault.text);
    if (code == 0) {
        const struct ping_session p = {
            .options = &line->common,
            .list = &list,
            .count = line->count,
            .interval_ns = line->interval_ns,
            .live = line->live,
            .argc = argc,
            .argv = argv,
        };
        code = ping_session(&p);
    }
    ping_list_done(&list);
    return code;
}

static int run(const struct surroundings *around, int argc, char **argv)
{
    struct line line = {
        .common = arguments_defaults(name, CLOCK_S, CLOCK_NEVER),
        .interval_ns = CLOCK_S,
    };
    line.common.pings = true;
    line.common.args_doc = "TARGET...";
    line.common.words = calloc((size_t)argc, sizeof(*line.common.words));
    if (line.common.words == NULL)
        return command_fail(name, "out of memory");
    int code = arguments_parse(&line.common, options, parse, &line, doc, argc, argv);
    if (code == 0)
        code = check_options(&line, around);
    line.common.quiet = line.common.quiet || line.live;
    if (code == 0)
        code = ask(&line, around, argc, argv);
    free(line.common.words);
    return code;
}

const struct command cmd_ping = {
    .name = name,
    .usage = "[OPTIONS] TARGET...",
    .summary = "a SYN a second, and how long the answer takes, as ping does",
    .run = run,
};
