/* Where targets are read from: the words of the command line, then the lines of a file or of
 * standard input, one at a time and none of them held. */
#ifndef TCPSHAKE_TARGETS_TARGET_SOURCE_H
#define TCPSHAKE_TARGETS_TARGET_SOURCE_H

#include "base/fault.h"
#include "base/lines.h"

struct target_source;

struct target_source_line {
    const char *text; /* until the next call; not terminated */
    size_t n;
    uint64_t number; /* of the file's line, from 1; 0: a word of the command line */
    bool too_long;   /* the rest of it, beyond LINES_MAX, was dropped */
};

enum target_source_answer {
    TARGET_SOURCE_LINE,
    TARGET_SOURCE_BLOCKED, /* nothing there yet: wait for target_source_fd to be readable */
    TARGET_SOURCE_END,
    TARGET_SOURCE_FAILED
};

/* The words stay the caller's and must outlive the source. `file`: NULL is none, "-" is standard
 * input. A patient one waits for lines and is never BLOCKED. Caller closes. NULL with a line. */
struct target_source *target_source_open(const char *const *words, size_t word_count,
                                         const char *file, bool patient, struct fault *fault);
void target_source_close(struct target_source *s);

enum target_source_answer target_source_next(struct target_source *s,
                                             struct target_source_line *line, struct fault *fault);

int target_source_fd(const struct target_source *s); /* -1: there is no file */

/* The file as complaints name it: its path, or "stdin". */
const char *target_source_name(const struct target_source *s);

#endif
