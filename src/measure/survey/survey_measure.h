/* What a survey is asked for. */
#ifndef TCPSHAKE_MEASURE_SURVEY_SURVEY_MEASURE_H
#define TCPSHAKE_MEASURE_SURVEY_SURVEY_MEASURE_H

#include "measure/measure.h"

struct survey_asked {
    const struct measure *probe;
    const char *ports; /* as typed; NULL: none */
    const char *file, *exclude_file;
    const char *resume; /* records go there, and those that are there count; NULL */
    uint64_t rate, window;
    bool has_window;
    struct survey_shard {
        uint64_t k, n; /* k from 1; 0: not given */
    } shard;
    uint64_t shards; /* k from the environment; 0: not given */
    bool special, strict, answers, settle, csv, authorised, summarise;
    int64_t listen_ns;
    int64_t spacing_ns, spacing_net_ns; /* 0: none */
};

extern const struct measure survey_measure;

#endif
