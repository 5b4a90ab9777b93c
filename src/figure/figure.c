/* See figure.h. */
#include "figure/figure.h"

#include <stdlib.h>

void figure_done(struct figure *f)
{
    free(f->items);
    free(f->store);
    *f = (struct figure){0};
}
