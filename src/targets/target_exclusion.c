/* See target_exclusion.h. */
#include "targets/target_exclusion.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lines.h"
#include "targets/target_source.h"

struct reader {
    struct block_set *set;
    const char *name;
    struct lines lines;
    char piece[8192];
};

static enum status take_line(struct reader *r, struct fault *fault)
{
    enum status s = r->lines.too_long
                        ? fault_set(fault, STATUS_MALFORMED, "more than %d characters", LINES_MAX)
                        : block_set_add_line(r->set, r->lines.text, r->lines.len, fault);
    return s == STATUS_OK ? s : fault_wrap(fault, s, "%s:%" PRIu64, r->name, r->lines.number);
}

static enum status take_piece(struct reader *r, size_t n, struct fault *fault)
{
    for (size_t at = 0, used; at < n; at += used) {
        enum status s;
        if (lines_take(&r->lines, r->piece + at, n - at, &used) &&
            (s = take_line(r, fault)) != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

static enum status read_all(struct reader *r, int fd, struct fault *fault)
{
    enum status s = STATUS_OK;
    ssize_t n;
    do {
        n = read(fd, r->piece, sizeof(r->piece));
        if (n > 0)
            s = take_piece(r, (size_t)n, fault);
    } while (s == STATUS_OK && (n > 0 || (n < 0 && errno == EINTR)));
    if (s == STATUS_OK && n < 0)
        return fault_set(fault, STATUS_SYSTEM, "%s: %s", r->name, strerror(errno));
    if (s == STATUS_OK && lines_end(&r->lines))
        s = take_line(r, fault);
    block_set_seal(r->set);
    return s;
}

enum status target_exclusion_read(struct block_set *set, const char *file, struct fault *fault)
{
    struct reader *r = malloc(sizeof(*r));
    if (r == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    r->set = set;
    lines_init(&r->lines);
    int fd = target_source_open_list(file, &r->name, fault);
    enum status s = fd >= 0 ? read_all(r, fd, fault) : STATUS_SYSTEM;
    if (fd >= 0)
        (void)close(fd);
    free(r);
    return s;
}
