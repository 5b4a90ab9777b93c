/* The record of a run from the command line's side: where it goes (stdout and files, opened before
 * anything is measured, with every failed write noticed), its timeline, what stands at its head,
 * its seed, and the line of progress that shares a terminal with it. */
#ifndef TCPSHAKE_CLI_RECORD_H
#define TCPSHAKE_CLI_RECORD_H

#include "cli/arguments.h"
#include "event/timeline.h"
#include "wire/address.h"

enum {
    RECORD_FILES_MAX = 4
};

struct record {
    const struct arguments *options;
    uint64_t seed;   /* --seed, or a random one */
    bool seed_known; /* set by whoever knows it before record_open */
    int append_fd;   /* by whoever has the file that options->records names open */
    struct record_file {
        int fd;
        const char *name; /* for the line when it fails */
        struct record *record;
    } files[RECORD_FILES_MAX];
    size_t file_count;
    size_t progress_cells; /* of a line on stderr that must go before anything else is printed */
    struct timeline timeline;
    struct run_info info;
    char target[ENDPOINT_TEXT_MAX];
    char argv[512];
};

/* Caller closes with record_close, also after a failure of record_open. */
void record_init(struct record *r, const struct arguments *options, int argc, char **argv);
/* Chooses the seed, opens what the options ask for, and adds a sink for each to the timeline. */
enum status record_open(struct record *r, struct fault *fault);
/* What is known before the first event: `info` without command, argv, version and seed, which are
 * filled in here, as is its target unless `target` is NULL. Writes the head. */
enum status record_begin(struct record *r, const struct run_info *info,
                         const struct endpoint *target, struct fault *fault);
/* The sinks and files are closed in any case; the first failure is the one that is told: `s` and
 * `fault`, if there is one already. A file system that only now says that it is full is noticed
 * too.
 */
enum status record_close(struct record *r, enum status s, struct fault *fault);

/* For a run's `progress` and `asked`, with the record as argument. */
typedef void record_teller(void *arg, const char *line);
/* Shows the line on stderr in place of the one before. */
void record_tell(void *arg, const char *line);
/* The same; NULL where nobody wants any: stderr is no terminal. */
record_teller *record_progress(const struct record *r);
/* A line of its own. */
void record_asked(void *arg, const char *line);
void record_clear_progress(struct record *r);
/* Leaves it where it is and goes on below. */
void record_keep_progress(struct record *r);
/* How many cells it may have, and whether the terminal is told UTF-8 (by the locale). */
unsigned record_progress_columns(void);
bool record_progress_utf8(void);

#endif
