/* A figure against a peer, or between two kernels of the lab: it is loaded and checked for the ends
 * that are to play it, and then carried as any other measurement is. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/carry.h"
#include "cli/figures.h"
#include "figure/check.h"
#include "figure/needs.h"
#include "figure/print.h"
#include "lab/lab_upper.h"
#include "measure/play/play.h"
#include "measure/play/staged.h"

struct stage {
    struct figure figure;
    bool loaded;
    struct text heading;
    struct lab_upper side;
    struct upper peer;
    struct play *play;
    struct staged *staged; /* NULL: one end is ours */
};

/* --dry-run: the figure as it was understood, without a peer. */
static enum status show(const struct figure *f, struct fault *fault)
{
    struct text out;
    text_init(&out);
    figure_print(&out, f);
    bool ok = !out.failed && fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
    text_done(&out);
    return ok ? STATUS_OK : fault_set(fault, STATUS_SYSTEM, "cannot write standard output");
}

static void put_heading(struct text *out, const struct figure *f)
{
    text_printf(out, "title: %s\n", f->title[0] != '\0' ? f->title : f->name);
    if (f->cite[0] != '\0')
        text_printf(out, "cite:  %s\n", f->cite);
    figure_print_needs(out, f->needs);
}

/* Neither end is ours. */
static enum status prepare_staged(struct session *s, struct fault *fault)
{
    struct stage *st = s->stage;
    st->staged = calloc(1, sizeof(*st->staged));
    if (st->staged == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    *st->staged = (struct staged){
        .figure = &st->figure,
        .reply_wait_ns = s->options.run.wait_ns,
        .keep_going = st->play->keep_going,
    };
    s->pair = staged_script();
    s->state = st->staged;
    return carry_kernels.find(s, fault);
}

static enum status prepare_play(struct session *s, struct fault *fault)
{
    struct stage *st = s->stage;
    if (s->around->lab != NULL) {
        st->side = (struct lab_upper){s->around->lab, END_B};
        st->peer = lab_upper_ops(&st->side);
        st->play->peer_side = &st->peer;
    }
    st->play->figure = &st->figure;
    s->options.timestamps = s->options.timestamps && needs_timestamps(&st->figure);
    s->script = play_script();
    s->peer_connects = needs_peer_opens(&st->figure, st->play->us);
    s->second_port = needs_second_port(&st->figure);
    return carry_talk.find(s, fault);
}

static enum status check(const struct session *s, struct fault *fault)
{
    const struct stage *st = s->stage;
    return s->around->between       ? figure_check_between(&st->figure, fault)
           : s->around->lab != NULL ? figure_check_in_lab(&st->figure, st->play->us, fault)
                                    : figure_check(&st->figure, st->play->us, fault);
}

static enum status find(struct session *s, struct fault *fault)
{
    struct stage *st = s->stage;
    if (s->options.figure == NULL)
        return fault_set(fault, STATUS_MALFORMED,
                         "which figure? 'tcpshake figures' lists those there are");
    st->play = s->state;
    if (!st->play->us_given)
        st->play->us = s->around->kernel_is_a ? END_B : END_A;
    enum status status = figures_load(&st->figure, s->options.figure, fault);
    st->loaded = status == STATUS_OK;
    if (status == STATUS_OK)
        status = check(s, fault);
    if (status != STATUS_OK) {
        s->told = status == STATUS_MALFORMED; /* begins with FILE:LINE:COLUMN, for editors */
        if (s->told)
            (void)fprintf(stderr, "%s\n", fault->text);
        return status;
    }
    if (s->options.dry_run) {
        s->over = true;
        return show(&st->figure, fault);
    }
    text_init(&st->heading);
    put_heading(&st->heading, &st->figure);
    s->heading = st->heading.data;
    return s->around->between ? prepare_staged(s, fault) : prepare_play(s, fault);
}

static enum status run(struct session *s, struct fault *fault)
{
    return s->around->between ? carry_kernels.run(s, fault) : carry_talk.run(s, fault);
}

static void done(struct session *s)
{
    struct stage *st = s->stage;
    if (st->play != NULL) {
        play_done(st->play);
        s->state = st->play;
    }
    if (st->staged != NULL)
        staged_done(st->staged);
    free(st->staged);
    text_done(&st->heading);
    if (st->loaded)
        figure_done(&st->figure);
}

const struct carrier carry_figure = {
    .stage = sizeof(struct stage), .find = find, .run = run, .done = done};
