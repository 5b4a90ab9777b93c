/* See strings.h. */
#include "figure/strings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum status strings_init(struct figure *f, size_t cap, struct fault *fault)
{
    f->store = malloc(cap);
    if (f->store == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    f->store_cap = cap;
    f->store_len = 0;
    return STATUS_OK;
}

const char *strings_put(struct figure *f, const char *s, size_t n)
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
