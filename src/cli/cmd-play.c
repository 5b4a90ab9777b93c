/* `tcpshake play`: a figure run against a peer, as measure/play/play.h does it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/figures.h"
#include "cli/measure.h"
#include "cli/payload.h"
#include "cli/watch.h"
#include "figure/check.h"
#include "figure/needs.h"
#include "figure/print.h"
#include "lab/lab_upper.h"
#include "measure/play/play.h"

enum {
    KEY_AS = 512,
    KEY_SAY,
    KEY_KEEP_GOING
};

struct line {
    struct arguments common;
    const char *figure, *say;
    enum end us;
    bool keep_going;
};

static const struct argp_option options[] = {
    {"as", KEY_AS, "A|B", 0, "Which of the figure's ends we are (default A)", 6},
    {"say", KEY_SAY, "TEXT", 0,
     "Say this to a peer that must be made to talk or to close; \\r \\n \\t \\0 \\\\ \\xHH are "
     "escapes, @FILE reads a file",
     6},
    {"keep-going", KEY_KEEP_GOING, NULL, 0, "Go on after a line that is not as figured", 6},
    {0},
};

static const char doc[] =
    "Runs a figure, the ladder notation of RFC 9293, against a peer: sends what our end of it "
    "sends, awaits what the other end sends, and holds both columns against what happens. FIGURE "
    "is one of the library ('tcpshake figures' lists it) or a file."
    "\vExit status: 0 as figured, 1 deviates, 2 usage or system error, 3 unknown.";

static error_t take_side(struct line *line, const struct argp_state *state, const char *arg)
{
    if (strcmp(arg, "A") == 0 || strcmp(arg, "a") == 0)
        line->us = END_A;
    else if (strcmp(arg, "B") == 0 || strcmp(arg, "b") == 0)
        line->us = END_B;
    else
        return arguments_refuse(state, "--as takes A or B, not '%s'", arg);
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    switch (key) {
    case KEY_AS:
        return take_side(line, state, arg);
    case KEY_SAY:
        line->say = arg;
        return 0;
    case KEY_KEEP_GOING:
        line->keep_going = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* --dry-run: the figure as it was understood, without a peer. */
static int show(const struct figure *f)
{
    struct text out;
    text_init(&out);
    figure_print(&out, f);
    bool ok = !out.failed && fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
    text_done(&out);
    return ok ? EXIT_AS_EXPECTED : command_fail("play", "cannot write standard output");
}

static void put_heading(struct text *out, const struct figure *f)
{
    text_printf(out, "title: %s\n", f->title[0] != '\0' ? f->title : f->name);
    if (f->cite[0] != '\0')
        text_printf(out, "cite:  %s\n", f->cite);
    figure_print_needs(out, f->needs);
}

static int play_with(const struct line *line, struct play *state, const char *heading,
                     const struct surroundings *around, int argc, char **argv)
{
    void *const states[] = {state};
    const struct watching neither_is_ours = {
        .options = &line->common,
        .around = around,
        .script = play_script(),
        .state = state,
        .heading = heading,
        .argc = argc,
        .argv = argv,
    };
    const struct measurement one_is_ours = {
        .options = &line->common,
        .around = around,
        .probe = play_script(),
        .states = states,
        .sessions = 1,
        .tries = 3,
        .peer_connects = needs_peer_opens(state->figure, line->us),
        .second_port = needs_second_port(state->figure),
        .heading = heading,
        .argc = argc,
        .argv = argv,
    };
    return around->between ? watch(&neither_is_ours) : measure(&one_is_ours);
}

static int play(const struct line *line, const struct figure *f, const struct payload *say,
                const struct surroundings *around, int argc, char **argv)
{
    struct text heading;
    struct play *state = calloc(1, sizeof(*state));
    if (state == NULL)
        return command_fail("play", "out of memory");
    text_init(&heading);
    put_heading(&heading, f);
    *state = (struct play){
        .figure = f,
        .us = around->between ? END_A : line->us,
        .say = say->data,
        .say_len = say->len,
        .reply_wait_ns = line->common.wait_ns,
        .keep_going = line->keep_going,
    };
    int code = play_with(line, state, heading.data, around, argc, argv);
    play_done(state);
    free(state);
    text_done(&heading);
    return code;
}

static int run_figure(struct line *line, const struct surroundings *around, int argc, char **argv)
{
    struct figure f;
    struct payload say = {0};
    struct fault fault;
    enum status s = figures_load(&f, line->figure, &fault);
    int code = EXIT_TROUBLE;
    if (s != STATUS_OK)
        return figures_fail("play", s, &fault);
    s = around->between       ? figure_check_between(&f, &fault)
        : around->lab != NULL ? figure_check_in_lab(&f, line->us, &fault)
                              : figure_check(&f, line->us, &fault);
    if (s != STATUS_OK) {
        code = figures_fail("play", s, &fault);
    } else if (line->say != NULL && payload_append(&say, line->say, &fault) != STATUS_OK) {
        code = command_fail("play", "%s", fault.text);
    } else if (line->common.dry_run) {
        code = show(&f);
    } else {
        line->common.timestamps = line->common.timestamps && needs_timestamps(&f);
        code = play(line, &f, &say, around, argc, argv);
    }
    payload_done(&say);
    figure_done(&f);
    return code;
}

static int run(const struct surroundings *around, int argc, char **argv)
{
    struct line line = {
        .common = arguments_defaults("play", 8 * CLOCK_S, 5 * CLOCK_MIN),
        .us = around->kernel_is_a ? END_B : END_A,
    };
    line.common.plays_figure = true;
    line.common.args_doc = "FIGURE [TARGET]";
    line.common.leading = &line.figure;
    int wrong = arguments_parse(&line.common, options, parse, &line, doc, argc, argv);
    if (wrong != 0)
        return wrong;
    if (line.figure == NULL)
        return command_fail("play", "which figure? 'tcpshake figures' lists those there are");
    return run_figure(&line, around, argc, argv);
}

const struct command cmd_play = {
    .name = "play",
    .usage = "[OPTIONS] FIGURE [TARGET]",
    .summary = "a figure of RFC 9293, or your own, run against a peer",
    .lab_app = "cue",
    .ends = COMMAND_EITHER,
    .run = run,
};
