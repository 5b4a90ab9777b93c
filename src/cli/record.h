/* What a command with a record opens before it measures and closes afterwards: the outputs, the
 * timeline, what is known beforehand. */
#ifndef TCPSHAKE_CLI_RECORD_H
#define TCPSHAKE_CLI_RECORD_H

#include "cli/output.h"
#include "wire/address.h"

enum {
    RECORD_ARGV_MAX = 512
};

struct record {
    const struct arguments *options;
    struct output output;
    struct timeline timeline;
    struct run_info info;
    uint64_t seed;
    char target[ENDPOINT_TEXT_MAX];
    char argv[RECORD_ARGV_MAX];
};

/* The seed that was asked for, or a random one. */
enum status record_seed(const struct arguments *o, uint64_t *seed, struct fault *fault);
/* The command line in one string, for the comment of a capture file. */
void record_argv(int argc, char **argv, char out[RECORD_ARGV_MAX]);

/* Chooses the seed. The record is then to be given to record_end, whatever happens. */
enum status record_begin(struct record *r, const struct arguments *o, int argc, char **argv,
                         struct fault *fault);
/* Opens the outputs and says what is known; `interface` and `clock` live as long as the record. */
enum status record_open(struct record *r, const struct endpoint *target, const char *interface,
                        const char *clock, struct fault *fault);
/* Closes the sinks and files in any case. `s` is how it went so far: the first failure is the one
 * that is told, and returned. */
enum status record_end(struct record *r, enum status s, struct fault *fault);

#endif
