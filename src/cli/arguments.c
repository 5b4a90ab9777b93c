/* See arguments.h. The tables below make --help; tests hold the man page and the completion to it.
 */
#include "cli/arguments.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "wire/address.h"

enum {
    KEY_JSON = 256,
    KEY_PCAPNG,
    KEY_MERMAID,
    KEY_DRY_RUN,
    KEY_SEED,
    KEY_COLOUR,
    KEY_SYN_LIKE,
    KEY_MSS,
    KEY_NO_TIMESTAMPS,
    KEY_ISN,
    KEY_WIN,
    KEY_SPORT,
};

static const struct argp_option options[] = {
    {NULL, '4', NULL, 0, "Use IPv4 only", 1},
    {NULL, '6', NULL, 0, "Use IPv6 only", 1},
    {"interface", 'I', "NAME", 0, "Send and capture on this interface", 1},
    {"source", 'S', "ADDRESS", 0, "Our address; one that this host has", 1},
    {"numeric", 'n', NULL, 0, "Take HOST and PORT as numbers, look nothing up", 1},
    {"wait", 'W', "TIME", 0, "How long to wait for one reply", 2},
    {"deadline", 'w', "TIME", 0, "End after this time, whatever has happened", 2},
    {"json", KEY_JSON, NULL, 0, "One JSON record a line on stdout, nothing else there", 3},
    {"pcapng", KEY_PCAPNG, "FILE", 0, "Write every segment, with our reasoning as comments", 3},
    {"mermaid", KEY_MERMAID, "FILE", 0, "Write a mermaid sequence diagram", 3},
    {"quiet", 'q', NULL, 0, "The result only, no ladder", 3},
    {"verbose", 'v', NULL, 0, "Reasons and RFC sections, options, absolute numbers", 3},
    {"colour", KEY_COLOUR, "WHEN", 0, "auto (default), always or never", 3},
    {"dry-run", KEY_DRY_RUN, NULL, 0, "Send nothing: show the run against an imagined ideal peer",
     3},
    {"seed", KEY_SEED, "N", 0, "Repeat a run: same source ports, same numbers", 4},
    {"syn-like", KEY_SYN_LIKE, "SYSTEM", 0,
     "Options, window and TTL of linux (default), windows, freebsd or bare (MSS alone)", 5},
    {"mss", KEY_MSS, "N", 0, "Announce this MSS (default: what the route's MTU allows)", 5},
    {"no-timestamps", KEY_NO_TIMESTAMPS, NULL, 0, "Leave the timestamps option out", 5},
    {"isn", KEY_ISN, "N", 0, "Our initial sequence number (default: RFC 6528)", 5},
    {"win", KEY_WIN, "N", 0, "Our receive window, in octets", 5},
    {"sport", KEY_SPORT, "PORT", 0, "Our port (default: a free one)", 5},
    {"ttl", 't', "N", 0, "TTL or hop limit of what we send", 5},
    {0},
};

void arguments_refuse(const struct argp_state *state, const char *fmt, ...)
{
    va_list ap;
    (void)fprintf(stderr, "%s: ", state->name);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    exit(EXIT_TROUBLE);
}

uint64_t arguments_number(const struct argp_state *state, const char *option, const char *arg,
                          uint64_t min, uint64_t max)
{
    uint64_t n;
    if (!text_to_number(arg, min, max, &n))
        arguments_refuse(state, "%s takes a number from %" PRIu64 " to %" PRIu64 ", not '%s'",
                         option, min, max, arg);
    return n;
}

int64_t arguments_duration(const struct argp_state *state, const char *option, const char *arg)
{
    struct fault fault;
    int64_t ns;
    if (clock_parse(arg, &ns, &fault) != STATUS_OK)
        arguments_refuse(state, "%s: %s", option, fault.text);
    if (ns == 0)
        arguments_refuse(state, "%s: no time at all", option);
    return ns;
}

static void take_source(struct arguments *o, const struct argp_state *state, const char *arg)
{
    uint8_t v4[4];
    if (inet_pton(AF_INET, arg, v4) == 1)
        o->source = address_from_v4(v4);
    else if (inet_pton(AF_INET6, arg, &o->source) != 1)
        arguments_refuse(state, "--source takes an address of this host, not '%s'", arg);
    o->has_source = true;
}

static void take_syn_like(struct arguments *o, const struct argp_state *state, const char *arg)
{
    o->like = syn_like_find(arg);
    if (o->like == NULL)
        arguments_refuse(state, "--syn-like takes linux, windows, freebsd or bare, not '%s'", arg);
}

static void take_colour(struct arguments *o, const struct argp_state *state, const char *arg)
{
    if (strcmp(arg, "auto") == 0)
        o->colour = ARGUMENTS_COLOUR_AUTO;
    else if (strcmp(arg, "always") == 0)
        o->colour = ARGUMENTS_COLOUR_ALWAYS;
    else if (strcmp(arg, "never") == 0)
        o->colour = ARGUMENTS_COLOUR_NEVER;
    else
        arguments_refuse(state, "--colour takes auto, always or never, not '%s'", arg);
}

static void take_target(struct arguments *o, const struct argp_state *state, char *arg)
{
    if (o->host == NULL)
        o->host = arg;
    else if (o->port_word == NULL)
        o->port_word = arg;
    else
        arguments_refuse(state, "one target at a time: '%s' is one word too many", arg);
}

/* What shapes the SYN. */
static error_t parse_syn(int key, char *arg, struct argp_state *state)
{
    struct arguments *o = state->input;
    switch (key) {
    case KEY_SYN_LIKE:
        take_syn_like(o, state, arg);
        break;
    case KEY_MSS:
        o->mss = (uint16_t)arguments_number(state, "--mss", arg, 1, UINT16_MAX);
        break;
    case KEY_NO_TIMESTAMPS:
        o->timestamps = false;
        break;
    case KEY_ISN:
        o->isn = (uint32_t)arguments_number(state, "--isn", arg, 0, UINT32_MAX);
        o->has_isn = true;
        break;
    case KEY_WIN:
        o->win = (uint16_t)arguments_number(state, "--win", arg, 0, UINT16_MAX);
        o->has_win = true;
        break;
    case KEY_SPORT:
        o->sport = (uint16_t)arguments_number(state, "--sport", arg, 1, UINT16_MAX);
        break;
    case 't':
        o->ttl = (uint8_t)arguments_number(state, "--ttl", arg, 1, UINT8_MAX);
        o->has_ttl = true;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static error_t parse_output(int key, char *arg, struct argp_state *state)
{
    struct arguments *o = state->input;
    switch (key) {
    case KEY_JSON:
        o->json = true;
        break;
    case KEY_PCAPNG:
        o->pcapng = arg;
        break;
    case KEY_MERMAID:
        o->mermaid = arg;
        break;
    case KEY_DRY_RUN:
        o->dry_run = true;
        break;
    case KEY_COLOUR:
        take_colour(o, state, arg);
        break;
    case 'q':
        o->quiet = true;
        break;
    case 'v':
        o->verbose = true;
        break;
    default:
        return parse_syn(key, arg, state);
    }
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = o->own;
        state->err_stream = NULL; /* one line of complaint is enough: getopt's */
        break;
    case '4':
        o->family = AF_INET;
        break;
    case '6':
        o->family = AF_INET6;
        break;
    case 'I':
        o->interface = arg;
        break;
    case 'S':
        take_source(o, state, arg);
        break;
    case 'n':
        o->numeric = true;
        break;
    case 'W':
        o->wait_ns = arguments_duration(state, "--wait", arg);
        break;
    case 'w':
        o->deadline_ns = arguments_duration(state, "--deadline", arg);
        break;
    case KEY_SEED:
        o->seed = arguments_number(state, "--seed", arg, 0, UINT64_MAX);
        o->has_seed = true;
        break;
    case ARGP_KEY_ARG:
        take_target(o, state, arg);
        break;
    default:
        return parse_output(key, arg, state);
    }
    return 0;
}

struct arguments arguments_defaults(const char *command, int64_t wait_ns, int64_t deadline_ns)
{
    return (struct arguments){
        .command = command,
        .family = AF_UNSPEC,
        .wait_ns = wait_ns,
        .deadline_ns = deadline_ns,
        .like = syn_like_at(0),
        .timestamps = true,
    };
}

int arguments_parse(struct arguments *o, const struct argp_option *own_options,
                    argp_parser_t own_parser, void *own, const char *doc, int argc, char **argv)
{
    const struct argp command = {.options = own_options, .parser = own_parser};
    const struct argp_child children[] = {{&command, 0, NULL, 0}, {0}};
    const struct argp argp = {.options = options,
                              .parser = parse,
                              .args_doc = "TARGET",
                              .doc = doc,
                              .children = children};
    o->own = own;
    argp_err_exit_status = EXIT_TROUBLE;
    return argp_parse(&argp, argc, argv, 0, NULL, o) == 0 ? 0 : EXIT_TROUBLE;
}
