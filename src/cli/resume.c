/* See resume.h. */
#include "cli/resume.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

/* What a target list can have: sessions are 32 bits wide. */
#define SESSIONS_MAX ((uint64_t)UINT32_MAX)

enum {
    PART_SESSIONS = 65536,
    PART_WORDS = PART_SESSIONS / 64,
    /* A name of the DNS is shorter, and so is an address. */
    TEXT_MAX = 320,
    LINE_MOST = 1 << 20 /* octets; no record of ours has as many */
};

struct resume_part {
    uint64_t done[PART_WORDS]; /* a bit for each session, until the list has come to it */
    uint64_t sum[PART_WORDS];  /* of the fingerprints of those */
};

/* --- Sessions --- */

static struct resume_part *part_of(const struct resume *r, uint64_t session)
{
    uint64_t i = session / PART_SESSIONS;
    return i < r->part_count ? r->parts[i] : NULL;
}

static struct resume_part *make_part(struct resume *r, uint64_t session)
{
    size_t i = (size_t)(session / PART_SESSIONS);
    if (i >= r->part_count) {
        struct resume_part **grown = realloc(r->parts, (i + 1) * sizeof(struct resume_part *));
        if (grown == NULL)
            return NULL;
        while (r->part_count <= i)
            grown[r->part_count++] = NULL;
        r->parts = grown;
    }
    if (r->parts[i] == NULL)
        r->parts[i] = calloc(1, sizeof(struct resume_part));
    return r->parts[i];
}

/* What is the same for a target whenever it is asked: a name's addresses are not. */
static uint64_t fingerprint(uint64_t session, const char *host, size_t n, const char *port)
{
    static const struct hash_key key = {0, 0}; /* against accidents only */
    char text[TEXT_MAX + 32];
    int len = snprintf(text, sizeof(text), "%" PRIu64 " %.*s %s", session,
                       (int)(n < TEXT_MAX ? n : TEXT_MAX), host, port);
    return hash_bytes(&key, text, len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1);
}

static bool mark(struct resume *r, uint64_t session, const char *target, const char *name)
{
    struct resume_part *p = make_part(r, session);
    if (p == NULL)
        return false;
    size_t word = session % PART_SESSIONS / 64;
    uint64_t bit = UINT64_C(1) << session % 64;
    if ((p->done[word] & bit) != 0)
        return true;
    const char *colon = strrchr(target, ':');
    size_t n = colon != NULL ? (size_t)(colon - target) : strlen(target);
    const char *port = colon != NULL ? colon + 1 : "";
    p->done[word] |= bit;
    p->sum[word] += name != NULL ? fingerprint(session, name, strlen(name), port)
                                 : fingerprint(session, target, n, port);
    r->left++;
    return true;
}

enum resume_answer resume_pass(struct resume *r, uint64_t session, const struct endpoint *at,
                               const char *name)
{
    struct resume_part *p = part_of(r, session);
    size_t word = session % PART_SESSIONS / 64;
    uint64_t bit = UINT64_C(1) << session % 64;
    char text[ENDPOINT_TEXT_MAX];
    if (p == NULL || (p->done[word] & bit) == 0)
        return RESUME_TO_DO;
    endpoint_format(at, text);
    const char *colon = strrchr(text, ':');
    const char *host = name != NULL ? name : text;
    p->done[word] &= ~bit;
    p->sum[word] -=
        fingerprint(session, host, name != NULL ? strlen(name) : (size_t)(colon - text), colon + 1);
    r->left--;
    if (p->done[word] != 0)
        return RESUME_DONE;
    r->agreed = r->agreed || p->sum[word] == 0;
    return p->sum[word] == 0 ? RESUME_DONE : RESUME_OTHER;
}

/* --- Lines --- */

static enum status take_run(struct resume *r, const json_t *o, struct fault *fault)
{
    const char *command = json_string_value(json_object_get(o, "command"));
    const char *target = json_string_value(json_object_get(o, "target"));
    const json_t *seed = json_object_get(o, "seed");
    if (command == NULL || strcmp(command, "survey") != 0 || target == NULL ||
        !json_is_integer(seed))
        return fault_set(fault, STATUS_MALFORMED, "it holds the records of another command");
    if (r->begun &&
        (strcmp(r->identity, target) != 0 || r->seed != (uint64_t)json_integer_value(seed)))
        return fault_set(fault, STATUS_MALFORMED, "it holds the records of different surveys");
    r->begun = true;
    r->seed = (uint64_t)json_integer_value(seed);
    if (r->identity == NULL)
        r->identity = strdup(target);
    return r->identity != NULL ? STATUS_OK : fault_set(fault, STATUS_NO_MEMORY, "out of memory");
}

static enum status take_result(struct resume *r, const json_t *o, struct fault *fault)
{
    const json_t *session = json_object_get(o, "session");
    const char *target = json_string_value(json_object_get(o, "target"));
    const char *name = json_string_value(json_object_get(o, "name"));
    json_int_t v = json_integer_value(session);
    if (!json_is_integer(session) || v < 1 || (uint64_t)v > SESSIONS_MAX)
        return fault_set(fault, STATUS_MALFORMED, "it has a result without a session");
    if (target == NULL)
        return fault_set(fault, STATUS_MALFORMED, "it has a result without a target");
    if (!r->begun)
        return fault_set(fault, STATUS_MALFORMED, "it has a result before the record of a run");
    if (!mark(r, (uint64_t)v, target, name))
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

enum status resume_line(struct resume *r, const char *line, size_t n, struct fault *fault)
{
    json_t *o = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
    const char *type = json_string_value(json_object_get(o, "type"));
    enum status s = STATUS_OK;
    if (type == NULL)
        s = fault_set(fault, STATUS_MALFORMED, "it is no record of a survey");
    else if (strcmp(type, "run") == 0)
        s = take_run(r, o, fault);
    else if (strcmp(type, "result") == 0)
        s = take_result(r, o, fault);
    else if (!r->begun)
        s = fault_set(fault, STATUS_MALFORMED, "it is no record of a survey");
    json_decref(o);
    return s;
}

/* --- The file --- */

/* One line with its end into `line`, of LINE_MOST octets; false: the file has no whole line more.
 * `*n` is what there was of it, LINE_MOST if there was too much. */
static bool next_line(FILE *f, char *line, size_t *n)
{
    int c = 0;
    for (*n = 0; c != '\n' && *n < LINE_MOST && (c = getc_unlocked(f)) != EOF; (*n)++)
        line[*n] = (char)c;
    return c == '\n';
}

/* A file of nothing but a torn line could be anybody's. */
static bool can_be_ours(const char *line, size_t n)
{
    static const char first[] = "{\"v\":1,";
    size_t known = n < sizeof(first) - 1 ? n : sizeof(first) - 1;
    return memcmp(line, first, known) == 0;
}

static enum status read_all(struct resume *r, FILE *f, char *line, const char *name,
                            struct fault *fault)
{
    size_t n;
    uint64_t number = 1;
    enum status s = STATUS_OK;
    for (; s == STATUS_OK && next_line(f, line, &n); number += s == STATUS_OK) {
        r->whole += n;
        s = resume_line(r, line, n, fault);
    }
    r->torn = s == STATUS_OK && n > 0;
    if (r->torn && (n == LINE_MOST || (number == 1 && !can_be_ours(line, n))))
        s = fault_set(fault, STATUS_MALFORMED, "it is no record of a survey");
    if (s != STATUS_OK)
        return fault_wrap(fault, s, "--resume %s:%" PRIu64, name, number);
    if (ferror(f))
        return fault_set(fault, STATUS_SYSTEM, "cannot read %s: %s", name, strerror(errno));
    return STATUS_OK;
}

static enum status no_file(const char *name, struct fault *fault)
{
    return fault_set(fault, STATUS_MALFORMED, "--resume %s: it is no regular file", name);
}

/* Others have no end, or none that can be cut. Two that write the same records would both do what
 * is left; not all file systems have locks. */
static enum status take_file(int fd, const char *name, struct fault *fault)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot read %s: %s", name, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return no_file(name, fault);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return fault_set(fault, STATUS_SYSTEM, "cannot write %s: another run does", name);
    return STATUS_OK;
}

static enum status read_file(struct resume *r, const char *name, struct fault *fault)
{
    int fd = fcntl(r->fd, F_DUPFD_CLOEXEC, 0);
    FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
    char *line = malloc(LINE_MOST);
    enum status s = STATUS_OK;
    if (f == NULL || line == NULL)
        s = fault_set(fault, STATUS_NO_MEMORY, "cannot read %s: %s", name, strerror(errno));
    else
        s = read_all(r, f, line, name, fault);
    free(line);
    if (f != NULL)
        (void)fclose(f);
    else if (fd >= 0)
        (void)close(fd);
    return s;
}

enum status resume_open(struct resume *r, const char *file, struct fault *fault)
{
    *r = (struct resume){0};
    r->fd = open(file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
    if (r->fd < 0 && errno == EISDIR)
        return no_file(file, fault);
    if (r->fd < 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot write %s: %s", file, strerror(errno));
    enum status s = take_file(r->fd, file, fault);
    return s == STATUS_OK ? read_file(r, file, fault) : s;
}

enum status resume_cut(const struct resume *r, struct fault *fault)
{
    if (r->torn && ftruncate(r->fd, (off_t)r->whole) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot cut off the torn end of the records: %s",
                         strerror(errno));
    return STATUS_OK;
}

void resume_done(struct resume *r)
{
    for (size_t i = 0; i < r->part_count; i++)
        free(r->parts[i]);
    free(r->parts);
    free(r->identity);
    if (r->fd > STDERR_FILENO)
        (void)close(r->fd);
    r->fd = -1;
    r->identity = NULL;
    r->parts = NULL;
    r->part_count = 0;
}
