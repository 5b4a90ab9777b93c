/* See figures.h. */
#include "cli/figures.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "figure/library.h"
#include "figure/parse.h"

/* All of the file, or more octets than a figure may have: parsing says so. */
static enum status read_file(FILE *f, const char *name, struct text *source, struct fault *fault)
{
    char buffer[4096];
    size_t n;
    while (source->len <= FIGURE_SOURCE_MAX && (n = fread(buffer, 1, sizeof(buffer), f)) > 0)
        text_put(source, buffer, n);
    if (ferror(f))
        return fault_set(fault, STATUS_SYSTEM, "cannot read %s: %s", name, strerror(errno));
    if (source->failed)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

enum status figures_read(struct figure *f, const char *name, struct fault *fault)
{
    FILE *from = strcmp(name, "-") == 0 ? stdin : fopen(name, "rbe");
    struct text source;
    if (from == NULL)
        return fault_set(fault, STATUS_SYSTEM, "cannot read %s: %s", name, strerror(errno));
    text_init(&source);
    enum status s = read_file(from, name, &source, fault);
    if (s == STATUS_OK)
        s = figure_parse(f, name, source.data != NULL ? source.data : "", source.len, fault);
    text_done(&source);
    if (from != stdin)
        (void)fclose(from);
    return s;
}

enum status figures_load(struct figure *f, const char *name, struct fault *fault)
{
    const char *source = figure_library_source(name);
    if (source != NULL)
        return figure_parse(f, name, source, strlen(source), fault);
    if (strpbrk(name, "/.") == NULL && strcmp(name, "-") != 0)
        return fault_set(fault, STATUS_NOT_OURS,
                         "there is no figure '%s'; 'tcpshake figures' lists the library, and a "
                         "file is given as ./%s",
                         name, name);
    return figures_read(f, name, fault);
}
