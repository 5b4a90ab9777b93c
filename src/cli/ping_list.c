/* See ping_list.h. */
#include "cli/ping_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "net/route.h"
#include "targets/target_source.h"

enum {
    LINE_MAX_OCTETS = 512 /* a host name, a port, and room for blanks and a comment */
};

void ping_list_done(struct ping_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        free((void *)(uintptr_t)l->targets[i].name);
    free(l->targets);
    *l = (struct ping_list){0};
}

/* The next word of a line cut at blanks; NULL when there is none. */
static char *next_word(char **at)
{
    static const char blanks[] = " \t\r\v\f";
    char *word = *at + strspn(*at, blanks);
    size_t n = strcspn(word, blanks);
    if (n == 0)
        return NULL;
    *at = word + n + (word[n] != '\0');
    word[n] = '\0';
    return word;
}

enum status ping_list_line(struct resolve_target *t, const char *line, size_t n,
                           struct fault *fault)
{
    char text[LINE_MAX_OCTETS], *at = text;
    struct text_span word = text_word((struct text_span){line, n});
    if (word.n != 0 && memchr(word.s, '\0', word.n) != NULL)
        return fault_set(fault, STATUS_MALFORMED, "a NUL octet");
    if (word.n >= sizeof(text))
        return fault_set(fault, STATUS_MALFORMED, "a line of %zu octets is no target", word.n);
    memcpy(text, word.s, word.n);
    text[word.n] = '\0';
    const char *host = next_word(&at), *port = next_word(&at);
    if (host == NULL)
        return STATUS_NOT_OURS;
    if (port != NULL && next_word(&at) != NULL)
        return fault_set(fault, STATUS_MALFORMED, "more than HOST and PORT on one line");
    return resolve_parse(t, host, port, fault);
}

static bool has(const struct ping_list *l, const struct endpoint *at)
{
    for (size_t i = 0; i < l->count; i++) {
        if (endpoint_equal(&l->targets[i].at, at))
            return true;
    }
    return false;
}

static enum status make_room(struct ping_list *l, struct fault *fault)
{
    if (l->count == PING_LIST_MAX)
        return fault_set(fault, STATUS_MALFORMED,
                         "more than %d targets: 'tcpshake survey' is for so many", PING_LIST_MAX);
    if (l->count < l->cap)
        return STATUS_OK;
    size_t cap = l->cap != 0 ? 2 * l->cap : 4;
    struct ping_log_target *grown = realloc(l->targets, cap * sizeof(*grown));
    if (grown == NULL)
        return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    l->targets = grown;
    l->cap = cap;
    return STATUS_OK;
}

/* One capture listens, on one interface: that of the first target. */
static enum status check_way(struct ping_list *l, const struct arguments *o,
                             const struct endpoint *at, uint32_t scope_id, struct fault *fault)
{
    struct route route;
    char text[ENDPOINT_TEXT_MAX];
    enum status s = route_find(&route, &at->ip, scope_id, o->has_source ? &o->source : NULL,
                               o->interface, fault);
    if (s != STATUS_OK)
        return s;
    if (l->count == 0)
        memcpy(l->ifname, route.ifname, sizeof(l->ifname));
    if (strcmp(l->ifname, route.ifname) == 0)
        return STATUS_OK;
    return fault_set(fault, STATUS_MALFORMED,
                     "%s is reached by %s and the targets before it by %s: one interface at a time",
                     endpoint_format(at, text), route.ifname, l->ifname);
}

enum status ping_list_add(struct ping_list *l, const struct arguments *o, const struct endpoint *at,
                          uint32_t scope_id, const char *name, struct fault *fault)
{
    char address[ENDPOINT_TEXT_MAX];
    char *copy = NULL;
    if (has(l, at))
        return STATUS_OK;
    enum status s = make_room(l, fault);
    if (s == STATUS_OK)
        s = check_way(l, o, at, scope_id, fault);
    if (s != STATUS_OK)
        return s;
    if (name != NULL && strcmp(name, endpoint_format(at, address)) != 0) {
        copy = strdup(name);
        if (copy == NULL)
            return fault_set(fault, STATUS_NO_MEMORY, "out of memory");
    }
    if (scope_id != 0)
        l->scope_id = scope_id;
    l->targets[l->count++] = (struct ping_log_target){.at = *at, .name = copy};
    return STATUS_OK;
}

static enum status look_up(struct ping_list *l, const struct arguments *o,
                           const struct resolve_target *t, struct fault *fault)
{
    struct endpoint at;
    uint32_t scope_id;
    char name[RESOLVE_HOST_MAX + RESOLVE_PORT_MAX + 4];
    bool v6 = strchr(t->host, ':') != NULL;
    enum status s = resolve_lookup(t, o->family, o->numeric, &at, &scope_id, fault);
    if (s != STATUS_OK)
        return s;
    (void)snprintf(name, sizeof(name), "%s%s%s:%s", v6 ? "[" : "", t->host, v6 ? "]" : "", t->port);
    return ping_list_add(l, o, &at, scope_id, name, fault);
}

/* "HOST PORT": two words, and the second would be no target alone. */
static bool is_host_port(const struct arguments *o)
{
    struct resolve_target t;
    struct fault ignored;
    return o->word_count == 2 && resolve_parse(&t, o->words[1], NULL, &ignored) != STATUS_OK;
}

enum status ping_list_words(struct ping_list *l, const struct arguments *o, struct fault *fault)
{
    bool pair = is_host_port(o);
    size_t n = pair ? 1 : o->word_count;
    for (size_t i = 0; i < n; i++) {
        struct resolve_target t;
        enum status s = resolve_parse(&t, o->words[i], pair ? o->words[1] : NULL, fault);
        if (s == STATUS_OK)
            s = look_up(l, o, &t, fault);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

static enum status take_line(struct ping_list *l, const struct arguments *o,
                             const struct target_source_line *line, struct fault *fault)
{
    struct resolve_target t;
    if (line->too_long)
        return target_source_too_long(fault);
    enum status s = ping_list_line(&t, line->text, line->n, fault);
    return s == STATUS_OK ? look_up(l, o, &t, fault) : s;
}

enum status ping_list_file(struct ping_list *l, const struct arguments *o, const char *name,
                           void (*complain)(void *arg, const char *line), void *arg,
                           struct fault *fault)
{
    const char *shown = strcmp(name, "-") == 0 ? "standard input" : name;
    struct fault wrong = {""};
    struct target_source_line line;
    enum target_source_answer a = TARGET_SOURCE_FAILED;
    struct target_source *source = target_source_open(name, true, &wrong);
    enum status s = STATUS_OK;
    while (source != NULL && s == STATUS_OK &&
           (a = target_source_next(source, &line, &wrong)) == TARGET_SOURCE_LINE) {
        char text[FAULT_TEXT_MAX + 300];
        enum status one = take_line(l, o, &line, &wrong);
        if (one == STATUS_NO_MEMORY || (one != STATUS_OK && l->count == PING_LIST_MAX)) {
            *fault = wrong;
            s = one;
        } else if (one != STATUS_OK && one != STATUS_NOT_OURS) {
            (void)snprintf(text, sizeof(text), "%s:%" PRIu64 ": %s", shown, line.number,
                           wrong.text);
            complain(arg, text);
        }
    }
    target_source_close(source);
    return a == TARGET_SOURCE_FAILED ? fault_set(fault, STATUS_SYSTEM, "cannot read %s", wrong.text)
                                     : s;
}

bool ping_list_is_alike(const struct ping_list *l)
{
    for (size_t i = 1; i < l->count; i++)
        if (address_is_v4(&l->targets[i].at.ip) != address_is_v4(&l->targets[0].at.ip))
            return false;
    return true;
}
