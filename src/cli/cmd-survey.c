/* `tcpshake survey`: one probe for each of very many targets. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/summarise.h"
#include "cli/survey_session.h"
#include "net/tx.h"
#include "net/resolve.h"

enum {
    KEY_PROBE = 512,
    KEY_RATE,
    KEY_WINDOW,
    KEY_LISTEN,
    KEY_EXCLUDE_FILE,
    KEY_SPECIAL,
    KEY_SHARD,
    KEY_SHARDS,
    KEY_RESUME,
    KEY_MAX_RUNTIME,
    KEY_CSV,
    KEY_SETTLE,
    KEY_ANSWERS,
    KEY_STRICT,
    KEY_AUTHORISED,
    KEY_SPACING,
    KEY_SPACING_NET,
    KEY_SUMMARISE
};

#define RATE_DEFAULT   100
#define RATE_MAX       UINT64_C(100000000)
#define WINDOW_DEFAULT 1000000
#define WINDOW_MAX     16000000
#define WINDOW_OPEN    1000 /* a whole handshake's state for each */
#define SHARDS_MAX     UINT64_C(1000000)

struct line {
    struct arguments common;
    struct survey_session survey;
    uint64_t shard; /* from 1; 0: not given */
    bool authorised, has_window, summarise;
};

static const struct argp_option options[] = {
    {"ports", 'p', "PORTS", 0, "Ports of the targets that name none: https, 22,80,8000-8010", 6},
    {"file", 'f', "FILE", 0, "Read targets from FILE, one a line; - is standard input", 6},
    {"exclude-file", KEY_EXCLUDE_FILE, "FILE", 0, "Leave out the hosts and networks in FILE", 6},
    {"special", KEY_SPECIAL, NULL, 0,
     "Do not leave out special-purpose addresses (private, documentation, loopback ...)", 6},
    {"strict", KEY_STRICT, NULL, 0, "A bad line in FILE ends the run instead of being left out", 6},
    {"probe", KEY_PROBE, "PROBE", 0, "ping, open or synack (default)", 7},
    {"listen", KEY_LISTEN, "TIME", 0,
     "synack: listen no longer than this after the first SYN-ACK (default 300s)", 7},
    {"settle", KEY_SETTLE, NULL, 0,
     "synack: listen on where that tells the schedule from another that lost something", 7},
    {"answers", KEY_ANSWERS, NULL, 0, "No records of targets that do not answer: count them only",
     7},
    {"csv", KEY_CSV, NULL, 0, "Comma-separated values in place of NDJSON", 7},
    {"rate", KEY_RATE, "N", 0, "At most N packets in any second, resets too (default 100)", 8},
    {"i-am-authorised", KEY_AUTHORISED, NULL, 0, "For a rate above 10000", 8},
    {"window", KEY_WINDOW, "N", 0, "At most N targets at once (default 1000000; open 1000)", 8},
    {"spacing", KEY_SPACING, "TIME", 0, "Between two probes of one address at least this", 8},
    {"spacing-24", KEY_SPACING_NET, "TIME", 0,
     "Between two probes of one /24 (IPv6: /64) at least this", 8},
    {"max-runtime", KEY_MAX_RUNTIME, "TIME", 0, "The same as -w", 8},
    {"shard", KEY_SHARD, "K/N", 0, "Only this one of N parts of the list", 9},
    {"shards", KEY_SHARDS, "N", 0, "The same, K from JOB_COMPLETION_INDEX or SLURM_ARRAY_TASK_ID",
     9},
    {"resume", KEY_RESUME, "FILE", 0,
     "Write the records to FILE; leave out the targets that have one there", 9},
    {"summarise", KEY_SUMMARISE, NULL, 0, "Send nothing: tell what the records in files come to",
     10},
    {0},
};

static const char doc[] =
    "Probes every target once, in an order that hits no network in sequence, and prints one JSON "
    "record a target as it ends, then a summary. TARGET is a host, a network (192.0.2.0/24), a "
    "range (192.0.2.1-9) or a name, with a port of its own or those of -p."
    "\v--summarise takes the files of records in place of targets.\n"
    "Exit status: 0 every target has its result, 1 stopped before, 2 usage or system error or "
    "nothing to probe, 3 nobody answered.";

static error_t take_probe(struct survey_session *s, const struct argp_state *state, const char *arg)
{
    static const char *const names[] = {[SURVEY_SESSION_PING] = "ping",
                                        [SURVEY_SESSION_OPEN] = "open",
                                        [SURVEY_SESSION_SYNACK] = "synack"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(arg, names[i]) == 0) {
            s->probe = (enum survey_session_probe)i;
            return 0;
        }
    }
    return arguments_refuse(state, "--probe takes ping, open or synack, not '%s'", arg);
}

static error_t take_shard(struct line *l, const struct argp_state *state, const char *arg)
{
    char k[24];
    const char *slash = strchr(arg, '/');
    size_t n = slash != NULL ? (size_t)(slash - arg) : 0;
    if (slash == NULL || n >= sizeof(k))
        return arguments_refuse(state, "--shard takes K/N such as 3/10, not '%s'", arg);
    memcpy(k, arg, n);
    k[n] = '\0';
    if (!text_to_number(slash + 1, 1, SHARDS_MAX, &l->survey.shards) ||
        !text_to_number(k, 1, l->survey.shards, &l->shard))
        return arguments_refuse(state, "--shard takes K/N with K from 1 to N, not '%s'", arg);
    return 0;
}

/* An array job has a number for each task, counted from 0 by Kubernetes, from SLURM_ARRAY_TASK_MIN
 * by Slurm. */
static error_t shard_from_job(struct line *l, const struct argp_state *state)
{
    uint64_t index, least = 0;
    const char *name = "JOB_COMPLETION_INDEX";
    const char *word = getenv(name);
    if (word == NULL) {
        const char *min = getenv("SLURM_ARRAY_TASK_MIN");
        name = "SLURM_ARRAY_TASK_ID";
        word = getenv(name);
        if (min != NULL && !text_to_number(min, 0, SHARDS_MAX, &least))
            return arguments_refuse(state, "--shards: SLURM_ARRAY_TASK_MIN is '%s'", min);
    }
    if (word == NULL)
        return arguments_refuse(state, "--shards: neither JOB_COMPLETION_INDEX nor "
                                       "SLURM_ARRAY_TASK_ID is set; write --shard K/N");
    if (!text_to_number(word, least, least + l->survey.shards - 1, &index))
        return arguments_refuse(state, "--shards: %s is '%s', not from %" PRIu64 " to %" PRIu64,
                                name, word, least, least + l->survey.shards - 1);
    l->shard = index - least + 1;
    return 0;
}

static error_t take_ports(struct survey_session *s, const struct argp_state *state, const char *arg)
{
    struct fault fault;
    s->port_words = arg;
    ports_done(&s->ports);
    if (ports_parse(&s->ports, arg, strlen(arg), resolve_service, &fault) != STATUS_OK)
        return arguments_refuse(state, "-p: %s", fault.text);
    return 0;
}

static error_t check(struct line *l, const struct argp_state *state)
{
    const struct arguments *a = &l->common;
    const char *wrong = a->pcapng != NULL    ? "--pcapng"
                        : a->mermaid != NULL ? "--mermaid"
                        : a->has_isn         ? "--isn"
                        : a->dry_run         ? "--dry-run"
                                             : NULL;
    if (wrong != NULL)
        return arguments_refuse(state, "%s means nothing for many targets", wrong);
    if (a->word_count == 0 && l->survey.file == NULL && l->survey.around->lab == NULL)
        return arguments_refuse(state,
                                "no target; write hosts, networks or ranges, or -f FILE with "
                                "one a line, or put 'lab' before the command");
    if (l->survey.rate > TX_PLAIN_RATE && !l->authorised)
        return arguments_refuse(state,
                                "more than %d packets a second take --i-am-authorised: they are "
                                "felt by those who get them",
                                TX_PLAIN_RATE);
    if (l->common.csv && l->survey.resume != NULL)
        return arguments_refuse(state, "--resume needs records: leave --csv out");
    if (l->survey.answers && l->survey.resume != NULL)
        return arguments_refuse(state,
                                "--resume needs a record of every target: leave --answers out");
    if (l->survey.shards > 0 && l->shard == 0)
        return shard_from_job(l, state);
    return 0;
}

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
    struct line *l = state->input;
    switch (key) {
    case KEY_RATE:
        return arguments_number(state, "--rate", arg, 1, RATE_MAX, &l->survey.rate);
    case KEY_AUTHORISED:
        l->authorised = true;
        return 0;
    case KEY_WINDOW:
        l->has_window = true;
        return arguments_number(state, "--window", arg, 1, WINDOW_MAX, &l->survey.window);
    case KEY_SPACING:
        return arguments_duration(state, "--spacing", arg, &l->survey.spacing_ns);
    case KEY_SPACING_NET:
        return arguments_duration(state, "--spacing-24", arg, &l->survey.spacing_net_ns);
    case KEY_MAX_RUNTIME:
        return arguments_duration(state, "--max-runtime", arg, &l->common.deadline_ns);
    case KEY_SHARD:
        return take_shard(l, state, arg);
    case KEY_SHARDS:
        return arguments_number(state, "--shards", arg, 1, SHARDS_MAX, &l->survey.shards);
    case KEY_RESUME:
        l->survey.resume = arg;
        return 0;
    case KEY_SUMMARISE:
        l->summarise = true;
        return 0;
    case ARGP_KEY_END:
        return l->summarise ? 0 : check(l, state);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct line *l = state->input;
    struct survey_session *s = &l->survey;
    switch (key) {
    case 'p':
        return take_ports(s, state, arg);
    case 'f':
        s->file = arg;
        return 0;
    case KEY_EXCLUDE_FILE:
        s->exclude_file = arg;
        return 0;
    case KEY_SPECIAL:
        s->special = true;
        return 0;
    case KEY_STRICT:
        s->strict = true;
        return 0;
    case KEY_PROBE:
        return take_probe(s, state, arg);
    case KEY_LISTEN:
        if (arguments_duration(state, "--listen", arg, &s->listen_ns) != 0)
            return EINVAL;
        if (s->listen_ns > FLOW_LISTEN_MAX)
            return arguments_refuse(state, "--listen: at most 400 s where there are many targets");
        return 0;
    case KEY_SETTLE:
        s->settle = true;
        return 0;
    case KEY_ANSWERS:
        s->answers = true;
        return 0;
    case KEY_CSV:
        l->common.csv = true;
        return 0;
    default:
        return parse_run(key, arg, state);
    }
}

static int run(const struct surroundings *around, int argc, char **argv)
{
    const char **words = calloc((size_t)argc, sizeof(*words));
    struct line l = {
        .common = arguments_defaults("survey", 8 * CLOCK_S, CLOCK_NEVER),
        .survey = {.probe = SURVEY_SESSION_SYNACK,
                   .around = around,
                   .rate = RATE_DEFAULT,
                   .window = WINDOW_DEFAULT,
                   .listen_ns = 300 * CLOCK_S,
                   .argc = argc,
                   .argv = argv},
    };
    if (words == NULL)
        return command_fail("survey", "out of memory");
    l.common.args_doc = "[TARGET...]";
    l.common.words = words;
    int code = arguments_parse(&l.common, options, parse, &l, doc, argc, argv);
    if (code == 0 && l.summarise) {
        code = summarise(words, l.common.word_count, l.common.json);
    } else if (code == 0) {
        l.common.json = !l.common.csv;
        l.survey.options = &l.common;
        l.survey.shard = l.shard > 0 ? l.shard - 1 : 0;
        l.survey.shards = l.survey.shards > 0 ? l.survey.shards : 1;
        if (l.survey.probe == SURVEY_SESSION_OPEN && !l.has_window)
            l.survey.window = WINDOW_OPEN;
        code = survey_session_run(&l.survey);
    }
    ports_done(&l.survey.ports);
    free(words);
    return code;
}

const struct command cmd_survey = {
    .name = "survey",
    .usage = "[OPTIONS] -p PORTS [-f FILE] [TARGET...]",
    .summary = "one probe for each of very many targets, as NDJSON",
    .run = run,
};
