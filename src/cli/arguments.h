/* The command line of a measurement: the options that every one of them has, those of its own row,
 * and its operands, parsed by argp, checked when they are read, handed on as values. */
#ifndef TCPSHAKE_CLI_ARGUMENTS_H
#define TCPSHAKE_CLI_ARGUMENTS_H

#include <argp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "measure/measure.h"
#include "net/tx.h"
#include "talk/syn_like.h"

/* What every reader of JSON keeps exactly. */
#define ARGUMENTS_SEED_MAX ((UINT64_C(1) << 53) - 1)

enum {
    ARGUMENTS_TEXTS_MAX = 4 /* options of a measurement whose octets are said */
};

struct arguments {
    const struct measure *measure;
    /* Operands. */
    const char *figure; /* MEASURE_FIGURE has one before the target; NULL: not given */
    const char **words; /* where there are many targets; owned */
    size_t word_count;
    const char *host, *port_word;
    /* Target */
    int family; /* AF_UNSPEC, AF_INET, AF_INET6 */
    bool numeric;
    const char *interface;
    bool has_source;
    struct in6_addr source;
    struct measure_run run;
    /* Output */
    bool json, quiet, verbose, dry_run;
    bool stamped;        /* the time of day before each of its lines */
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
    bool timestamps, rfc_peer, has_isn, has_win, has_ttl;
    uint16_t mss, win, sport; /* mss 0: from the route; sport 0: ours to choose */
    uint32_t isn;
    uint8_t ttl;
    /* What is said by the measurement's own options, in the order of their rows. */
    struct text octets;
    const char *texts[ARGUMENTS_TEXTS_MAX];
    uint64_t given; /* options that every measurement has, by arguments_common_at */
};

/* The options that every measurement has: row `i`, NULL past the end. In groups: 1 target and way,
 * 2 time, 3 output, 4 numbers, 5 the SYN. A measurement that is in the lab alone has those of
 * arguments_is_output only. */
const struct measure_option *arguments_common_at(size_t i);
bool arguments_is_output(size_t i);

/* What the row has by default; `patient`: where packets get lost or come late. */
struct arguments arguments_defaults(const struct measure *m, bool patient);

/* Parses the whole line: these options and the measurement's own, whose fields are in `state`.
 * Refuses what it has no use for. Returns 0, or the status to exit with: what was wrong has been
 * said in one line. Caller calls arguments_done in any case. */
int arguments_parse(struct arguments *a, void *state, int argc, char **argv);
void arguments_done(struct arguments *a);

/* The first option in a table of refusals that was given; NULL: none was. */
const struct measure_refusal *arguments_refused(const struct arguments *a,
                                                const struct measure_refusal *table);

/* How the packets of many targets leave, of whom `first` is one. */
struct tx_config arguments_tx(const struct arguments *o, const struct in6_addr *first,
                              uint64_t rate);

/* For option parsers of commands that are no measurements, to return at once: what is wrong with an
 * argument, in one line on stderr. */
error_t arguments_refuse(const struct argp_state *state, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
