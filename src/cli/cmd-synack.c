/* `tcpshake synack`: the schedule of SYN-ACK retransmissions, as probe/synack.h measures it. */
#include <stdlib.h>

#include "base/clock.h"
#include "cli/measure.h"
#include "measure/synack/synack.h"

enum {
    KEY_LISTEN = 512,
    KEY_REPEAT
};
enum {
    REPEAT_MAX = 100
};

struct line {
    struct arguments common;
    int64_t listen_ns;
    uint64_t repeat;
};

static const struct argp_option options[] = {
    {"listen", KEY_LISTEN, "TIME", 0,
     "Listen no longer than this after the first SYN-ACK "
     "(default 300s)",
     6},
    {"repeat", KEY_REPEAT, "N", 0,
     "Measure N times, one after the other, each from a fresh port, "
     "and show the spread",
     6},
    {0},
};

static const char doc[] =
    "Sends exactly one SYN, never acknowledges the answer, and measures how the peer "
    "retransmits its SYN-ACK. The half-open entry is reset at the end."
    "\vExit status: 0 measured, 1 closed, 2 usage or system error, 3 no answer.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    switch (key) {
    case KEY_LISTEN:
        return arguments_duration(state, "--listen", arg, &line->listen_ns);
    case KEY_REPEAT:
        return arguments_number(state, "--repeat", arg, 1, REPEAT_MAX, &line->repeat);
    case ARGP_KEY_END:
        if (line->repeat > 1 && line->common.sport != 0)
            return arguments_refuse(state,
                                    "--repeat needs a fresh port each time: leave --sport out");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void summarise(void *const *states, size_t n, struct result *r)
{
    const struct synack *measured[REPEAT_MAX];
    for (size_t i = 0; i < n; i++)
        measured[i] = states[i];
    synack_report_spread(measured, n, r);
}

static int run(const struct surroundings *around, int argc, char **argv)
{
    struct line line = {
        .common = arguments_defaults("synack", 8 * CLOCK_S, CLOCK_NEVER),
        .listen_ns = 300 * CLOCK_S,
        .repeat = 1,
    };
    void *states[REPEAT_MAX];

    int wrong = arguments_parse(&line.common, options, parse, &line, doc, argc, argv);
    if (wrong != 0)
        return wrong;
    struct synack *each = calloc(line.repeat, sizeof(*each));
    if (each == NULL)
        return command_fail("synack", "out of memory");
    for (size_t i = 0; i < line.repeat; i++) {
        each[i].reply_wait_ns = line.common.wait_ns;
        each[i].listen_ns = line.listen_ns;
        states[i] = &each[i];
    }
    const struct measurement m = {
        .options = &line.common,
        .around = around,
        .probe = synack_script(),
        .states = states,
        .sessions = line.repeat,
        .tries = 1,
        .summarise = summarise,
        .argc = argc,
        .argv = argv,
    };
    int code = measure(&m);
    free(each);
    return code;
}

const struct command cmd_synack = {
    .name = "synack",
    .usage = "[OPTIONS] TARGET",
    .summary = "how the peer retransmits its SYN-ACK: the gaps, their model, the end",
    .run = run,
};
