/* See syn_like.h. The rows are what these systems send by default over Ethernet. */
#include "talk/syn_like.h"

#include <string.h>

static const struct syn_like table[] = {
    {"linux", "MSS, SACK, timestamps, window scale 7", "MSTNW", "MNNSNW", 64240, 7, 64},
    {"windows", "MSS, window scale 8, SACK; no timestamps", "MNWNNS", "MNWNNS", 64240, 8, 128},
    {"freebsd", "MSS, window scale 6, SACK, timestamps", "MNWST", "MNWS", 65535, 6, 64},
    {"bare", "MSS alone", "M", "M", 65535, 0, 64},
};

const struct syn_like *syn_like_at(size_t i)
{
    return i < sizeof(table) / sizeof(table[0]) ? &table[i] : NULL;
}

const struct syn_like *syn_like_find(const char *name)
{
    for (size_t i = 0; syn_like_at(i) != NULL; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

bool syn_like_has(const struct syn_like *s, char letter)
{
    return strchr(s->layout, letter) != NULL;
}

void syn_like_options(const struct syn_like *s, uint16_t mss, struct options *o)
{
    o->has_mss = true;
    o->mss = mss;
    o->sack_permitted = true;
    o->has_wscale = true;
    o->wscale = s->wscale;
    /* The table's layouts fit: this cannot fail. */
    (void)options_build(o, o->has_timestamps ? s->layout : s->unstamped, NULL);
}
