/* Where targets are read from: the words of the command line, then the lines of a file or of
 * standard input, one at a time and none of them held. */
#ifndef TCPSHAKE_TARGETS_TARGET_SOURCE_H
#define TCPSHAKE_TARGETS_TARGET_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

struct target_source;

struct target_source_line {
    const char *text; /* until the next call; not terminated */
    size_t n;
    uint64_t number; /* of the file's line, from 1; 0: a word of the command line */
    bool too_long;   /* the rest of it was dropped */
};

enum target_source_answer {
    TARGET_SOURCE_LINE,
    TARGET_SOURCE_BLOCKED, /* nothing there yet: wait for target_source_fd to be readable */
    TARGET_SOURCE_END,
    TARGET_SOURCE_FAILED
};

/* The words stay the caller's and must outlive the source. `file`: NULL is none, "-" is standard
 * input. Caller closes. NULL with a line. */
struct target_source *target_source_open(const char *const *words, size_t word_count,
                                         const char *file, struct fault *fault);
void target_source_close(struct target_source *s);

enum target_source_answer target_source_next(struct target_source *s,
                                             struct target_source_line *line, struct fault *fault);

int target_source_fd(const struct target_source *s); /* -1: there is no file */

/* The file as complaints name it: its path, or "stdin". */
const char *target_source_name(const struct target_source *s);

/* Opens a list for reading, "-" being standard input; `*name` is what complaints call it. -1 with a
 * line. */
int target_source_open_list(const char *file, const char **name, struct fault *fault);

#endif
