/* See library.h. The table is made from figures/ by the list in Makefile.am. */
#include "figure/library.h"

#include <string.h>

static const struct {
    const char *name, *source;
} table[] = {
#define FIGURE(name, source) {name, source},
#include "figure/library.def"
#undef FIGURE
};

enum {
    COUNT = sizeof(table) / sizeof(table[0])
};

const char *figure_library_name(size_t i)
{
    return i < COUNT ? table[i].name : NULL;
}

const char *figure_library_source(const char *name)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(table[i].name, name) == 0)
            return table[i].source;
    }
    return NULL;
}
