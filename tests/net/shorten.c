/* See shorten.h. */
#include "shorten.h"

#include <stdlib.h>
#include <string.h>

#include "figure/check.h"
#include "figure/parse.h"

static bool fails(const struct walkers_order *order, struct walkers_found *found)
{
    struct walkers_order written = *order;
    written.written = true;
    walkers_walk(&written, found);
    return found->failure_count > 0;
}

/* Without `run` steps at a time, from the last to the first. */
static bool leave_out(struct walkers_order *order, struct walkers_found *found, size_t run,
                      size_t *tries)
{
    bool shorter = false;
    for (size_t end = order->steps; end > 0 && *tries > 0;) {
        size_t first = end > run ? end - run : 0;
        uint64_t steps = ((UINT64_C(1) << (end - first)) - 1) << first;
        struct walkers_order without = *order;
        without.skipped |= steps;
        end = first;
        if (without.skipped == order->skipped)
            continue;
        (*tries)--;
        static struct walkers_found again;
        if (!fails(&without, &again))
            continue;
        *order = without;
        *found = again;
        shorter = true;
    }
    return shorter;
}

bool shorten(struct walkers_order *order, struct walkers_found *found)
{
    size_t tries = SHORTEN_TRIES;
    if (!fails(order, found))
        return false;
    if (found->failures[0].step + 1 < order->steps)
        order->steps = found->failures[0].step + 1;
    for (size_t run = order->steps / 2; run > 1; run /= 2)
        (void)leave_out(order, found, run, &tries);
    while (leave_out(order, found, 1, &tries))
        ;
    return true;
}

size_t shorten_left(const struct walkers_order *order)
{
    size_t n = 0;
    for (size_t i = 0; i < order->steps; i++)
        n += !(order->skipped >> i & 1);
    return n;
}

bool shorten_is_figure(const char *rows, struct fault *fault)
{
    struct figure figure;
    if (figure_parse(&figure, "walk", rows, strlen(rows), fault) != STATUS_OK)
        return false;
    bool ok = figure_check(&figure, END_A, fault) == STATUS_OK;
    figure_done(&figure);
    return ok;
}
