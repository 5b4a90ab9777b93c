/* See lines.h. */
#include "base/lines.h"

#include <string.h>

void lines_init(struct lines *l)
{
    l->number = 0;
    l->len = 0;
    l->too_long = l->begun = l->whole = false;
}

static void begin(struct lines *l)
{
    l->number++;
    l->len = 0;
    l->too_long = l->whole = false;
    l->begun = true;
}

bool lines_take(struct lines *l, const char *data, size_t n, size_t *used)
{
    *used = 0;
    if (n == 0)
        return false;
    if (!l->begun || l->whole)
        begin(l);
    const char *newline = memchr(data, '\n', n);
    size_t more = newline != NULL ? (size_t)(newline - data) : n;
    size_t room = LINES_MAX - l->len;
    size_t kept = more < room ? more : room;
    memcpy(l->text + l->len, data, kept);
    l->len += kept;
    l->too_long = l->too_long || kept < more;
    l->whole = newline != NULL;
    *used = more + (newline != NULL);
    return l->whole;
}

bool lines_end(struct lines *l)
{
    bool last = l->begun && !l->whole;
    l->whole = true;
    return last;
}
