/* The record of a run from the command line's side: its outputs, its timeline, what stands at its
 * head, its seed. */
#ifndef TCPSHAKE_CLI_RECORD_H
#define TCPSHAKE_CLI_RECORD_H

#include "cli/arguments.h"
#include "cli/output.h"
#include "wire/address.h"

struct record {
    const struct arguments *options;
    uint64_t seed;   /* --seed, or a random one */
    bool seed_known; /* set by whoever knows it before record_open */
    struct output output;
    struct timeline timeline;
    struct run_info info;
    char target[ENDPOINT_TEXT_MAX];
    char argv[512];
};

/* Caller closes with record_close, also after a failure of record_open. */
void record_init(struct record *r, const struct arguments *options);
/* Chooses the seed and opens what the options ask for. */
enum status record_open(struct record *r, struct fault *fault);
/* What is known before the first event: `info` without argv, version and seed, which are filled in
 * here, as is its target unless `target` is NULL. Writes the head. */
enum status record_begin(struct record *r, const struct run_info *info,
                         const struct endpoint *target, int argc, char **argv, struct fault *fault);
/* The sinks and files are closed in any case; the first failure is the one that is told: `s` and
 * `fault`, if there is one already. */
enum status record_close(struct record *r, enum status s, struct fault *fault);

/* For a run's `progress` (NULL where nobody wants any) and `asked`, with the record as argument. */
typedef void record_teller(void *arg, const char *line);
record_teller *record_progress(const struct record *r);
void record_asked(void *arg, const char *line);

#endif
