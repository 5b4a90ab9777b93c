/* `tcpshake lab crash`: what a kernel sees when the other end goes away, as probe/crash.h does it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/watch.h"
#include "measure/crash.h"

enum {
    KEY_WAY = 512,
    SETTING_MAX = 100000
};

struct line {
    struct arguments common;
    unsigned ways;
};

static const struct argp_option options[] = {
    {"way", KEY_WAY, "WAY", 0,
     "How B goes away: killed, killed-unread, gone, gone-talking; may be repeated (default: all of "
     "them, one after the other)",
     6},
    {0},
};

static const char doc[] =
    "Shows, between two kernels of the lab, what A sees when B goes away: B's process is killed, "
    "and its kernel closes for it; or B's machine disappears, and A finds out by keepalive probes, "
    "or by what it has to send. What decides when are the settings net.ipv4.tcp_keepalive_time, "
    "_intvl, _probes and tcp_retries2, which are the lab's to set."
    "\vExit status: 0 as the RFCs and the settings have it, 1 otherwise, 2 usage or system error, "
    "3 "
    "it could not be shown to its end.";

static error_t take_way(struct line *line, const struct argp_state *state, const char *arg)
{
    for (enum crash_way w = 0; w < CRASH_WAYS; w++) {
        if (strcmp(arg, crash_way_name(w)) == 0) {
            line->ways |= 1u << w;
            return 0;
        }
    }
    return arguments_refuse(
        state, "--way takes killed, killed-unread, gone or gone-talking, not '%s'", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    return key == KEY_WAY ? take_way(state->input, state, arg) : ARGP_ERR_UNKNOWN;
}

/* The last one that is in force; the lab has accepted it, so it is a number of its kernel's. */
static uint64_t setting(const struct surroundings *around, const char *name)
{
    uint64_t value = 0;
    size_t n = strlen(name);
    for (size_t i = 0; i < around->sysctl_count; i++) {
        const char *s = around->sysctls[i];
        if (strncmp(s, name, n) == 0 && s[n] == '=')
            (void)text_to_number(s + n + 1, 0, SETTING_MAX, &value);
    }
    return value;
}

static int run(const struct surroundings *around, int argc, char **argv)
{
    struct line line = {.common = arguments_defaults("crash", CLOCK_S, 10 * CLOCK_MIN)};
    line.common.lab_only = true;
    int wrong = arguments_parse(&line.common, options, parse, &line, doc, argc, argv);
    if (wrong != 0)
        return wrong;
    wrong = command_in_lab("crash", around);
    if (wrong != 0)
        return wrong;
    struct crash state = {
        .ways = line.ways != 0 ? line.ways : (1u << CRASH_WAYS) - 1,
        .keepalive_time_ns = (int64_t)setting(around, "net.ipv4.tcp_keepalive_time") * CLOCK_S,
        .keepalive_interval_ns = (int64_t)setting(around, "net.ipv4.tcp_keepalive_intvl") * CLOCK_S,
        .keepalive_probes = (unsigned)setting(around, "net.ipv4.tcp_keepalive_probes"),
        .retries = (unsigned)setting(around, "net.ipv4.tcp_retries2"),
    };
    const struct watching w = {
        .options = &line.common,
        .around = around,
        .script = crash_script(),
        .state = &state,
        .argc = argc,
        .argv = argv,
    };
    return watch(&w);
}

static const char *const sysctls[] = {
    "net.ipv4.tcp_keepalive_time=2",
    "net.ipv4.tcp_keepalive_intvl=1",
    "net.ipv4.tcp_keepalive_probes=3",
    "net.ipv4.tcp_retries2=3",
    NULL,
};

const struct command cmd_crash = {
    .name = "crash",
    .usage = "[OPTIONS]",
    .summary = "what a kernel sees when the other end goes away (in the lab)",
    .lab_app = "hold",
    .ends = COMMAND_TWO_KERNELS,
    .lab_sysctls = sysctls,
    .run = run,
};
