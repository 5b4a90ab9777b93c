/* From parsed options to an exit status, where two kernels talk and we are the wire between them:
 * what measure.h is where one end is ours. */
#ifndef TCPSHAKE_CLI_WATCH_H
#define TCPSHAKE_CLI_WATCH_H

#include "cli/arguments.h"
#include "cli/command.h"
#include "talk/talk.h"

struct watching {
    const struct arguments *options;
    const struct surroundings *around; /* in the lab, `between` */
    const struct script *script;
    void *state;
    const char *heading; /* of a figure; may be NULL */
    int argc;
    char **argv;
};

int watch(const struct watching *w);

#endif
