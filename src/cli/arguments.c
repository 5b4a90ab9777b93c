/* See arguments.h. The tables below make --help; tests hold the man page and the completion to it.
 */
#include "cli/arguments.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
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
    {"wait", 'W', "TIME", 0,
     "How long to wait for an answer: to our SYN, to our FIN, to a figure's line "
     "(default 8s, ping 1s)",
     2},
    {"deadline", 'w', "TIME", 0,
     "End after this time, whatever has happened (default: open 1m, play 5m, synack and ping none)",
     2},
    {"dry-run", KEY_DRY_RUN, NULL, 0,
     "Send nothing: show the run against an imagined ideal peer, or the figure as understood", 3},
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

/* Those of every record, whatever it is of. */
static const struct argp_option output_options[] = {
    {"json", KEY_JSON, NULL, 0, "One JSON record a line on stdout, nothing else there", 3},
    {"pcapng", KEY_PCAPNG, "FILE", 0, "Write every segment, with our reasoning as comments", 3},
    {"mermaid", KEY_MERMAID, "FILE", 0, "Write a mermaid sequence diagram", 3},
    {"quiet", 'q', NULL, 0, "The result only, no ladder; of ping the statistics only", 3},
    {"verbose", 'v', NULL, 0, "Reasons and RFC sections, options, absolute numbers", 3},
    {"colour", KEY_COLOUR, "WHEN", 0, "auto (default), always or never", 3},
    {"seed", KEY_SEED, "N", 0, "Repeat a run: same source port, same sequence numbers", 4},
    {0},
};

error_t arguments_refuse(const struct argp_state *state, const char *fmt, ...)
{
    va_list ap;
    (void)fprintf(stderr, "%s: ", state->name);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    return EINVAL;
}

error_t arguments_number(const struct argp_state *state, const char *option, const char *arg,
                         uint64_t min, uint64_t max, uint64_t *out)
{
    if (text_to_number(arg, min, max, out))
        return 0;
    return arguments_refuse(state, "%s takes a number from %" PRIu64 " to %" PRIu64 ", not '%s'",
                            option, min, max, arg);
}

error_t arguments_duration(const struct argp_state *state, const char *option, const char *arg,
                           int64_t *out)
{
    struct fault fault;
    int64_t ns;
    if (clock_parse(arg, &ns, &fault) != STATUS_OK)
        return arguments_refuse(state, "%s: %s", option, fault.text);
    if (ns == 0)
        return arguments_refuse(state, "%s: no time at all", option);
    *out = ns;
    return 0;
}

static error_t take_u16(const struct argp_state *state, const char *option, const char *arg,
                        uint16_t least, uint16_t *out)
{
    uint64_t n = 0;
    error_t error = arguments_number(state, option, arg, least, UINT16_MAX, &n);
    *out = (uint16_t)n;
    return error;
}

static error_t take_source(struct arguments *a, const struct argp_state *state, const char *arg)
{
    uint8_t v4[4];
    if (inet_pton(AF_INET, arg, v4) == 1)
        a->source = address_from_v4(v4);
    else if (inet_pton(AF_INET6, arg, &a->source) != 1)
        return arguments_refuse(state, "--source takes an address of this host, not '%s'", arg);
    a->has_source = true;
    return 0;
}

static error_t take_syn_like(struct arguments *a, const struct argp_state *state, const char *arg)
{
    a->like = syn_like_find(arg);
    if (a->like != NULL)
        return 0;
    return arguments_refuse(state, "--syn-like takes linux, windows, freebsd or bare, not '%s'",
                            arg);
}

static error_t take_colour(struct arguments *a, const struct argp_state *state, const char *arg)
{
    if (strcmp(arg, "auto") == 0)
        a->colour = ARGUMENTS_COLOUR_AUTO;
    else if (strcmp(arg, "always") == 0)
        a->colour = ARGUMENTS_COLOUR_ALWAYS;
    else if (strcmp(arg, "never") == 0)
        a->colour = ARGUMENTS_COLOUR_NEVER;
    else
        return arguments_refuse(state, "--colour takes auto, always or never, not '%s'", arg);
    return 0;
}

static error_t take_isn(struct arguments *a, const struct argp_state *state, const char *arg)
{
    uint64_t n = 0;
    error_t error = arguments_number(state, "--isn", arg, 0, UINT32_MAX, &n);
    a->isn = (uint32_t)n;
    a->has_isn = true;
    return error;
}

static error_t take_ttl(struct arguments *a, const struct argp_state *state, const char *arg)
{
    uint64_t n = 0;
    error_t error = arguments_number(state, "--ttl", arg, 1, UINT8_MAX, &n);
    a->ttl = (uint8_t)n;
    a->has_ttl = true;
    return error;
}

static error_t take_target(struct arguments *a, const struct argp_state *state, char *arg)
{
    if (a->lab_only)
        return arguments_refuse(state, "it takes no target: '%s' is one word too many", arg);
    if (a->words != NULL)
        a->words[a->word_count++] = arg;
    else if (a->leading != NULL && *a->leading == NULL)
        *a->leading = arg;
    else if (a->host == NULL)
        a->host = arg;
    else if (a->port_word == NULL)
        a->port_word = arg;
    else
        return arguments_refuse(state, "one target at a time: '%s' is one word too many", arg);
    return 0;
}

/* What shapes the SYN. */
static error_t parse_syn(int key, char *arg, struct argp_state *state)
{
    struct arguments *a = state->input;
    switch (key) {
    case KEY_SYN_LIKE:
        return take_syn_like(a, state, arg);
    case KEY_MSS:
        return take_u16(state, "--mss", arg, 1, &a->mss);
    case KEY_NO_TIMESTAMPS:
        a->timestamps = false;
        return 0;
    case KEY_ISN:
        return take_isn(a, state, arg);
    case KEY_WIN:
        a->has_win = true;
        return take_u16(state, "--win", arg, 0, &a->win);
    case KEY_SPORT:
        return take_u16(state, "--sport", arg, 1, &a->sport);
    case 't':
        return take_ttl(a, state, arg);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_output(int key, char *arg, struct argp_state *state)
{
    struct arguments *a = state->input;
    switch (key) {
    case KEY_JSON:
        a->json = true;
        return 0;
    case KEY_PCAPNG:
        a->pcapng = arg;
        return 0;
    case KEY_MERMAID:
        a->mermaid = arg;
        return 0;
    case KEY_COLOUR:
        return take_colour(a, state, arg);
    case 'q':
        a->quiet = true;
        return 0;
    case 'v':
        a->verbose = true;
        return 0;
    case KEY_SEED:
        a->has_seed = true;
        return arguments_number(state, "--seed", arg, 0, ARGUMENTS_SEED_MAX, &a->seed);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *a = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = a->own;
        state->child_inputs[1] = a;
        state->err_stream = NULL; /* one line of complaint is enough: getopt's */
        return 0;
    case '4':
        a->family = AF_INET;
        return 0;
    case '6':
        a->family = AF_INET6;
        return 0;
    case 'I':
        a->interface = arg;
        return 0;
    case 'S':
        return take_source(a, state, arg);
    case 'n':
        a->numeric = true;
        return 0;
    case 'W':
        return arguments_duration(state, "--wait", arg, &a->wait_ns);
    case 'w':
        return arguments_duration(state, "--deadline", arg, &a->deadline_ns);
    case KEY_DRY_RUN:
        a->dry_run = true;
        return 0;
    case ARGP_KEY_ARG:
        return take_target(a, state, arg);
    default:
        return parse_syn(key, arg, state);
    }
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
    const struct argp output = {.options = output_options, .parser = parse_output};
    const struct argp_child children[] = {{&command, 0, NULL, 0}, {&output, 0, NULL, 0}, {0}};
    const char *words = o->args_doc != NULL ? o->args_doc : "TARGET";
    const struct argp argp = {.options = o->lab_only ? NULL : options,
                              .parser = parse,
                              .args_doc = o->lab_only ? NULL : words,
                              .doc = doc,
                              .children = children};
    o->own = own;
    argp_err_exit_status = EXIT_TROUBLE;
    return argp_parse(&argp, argc, argv, 0, NULL, o) == 0 ? 0 : EXIT_TROUBLE;
}

struct tx_config arguments_outlet(const struct arguments *o, const struct in6_addr *first,
                                  uint64_t rate)
{
    return (struct tx_config){
        .first = *first,
        .source = o->has_source ? &o->source : NULL,
        .ifname = o->interface,
        .like = o->like,
        .timestamps = o->timestamps,
        .mss = o->mss,
        .win = o->has_win ? o->win : o->like->win,
        .ttl = o->has_ttl ? o->ttl : o->like->ttl,
        .rate = rate,
    };
}
