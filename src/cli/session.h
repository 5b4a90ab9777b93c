/* The one way from the command line of a measurement to its exit status: the options into the
 * fields of its row, what does not apply refused, the record opened, its packets carried, the
 * record closed, and what went wrong told in one line. */
#ifndef TCPSHAKE_CLI_SESSION_H
#define TCPSHAKE_CLI_SESSION_H

#include "cli/carry.h"

/* argv[0] is "tcpshake NAME". Returns the exit status. */
int session_run(const struct measure *m, const struct surroundings *around, int argc, char **argv);

#endif
