/* See verdict.h. */
#include "measure/play/verdict.h"

#include <stdio.h>
#include <string.h>

#include "event/result.h"

static void note_first(struct verdict_line *first, unsigned number, unsigned source_line,
                       const char *text)
{
    if (first->known)
        return;
    first->known = true;
    first->number = number;
    first->source_line = source_line;
    (void)snprintf(first->text, sizeof(first->text), "%s", text != NULL ? text : "");
}

void verdict_line(struct verdict *t, const struct event_line *line)
{
    t->counts[line->status]++;
    if (line->status == EVENT_LINE_DEVIATES)
        note_first(&t->first_deviation, line->number, line->source_line, line->text);
    else if (line->status == EVENT_LINE_UNKNOWN)
        note_first(&t->first_unknown, line->number, line->source_line, line->text);
}

void verdict_alternative(struct verdict *t, const struct figure_item *choice,
                         const struct figure_row *first, bool certain)
{
    size_t used = strlen(t->alternatives);
    (void)snprintf(t->alternatives + used, sizeof(t->alternatives) - used, "%s%s",
                   used != 0 ? ", " : "", choice->name);
    if (choice->deviates && certain)
        note_first(&t->first_deviation, first->number, first->line, choice->name);
}

void verdict_trouble(struct verdict *t, const char *what, const char *why)
{
    char text[VERDICT_TEXT_MAX];
    (void)snprintf(text, sizeof(text), "%s: %s", what, why);
    note_first(&t->first_unknown, 0, 0, text);
}

static void set_line(struct result *r, const char *key, const struct verdict_line *l)
{
    if (!l->known) {
        result_set_null(r, key);
        return;
    }
    result_begin(r, key);
    result_set_integer(r, "line", l->number);
    result_set_integer(r, "source_line", l->source_line);
    result_set_text(r, "text", l->text);
    result_end(r);
}

static void say_line(struct result *r, const char *label, const struct figure *f,
                     const struct verdict_line *l)
{
    const char *cite = f->cite[0] != '\0' ? f->cite : f->name;
    if (l->known && l->number != 0)
        result_line(r, label, "line %u: %s (%s)", l->number, l->text, cite);
    else if (l->known && l->source_line != 0)
        result_line(r, label, "%s:%u: %s (%s)", f->name, l->source_line, l->text, cite);
    else if (l->known)
        result_line(r, label, "%s", l->text);
}

void verdict_report(const struct verdict *t, const struct figure *f, struct result *r)
{
    const unsigned *n = t->counts;
    bool deviates = t->first_deviation.known;
    bool unknown = !deviates && (t->first_unknown.known || n[EVENT_LINE_NOT_REACHED] > 0);
    const char *verdict = deviates ? "deviates" : unknown ? "unknown" : "as-figured";

    result_set_text(r, "figure", f->name);
    result_set_text(r, "title", f->title);
    result_set_text(r, "verdict", verdict);
    result_set_text(r, "alternative", t->alternatives[0] != '\0' ? t->alternatives : NULL);
    set_line(r, "first_deviation", &t->first_deviation);
    set_line(r, "first_unknown", &t->first_unknown);
    result_begin(r, "lines");
    result_set_integer(r, "ok", n[EVENT_LINE_OK]);
    result_set_integer(r, "deviates", n[EVENT_LINE_DEVIATES]);
    result_set_integer(r, "unknown", n[EVENT_LINE_UNKNOWN]);
    result_set_integer(r, "not_reached", n[EVENT_LINE_NOT_REACHED]);
    result_end(r);
    result_line(r, verdict, "%s%s%s", f->name, f->title[0] != '\0' ? ": " : "", f->title);
    if (t->alternatives[0] != '\0')
        result_line(r, "found", "%s", t->alternatives);
    say_line(r, "deviation", f, &t->first_deviation);
    say_line(r, "unknown", f, &t->first_unknown);
    r->exit_code = deviates ? 1 : unknown ? 3 : 0;
}
