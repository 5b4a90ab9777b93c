/* See resume.h. */
#include "cli/resume.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a target list can have: sessions are 32 bits wide. */
#define SESSIONS_MAX ((uint64_t)UINT32_MAX)

bool resume_has(const struct resume *r, uint64_t session)
{
    return session < r->cap && (r->done[session / 64] & UINT64_C(1) << session % 64) != 0;
}

static bool mark(struct resume *r, uint64_t session)
{
    if (session >= r->cap) {
        uint64_t cap = r->cap != 0 ? r->cap : 65536;
        while (cap <= session)
            cap *= 2;
        uint64_t *grown = realloc(r->done, cap / 8);
        if (grown == NULL)
            return false;
        memset((char *)grown + r->cap / 8, 0, (cap - r->cap) / 8);
        r->done = grown;
        r->cap = cap;
    }
    if (!resume_has(r, session))
        r->count++;
    r->done[session / 64] |= UINT64_C(1) << session % 64;
    if (session > r->last)
        r->last = session;
    return true;
}

static enum status take_run(struct resume *r, const json_t *o, struct fault *fault)
{
    const char *command = json_string_value(json_object_get(o, "command"));
    const char *target = json_string_value(json_object_get(o, "target"));
    const json_t *seed = json_object_get(o, "seed");
    if (command == NULL || strcmp(command, "survey") != 0 || target == NULL ||
        !json_is_integer(seed))
        return fault_set(fault, STATUS_MALFORMED, "it holds the records of another command");
    if (r->begun && strcmp(r->identity, target) != 0)
        return fault_set(fault, STATUS_MALFORMED, "it holds the records of different surveys");
    r->begun = true;
    r->seed = (uint64_t)json_integer_value(seed);
    (void)snprintf(r->identity, sizeof(r->identity), "%s", target);
    return STATUS_OK;
}

static enum status take_line(struct resume *r, const char *line, size_t n, struct fault *fault)
{
    json_t *o = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
    const char *type = json_string_value(json_object_get(o, "type"));
    const json_t *session = json_object_get(o, "session");
    enum status s = STATUS_OK;
    if (type == NULL)
        s = fault_set(fault, STATUS_MALFORMED, "it is no record of a survey");
    else if (strcmp(type, "run") == 0)
        s = take_run(r, o, fault);
    else if (strcmp(type, "result") == 0) {
        json_int_t v = json_integer_value(session);
        if (!json_is_integer(session) || v < 1 || (uint64_t)v > SESSIONS_MAX)
            s = fault_set(fault, STATUS_MALFORMED, "it has a result without a session");
        else if (!r->begun)
            s = fault_set(fault, STATUS_MALFORMED, "it has a result before the record of a run");
        else if (!mark(r, (uint64_t)v))
            s = fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    }
    json_decref(o);
    return s;
}

static enum status read_all(struct resume *r, FILE *f, const char *name, struct fault *fault)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    off_t whole = 0; /* octets of whole lines */
    uint64_t number = 0;
    enum status s = STATUS_OK;
    while (s == STATUS_OK && (n = getline(&line, &cap, f)) > 0 && line[n - 1] == '\n') {
        number++;
        whole += n;
        s = take_line(r, line, (size_t)n, fault);
    }
    free(line);
    if (s != STATUS_OK)
        return fault_wrap(fault, s, "--resume %s:%" PRIu64, name, number);
    if (ferror(f))
        return fault_set(fault, STATUS_SYSTEM, "cannot read %s: %s", name, strerror(errno));
    if (ftruncate(fileno(f), whole) != 0)
        return fault_set(fault, STATUS_SYSTEM, "cannot cut the torn end off %s: %s", name,
                         strerror(errno));
    return STATUS_OK;
}

enum status resume_read(struct resume *r, const char *file, struct fault *fault)
{
    *r = (struct resume){0};
    FILE *f = fopen(file, "r+e");
    if (f == NULL && errno == ENOENT)
        return STATUS_OK;
    if (f == NULL)
        return fault_set(fault, STATUS_SYSTEM, "cannot read %s: %s", file, strerror(errno));
    enum status s = read_all(r, f, file, fault);
    (void)fclose(f);
    return s;
}

void resume_done(struct resume *r)
{
    free(r->done);
    r->done = NULL;
}
