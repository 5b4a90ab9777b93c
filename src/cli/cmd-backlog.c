/* `tcpshake lab backlog`: the SYN queue and the accept queue of a real listener, filled, looked
 * into, and emptied again, as measure/backlog/backlog.h tells it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/record.h"
#include "lab/live_backlog.h"

static const char name[] = "backlog";

enum {
    KEY_AS_GIVEN = 512,
    KEY_BACKLOG,
    KEY_CALLERS,
    KEY_FACE,
    KEY_WATCH
};
enum {
    BACKLOG_DEFAULT = 4,
    CALLERS_SPARE = 4, /* beyond what the SYN queue should hold */
};

struct line {
    struct arguments common;
    uint64_t backlog, callers; /* 0: by default */
    enum overflow face;        /* OVERFLOW_NONE: all of them */
    bool as_given;
    int64_t watch_ns;
};

static const struct argp_option options[] = {
    {"face", KEY_FACE, "HOW", 0,
     "Show one face only: no-syn-ack, syn-ack-repeated, silence or reset", 1},
    {"as-given", KEY_AS_GIVEN, NULL, 0,
     "Change no setting: show what becomes of the callers under those that the lab was given", 1},
    {"backlog", KEY_BACKLOG, "N", 0, "The listener's listen(N), 2 to 64 (default 4)", 1},
    {"callers", KEY_CALLERS, "N", 0,
     "How many fill the SYN queue, 1 to 100 (default: four more than N of --backlog)", 1},
    {"watch", KEY_WATCH, "TIME", 0, "How long a face is looked at (default 3.5s)", 2},
    {"deadline", 'w', "TIME", 0, "End after this time, whatever has happened (default 2m)", 2},
    {0},
};

static const char doc[] =
    "Fills the SYN queue and the accept queue of a listener that accepts nobody, shows what it "
    "does "
    "with those who call, the lengths of both queues from its kernel, and how it recovers. A full "
    "accept queue has four faces; each is brought about by the settings that cause it. Only in the "
    "lab: 'tcpshake lab backlog'."
    "\vExit status: 0 every face was seen where it was expected, 1 not so, 2 usage or system "
    "error, "
    "3 interrupted.";

static error_t take_face(struct line *line, const struct argp_state *state, const char *arg)
{
    line->face = overflow_from_word(arg);
    if (line->face != OVERFLOW_COUNT)
        return 0;
    return arguments_refuse(
        state, "--face takes no-syn-ack, syn-ack-repeated, silence or reset, not '%s'", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    switch (key) {
    case KEY_FACE:
        return take_face(line, state, arg);
    case KEY_AS_GIVEN:
        line->as_given = true;
        return 0;
    case KEY_BACKLOG:
        return arguments_number(state, "--backlog", arg, BACKLOG_LEAST, BACKLOG_MOST,
                                &line->backlog);
    case KEY_CALLERS:
        return arguments_number(state, "--callers", arg, 1, BACKLOG_CALLERS_MOST, &line->callers);
    case KEY_WATCH:
        return arguments_duration(state, "--watch", arg, &line->watch_ns);
    case 'w':
        return arguments_duration(state, "--deadline", arg, &line->common.deadline_ns);
    case ARGP_KEY_END:
        if (line->as_given && line->face != OVERFLOW_NONE)
            return arguments_refuse(state, "--face changes settings and --as-given does not: "
                                           "leave one of them out");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The parts that are needed. */
static void choose_parts(const struct line *line, struct backlog_config *story)
{
    const struct backlog_part *p;
    if (line->as_given) {
        story->parts[story->part_count++] = backlog_part_as_given();
        return;
    }
    for (size_t i = 0; (p = backlog_part_at(i)) != NULL; i++) {
        if (line->face == OVERFLOW_NONE || p->early == line->face)
            story->parts[story->part_count++] = p;
    }
    if (story->part_count == 0) /* that face is every part's */
        story->parts[story->part_count++] = backlog_part_at(0);
}

static enum status plan(const struct line *line, const struct lab *lab,
                        struct backlog_config *story, struct fault *fault)
{
    int given = lab_backlog(lab);
    if (given != 0 && (given < BACKLOG_LEAST || given > BACKLOG_MOST))
        return fault_set(fault, STATUS_MALFORMED,
                         "with lab --backlog %d the queues cannot be filled by few callers; it "
                         "takes %d to %d here",
                         given, BACKLOG_LEAST, BACKLOG_MOST);
    *story = (struct backlog_config){
        .backlog = line->backlog != 0 ? (int)line->backlog
                   : given != 0       ? given
                                      : BACKLOG_DEFAULT,
        .watch_ns = line->watch_ns,
    };
    story->callers =
        line->callers != 0 ? (unsigned)line->callers : (unsigned)story->backlog + CALLERS_SPARE;
    choose_parts(line, story);
    return STATUS_OK;
}

/* All that one run holds. */
struct stage {
    const struct line *line;
    struct lab *lab;
    struct record record;
    int argc;
    char **argv;
    int exit_code;
};

static enum status begin(struct stage *st, const struct live_backlog *live, struct fault *fault)
{
    const struct run_info info = {
        .command = name,
        .interface = live_backlog_interface(live),
        .clock = live_backlog_clock(live),
    };
    return record_begin(&st->record, &info, lab_at(st->lab, END_B), st->argc, st->argv, fault);
}

static enum status watch(struct stage *st, struct fault *fault)
{
    const struct line *line = st->line;
    struct record *r = &st->record;
    struct backlog_config story;
    enum status s = plan(line, st->lab, &story, fault);
    if (s == STATUS_OK)
        s = record_open(r, fault);
    if (s != STATUS_OK)
        return s;
    const struct live_backlog_config config = {
        .lab = st->lab,
        .key = hash_key_of_seed(r->seed),
        .repeatable = line->common.has_seed,
        .within_ns = line->common.deadline_ns,
        .progress = record_progress(r),
        .asked = record_asked,
        .arg = r,
    };
    struct live_backlog *live = live_backlog_open(&config, fault);
    if (live == NULL)
        return STATUS_SYSTEM;
    s = begin(st, live, fault);
    if (s == STATUS_OK)
        s = live_backlog_run(live, &story, &r->timeline, &st->exit_code, fault);
    output_progress_clear(&r->output);
    live_backlog_free(live);
    return s;
}

static int run(const struct surroundings *around, int argc, char **argv)
{
    struct line line = {
        .common = arguments_defaults(name, 0, 2 * CLOCK_MIN),
        .watch_ns = 7 * CLOCK_S / 2,
    };
    struct stage st = {.line = &line, .lab = around->lab, .argc = argc, .argv = argv};
    struct fault fault = {0};
    line.common.lab_only = true;
    int wrong = arguments_parse(&line.common, options, parse, &line, doc, argc, argv);
    if (wrong == 0)
        wrong = command_in_lab(name, around);
    if (wrong != 0)
        return wrong;
    record_init(&st.record, &line.common);
    enum status s = watch(&st, &fault);
    if (record_close(&st.record, s, &fault) != STATUS_OK)
        return command_fail(name, "%s", fault.text);
    return st.exit_code;
}

const struct command cmd_backlog = {
    .name = name,
    .usage = "[OPTIONS]",
    .summary = "a listener's two queues and the faces of a full one (in the lab)",
    .lab_app = "idle",
    .run = run,
};
