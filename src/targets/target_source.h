/* The lines of a file of targets or of standard input, one at a time and none of them held. */
#ifndef TCPSHAKE_TARGETS_TARGET_SOURCE_H
#define TCPSHAKE_TARGETS_TARGET_SOURCE_H

#include "base/fault.h"
#include "base/text.h"

struct target_source;

struct target_source_line {
    const char *text; /* until the next call; not terminated */
    size_t n;
    uint64_t number; /* from 1 */
    bool too_long;   /* more than a comment was dropped, beyond TEXT_LINE_MAX */
};

enum target_source_answer {
    TARGET_SOURCE_LINE,
    TARGET_SOURCE_BLOCKED, /* nothing there yet: wait for target_source_fd to be readable */
    TARGET_SOURCE_END,
    TARGET_SOURCE_FAILED
};

/* "-" is standard input. A patient one waits for lines and is never BLOCKED. Caller closes. NULL
 * with a line. */
struct target_source *target_source_open(const char *file, bool patient, struct fault *fault);
void target_source_close(struct target_source *s);

enum target_source_answer target_source_next(struct target_source *s,
                                             struct target_source_line *line, struct fault *fault);

/* What is wrong with a line that is too long. */
enum status target_source_too_long(struct fault *fault);

int target_source_fd(const struct target_source *s);

/* The file as complaints name it: its path, or "stdin". */
const char *target_source_name(const struct target_source *s);

#endif
