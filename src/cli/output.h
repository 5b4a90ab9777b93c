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
    } files[OUTPUT_FILES_MAX];
    size_t count;
};

/* Opens what the options ask for and adds a sink for each to the timeline. */
enum status output_open(struct output *out, const struct arguments *o, struct timeline *t,
                        struct fault *fault);
/* Closes the files; a file system that only now says that it is full is noticed too. */
enum status output_close(struct output *out, struct fault *fault);

/* A line of progress on stderr, replacing the one before; only when stderr is a terminal. */
bool output_progress_wanted(const struct arguments *o);
void output_progress(const char *line);
void output_progress_clear(void);

#endif
