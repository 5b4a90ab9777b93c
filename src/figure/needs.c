/* See needs.h. */
#include "figure/needs.h"

#include "figure/view.h"

static bool presumes_a_connection(const struct figure_cell *cell)
{
    bool synchronized = false;
    for (enum state s = STATE_CLOSED; s < STATE_COUNT; s++)
        synchronized = synchronized || (state_set_has(cell->states, s) && state_synchronized(s));
    return synchronized || figure_call(cell) == CALL_CRASH || cell->event == FIGURE_NUMBERS;
}

bool needs_connection(const struct figure *f)
{
    for (size_t i = 0; i < f->count && f->items[i].kind == FIGURE_ROW; i++) {
        const struct figure_row *row = &f->items[i].row;
        if (row->has_segment)
            return false;
        if (presumes_a_connection(&row->a) || presumes_a_connection(&row->b))
            return true;
    }
    return false;
}

bool needs_timestamps(const struct figure *f)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct figure_segment *s = &f->items[i].row.segment;
        if (f->items[i].kind == FIGURE_ROW && f->items[i].row.has_segment && s->timestamps)
            return true;
    }
    return false;
}

bool needs_second_port(const struct figure *f)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct figure_row *r = &f->items[i].row;
        if (f->items[i].kind == FIGURE_ROW &&
            (r->a.event == FIGURE_OTHER_PORT || r->b.event == FIGURE_OTHER_PORT))
            return true;
    }
    return false;
}

bool needs_peer_opens(const struct figure *f, enum end us)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct figure_row *row = &f->items[i].row;
        if (f->items[i].kind != FIGURE_ROW || !row->has_segment)
            continue;
        enum end from = view_sender(row);
        if (from != us || view_reaches(row, end_other(us)))
            return from != us && view_leaves(row, from) && !needs_connection(f);
    }
    return false;
}
