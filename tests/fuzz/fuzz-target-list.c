/* A whole list of targets. However its octets come, at once from a file or in pieces through a
 * pipe, the same targets come out of it at the same places, each place once and none that is no
 * target at all; each bad line is one printable line. No name is looked up here: they are bad
 * lines. */
#include "fuzz.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "targets/targets.h"
#include "targets/block.h"
#include "targets/target_line.h"

enum {
    TAKEN_MAX = 2000, /* of one list */
    ASKED_MAX = 400,  /* calls, as some lists are mostly passed over */
    PIPED_MAX = 4096  /* octets: what a pipe takes at once in any case */
};

struct taken {
    char path[64]; /* of the list */
    uint64_t n, bad_lines;
    struct target all[TAKEN_MAX];
};

static void complain(void *arg, const char *line)
{
    uint64_t *n = arg;
    ++*n;
    fuzz_require(line[0] != '\0');
    for (const char *c = line; *c != '\0'; c++)
        fuzz_require((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static struct targets *open_list(int fd, bool special, struct taken *into)
{
    struct targets_config c = {.family = AF_UNSPEC, .shards = 1, .numeric = true};
    (void)snprintf(into->path, sizeof(into->path), "/proc/self/fd/%d", fd);
    c.file = into->path;
    c.special = special;
    c.complain = complain;
    c.arg = &into->bad_lines;
    c.ports = (struct ports){.count = 2, .len = 1, .one = {80, 81, 0}};
    return targets_open(&c, NULL);
}

static enum targets_answer take(struct targets *t, struct taken *into)
{
    enum targets_answer a = TARGETS_NEXT;
    struct fault fault;
    for (int i = 0; i < ASKED_MAX && into->n < TAKEN_MAX && a == TARGETS_NEXT; i++) {
        struct target one;
        a = targets_next(t, &one, &fault);
        fuzz_require(a != TARGETS_FAILED);
        if (a == TARGETS_NEXT)
            into->all[into->n++] = one;
    }
    return a;
}

static void judge(const struct taken *taken)
{
    for (uint64_t i = 0; i < taken->n; i++) {
        const struct target *t = &taken->all[i];
        const struct special *row = block_special(&t->at.ip);
        fuzz_require(i == 0 || t->index > t[-1].index);
        fuzz_require(t->name == NULL && t->trouble == NULL && t->at.port != 0);
        fuzz_require(row == NULL || !row->never);
    }
}

static bool through_a_file(const uint8_t *data, size_t n, bool special, struct taken *into)
{
    int fd = memfd_create("list", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, n) != (ssize_t)n)
        return false;
    struct targets *t = open_list(fd, special, into);
    fuzz_require(t != NULL);
    (void)take(t, into);
    targets_free(t);
    (void)close(fd);
    return true;
}

/* In two pieces, nothing being given between them. */
static bool through_a_pipe(const uint8_t *data, size_t n, bool special, struct taken *into)
{
    int ends[2];
    size_t half = n / 2;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    struct targets *t = open_list(ends[0], special, into);
    fuzz_require(t != NULL);
    fuzz_require(write(ends[1], data, half) == (ssize_t)half);
    fuzz_require(take(t, into) == TARGETS_LATER && into->n == 0);
    fuzz_require(write(ends[1], data + half, n - half) == (ssize_t)(n - half));
    (void)close(ends[1]);
    (void)close(ends[0]);
    (void)take(t, into);
    targets_free(t);
    return true;
}

/* The octets as one line, where a name may be one. */
static void judge_line(const uint8_t *data, size_t n)
{
    struct fault fault = {""};
    struct target_line line;
    enum status s = target_line_parse(&line, (const char *)data, n, &fault);
    fuzz_require(s == STATUS_OK || (line.kind == TARGET_LINE_EMPTY && fault.text[0] != '\0'));
    if (line.kind == TARGET_LINE_NAME) {
        size_t length = strnlen(line.name, sizeof(line.name));
        fuzz_require(length > 0 && length < sizeof(line.name));
        fuzz_require(strpbrk(line.name, " \t\r\n:/[]@%#") == NULL);
    }
    if (line.kind == TARGET_LINE_BLOCK)
        fuzz_require(line.block.count > 0 && line.block.count <= BLOCK_COUNT_MAX);
    target_line_done(&line);
}

/* The first octet is an option. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct taken *taken = calloc(2, sizeof(*taken));
    if (taken == NULL || n == 0) {
        free(taken);
        return 0;
    }
    bool special = data[0] == 's';
    judge_line(data + 1, n - 1);
    if (through_a_file(data + 1, n - 1, special, &taken[0]))
        judge(&taken[0]);
    if (n - 1 <= PIPED_MAX && through_a_pipe(data + 1, n - 1, special, &taken[1])) {
        fuzz_require(taken[0].bad_lines == taken[1].bad_lines && taken[0].n == taken[1].n);
        for (uint64_t i = 0; i < taken[0].n; i++)
            fuzz_require(taken[0].all[i].index == taken[1].all[i].index &&
                         endpoint_equal(&taken[0].all[i].at, &taken[1].all[i].at));
    }
    free(taken);
    return 0;
}
