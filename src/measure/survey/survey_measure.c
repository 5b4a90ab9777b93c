/* `survey` as a row: survey.h for what it does. */
#include "measure/survey/survey.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "measure/synack/synack.h"

#define SHARDS_MAX UINT64_C(1000000)
#define RATE_MAX   UINT64_C(100000000)
#define WINDOW_MAX 16000000

static enum status take_shard(void *field, const char *arg, struct fault *fault)
{
    struct survey_shard *shard = field;
    char k[24];
    const char *slash = strchr(arg, '/');
    size_t n = slash != NULL ? (size_t)(slash - arg) : 0;
    if (slash == NULL || n >= sizeof(k))
        return fault_set(fault, STATUS_MALFORMED, "--shard takes K/N such as 3/10, not '%s'", arg);
    memcpy(k, arg, n);
    k[n] = '\0';
    if (!text_to_number(slash + 1, 1, SHARDS_MAX, &shard->n) ||
        !text_to_number(k, 1, shard->n, &shard->k))
        return fault_set(fault, STATUS_MALFORMED, "--shard takes K/N with K from 1 to N, not '%s'",
                         arg);
    return STATUS_OK;
}

#define FIELD(member) .field = MEASURE_FIELD(struct survey_asked, member)

static const struct measure_option options[] = {
    {"ports", 'p', 6, MEASURE_STRING, "PORTS",
     "Ports of the targets that name none: https, 22,80,8000-8010",
     "The ports, or names of services, of targets that have none of their own, such as "
     "*22,80,8000-8010*.",
     FIELD(ports)},
    {"file", 'f', 6, MEASURE_STRING, "FILE",
     "Read targets from FILE, one a line; - is standard input",
     "Targets, one a line; *-* is standard input.", FIELD(file)},
    {"exclude-file", 0, 6, MEASURE_STRING, "FILE", "Leave out the hosts and networks in FILE",
     "Leave out what this list has in it.", FIELD(exclude_file)},
    {"special", 0, 6, MEASURE_FLAG, NULL,
     "Do not leave out special-purpose addresses (private, documentation, loopback ...)",
     "Special-purpose addresses are targets too.", FIELD(special)},
    {"strict", 0, 6, MEASURE_FLAG, NULL,
     "A bad line in FILE ends the run instead of being left out",
     "A line of a list that is no target ends the survey.", FIELD(strict)},
    {"probe", 0, 7, MEASURE_PROBE, "PROBE", "@ (default synack)",
     "*synack* (default) measures how the SYN-ACK is retransmitted, *ping* ends with the first "
     "answer, *open* makes a handshake and closes.",
     FIELD(probe)},
    {"listen", 0, 7, MEASURE_DURATION, "TIME",
     "synack: listen no longer than this after the first SYN-ACK (default 300s)",
     "Of *--probe=synack*: listen no longer than this after the first SYN-ACK, at most 400s "
     "(default 300s).",
     FIELD(listen_ns)},
    {"settle", 0, 7, MEASURE_FLAG, NULL,
     "synack: listen on where that tells the schedule from another that lost three in a row",
     "Of *--probe=synack*: listen on, within *--listen*, where that would tell the schedule from "
     "another one that lost three SYN-ACKs in a row; without it, from one that lost one.\n"
     "A Linux listener then takes nearly five minutes, not two and a half.\n"
     "Without it more results have _alternatives_.",
     FIELD(settle)},
    {"answers", 0, 7, MEASURE_FLAG, NULL,
     "No records of targets that do not answer: count them only",
     "No records of targets that do not answer: they are only counted.", FIELD(answers)},
    {"csv", 0, 7, MEASURE_FLAG, NULL, "Comma-separated values in place of NDJSON",
     "Comma-separated values in place of records: a line of names and one a target.\n"
     "Fields are quoted as in RFC 4180, lines end with a line feed.",
     FIELD(csv)},
    {"rate", 0, 8, MEASURE_NUMBER, "N", "At most N packets in any second, resets too (default 100)",
     "At most _N_ packets in any second, our resets too (default 100).", 1, RATE_MAX, FIELD(rate)},
    {"i-am-authorised", 0, 8, MEASURE_FLAG, NULL, "For a rate above 10000",
     "Needed for a *--rate* above 10000.", FIELD(authorised)},
    {"window", 0, 8, MEASURE_NUMBER, "N", "At most N targets at once (default 1000000; open 1000)",
     "At most _N_ targets are under way at the same time (default 1000000; of *--probe=open*, "
     "which "
     "keeps a whole connection for each, 1000).",
     1, WINDOW_MAX, FIELD(window), .given = MEASURE_FIELD(struct survey_asked, has_window)},
    {"spacing", 0, 8, MEASURE_DURATION, "TIME", "Between two probes of one address at least this",
     "Leave at least this time between two probes of the same address.", FIELD(spacing_ns)},
    {"spacing-24", 0, 8, MEASURE_DURATION, "TIME",
     "Between two probes of one /24 (IPv6: /64) at least this",
     "The same for addresses of the same /24, or of the same /64 of IPv6.", FIELD(spacing_net_ns)},
    {"max-runtime", 0, 8, MEASURE_DURATION, "TIME", "The same as -w",
     "The same as *-w*: begin no new targets after this time, end those under way, and print the "
     "summary.",
     .of_run = true, .field = MEASURE_FIELD(struct measure_run, deadline_ns)},
    {"shard", 0, 9, MEASURE_TAKEN, "K/N", "Only this one of N parts of the list",
     "Probe the _K_th of _N_ parts, counted from 1.\n"
     "The parts are disjoint and together the whole.\nTheir rates add up.",
     FIELD(shard), .take = take_shard},
    {"shards", 0, 9, MEASURE_NUMBER, "N",
     "The same, K from JOB_COMPLETION_INDEX or SLURM_ARRAY_TASK_ID",
     "The same, with _K_ from the environment: *JOB_COMPLETION_INDEX* of a Kubernetes indexed Job "
     "or *SLURM_ARRAY_TASK_ID* of a Slurm array.",
     1, SHARDS_MAX, FIELD(shards)},
    {"resume", 0, 9, MEASURE_STRING, "FILE",
     "Write the records to FILE; leave out the targets that have one there",
     "Write the records to _FILE_, keep those that are there, and probe only the targets that have "
     "none.\nA last line that is torn is cut off.\n"
     "The targets, ports and probe have to be those of the first time, or the survey ends with "
     "exit status 2 as soon as it sees that a record is of another target; the seed is taken from "
     "the file.\nMore may be excluded than before.\n"
     "The file has to be a regular one, which one survey at a time writes to.\n"
     "It goes neither with *--csv* nor with *--answers*.",
     FIELD(resume)},
    {"summarise", 0, 10, MEASURE_FLAG, NULL, "Send nothing: tell what the records in files come to",
     "Probe nothing: read the records in each _FILE_ (*-* is standard input), such as those of all "
     "shards of a survey, and show what they come to.\n"
     "Targets are counted by outcome, by how the series of their SYN-ACKs ended, and by schedule.\n"
     "Schedules are the same if number and end are and they have the timing of the same known "
     "stack, "
     "or else if first gap and factor are the same after rounding to about a tenth.\n"
     "Those that may have lost something on the way are counted as _perhaps incomplete_.\n"
     "Then come the distribution of the round trips and what came back for each SYN, with the "
     "targets that sent the most.\n"
     "Lines that are no records are told on standard error with file and number, and so is a "
     "second "
     "record of a session, which is not counted.\n"
     "With *--json* the outcome is one _summary_ record.\n"
     "Memory does not grow with the number of records: 256 schedules and 10 targets are kept, and "
     "what is beyond them is counted.\n"
     "The exit status is 2 if a file cannot be read or nothing in them is a record.",
     FIELD(summarise)},
    {"outliers", 0, 10, MEASURE_FLAG, NULL, "With --summarise: name the targets of rare schedules",
     "With *--summarise*: name the targets, up to five, of each schedule that one target alone "
     "has, "
     "or no more than a hundredth of those that were listened to.",
     FIELD(outliers)},
    {0},
};

static const struct survey_asked defaults = {
    .probe = &synack_measure,
    .rate = 100,
    .window = 1000000,
    .listen_ns = 300 * CLOCK_S,
};

const struct measure survey_measure = {
    .name = "survey",
    .operands = "[TARGET...]",
    .summary = "one probe for each of very many targets, as NDJSON",
    .about = "Probes every target once, in an order that hits no network in sequence, and prints "
             "one JSON record a target as it ends, then a summary. TARGET is a host, a network "
             "(192.0.2.0/24), a range (192.0.2.1-9) or a name, with a port of its own or those of "
             "-p.",
    .statuses =
        "--summarise takes the files of records in place of targets.\n"
        "Exit status: 0 every target has its result, 1 stopped before, 2 usage or system error or "
        "nothing to probe, 3 nobody answered.",
    .carrier = MEASURE_LIST,
    .can = MEASURE_LAB_EYES,
    .run = {.wait_ns = 8 * CLOCK_S, .deadline_ns = CLOCK_NEVER, .sessions = 1},
    .options = options,
    .size = sizeof(struct survey_asked),
    .state = &defaults,
};
