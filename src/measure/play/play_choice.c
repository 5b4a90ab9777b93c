/* See play_choice.h. */
#include "measure/play/play_choice.h"

#include "figure/blocks.h"
#include "measure/play/play_row.h"

void play_choice_enter(struct play *p, size_t item)
{
    p->choosing = true;
    p->choice = item;
    play_row_enter(p, item + 1);
    p->at = blocks_end(p->figure, item) + 1;
}

int64_t play_choice_latest(const struct play *p)
{
    int64_t most = 0;
    for (size_t i = p->choice; play_item(p, i)->kind != FIGURE_END; i = play_item(p, i)->to) {
        const struct figure_row *row = blocks_first_row(p->figure, i);
        int64_t latest = row->after_ns + row->tolerance_ns + row->within_ns;
        most = latest > most ? latest : most;
    }
    return most;
}

int64_t play_choice_silence(const struct play *p)
{
    int64_t most = 0;
    for (size_t i = p->choice; play_item(p, i)->kind != FIGURE_END; i = play_item(p, i)->to) {
        int64_t silence = blocks_first_row(p->figure, i)->silence_ns;
        most = silence > most ? silence : most;
    }
    return most;
}

bool play_choice_silent(const struct play *p, size_t *i)
{
    for (*i = p->choice; p->choosing && play_item(p, *i)->kind != FIGURE_END;
         *i = play_item(p, *i)->to) {
        if (blocks_first_row(p->figure, *i)->silence_ns > 0)
            return true;
    }
    return false;
}

void play_choice_take(struct talk *x, size_t i)
{
    struct play *p = play_of(x);
    const struct figure_item *chosen = play_item(p, i);
    bool missed = x->capture_dropped > p->row.dropped;
    p->choosing = false;
    play_row_enter(p, i + 1);
    p->row.alternative = chosen;
    if (missed || (chosen->deviates && x->capture_dropped > 0))
        play_row_find(p, EVENT_LINE_UNKNOWN,
                      "this alternative is what was seen, but the capture has lost packets");
    else if (chosen->deviates && p->tally.counts[EVENT_LINE_UNKNOWN] > 0)
        play_row_find(
            p, EVENT_LINE_UNKNOWN,
            "this alternative deviates, but an earlier line is not known to be as figured");
    verdict_alternative(&p->tally, chosen, p->row.view.row, p->row.status == EVENT_LINE_OK);
}
