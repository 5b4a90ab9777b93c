/* See summarise.h. A line is held once, up to a length that no record of ours has. */
#include "cli/summarise.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/digest.h"

enum {
    LINE_MOST = 1 << 20, /* octets */
    TOLD_MOST = 10       /* complaints a file; the others are counted */
};

struct reader {
    const char *name;
    FILE *file;
    char *line; /* of LINE_MOST */
    uint64_t number;
    uint64_t complaints;
};

enum line {
    LINE_WHOLE,
    LINE_UNENDED,
    LINE_TOO_LONG,
    LINE_NONE,
};

/* The next line into r->line, its length into `n`; of one that is too long nothing is kept. */
static enum line next_line(struct reader *r, size_t *n)
{
    size_t len = 0;
    int c = getc_unlocked(r->file);
    if (c == EOF)
        return LINE_NONE;
    r->number++;
    for (; c != EOF && c != '\n'; c = getc_unlocked(r->file)) {
        if (len < LINE_MOST)
            r->line[len] = (char)c;
        len++;
    }
    *n = len;
    if (len > LINE_MOST)
        return LINE_TOO_LONG;
    return c == EOF ? LINE_UNENDED : LINE_WHOLE;
}

static void complain(struct reader *r, const char *what)
{
    if (r->complaints++ < TOLD_MOST)
        (void)command_fail("survey", "%s:%" PRIu64 ": %s", r->name, r->number, what);
}

static void take_lines(struct reader *r, struct digest *d)
{
    struct fault fault;
    size_t n;
    for (enum line l; (l = next_line(r, &n)) != LINE_NONE;) {
        if (l == LINE_TOO_LONG) {
            digest_refuse(d);
            complain(r, "no record: the line is longer than 1 MB");
            continue;
        }
        enum status s = digest_line(d, r->line, n, &fault);
        bool torn = s == STATUS_MALFORMED && l == LINE_UNENDED;
        if (s != STATUS_OK)
            complain(r, torn ? "no record: torn, the file ends within it" : fault.text);
    }
    if (r->complaints > TOLD_MOST)
        (void)command_fail("survey", "%s: %" PRIu64 " more such lines", r->name,
                           r->complaints - TOLD_MOST);
}

/* EXIT_AS_EXPECTED unless the file could not be read to its end. */
static int take_file(const char *name, char *line, struct digest *d)
{
    bool is_stdin = strcmp(name, "-") == 0;
    struct reader r = {.name = is_stdin ? "standard input" : name,
                       .file = is_stdin ? stdin : fopen(name, "rbe"),
                       .line = line};
    if (r.file == NULL)
        return command_fail("survey", "cannot read %s: %s", r.name, strerror(errno));
    digest_file(d);
    errno = 0;
    take_lines(&r, d);
    int code = EXIT_AS_EXPECTED;
    if (ferror(r.file))
        code = command_fail("survey", "cannot read %s: %s", r.name, strerror(errno));
    if (!is_stdin)
        (void)fclose(r.file);
    return code;
}

static int print(const struct digest *d, bool json)
{
    struct text out;
    text_init(&out);
    if (json)
        digest_json(d, &out);
    else
        digest_text(d, &out);
    int code = EXIT_AS_EXPECTED;
    if (out.failed)
        code = command_fail("survey", "out of memory");
    else if (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout) != 0)
        code = command_fail("survey", "cannot write standard output: %s", strerror(errno));
    text_done(&out);
    return code;
}

int summarise(const char *const *files, size_t n, bool json)
{
    if (n == 0)
        return command_fail("survey",
                            "--summarise takes files of records, or - for standard input");
    struct digest *d = digest_new();
    char *line = malloc(LINE_MOST);
    int code = EXIT_AS_EXPECTED;
    if (d == NULL || line == NULL) {
        code = command_fail("survey", "out of memory");
    } else {
        for (size_t i = 0; i < n; i++) {
            int c = take_file(files[i], line, d);
            code = c != EXIT_AS_EXPECTED ? c : code;
        }
        if (digest_end(d)) {
            int c = print(d, json);
            code = c != EXIT_AS_EXPECTED ? c : code;
        } else if (code == EXIT_AS_EXPECTED) {
            code = command_fail("survey", "there is no record to summarise");
        }
    }
    free(line);
    digest_free(d);
    return code;
}
