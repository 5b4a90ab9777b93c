/* See figure.h. */
#include "figure/figure.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void figure_done(struct figure *f)
{
    free(f->items);
    free(f->store);
    *f = (struct figure){0};
}

enum status figure_store_init(struct figure *f, size_t cap, struct fault *fault)
{
    f->store = malloc(cap);
    if (f->store == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    f->store_cap = cap;
    f->store_len = 0;
    return STATUS_OK;
}

const char *figure_store(struct figure *f, const char *s, size_t n)
{
    bool fits = n < f->store_cap - f->store_len;
    assert(fits);
    if (n == 0 || !fits)
        return "";
    char *copy = f->store + f->store_len;
    memcpy(copy, s, n);
    copy[n] = '\0';
    f->store_len += n + 1;
    return copy;
}

enum status figure_fault(struct fault *fault, const char *file, unsigned line, unsigned column,
                         const char *fmt, ...)
{
    char text[FAULT_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return fault_set(fault, STATUS_MALFORMED, "%s:%u:%u: %s", file, line, column, text);
}

static const struct {
    const char *word;
    unsigned bit;
} needs[] = {
    {"listens", FIGURE_NEEDS_LISTENS}, {"connects", FIGURE_NEEDS_CONNECTS},
    {"closes", FIGURE_NEEDS_CLOSES},   {"talks", FIGURE_NEEDS_TALKS},
    {"nobody", FIGURE_NEEDS_NOTHING},
};

const char *figure_need(unsigned bit)
{
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if (needs[i].bit == bit)
            return needs[i].word;
    }
    return NULL;
}
