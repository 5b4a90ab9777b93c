/* See blocks.h. */
#include "figure/blocks.h"

size_t blocks_end(const struct figure *f, size_t i)
{
    while (f->items[i].kind != FIGURE_END)
        i = f->items[i].to;
    return i;
}

const struct figure_row *blocks_first_row(const struct figure *f, size_t i)
{
    return &f->items[i + 1].row;
}

bool blocks_ends_alternative(const struct figure *f, size_t i)
{
    if (i + 1 >= f->count)
        return false;
    const struct figure_item *next = &f->items[i + 1];
    return next->kind == FIGURE_OR ||
           (next->kind == FIGURE_END && f->items[next->to].kind != FIGURE_REPEAT);
}

bool blocks_begins_step(const struct figure *f, size_t i)
{
    return i == f->count || f->items[i].kind != FIGURE_ROW || f->items[i].row.begins_step;
}
