/* See target_source.h. */
#include "targets/target_source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PIECE = 16384
};

struct target_source {
    const char *name;
    int fd;
    bool waits;   /* reading it may have to */
    bool patient; /* we wait, not the caller */
    bool ended;
    size_t at, len; /* of the piece */
    struct text_lines lines;
    char piece[PIECE];
};

/* Standard input is others' too: what is ours of it is a descriptor. */
static enum status open_file(struct target_source *s, const char *file, struct fault *fault)
{
    struct stat st = {0};
    bool standard = strcmp(file, "-") == 0;
    s->name = standard ? "stdin" : file;
    s->fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                     : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int error = s->fd < 0 || fstat(s->fd, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : 0;
    if (error != 0)
        return fault_set(fault, STATUS_SYSTEM, "%s: %s", s->name, strerror(error));
    s->waits = !S_ISREG(st.st_mode);
    return STATUS_OK;
}

struct target_source *target_source_open(const char *file, bool patient, struct fault *fault)
{
    struct target_source *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        (void)fault_set(fault, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    s->patient = patient;
    text_lines_init(&s->lines);
    if (open_file(s, file, fault) != STATUS_OK) {
        target_source_close(s);
        return NULL;
    }
    return s;
}

void target_source_close(struct target_source *s)
{
    if (s == NULL)
        return;
    if (s->fd >= 0)
        (void)close(s->fd);
    free(s);
}

int target_source_fd(const struct target_source *s)
{
    return s->fd;
}

const char *target_source_name(const struct target_source *s)
{
    return s->name;
}

/* Standard input is others' too, so it is not made non-blocking but asked first. */
static enum target_source_answer read_piece(struct target_source *s, struct fault *fault)
{
    struct pollfd ready = {.fd = s->fd, .events = POLLIN};
    if (s->waits && poll(&ready, 1, s->patient ? -1 : 0) == 0)
        return TARGET_SOURCE_BLOCKED;
    ssize_t n = read(s->fd, s->piece, sizeof(s->piece));
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return TARGET_SOURCE_BLOCKED;
    if (n < 0) {
        (void)fault_set(fault, STATUS_SYSTEM, "%s: %s", s->name, strerror(errno));
        return TARGET_SOURCE_FAILED;
    }
    s->at = 0;
    s->len = (size_t)n;
    s->ended = n == 0;
    return TARGET_SOURCE_LINE;
}

static struct target_source_line line_of(const struct target_source *s)
{
    static const char mark[] = {'\xef', '\xbb', '\xbf'}; /* of UTF-8, by some editors */
    struct target_source_line line = {s->lines.text, s->lines.len, s->lines.number,
                                      s->lines.too_long};
    line.too_long = line.too_long && memchr(line.text, '#', line.n) == NULL;
    if (line.number == 1 && line.n >= sizeof(mark) && memcmp(line.text, mark, sizeof(mark)) == 0) {
        line.text += sizeof(mark);
        line.n -= sizeof(mark);
    }
    return line;
}

enum status target_source_too_long(struct fault *fault)
{
    return fault_set(fault, STATUS_MALFORMED, "more than %d characters", TEXT_LINE_MAX);
}

enum target_source_answer target_source_next(struct target_source *s,
                                             struct target_source_line *line, struct fault *fault)
{
    for (;;) {
        size_t used = 0;
        bool whole = s->ended ? text_lines_end(&s->lines)
                              : text_lines_take(&s->lines, s->piece + s->at, s->len - s->at, &used);
        s->at += used;
        if (whole) {
            *line = line_of(s);
            return TARGET_SOURCE_LINE;
        }
        if (s->ended)
            return TARGET_SOURCE_END;
        enum target_source_answer a = read_piece(s, fault);
        if (a == TARGET_SOURCE_FAILED || (a == TARGET_SOURCE_BLOCKED && !s->patient))
            return a;
    }
}
