/* From the parsed options of `survey` to an exit status: the list, the outputs, the network, the
 * run, the summary. */
#ifndef TCPSHAKE_CLI_SURVEY_SESSION_H
#define TCPSHAKE_CLI_SURVEY_SESSION_H

#include "cli/arguments.h"
#include "cli/command.h"
#include "wire/ports.h"

enum survey_session_probe {
    SURVEY_SESSION_PING,
    SURVEY_SESSION_OPEN,
    SURVEY_SESSION_SYNACK
};

struct survey_session {
    struct arguments *options; /* its words are the targets */
    const struct surroundings *around;
    enum survey_session_probe probe;
    const char *file, *exclude_file; /* NULL: none */
    struct ports ports;
    const char *port_words; /* as typed; for the record */
    uint64_t rate, window;
    int64_t listen_ns;
    uint64_t shard, shards; /* this one of how many, from 0 */
    const char *resume;     /* records go there, and those that are there count; NULL */
    bool special, strict, answers, settle;
    int64_t spacing_ns, spacing_net_ns; /* 0: none */
    int argc;
    char **argv;
};

int survey_session_run(const struct survey_session *s);

#endif
