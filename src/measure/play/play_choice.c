/* See play_choice.h. */
#include "measure/play/play_choice.h"

#include "figure/view.h"
#include "measure/play/play_row.h"

void play_choice_enter(struct play *p, size_t item)
{
    p->choosing = true;
    p->choice = item;
    play_row_enter(p, item + 1);
    p->at = view_block_end(p->figure, item) + 1;
}

/* The longest of what the alternatives begin with. */
static int64_t longest(const struct play *p, int64_t (*of)(const struct figure_row *row))
{
    int64_t most = 0;
    for (size_t i = p->choice; play_item(p, i)->kind != FIGURE_END; i = play_item(p, i)->to) {
        int64_t each = of(view_first_row(p->figure, i));
        most = each > most ? each : most;
    }
    return most;
}

int64_t play_choice_row_latest(const struct figure_row *row)
{
    return row->after_ns + row->tolerance_ns + row->within_ns;
}

static int64_t silence_of(const struct figure_row *row)
{
    return row->silence_ns;
}

int64_t play_choice_latest(const struct play *p)
{
    return longest(p, play_choice_row_latest);
}

int64_t play_choice_silence(const struct play *p)
{
    return longest(p, silence_of);
}

bool play_choice_silent(const struct play *p, size_t *i)
{
    for (*i = p->choice; p->choosing && play_item(p, *i)->kind != FIGURE_END;
         *i = play_item(p, *i)->to) {
        if (view_first_row(p->figure, *i)->silence_ns > 0)
            return true;
    }
    return false;
}

void play_choice_take(struct play *p, size_t i)
{
    const struct figure_item *chosen = play_item(p, i);
    uint64_t dropped = ends_dropped(&p->ends);
    bool missed = dropped > p->row.dropped;
    p->choosing = false;
    play_row_enter(p, i + 1);
    p->row.alternative = chosen;
    if (missed || (chosen->deviates && dropped > 0))
        play_row_find(p, EVENT_LINE_UNKNOWN,
                      "this alternative is what was seen, but the capture has lost packets");
    else if (chosen->deviates && p->tally.counts[EVENT_LINE_UNKNOWN] > 0)
        play_row_find(
            p, EVENT_LINE_UNKNOWN,
            "this alternative deviates, but an earlier line is not known to be as figured");
    verdict_alternative(&p->tally, chosen, p->row.row, p->row.status == EVENT_LINE_OK);
}
