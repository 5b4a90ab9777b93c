/* `tcpshake open`: a handshake and a close, as probe/open.h does them. */
#include <string.h>

#include "base/clock.h"
#include "cli/measure.h"
#include "cli/payload.h"
#include "measure/open.h"

enum {
    KEY_DATA = 512,
    KEY_SAY,
    KEY_CLOSE,
    KEY_TRIES
};

struct line {
    struct arguments common;
    const char *data, *say;
    enum open_close close;
    uint64_t tries;
};

static const struct argp_option options[] = {
    {"data", KEY_DATA, "TEXT", 0, "Data on the third segment of the handshake; TEXT as for --say",
     6},
    {"say", KEY_SAY, "TEXT", 0,
     "Data after the handshake; \\r \\n \\t \\0 \\\\ \\xHH are escapes, @FILE reads a file", 6},
    {"close", KEY_CLOSE, "HOW", 0,
     "fin: our FIN first (default); rst: a reset, exactly acceptable; wait: let the peer close "
     "first",
     6},
    {"tries", KEY_TRIES, "N", 0, "Send a segment at most N times (default 3)", 6},
    {0},
};

static error_t take_close(struct line *line, const struct argp_state *state, const char *arg)
{
    if (strcmp(arg, "fin") == 0)
        line->close = OPEN_CLOSE_FIN;
    else if (strcmp(arg, "rst") == 0)
        line->close = OPEN_CLOSE_RST;
    else if (strcmp(arg, "wait") == 0)
        line->close = OPEN_CLOSE_WAIT;
    else
        return arguments_refuse(state, "--close takes fin, rst or wait, not '%s'", arg);
    return 0;
}

static const char doc[] =
    "Opens a TCP connection with crafted segments, closes it in order, and shows both "
    "ends' states, the times and the peer's options."
    "\vExit status: 0 open, 1 closed, 2 usage or system error, 3 no answer.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    switch (key) {
    case KEY_DATA:
        line->data = arg;
        return 0;
    case KEY_SAY:
        line->say = arg;
        return 0;
    case KEY_CLOSE:
        return take_close(line, state, arg);
    case KEY_TRIES:
        return arguments_number(state, "--tries", arg, 1, OURS_SYNS_MAX, &line->tries);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum status gather(const struct line *line, struct payload *p, size_t *first,
                          struct fault *fault)
{
    enum status s = line->data != NULL ? payload_append(p, line->data, fault) : STATUS_OK;
    *first = p->len;
    if (s == STATUS_OK && line->say != NULL)
        s = payload_append(p, line->say, fault);
    return s;
}

static int run(const struct surroundings *around, int argc, char **argv)
{
    /* A wire that loses one packet in five would have one of a hundred runs end without an answer.
     */
    bool patient = around->chancy;
    struct line line = {
        .common = arguments_defaults("open", patient ? 2 * CLOCK_MIN : 8 * CLOCK_S,
                                     patient ? 3 * CLOCK_MIN : CLOCK_MIN),
        .close = OPEN_CLOSE_FIN,
        .tries = patient ? 7 : 3,
    };
    struct payload payload = {0};
    struct fault fault;
    size_t first;

    int wrong = arguments_parse(&line.common, options, parse, &line, doc, argc, argv);
    if (wrong != 0)
        return wrong;
    if (gather(&line, &payload, &first, &fault) != STATUS_OK) {
        payload_done(&payload);
        return command_fail("open", "%s", fault.text);
    }
    struct open state = {
        .close = line.close,
        .reply_wait_ns = line.common.wait_ns,
        .payload = payload.data,
        .payload_len = payload.len,
        .payload_first = first,
    };
    void *const states[] = {&state};
    const struct measurement m = {
        .options = &line.common,
        .around = around,
        .probe = open_script(),
        .states = states,
        .sessions = 1,
        .tries = (unsigned)line.tries,
        .argc = argc,
        .argv = argv,
    };
    int code = measure(&m);
    payload_done(&payload);
    return code;
}

const struct command cmd_open = {
    .name = "open",
    .usage = "[OPTIONS] TARGET",
    .summary = "a handshake and a close, every segment shown",
    .run = run,
};
