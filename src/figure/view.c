/* See view.h. */
#include "figure/view.h"

const struct figure_cell *view_cell(const struct figure_row *row, enum end side)
{
    return side == END_A ? &row->a : &row->b;
}

static enum figure_arrow arrow_at(const struct figure_row *row, enum end side)
{
    return side == END_A ? row->a_arrow : row->b_arrow;
}

enum end view_sender(const struct figure_row *row)
{
    return row->a_arrow == FIGURE_ARROW_RIGHT || row->b_arrow == FIGURE_ARROW_RIGHT ? END_A : END_B;
}

bool view_leaves(const struct figure_row *row, enum end side)
{
    return row->has_segment && view_sender(row) == side && arrow_at(row, side) != FIGURE_ARROW_HELD;
}

bool view_reaches(const struct figure_row *row, enum end side)
{
    return row->has_segment && view_sender(row) != side && arrow_at(row, side) != FIGURE_ARROW_HELD;
}

enum view_time view_time_of(const struct figure_row *row, int64_t least_ns, int64_t most_ns)
{
    if (row->after_ns != 0 && most_ns < row->after_ns - row->tolerance_ns)
        return VIEW_EARLY;
    bool late = (row->within_ns != 0 && least_ns > row->within_ns) ||
                (row->after_ns != 0 && least_ns > row->after_ns + row->tolerance_ns);
    return late ? VIEW_LATE : VIEW_IN_TIME;
}

size_t view_block_end(const struct figure *f, size_t i)
{
    while (f->items[i].kind != FIGURE_END)
        i = f->items[i].to;
    return i;
}

const struct figure_row *view_first_row(const struct figure *f, size_t i)
{
    return &f->items[i + 1].row;
}

bool view_ends_alternative(const struct figure *f, size_t i)
{
    if (i + 1 >= f->count)
        return false;
    const struct figure_item *next = &f->items[i + 1];
    return next->kind == FIGURE_OR ||
           (next->kind == FIGURE_END && f->items[next->to].kind != FIGURE_REPEAT);
}

bool view_begins_step(const struct figure *f, size_t i)
{
    return i == f->count || f->items[i].kind != FIGURE_ROW || f->items[i].row.begins_step;
}

static bool presumes_a_connection(const struct figure_cell *cell)
{
    return state_set_synchronized(cell->states) || figure_call(cell) == CALL_CRASH ||
           cell->event == FIGURE_NUMBERS;
}

bool view_needs_connection(const struct figure *f)
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

static bool any_row(const struct figure *f, bool (*has)(const struct figure_row *row))
{
    size_t i = 0;
    while (i < f->count && (f->items[i].kind != FIGURE_ROW || !has(&f->items[i].row)))
        i++;
    return i < f->count;
}

static bool shows_timestamps(const struct figure_row *row)
{
    return row->has_segment && row->segment.timestamps;
}

bool view_needs_timestamps(const struct figure *f)
{
    return any_row(f, shows_timestamps);
}

static bool changes_port(const struct figure_row *row)
{
    return row->a.event == FIGURE_OTHER_PORT || row->b.event == FIGURE_OTHER_PORT;
}

static bool is_silence(const struct figure_row *row)
{
    return row->silence_ns != 0;
}

bool view_shows_other_port(const struct figure *f)
{
    return any_row(f, changes_port);
}

bool view_needs_second_port(const struct figure *f)
{
    return any_row(f, changes_port) || any_row(f, is_silence);
}

bool view_needs_peer_opens(const struct figure *f, enum end us)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct figure_row *row = &f->items[i].row;
        if (f->items[i].kind != FIGURE_ROW || !row->has_segment)
            continue;
        enum end from = view_sender(row);
        if (from != us || view_reaches(row, end_other(us)))
            return from != us && view_leaves(row, from) && !view_needs_connection(f);
    }
    return false;
}
