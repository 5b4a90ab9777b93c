/* A figure against a peer, or between two kernels of the lab: it is loaded and checked for the ends
 * that are to play it, and then carried as any other measurement is. */
#include <stdio.h>
#include <string.h>

#include "cli/carry.h"
#include "figure/check.h"
#include "figure/library.h"
#include "figure/parse.h"
#include "figure/print.h"
#include "figure/view.h"
#include "measure/play/play.h"

struct stage {
    struct figure figure;
    bool loaded;
    struct text heading;
};

enum status carry_figure_read(struct figure *f, const char *name, struct fault *fault)
{
    struct text source;
    text_init(&source);
    enum status s = command_read(strcmp(name, "-") == 0 ? stdin : fopen(name, "rbe"), name,
                                 FIGURE_SOURCE_MAX, &source, fault);
    if (s == STATUS_OK)
        s = figure_parse(f, name, source.data != NULL ? source.data : "", source.len, fault);
    text_done(&source);
    return s;
}

static enum status load(struct figure *f, const char *name, struct fault *fault)
{
    const char *source = figure_library_source(name);
    if (source != NULL)
        return figure_parse(f, name, source, strlen(source), fault);
    if (strpbrk(name, "/.") == NULL && strcmp(name, "-") != 0)
        return fault_set(fault, STATUS_NOT_OURS,
                         "there is no figure '%s'; 'tcpshake figures' lists the library, and a "
                         "file is given as ./%s",
                         name, name);
    return carry_figure_read(f, name, fault);
}

/* --dry-run: the figure as it was understood, without a peer. */
static void show(struct session *s, const struct figure *f)
{
    struct text out;
    text_init(&out);
    figure_print(&out, f);
    s->over = true;
    s->exit_code = command_print(s->measure->name, &out);
}

static void put_heading(struct text *out, const struct figure *f)
{
    text_printf(out, "title: %s\n", f->title[0] != '\0' ? f->title : f->name);
    if (f->cite[0] != '\0')
        text_printf(out, "cite:  %s\n", f->cite);
    figure_print_needs(out, f->needs);
}

/* Who carries it. */
static const struct carrier *who_carries(const struct session *s)
{
    return s->context->between ? &carry_lab_kernels : &carry_talk;
}

/* Whether the ends that are there can play it. */
static enum status check_ends(const struct session *s, const struct play *p, struct fault *fault)
{
    return s->context->between       ? figure_check_between(p->figure, fault)
           : s->context->lab != NULL ? figure_check_in_lab(p->figure, p->us, fault)
                                     : figure_check(p->figure, p->us, fault);
}

static void prepare(struct session *s, struct play *p)
{
    struct stage *st = s->stage;
    if (s->context->between)
        p->us = END_A;
    s->options.timestamps = s->options.timestamps && view_needs_timestamps(p->figure);
    s->script = play_script();
    s->peer_connects = view_needs_peer_opens(p->figure, p->us);
    s->second_port = view_needs_second_port(p->figure);
    put_heading(&st->heading, p->figure);
    s->heading = st->heading.data;
}

static enum status find(struct session *s, struct fault *fault)
{
    struct stage *st = s->stage;
    struct play *p = s->state;
    if (s->options.figure == NULL)
        return fault_set(fault, STATUS_MALFORMED,
                         "which figure? 'tcpshake figures' lists those there are");
    if (!p->us_given)
        p->us = s->context->kernel_is_a ? END_B : END_A;
    enum status status = load(&st->figure, s->options.figure, fault);
    st->loaded = status == STATUS_OK;
    p->figure = &st->figure;
    if (status == STATUS_OK)
        status = check_ends(s, p, fault);
    if (status != STATUS_OK) {
        s->told = status == STATUS_MALFORMED; /* begins with FILE:LINE:COLUMN, for editors */
        if (s->told)
            (void)fprintf(stderr, "%s\n", fault->text);
        return status;
    }
    if (s->options.dry_run) {
        show(s, &st->figure);
        return STATUS_OK;
    }
    text_init(&st->heading);
    prepare(s, p);
    return who_carries(s)->find(s, fault);
}

static enum status run(struct session *s, struct fault *fault)
{
    return who_carries(s)->run(s, fault);
}

static void done(struct session *s)
{
    struct stage *st = s->stage;
    play_done(s->state);
    text_done(&st->heading);
    if (st->loaded)
        figure_done(&st->figure);
}

const struct carrier carry_figure = {
    .stage = sizeof(struct stage), .find = find, .run = run, .done = done};
