/* What one result record of a survey says, as doc/tcpshake.schema.json has it: read and checked,
 * since the line may have come from anywhere. */
#ifndef TCPSHAKE_CLI_OBSERVATION_H
#define TCPSHAKE_CLI_OBSERVATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

enum observation_outcome {
    OBSERVATION_OPEN,
    OBSERVATION_CLOSED,
    OBSERVATION_FILTERED,
    OBSERVATION_UNREACHABLE,
    OBSERVATION_ERROR,
    OBSERVATION_OUTCOMES
};

enum observation_end {
    OBSERVATION_SILENCE,
    OBSERVATION_RST,
    OBSERVATION_RST_ACK,
    OBSERVATION_FIN,
    OBSERVATION_TRUNCATED,
    OBSERVATION_ENDS,
};

/* Strings and `gaps` belong to the record. */
struct observation {
    uint64_t session;
    const char *target;
    enum observation_outcome outcome;
    int64_t rtt_ns; /* -1: none */

    bool counted; /* the three that follow are in the record */
    uint64_t syns, segments_back, octets_back;

    bool listened; /* for SYN-ACKs that come again: the rest is in the record */
    enum observation_end end;
    uint64_t retransmissions;
    const json_t *gaps; /* numbers, us */
    bool modelled;
    bool model_fits;
    double first_s, factor, cap_s; /* 0: none */
    const char *stack;             /* the nearest; NULL: none */
    double distance;
    bool stack_fits;
    bool incomplete; /* the record has a reason why the series may have lost something */
};

/* Reads a record of type "result". STATUS_MALFORMED with the reason when it is none that a survey
 * writes; the reason holds nothing of the record's own text. */
enum status observation_read(struct observation *o, const json_t *record, struct fault *fault);

/* "open", "silence"...; static. */
const char *observation_outcome_name(enum observation_outcome outcome);
const char *observation_end_name(enum observation_end end);

#endif
