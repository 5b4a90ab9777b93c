/* See figures.h. */
#include "cli/figures.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*LIB*/
#include "figure/parse.h"

static enum status read_all(FILE *from, const char *name, char **text, size_t *len,
                            struct fault *fault)
{
    const size_t most = FIGURE_SOURCE_MAX + 1; /* one more, so that the parser can refuse it */
    *text = malloc(most);
    if (*text == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    *len = fread(*text, 1, most, from);
    if (ferror(from))
        return fault_set(fault, STATUS_SYSTEM, "cannot read %s: %s", name, strerror(errno));
    return STATUS_OK;
}

enum status figures_read(struct figure *f, const char *name, struct fault *fault)
{
    bool standard = strcmp(name, "-") == 0;
    FILE *from = standard ? stdin : fopen(name, "re");
    char *text = NULL;
    size_t len = 0;
    if (from == NULL)
        return fault_set(fault, STATUS_SYSTEM, "cannot read %s: %s", name, strerror(errno));
    enum status s = read_all(from, name, &text, &len, fault);
    if (s == STATUS_OK)
        s = figure_parse(f, standard ? "standard input" : name, text, len, fault);
    free(text);
    if (!standard)
        (void)fclose(from);
    return s;
}

enum status figures_load(struct figure *f, const char *name, struct fault *fault)
{
    const char *source = ((const char *)0);
    if (source != NULL)
        return figure_parse(f, name, source, strlen(source), fault);
    if (strpbrk(name, "/.") == NULL && strcmp(name, "-") != 0)
        return fault_set(fault, STATUS_MALFORMED,
                         "there is no figure '%s'; 'tcpshake figures' lists the library, and a "
                         "file is given with its path, such as ./%s",
                         name, name);
    return figures_read(f, name, fault);
}
