/* Where output goes: stdout and files, opened before anything is measured, with every failed write
 * noticed. */
#ifndef TCPSHAKE_CLI_OUTPUT_H
#define TCPSHAKE_CLI_OUTPUT_H

#include "cli/arguments.h"
#include "event/timeline.h"

enum {
    OUTPUT_FILES_MAX = 4
};

struct output {
    struct output_file {
        int fd;
        const char *name; /* for the line when it fails */
        struct output *out;
    } files[OUTPUT_FILES_MAX];
    size_t count;
    size_t progress_cells; /* of a line on stderr that must go before anything else is printed */
};

/* Opens what the options ask for and adds a sink for each to the timeline. */
enum status output_open(struct output *out, const struct arguments *o, struct timeline *t,
                        struct fault *fault);
/* Closes the files; a file system that only now says that it is full is noticed too. */
enum status output_close(struct output *out, struct fault *fault);

/* Whether a line of progress is wanted: stderr is a terminal. */
bool output_progress_wanted(const struct arguments *o);
/* Shows the line in place of the one before. */
void output_progress(struct output *out, const char *line);
void output_progress_clear(struct output *out);
/* Leaves it where it is and goes on below. */
void output_progress_keep(struct output *out);
/* How many cells it may have, and whether the terminal is told UTF-8 (by the locale). */
unsigned output_progress_columns(void);
bool output_progress_utf8(void);

#endif
