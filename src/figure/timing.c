/* See timing.h. */
#include "figure/timing.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

int64_t timing_tolerance(int64_t after_ns)
{
    int64_t least = 4 * CLOCK_MS;
    return after_ns / 8 > least ? after_ns / 8 : least;
}

enum status timing_duration(const struct lex *l, size_t from, size_t to, int64_t *ns,
                            struct fault *fault)
{
    char text[24];
    size_t n = 0;
    struct fault why;
    for (size_t i = from; i < to && n + 1 < sizeof(text); i++) {
        if (l->line[i] != ' ')
            text[n++] = l->line[i];
    }
    text[n] = '\0';
    if (clock_parse(text, ns, &why) != STATUS_OK)
        return lex_fault(l, from, fault, "%s", why.text);
    return STATUS_OK;
}

/* 0 would be none at all. */
static enum status take_duration(const struct lex *l, size_t from, size_t to, int64_t *ns,
                                 struct fault *fault)
{
    enum status s = timing_duration(l, from, to, ns, fault);
    if (s == STATUS_OK && *ns == 0)
        return lex_fault(l, from, fault, "expected more than no time at all");
    return s;
}

/* "12.5%" of `whole`, or a duration. */
static enum status take_tolerance(const struct lex *l, size_t from, size_t to, int64_t whole,
                                  int64_t *ns, struct fault *fault)
{
    lex_trim(l, &from, &to);
    if (from == to || l->line[to - 1] != '%')
        return take_duration(l, from, to, ns, fault);
    char *end;
    size_t digits = strspn(l->line + from, "0123456789.");
    double percent = strtod(l->line + from, &end);
    if (digits == 0 || end != l->line + from + digits || end != l->line + to - 1 || percent > 100)
        return lex_fault(l, from, fault, "expected at most 100%%, such as 12.5%%");
    *ns = (int64_t)((double)whole * percent / 100);
    if (*ns == 0)
        return lex_fault(l, from, fault, "expected some tolerance");
    return STATUS_OK;
}

static enum status take_after(const struct lex *l, size_t from, size_t to, struct figure_row *r,
                              struct fault *fault)
{
    size_t end = from;
    while (end < to && l->line[end] != '+')
        end++;
    enum status s = take_duration(l, from, end, &r->after_ns, fault);
    if (s != STATUS_OK)
        return s;
    r->tolerance_ns = timing_tolerance(r->after_ns);
    if (end == to)
        return STATUS_OK;
    end++;
    end += l->line[end] == '/';
    if (end >= to || l->line[end] != '-')
        return lex_fault(l, end, fault, "expected +- and a tolerance, such as +-10%%");
    return take_tolerance(l, end + 1, to, r->after_ns, &r->tolerance_ns, fault);
}

enum status timing_take(const struct lex *l, const struct lex_token *t, struct figure_row *r,
                        struct fault *fault)
{
    size_t end = t->from + strcspn(l->line + t->from, " ]"), from = end, to = t->to;
    if (end > to)
        end = from = to;
    lex_trim(l, &from, &to);
    bool within = lex_is(l, t->from, end, "within"), after = lex_is(l, t->from, end, "after");
    if (!within && !after && !lex_is(l, t->from, end, "silence"))
        return lex_fault(l, t->from, fault,
                         "expected [within 200ms], [after 1s +- 10%%] or [silence 3s]");
    int64_t *ns = within ? &r->within_ns : after ? &r->after_ns : &r->silence_ns;
    if (*ns != 0)
        return lex_fault(l, t->from, fault, "stands in this row already");
    return after ? take_after(l, from, to, r, fault) : take_duration(l, from, to, ns, fault);
}

bool timing_kept(const struct figure_row *row, int64_t gap_ns)
{
    bool late = row->within_ns != 0 && gap_ns > row->within_ns;
    bool off = row->after_ns != 0 && (gap_ns < row->after_ns - row->tolerance_ns ||
                                      gap_ns > row->after_ns + row->tolerance_ns);
    return !late && !off;
}
