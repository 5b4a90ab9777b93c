/* The options that every measuring command has, and those that shape our SYN: parsed by argp,
 * checked when they are read, handed on as values. */
#ifndef TCPSHAKE_CLI_ARGUMENTS_H
#define TCPSHAKE_CLI_ARGUMENTS_H

#include <argp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/tx.h"
#include "talk/syn_like.h"

/* What every reader of JSON keeps exactly. */
#define ARGUMENTS_SEED_MAX ((UINT64_C(1) << 53) - 1)

struct arguments {
    const char *command;
    void *own;            /* input of the command's own parser */
    const char *args_doc; /* what --usage shows for the words; NULL: TARGET */
    const char **leading; /* takes the word before the target; NULL: there is none */
    const char **words; /* takes every word, where there are many targets: room for argc; or NULL */
    size_t word_count;
    /* Target */
    const char *host, *port_word;
    int family; /* AF_UNSPEC, AF_INET, AF_INET6 */
    bool numeric;
    const char *interface;
    bool has_source;
    struct in6_addr source;
    /* Time */
    int64_t wait_ns, deadline_ns; /* -W, -w; CLOCK_NEVER: no deadline */
    /* Output */
    bool json, quiet, verbose, dry_run;
    bool plays_figure;   /* the text is that of a figure */
    bool pings;          /* the text is that of ping */
    bool stamped;        /* the time of day before each of its lines */
    bool lab_only;       /* no target but the lab: only the options of the output */
    bool csv;            /* in place of the JSON */
    const char *records; /* a file that they are appended to, in place of stdout; or NULL */
    const char *pcapng, *mermaid; /* file names, "-" for stdout */
    enum arguments_colour {
        ARGUMENTS_COLOUR_AUTO,
        ARGUMENTS_COLOUR_ALWAYS,
        ARGUMENTS_COLOUR_NEVER
    } colour;
    /* Numbers */
    bool has_seed; /* at most ARGUMENTS_SEED_MAX */
    uint64_t seed;
    /* The SYN */
    const struct syn_like *like;
    bool timestamps, has_isn, has_win, has_ttl;
    uint16_t mss, win, sport; /* mss 0: from the route; sport 0: ours to choose */
    uint32_t isn;
    uint8_t ttl;
};

/* The defaults of a command. */
struct arguments arguments_defaults(const char *command, int64_t wait_ns, int64_t deadline_ns);

/* Parses the whole line: these options and the command's own, whose parser gets `own` as its input.
 * `doc` is argp's: before \v what stands above the options in --help, then what stands below.
 * Returns 0, or the status to exit with: what was wrong has been said in one line. */
int arguments_parse(struct arguments *o, const struct argp_option *options, argp_parser_t parser,
                    void *own, const char *doc, int argc, char **argv);

/* How the packets of many targets leave, of whom `first` is one. */
struct tx_config arguments_outlet(const struct arguments *o, const struct in6_addr *first,
                                  uint64_t rate);

/* For option parsers, to return at once: what is wrong with an argument, in one line on stderr. */
error_t arguments_refuse(const struct argp_state *state, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A number in a range; 0, or refused with a line that names the option. */
error_t arguments_number(const struct argp_state *state, const char *option, const char *arg,
                         uint64_t min, uint64_t max, uint64_t *out);
/* A duration in ns, more than none. */
error_t arguments_duration(const struct argp_state *state, const char *option, const char *arg,
                           int64_t *out);

#endif
