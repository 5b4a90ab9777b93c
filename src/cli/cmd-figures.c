/* `tcpshake figures`: what figures there are, what is in them, and whether a file is one. Sends
 * nothing. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/carry.h"
#include "figure/check.h"
#include "figure/library.h"
#include "figure/parse.h"
#include "render/prose.h"

enum {
    KEY_CHECK = 512
};
enum {
    COLUMNS = 80, /* of the list, whatever the terminal has: titles are short */
    GAP = 2
};

struct line {
    bool check;
    int first, count; /* the operands in argv */
};

static const struct argp_option options[] = {
    {"check", KEY_CHECK, NULL, 0, "Read FILEs (- is stdin) and say whether they are figures", 0},
    {0},
};

static error_t take_key(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        state->err_stream = NULL; /* one line of complaint is enough: getopt's */
        return 0;
    case KEY_CHECK:
        line->check = true;
        return 0;
    case ARGP_KEY_ARGS: /* options have been moved before them */
        line->first = state->next;
        line->count = state->argc - state->next;
        return 0;
    case ARGP_KEY_END:
        if (line->check && line->count == 0)
            return arguments_refuse(state, "--check needs a FILE");
        if (!line->check && line->count > 1)
            return arguments_refuse(state, "one NAME at a time, not also '%s'",
                                    state->argv[line->first + 1]);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int parse_line(struct line *line, int argc, char **argv)
{
    const struct argp argp = {
        .options = options,
        .parser = take_key,
        .args_doc = "\nNAME\n--check FILE...",
        .doc = "Lists the library of figures, prints the source of one, or checks files. "
               "Nothing is sent.\v"
               "A figure is an exchange in the notation of RFC 9293, Figures 6 to 13.",
    };
    argp_err_exit_status = EXIT_TROUBLE;
    return argp_parse(&argp, argc, argv, 0, NULL, line) == 0 ? 0 : EXIT_TROUBLE;
}

/* The list. */

static size_t widest_name(void)
{
    size_t widest = 0;
    for (size_t i = 0; figure_library_name(i) != NULL; i++) {
        size_t n = strlen(figure_library_name(i));
        widest = n > widest ? n : widest;
    }
    return widest;
}

/* "RFC 9293 Figure 12; the peer closes" */
static void put_origin(struct text *out, const struct figure *f)
{
    const char *before = *f->cite != '\0' ? "; the peer " : "The peer ";
    text_put(out, f->cite, strlen(f->cite));
    for (unsigned bit = 1; bit <= f->needs; bit <<= 1) {
        const char *word = figure_need(bit);
        if ((f->needs & bit) == 0 || word == NULL)
            continue;
        text_printf(out, "%s%s", before, bit == FIGURE_NEEDS_NOTHING ? "does not listen" : word);
        before = ", ";
    }
}

static enum status put_entry(struct text *out, const char *name, size_t widest, struct fault *fault)
{
    const char *source = figure_library_source(name);
    const struct style style = {.columns = COLUMNS};
    struct figure f;
    struct text head, rest, origin;
    enum status s = figure_parse(&f, name, source, strlen(source), fault);
    if (s != STATUS_OK)
        return s;
    text_init(&head);
    text_init(&rest);
    text_init(&origin);
    text_put(&head, name, strlen(name));
    text_pad(&head, widest + GAP);
    text_pad(&rest, widest + GAP);
    put_origin(&origin, &f);
    if (head.failed || rest.failed || origin.failed) {
        s = fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    } else {
        prose_fill(out, &style, PROSE_PLAIN, head.data, rest.data, f.title);
        prose_fill(out, &style, PROSE_PLAIN, rest.data, rest.data, origin.data);
    }
    text_done(&head);
    text_done(&rest);
    text_done(&origin);
    figure_done(&f);
    return s;
}

/* Whether it is one of a folder's: those stand behind an empty line. */
static bool is_apart(size_t i)
{
    return strchr(figure_library_name(i), '/') != NULL;
}

static int list_library(void)
{
    struct text out;
    struct fault fault;
    enum status s = STATUS_OK;
    size_t widest = widest_name();
    text_init(&out);
    for (size_t i = 0; s == STATUS_OK && figure_library_name(i) != NULL; i++) {
        if (i > 0 && is_apart(i) && !is_apart(i - 1))
            text_put(&out, "\n", 1);
        s = put_entry(&out, figure_library_name(i), widest, &fault);
    }
    if (s != STATUS_OK) {
        text_done(&out);
        return command_fail("figures", "%s", fault.text);
    }
    return command_print("figures", &out);
}

static int show(const char *name)
{
    const char *source = figure_library_source(name);
    struct text out;
    if (source == NULL)
        return command_fail("figures", "there is no figure '%s'; 'tcpshake figures' lists them",
                            name);
    text_init(&out);
    text_put(&out, source, strlen(source));
    return command_print("figures", &out);
}

/* Files. */

/* A figure that can be played by one end only is one; which one it is that cannot is said. */
static enum status check_roles(const struct figure *f, struct text *out, struct fault *fault)
{
    struct fault as_a, as_b;
    enum status a = figure_check(f, END_A, &as_a), b = figure_check(f, END_B, &as_b);
    if (a != STATUS_OK && b != STATUS_OK) {
        *fault = as_a;
        return a;
    }
    size_t file = strlen(f->name) + 1; /* it stands before both */
    text_printf(out, "%s: ok", f->name);
    if (a != STATUS_OK)
        text_printf(out, " as B only: %s", as_a.text + file);
    if (b != STATUS_OK)
        text_printf(out, " as A only: %s", as_b.text + file);
    text_put(out, "\n", 1);
    return STATUS_OK;
}

/* What is wrong in a figure begins with FILE:LINE:COLUMN, for editors. */
static void fail(enum status s, const struct fault *fault)
{
    if (s == STATUS_MALFORMED)
        (void)fprintf(stderr, "%s\n", fault->text);
    else
        (void)command_fail("figures", "%s", fault->text);
}

/* What is to be said of it in `out`, which stays empty where it is none. */
static enum status check_file(const char *name, struct text *out, struct fault *fault)
{
    struct figure f;
    enum status s = carry_figure_read(&f, name, fault);
    if (s != STATUS_OK)
        return s;
    s = check_roles(&f, out, fault);
    figure_done(&f);
    return s;
}

static int check_files(char **names, int count)
{
    int code = EXIT_AS_EXPECTED;
    for (int i = 0; i < count; i++) {
        struct text out;
        struct fault fault;
        text_init(&out);
        enum status s = check_file(names[i], &out, &fault);
        if (s != STATUS_OK)
            fail(s, &fault);
        if (s != STATUS_OK || command_print("figures", &out) != EXIT_AS_EXPECTED)
            code = EXIT_TROUBLE;
    }
    return code;
}

static int run(const struct context *context, int argc, char **argv)
{
    struct line line = {0};
    (void)context;
    int wrong = parse_line(&line, argc, argv);
    if (wrong != 0)
        return wrong;
    if (line.check)
        return check_files(argv + line.first, line.count);
    return line.count == 0 ? list_library() : show(argv[line.first]);
}

const struct command cmd_figures = {
    .name = "figures",
    .summary = "the library of figures: lists them, shows one, checks files",
    .run = run,
};
